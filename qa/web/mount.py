"""Where the service is mounted: addresses of answers, which begin at its root, below that path.

What is cached and what the engine gives has no such path: one service may be at several.
"""

from dataclasses import replace

from flask import request

from qa.answers.answer import Answer, Citation
from qa.answers.collection import CollectionFacts
from qa.answers.reanchoring import Anchor
from qa.web.context import current_request


def mount_answer(answer: Answer) -> Answer:
    """*answer* with its addresses below the path that this request came by."""
    if not current_request().root_path:
        return answer
    passages = (
        replace(passage, citation=mount_citation(passage.citation)) for passage in answer.passages
    )
    about = answer.about and _mount_facts(answer.about)
    return replace(answer, passages=tuple(passages), about=about)


def mount_citation(citation: Citation) -> Citation:
    """*citation* with its address below the path that this request came by."""
    return replace(citation, read_url=_mount_path(citation.read_url))


def mount_anchor(anchor: Anchor) -> Anchor:
    """*anchor* with the addresses of the places in it below that path."""
    near = anchor.near and replace(anchor.near, citation=mount_citation(anchor.near.citation))
    citation = anchor.citation and mount_citation(anchor.citation)
    return replace(anchor, citation=citation, near=near)


def absolute_url(path: str) -> str:
    """A *path* of ours as an address that works from elsewhere."""
    return request.host_url.rstrip("/") + path


def _mount_facts(about: CollectionFacts) -> CollectionFacts:
    links = tuple(replace(link, url=_mount_path(link.url)) for link in about.links)
    return replace(about, links=links)


def _mount_path(path: str) -> str:
    return request.script_root + path
