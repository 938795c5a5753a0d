"""The documents -> questions to try, each known to be answered by the live generation.

The operator's own come first, from `questions.jsonl` in the index folder; where there are none,
the documents are looked through for questions that they raise themselves.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import regex

from qa.documents import Document
from qa.engines.base import Searcher, Summary
from qa.errors import RequestError
from qa.pipeline import ask
from qa.settings import Settings

# How many candidates are asked at most, and how many documents are read for them.
_TRIED, _READ = 20, 40
_WORDS = range(4, 13)
# A title that ends as a question is one by itself when it begins as one.
_ASKS = regex.compile(
    r"(?:who|what|when|where|why|how|which|whose|is|are|was|were|do|does|did|can|could|will|would"
    r"|should|has|have)\b|[^\p{Latin}]",
    regex.IGNORECASE,
)
_NAME = r"\p{Lu}[\p{Ll}’'-]+(?: \p{Lu}[\p{Ll}’'-]+){1,2}"
_OFFICE = (
    "president|minister|secretary|director|chief|founder|professor|analyst|author|coach|engineer"
    "|captain|mayor|editor|lawyer|judge|general|senator|commander|envoy|ambassador|executive"
)
# "Ada Berg, the mayor of Lindholm,": whoever is introduced so can be asked about.
_PERSON = regex.compile(rf"(?<!\p{{L}} )({_NAME}), (?:the|an?) [^,.;:]{{0,40}}\b(?:{_OFFICE})\b")
# "The ferry over the Vesa was a ...": so can what is defined so.
_THING = regex.compile(r"(?<=^|[.!?] )The (\p{L}[\p{L} ’'-]{4,40}?) (is|was) (?:an?|the|one of)\b")


class Candidate(NamedTuple):
    """A question, and the document that it is about, when that is known."""

    question: str
    document_id: str | None = None


def candidates(live: Searcher, settings: Settings) -> Iterator[Candidate]:
    """Questions that may be answered, the likeliest first."""
    own = list(_own(settings.home / "questions.jsonl"))
    yield from own or chain(_titles(live.summaries()), _raised(live))


def answered(
    live: Searcher, settings: Settings, tried: Iterable[Candidate], most: int
) -> tuple[str, ...]:
    """The first *most* of those *tried* that are answered, each from another document."""
    found: dict[str, str] = {}
    for _, candidate in zip(range(_TRIED), tried, strict=False):
        document_id = _answering(live, settings, candidate)
        if document_id:
            found.setdefault(document_id, candidate.question)
        if len(found) == most:
            break
    return tuple(found.values())


def _answering(live: Searcher, settings: Settings, candidate: Candidate) -> str | None:
    """The document that answers a question, if any does, and the right one."""
    try:
        answer = ask(live, settings, candidate.question, limit=1)
    except RequestError:
        return None
    if answer.verdict != "found" or not answer.passages[0].answer:
        return None
    cited = answer.passages[0].citation.document_id
    return cited if candidate.document_id in (None, cited) else None


def _own(path: Path) -> Iterator[Candidate]:
    """The operator's questions, but those that nothing should answer."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        yield from [Candidate(str(row["question"])) for row in rows if "verdict" not in row]
    except (OSError, ValueError, TypeError, KeyError):
        return


def _titles(summaries: Sequence[Summary]) -> Iterator[Candidate]:
    """Titles that are questions."""
    for summary in summaries:
        title = summary.title
        if title.endswith(("?", "？")) and len(title.split()) in _WORDS and _ASKS.match(title):
            yield Candidate(title, summary.id)


def _raised(live: Searcher) -> Iterator[Candidate]:
    """Questions about whom and what documents introduce, from a few documents all over."""
    summaries = live.summaries()
    for summary in summaries[:: max(1, len(summaries) // _READ)]:
        yield from _introduced(live.document(summary.id))


def _introduced(document: Document) -> Iterator[Candidate]:
    """A question about a person and one about a thing that *document* introduces."""
    if document.metadata.language != "en":
        return
    for pattern, question in ((_PERSON, "Who is {}?"), (_THING, "What {1} the {0}?")):
        match = pattern.search(document.text)
        if match:
            yield Candidate(question.format(*match.groups()), document.id)
