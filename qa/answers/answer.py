"""Ranked passages -> an Answer, the data of /ask, with every quote checked.

`document.text[start:end] == text` is true for each passage; otherwise CorruptIndexError is raised.
"""

import datetime
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, NamedTuple, Self
from urllib.parse import quote

from pydantic import Field

from qa.analysis.records import make_record
from qa.analysis.tokenizer import Span
from qa.answers.collection import CollectionFacts
from qa.documents.document import SEPARATOR, Citable
from qa.engines.candidates import MatchCounts
from qa.engines.kernel.loader import find_kernel
from qa.errors import CorruptIndexError
from qa.queries.conditions import UnderstoodOperator
from qa.queries.query import Filters
from qa.ranking.highlighter import Highlight
from qa.ranking.reranker import SORT_ORDERS, RankedPassage

_CONTEXT_LENGTH = 32
# Longer quotes are found more reliably by their first and last words.
_MAX_WHOLE_FRAGMENT = 80
_FRAGMENT_EDGE_WORDS = 5
# Servers reject longer addresses.
_LONGEST_FRAGMENT = 4_000


@dataclass(frozen=True)
class Citation:
    """The place of a quote; *start* and *end* are offsets into the text, in code points.

    *paragraph*, *page*, *place* and *section* are those of the marked sentence, if there is one.
    *place* is the page in words, or the row, line, message or time in files that have these.
    *certainty* is the mean certainty of the words of the page, which were recognized in a picture
    of it; None, and left out for programs, where they are text.
    """

    document_id: str
    title: str
    publisher: str | None
    date: datetime.date | None
    url: str | None
    section: str | None
    paragraph: int
    page: int | None
    place: str | None
    start: int
    end: int
    exact: str
    prefix: str
    suffix: str
    sha256: str
    read_url: str
    fragment_url: str | None
    certainty: Annotated[float | None, Field(ge=0, le=1, exclude_if=lambda v: v is None)] = None


@dataclass(frozen=True)
class MarkedSentence:
    """The sentence that answers; offsets into the passage's text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Reasons:
    """Why a passage is shown.

    It is *contrary* if it denies what is asked, or affirms what is denied; left out where not.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    phrase: str | None
    title: bool
    contrary: Annotated[bool, Field(exclude_if=lambda v: not v)] = False


@dataclass(frozen=True)
class AnswerPassage:
    """One passage of an answer; *marks* are the question's words, as offsets into *text*.

    *duplicates* are the ids and titles of documents with nearly the same passage.  *stable_id* is
    the passage's in all indexes that have its words in the same document, whatever it is called.
    """

    rank: int
    text: str
    score: float
    answer: MarkedSentence | None
    marks: tuple[Span, ...]
    reasons: Reasons
    citation: Citation
    duplicates: tuple[tuple[str, str], ...] = ()
    stable_id: str = ""


@dataclass(frozen=True)
class QueryWords:
    """How the words of a question were used.

    *corrected* suggests, for a word that occurs nowhere, the most similar one; nothing is replaced.
    *expanded* has the synonyms that were also searched for.  *not_carried* are words of earlier
    turns that were left out because the question by itself has the better answer.  *operators* are
    those of the search language, as they were understood.  *not_required* are quotations that
    passages need not have: those of a text of several sentences, or of which no passage has all.
    """

    used: tuple[str, ...]
    ignored: tuple[str, ...]
    corrected: dict[str, str]
    carried: tuple[str, ...]
    expanded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    not_carried: tuple[str, ...] = ()
    operators: tuple[UnderstoodOperator, ...] = ()
    not_required: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswerPart:
    """A part of a question that asks several things, and the rank of the passage that answers it.

    The *rank* is None where no passage does (*verdict* is "none"), or where it is not shown.
    """

    question: str
    verdict: str
    rank: int | None

    @property
    def outcome(self) -> str:
        """What it came to, in a sentence."""
        if self.verdict == "none":
            return f"“{self.question}” has no clear answer."
        place = f"passage {self.rank}" if self.rank else "a passage further down"
        verb = "is" if self.verdict == "found" else "may be"
        return f"“{self.question}” {verb} answered by {place}."


