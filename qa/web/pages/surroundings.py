"""A passage -> the text before and behind it in its document, of about one passage each."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from flask import Blueprint

from qa.analysis.sentences import split_sentences
from qa.answers.answer import AnswerPassage
from qa.documents.document import Block, Document
from qa.web.context import current_searcher

blueprint = Blueprint("surroundings", __name__)

# Characters on each side; a passage has about as many.
_MAX_LENGTH = 900


class Surroundings(NamedTuple):
    """The paragraphs, or their nearer sentences, on both sides of a passage."""

    before: Sequence[str]
    behind: Sequence[str]


@blueprint.app_template_filter()
def surroundings(passage: AnswerPassage) -> Surroundings:
    """What stands around *passage*, up to the next heading."""
    citation = passage.citation
    return text_around(
        current_searcher().document(citation.document_id), citation.start, citation.end
    )


def text_around(document: Document, start: int, end: int) -> Surroundings:
    """What stands in *document* before *start* and behind *end*."""
    before = (block for block in reversed(document.blocks) if block.start < start)
    behind = (block for block in document.blocks if block.end > end)
    return Surroundings(
        [*reversed(_nearest(document, before, 0, start, -1))],
        _nearest(document, behind, end, len(document.text), 1),
    )


def _nearest(
    document: Document, blocks: Iterable[Block], start: int, end: int, direction: int
) -> list[str]:
    """The parts of *blocks* between *start* and *end*, nearest first, as many as there is room."""
    texts: list[str] = []
    room = _MAX_LENGTH
    for block in blocks:
        text = document.text[max(block.start, start) : min(block.end, end)].strip()
        if not text:
            continue
        # The next heading begins something else; the one before says what this is about.
        if room <= 0 or (block.level and direction > 0):
            break
        texts.append(_cut(text, document.metadata.language, room, direction))
        room -= len(text)
        if block.level:
            break
    return texts


def _cut(text: str, language: str, room: int, direction: int) -> str:
    """The first sentences of *text*, or the last ones, that fit in *room*, at least one."""
    if len(text) <= room:
        return text
    stretch = text[: 2 * _MAX_LENGTH] if direction > 0 else text[-2 * _MAX_LENGTH :]
    spans = split_sentences(stretch, language)[::direction]
    first = spans[0]
    lengths = (max(span.end, first.end) - min(span.start, first.start) for span in spans)
    count = max(1, sum(length <= room for length in lengths))
    chosen = sorted(spans[:count])
    return stretch[chosen[0].start : chosen[-1].end]
