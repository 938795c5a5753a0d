"""Text and the places to mark in it -> segments to print, so that no page is built from strings."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qa.answers import AnswerPassage
from qa.documents import SEPARATOR, Document
from qa.text import Span


class Segment(NamedTuple):
    """A stretch of text, marked as *kind* or not at all; *inner* cuts a marked one further."""

    text: str
    kind: str | None = None
    inner: tuple["Segment", ...] = ()


class Layer(NamedTuple):
    """Marks of one kind: where they are, in order and apart from each other."""

    kind: str
    spans: Sequence[Span]


def segments(text: str, within: Span, layers: Sequence[Layer]) -> tuple[Segment, ...]:
    """Cut the part of *text* that is *within* at the marks of *layers*, the outermost first."""
    if not layers:
        return (Segment(text[slice(*within)]),) if within.start < within.end else ()
    (kind, spans), *rest = layers
    cut: list[Segment] = []
    at = within.start
    for start, end in spans:
        marked = Span(max(start, at), min(end, within.end))
        if marked.start < marked.end:
            cut += segments(text, Span(at, marked.start), rest)
            inner = segments(text, marked, rest)
            cut.append(Segment(text[slice(*marked)], kind, inner))
            at = marked.end
    return (*cut, *segments(text, Span(at, within.end), rest))


def quoted(passage: AnswerPassage) -> Iterator[tuple[Segment, ...]]:
    """The paragraphs of a quote, with its answering sentence and the question's words marked."""
    found = passage.answer
    layers = [
        Layer("answer", [Span(found.start, found.end)] if found else []),
        Layer("term", passage.marks),
    ]
    start = 0
    for paragraph in passage.text.split(SEPARATOR):
        yield segments(passage.text, Span(start, start + len(paragraph)), layers)
        start += len(paragraph) + len(SEPARATOR)


class Shown(NamedTuple):
    """A block of a document as the reader page shows it; *page* is set where a page starts.

    Paragraphs and headings have a *number* each, of their own kind.
    """

    tag: str
    number: int
    page: int | None
    text: str
    segments: tuple[Segment, ...]

    @property
    def marked(self) -> bool:
        """Whether anything is marked in it."""
        return any(segment.kind for segment in self.segments)

    def has(self, kind: str) -> bool:
        """Whether it has a mark of this *kind*."""
        inner = (each for segment in self.segments for each in (segment, *segment.inner))
        return any(segment.kind == kind for segment in inner)


def blocks(document: Document, layers: list[Layer], within: range | None = None) -> Iterator[Shown]:
    """The blocks of *document*, or those *within* a range, cut at the marks of *layers*."""
    within = range(len(document.blocks)) if within is None else within
    pages = {page.start: page.number for page in document.pages}
    open_levels: list[int] = []
    paragraphs = headings = 0
    for place, (start, end, level) in enumerate(document.blocks[: within.stop]):
        if level:
            # Whatever levels an author skipped, ours follow one another below the title's h1.
            open_levels = [*(outer for outer in open_levels if outer < level), level]
            headings += 1
        else:
            paragraphs += 1
        if place < within.start:
            continue
        yield Shown(
            tag=f"h{min(6, len(open_levels) + 1)}" if level else "p",
            number=headings if level else paragraphs,
            page=pages.get(start),
            text=document.text[start:end],
            segments=segments(document.text, Span(start, end), layers),
        )
