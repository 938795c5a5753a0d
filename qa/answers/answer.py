"""Ranked passages -> an Answer: the contract of /ask as records, every quote checked.

`document.text[start:end] == text` holds for each passage that leaves here; one for which it does
not is never shown: DamagedError is raised instead.
"""

import datetime
import hashlib
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from qa.analysis.tokenizer import Span
from qa.documents.document import SEPARATOR, Document
from qa.errors import DamagedError
from qa.queries.parser import Filters
from qa.ranking.highlighter import Evidence
from qa.ranking.reranker import Ranked

# The orders that passages can be shown in, the usual one first.
SORTS = ("relevance", "newest", "oldest")
_CONTEXT = 32
# Longer quotes are found more reliably by their first and last words.
_WHOLE_FRAGMENT = 80
_EDGE_WORDS = 5
# Nobody writes such words, and servers refuse addresses that are as long.
_LONGEST_FRAGMENT = 4_000


@dataclass(frozen=True)
class Citation:
    """Where a quote stands; *start* and *end* are code points into the document's text.

    *paragraph*, *page* and *section* are those of the answering sentence where one is marked.
    """

    document_id: str
    title: str
    publisher: str | None
    date: datetime.date | None
    url: str | None
    section: str | None
    paragraph: int
    page: int | None
    start: int
    end: int
    exact: str
    prefix: str
    suffix: str
    sha256: str
    read_url: str
    fragment_url: str | None


@dataclass(frozen=True)
class MarkedSentence:
    """The sentence that answers; offsets into the passage's text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Reasons:
    """Why a passage is shown."""

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    phrase: str | None
    title: bool


@dataclass(frozen=True)
class AnswerPassage:
    """One passage of an answer; *marks* are the question's words, as offsets into *text*.

    *also* are the documents that say the same, as identifier and title.
    """

    rank: int
    text: str
    score: float
    answer: MarkedSentence | None
    marks: tuple[Span, ...]
    reasons: Reasons
    citation: Citation
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class QueryWords:
    """What became of the words of a question.

    *corrected* offers for a word that occurs nowhere the one most like it; nothing is replaced.
    *expanded* has the synonyms that were looked for besides a word.
    """

    used: tuple[str, ...]
    ignored: tuple[str, ...]
    corrected: dict[str, str]
    carried: tuple[str, ...]
    expanded: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class NoAnswer:
    """Why there is no answer.

    *missing* words occur nowhere, *near* are words spelt almost like them; the two words of each
    pair in *apart* occur, but never in one passage; *span* are the dates covered; *closest* are
    the passages that came nearest, and do not answer.
    """

    missing: tuple[str, ...]
    near: tuple[str, ...]
    span: tuple[datetime.date, datetime.date] | None
    apart: tuple[tuple[str, str], ...] = ()
    closest: tuple[AnswerPassage, ...] = ()


@dataclass(frozen=True)
class Answer:
    """All that /ask and the page say; *none* is set exactly when the verdict is "none".

    It is *partial* when the time for a question was over before all passages were read.
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
    partial: bool = False


def ordered(answer: Answer, sort: str) -> Answer:
    """*answer* with its passages by date, unless *sort* is relevance; undated ones come last.

    Which passages answer, and the rank of each, stay the same.
    """
    if sort == SORTS[0]:
        return answer
    sign = -1 if sort == "newest" else 1

    def place(passage: AnswerPassage) -> tuple[bool, int]:
        date = passage.citation.date
        return date is None, sign * date.toordinal() if date else 0

    return replace(answer, passages=tuple(sorted(answer.passages, key=place)))


def cited(
    ranked: Ranked, evidence: Evidence, rank: int, document: Document, also: list[Document]
) -> AnswerPassage:
    """Quote *ranked* from *document*; raise DamagedError when it does not stand there."""
    passage = ranked.passage
    if document.text[passage.start : passage.end] != passage.text:
        raise DamagedError(
            f"A passage of {document.id!r} differs from the document's text; run `qa index`."
        )
    answer = evidence.answer
    return AnswerPassage(
        rank=rank,
        text=passage.text,
        score=round(ranked.score, 4),
        answer=answer
        and MarkedSentence(answer.start, answer.end, passage.text[answer.start : answer.end]),
        marks=evidence.marks,
        reasons=Reasons(evidence.matched, evidence.missing, evidence.phrase, evidence.title),
        citation=citation(document, Span(passage.start, passage.end), answer),
        also=tuple((other.id, other.metadata.title) for other in also),
    )


def citation(document: Document, passage: Span, answer: Span | None = None) -> Citation:
    """Cite *passage* of *document*, led by the *answer* sentence in it."""
    about = document.metadata
    start, end = passage
    marked = Span(start + answer.start, start + answer.end) if answer else None
    place = marked.start if marked else start
    return Citation(
        document_id=document.id,
        title=about.title,
        publisher=about.publisher,
        date=about.date,
        url=about.url,
        section=document.section_at(place),
        paragraph=document.paragraph_at(place),
        page=document.page_at(place),
        start=start,
        end=end,
        exact=document.text[start:end],
        prefix=document.text[max(0, start - _CONTEXT) : start],
        suffix=document.text[end : end + _CONTEXT],
        sha256=document.sha256,
        read_url=read_url(document, passage, marked),
        fragment_url=fragment_url(about.url, document.text[slice(*(marked or passage))]),
    )


def read_url(document: Document, passage: Span, answer: Span | None) -> str:
    """The reader page of *document* at *passage*.

    `sha256` tells it when the text has changed, `quote` which words to look for then.
    """
    place = answer or passage
    marked = f"&answer={answer.start}-{answer.end}" if answer else ""
    proof = f"sha256={document.sha256[:12]}&quote={quote_sum(document.text[slice(*passage)])}"
    return (
        f"/documents/{quote(document.id)}?cite={passage.start}-{passage.end}{marked}&{proof}"
        f"#p{document.paragraph_at(place.start)}"
    )


def quote_sum(exact: str) -> str:
    """The beginning of a checksum of quoted words, which an address has room for."""
    return hashlib.sha256(exact.encode()).hexdigest()[:12]


def fragment_url(url: str | None, exact: str) -> str | None:
    """*url* with a text fragment that scrolls to *exact* (WICG, URL Fragment Text Directives).

    None where there is no *url*, or where the words are too long for one.
    """
    if url is None:
        return None
    first, last = exact.partition(SEPARATOR)[0], exact.rpartition(SEPARATOR)[2]
    # What is given whole must stand in one paragraph.
    if first == exact and (len(exact) <= _WHOLE_FRAGMENT or _few_words(exact)):
        ends = [exact]
    else:
        opening, closing = first.split(None, _EDGE_WORDS), last.rsplit(None, _EDGE_WORDS)
        ends = [" ".join(opening[:_EDGE_WORDS]), " ".join(closing[-_EDGE_WORDS:])]
    if sum(map(len, ends)) > _LONGEST_FRAGMENT:
        return None
    # quote() leaves "-" alone, but there it separates a prefix from the text.
    directive = ",".join(quote(end, safe="").replace("-", "%2D") for end in ends)
    return f"{url}{'' if '#' in url else '#'}:~:text={directive}"


def _few_words(exact: str) -> bool:
    return len(exact.split(None, 2 * _EDGE_WORDS)) <= 2 * _EDGE_WORDS