@dataclass(frozen=True)
class AnswerRange:
    """What the words *text* of a question limit or order its passages by, and whether they do.

    The documents from *first* to *last*, None for open, or their order *sort*.  *detail* says why
    it is not *applied*, or from which day it is counted.
    """

    text: str
    first: datetime.date | None = None
    last: datetime.date | None = None
    sort: str | None = None
    applied: bool = True
    detail: str = ""

    @property
    def label(self) -> str:
        """What it does, in a few words."""
        return f"{self.sort} first" if self.sort else self.text


class FilterReason(NamedTuple):
    """A filter that leaves no document, by its name in the contract, and why."""

    filter: str
    detail: str


@dataclass(frozen=True)
class NoAnswer:
    """Why there is no clear answer.

    *missing* words occur nowhere, *near* are words with a similar spelling; the two words of each
    pair in *apart* occur, but never in one passage; *span* is the range of the documents' dates;
    *filters* are those that leave no document.  Nothing here contradicts a passage that is shown.
    """

    missing: tuple[str, ...]
    near: tuple[str, ...]
    span: tuple[datetime.date, datetime.date] | None
    apart: tuple[tuple[str, str], ...] = ()
    filters: tuple[FilterReason, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The content of /ask and of the page.

    *passages* are the best-matching ones from rank *offset* on, whatever the *verdict*, which says
    whether the first one answers; *none* is set if the verdict is "none".  *matches* counts all
    passages that match.  *sort* is their order, which a question for the latest changes.  The
    answer is *partial* when time ran out before all passages were read.  *about* answers a
    question about the collection itself, which no document answers.  A question that asks several
    things has *parts*.  *range* is what its words limit or order the passages by.
    """

    question: str
    standalone: str
    verdict: str
    confidence: float
    passages: tuple[AnswerPassage, ...]
    query: QueryWords
    filters: Filters
    none: NoAnswer | None
    generation: str
    took_ms: float
    matches: MatchCounts = field(default_factory=MatchCounts)
    sort: str = SORT_ORDERS[0]
    offset: int = 0
    partial: bool = False
    about: CollectionFacts | None = None
    parts: tuple[AnswerPart, ...] = ()
    range: AnswerRange | None = None

    def with_time(self, took_ms: float) -> Self:
        """The same answer, which took so many milliseconds."""
        return make_record(type(self), {**vars(self), "took_ms": took_ms})


def quote_passage(
    ranked: RankedPassage,
    highlight: Highlight,
    rank: int,
    document: Citable,
    duplicates: Sequence[Citable],
    stable_id: str,
) -> AnswerPassage:
    """Quote *ranked* from *document*; raise CorruptIndexError if the texts differ.

    *stable_id* is that of the document.
    """
    passage = ranked.passage
    answer_span = highlight.answer_span
    citation = build_citation(document, Span(passage.start, passage.end), answer_span)
    if citation.exact != passage.text:
        raise CorruptIndexError(
            f"A passage of {document.id!r} differs from the document's text; run `qa index`."
        )
    answer = None
    if answer_span:
        sentence = passage.text[answer_span.start : answer_span.end]
        answer = MarkedSentence(answer_span.start, answer_span.end, sentence)
    reasons = {
        "matched": highlight.matched_words,
        "missing": highlight.missing_words,
        "phrase": highlight.phrase,
        "title": highlight.in_heading,
        "contrary": highlight.is_contrary,
    }
    values = {
        "rank": rank,
        "text": passage.text,
        "score": round(ranked.score, 4),
        "answer": answer,
        "marks": highlight.term_spans,
        "reasons": make_record(Reasons, reasons),
        "citation": citation,
        "duplicates": tuple([(other.id, other.title) for other in duplicates]),
        "stable_id": build_stable_id(stable_id, citation.exact),
    }
    return make_record(AnswerPassage, values)


def format_certainty(certainty: float) -> str:
    """What a reader must know of words that were not written but recognized."""
    return f"words recognized in a picture, {certainty:.0%} certain"


def build_citation(document: Citable, passage: Span, answer: Span | None = None) -> Citation:
    """Cite *passage* of *document*, at the *answer* sentence in it."""
    start, end = passage
    answer_span = Span(start + answer.start, start + answer.end) if answer else None
    before = max(0, start - _CONTEXT_LENGTH)
    text = document.read(before, end + _CONTEXT_LENGTH)
    exact = text[start - before : end - before]
    at = document.locate(answer_span.start if answer_span else start)
    url, sha256 = document.url, document.sha256
    values = {
        "document_id": document.id,
        "title": document.title,
        "publisher": document.publisher,
        "date": document.date,
        "url": url,
        "section": at.section,
        "paragraph": at.paragraph,
        "page": at.page,
        "place": at.place,
        "start": start,
        "end": end,
        "exact": exact,
        "prefix": text[: start - before],
        "suffix": text[end - before :],
        "sha256": sha256,
        "read_url": _build_reader_url(
            document.id, sha256, passage, answer_span, exact, at.paragraph
        ),
        "fragment_url": build_fragment_url(url, exact[slice(*answer)] if answer else exact),
        "certainty": at.certainty,
    }
    return make_record(Citation, values)


# An id that an address has as it is; most are, and quote() is slow.
_PLAIN_ID = re.compile(r"[A-Za-z0-9_.~/-]*")


def _build_reader_url(
    id: str,  # noqa: A002
    sha256: str,
    passage: Span,
    answer: Span | None,
    exact: str,
    paragraph: int,
) -> str:
    """The reader page of the document *id* at *passage*, whose text is *exact*.

    With `sha256` the page notices a changed text, with `quote` it finds the words again.
    """
    path = id if _PLAIN_ID.fullmatch(id) else quote(id)
    answer_parameter = f"&answer={answer.start}-{answer.end}" if answer else ""
    checksums = f"sha256={sha256[:12]}&quote={_passage_checksum(exact)}"
    return (
        f"/documents/{path}?cite={passage.start}-{passage.end}{answer_parameter}&{checksums}"
        f"#p{paragraph}"
    )


def quote_checksum(exact: str) -> str:
    """The first 12 digits of the SHA-256 of quoted words, for addresses."""
    return hashlib.sha256(exact.encode()).hexdigest()[:12]


# Both the address and the id of a passage have it.
_passage_checksum = lru_cache(maxsize=64)(quote_checksum)


def build_stable_id(document_id: str, exact: str) -> str:
    """The id of a passage: its document's stable one, and the checksum and length of its words."""
    return f"{document_id}-{_passage_checksum(exact)}-{len(exact)}"


def build_fragment_url(url: str | None, exact: str) -> str | None:
    """*url* with a text fragment that scrolls to *exact* (WICG, URL Fragment Text Directives).

    None without a *url*, or if the words are too long.
    """
    if url is None:
        return None
    if kernel := find_kernel():
        directive = kernel.fragment(
            exact, _MAX_WHOLE_FRAGMENT, _FRAGMENT_EDGE_WORDS, _LONGEST_FRAGMENT
        )
    else:
        directive = _build_directive(exact)
    return None if directive is None else f"{url}{'' if '#' in url else '#'}:~:text={directive}"


def _build_directive(exact: str) -> str | None:
    """The words of *exact*, or its first and its last ones; the kernel does the same."""
    first = last = exact
    if SEPARATOR in exact:
        first, last = exact.partition(SEPARATOR)[0], exact.rpartition(SEPARATOR)[2]
    opening = first.split(None, 2 * _FRAGMENT_EDGE_WORDS)
    is_short = len(exact) <= _MAX_WHOLE_FRAGMENT or len(opening) <= 2 * _FRAGMENT_EDGE_WORDS
    # A whole quote must be within one paragraph.
    if is_short and first is exact:
        fragments = [exact]
    else:
        closing = last.rsplit(None, _FRAGMENT_EDGE_WORDS)[-_FRAGMENT_EDGE_WORDS:]
        fragments = [" ".join(opening[:_FRAGMENT_EDGE_WORDS]), " ".join(closing)]
    if sum(map(len, fragments)) > _LONGEST_FRAGMENT:
        return None
    quoted = [_QUOTED_CHARACTER.sub(_quote_character, text) for text in fragments]
    return ",".join(quoted).replace(" ", "%20")


# What no word of a text fragment has as it is; most words have none of it, and quote() is slow.
_QUOTED_CHARACTER = re.compile(r"[^A-Za-z0-9_.~ ]")


def _quote_character(match: re.Match[str]) -> str:
    return _quote(match[0])


@lru_cache(maxsize=1 << 10)
def _quote(character: str) -> str:
    # quote() does not escape "-", which separates a prefix from the text.
    return "%2D" if character == "-" else quote(character, safe="")
