"""What all pages need: marked text, dates, facts of the index."""

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Flask, Response
from markupsafe import Markup, escape

from qa.analysis.normalization import quantity
from qa.analysis.tokenizer import Span
from qa.answers.answer import AnswerPassage, format_certainty
from qa.documents.document import SEPARATOR, Document, format_place
from qa.errors import GenerationError
from qa.index.manifest import Manifest
from qa.web.context import current_deadline, current_searcher
from qa.web.mount import absolute_url
from qa.web.problems import InvalidRequestError
from qa.web.tables import write_csv


class TextSegment(NamedTuple):
    """A stretch of text, marked as *kind* or not at all; *inner* cuts a marked one further."""

    text: str
    kind: str | None = None
    inner: tuple["TextSegment", ...] = ()


class MarkLayer(NamedTuple):
    """Marks of one kind: where they are, in order and apart from each other."""

    kind: str
    spans: Sequence[Span]


_start_of, _end_of = itemgetter(0), itemgetter(1)


def cut_segments(text: str, span: Span, layers: Sequence[MarkLayer]) -> tuple[TextSegment, ...]:
    """Cut the part of *text* in *span* at the marks of *layers*, the outermost first."""
    if not layers:
        return (TextSegment(text[slice(*span)]),) if span.start < span.end else ()
    (kind, spans), *rest = layers
    pieces: list[TextSegment] = []
    position = span.start
    first = bisect_right(spans, span.start, key=_end_of)
    for start, end in spans[first : bisect_left(spans, span.end, first, key=_start_of)]:
        clipped = Span(max(start, position), min(end, span.end))
        if clipped.start < clipped.end:
            pieces += cut_segments(text, Span(position, clipped.start), rest)
            inner = cut_segments(text, clipped, rest)
            pieces.append(TextSegment(text[slice(*clipped)], kind, inner))
            position = clipped.end
    return (*pieces, *cut_segments(text, Span(position, span.end), rest))


def mark_segments(
    segments: Iterable[TextSegment], lead: str | None = None, prefix: str = ""
) -> Markup:
    """*segments* as HTML; a mark of the kind *lead* is where a link to the cited place arrives.

    A page may have thousands, for which templates are slow.
    """
    return Markup("".join([_mark_segment(segment, lead, prefix) for segment in segments]))  # noqa: S704 - what is a text is escaped


def _mark_segment(segment: TextSegment, lead: str | None, prefix: str) -> str:
    text, kind, inner = segment
    if not kind:
        return escape(text)
    content = mark_segments(inner, lead, prefix) if inner else escape(text)
    anchor = f' id="{prefix}cited"' if kind == lead else ""
    return f'<mark class="{kind}"{anchor}>{content}</mark>'


def quote_paragraphs(passage: AnswerPassage) -> Iterator[tuple[TextSegment, ...]]:
    """The paragraphs of a quote, with its answering sentence and the question's words marked."""
    layers = _quote_layers(passage)
    offset = 0
    for paragraph in passage.text.split(SEPARATOR):
        yield cut_segments(passage.text, Span(offset, offset + len(paragraph)), layers)
        offset += len(paragraph) + len(SEPARATOR)


def answer_segments(passage: AnswerPassage) -> tuple[TextSegment, ...]:
    """The answering sentence of a passage, with the question's words marked."""
    answer = passage.answer
    span = Span(answer.start, answer.end) if answer else Span(0, len(passage.text))
    return cut_segments(passage.text, span, _quote_layers(passage))


def _quote_layers(passage: AnswerPassage) -> list[MarkLayer]:
    answer = passage.answer
    return [
        MarkLayer("answer", [Span(answer.start, answer.end)] if answer else []),
        MarkLayer("term", passage.marks),
    ]


class ReaderBlock(NamedTuple):
    """A block of a document as the reader page shows it; *place* is set where a page starts.

    Paragraphs and headings have a *number* each, of their own kind.
    """

    tag: str
    number: int
    place: str | None
    certainty: float | None
    text: str
    segments: tuple[TextSegment, ...]

    @property
    def is_marked(self) -> bool:
        """Whether anything is marked in it."""
        return any(segment.kind for segment in self.segments)

    def has_mark(self, kind: str) -> bool:
        """Whether it has a mark of this *kind*."""
        all_segments = (nested for segment in self.segments for nested in (segment, *segment.inner))
        return any(segment.kind == kind for segment in all_segments)


def iter_blocks(
    document: Document, layers: list[MarkLayer], within: range | None = None
) -> Iterator[ReaderBlock]:
    """The blocks of *document*, or those *within* a range, cut at the marks of *layers*."""
    within = range(len(document.blocks)) if within is None else within
    pages = {page.start: page for page in document.pages}
    open_levels: list[int] = []
    paragraphs = headings = 0
    for place, (start, end, level) in enumerate(document.blocks[: within.stop]):
        if level:
            # Whatever levels an author skipped, ours follow one another below the title's h1.
            open_levels = [
                *(outer_level for outer_level in open_levels if outer_level < level),
                level,
            ]
            headings += 1
        else:
            paragraphs += 1
        if place < within.start:
            continue
        page = pages.get(start)
        yield ReaderBlock(
            tag=f"h{min(6, len(open_levels) + 1)}" if level else "p",
            number=headings if level else paragraphs,
            place=format_place(document.page_unit, page.number) if page else None,
            certainty=page.certainty if page else None,
            text=document.text[start:end],
            segments=cut_segments(document.text, Span(start, end), layers),
        )


def format_date(value: date) -> str:
    """A date as people write it."""
    return f"{value.day} {value:%B %Y}"


def build_date(manifest: Manifest) -> date:
    """The day on which an index was built."""
    return datetime.fromisoformat(manifest.build_time).date()


def today() -> date:
    """The day on which this request is answered, the same for readers everywhere."""
    return datetime.now(UTC).date()


def is_web_url(url: str | None) -> bool:
    """Whether *url* is safe to link to: a document may claim any address as its own."""
    try:
        return bool(url) and urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


def init_pages(app: Flask) -> None:
    """Add to *app* what the templates of all pages need."""
    app.add_template_filter(absolute_url)
    app.add_template_filter(format_certainty)
    app.add_template_filter(build_date)
    app.add_template_filter(format_date)
    app.add_template_filter(quantity)
    app.add_template_filter(mark_segments)
    app.add_template_test(is_web_url, "web_url")
    app.context_processor(_inject_manifest)


def _inject_manifest() -> dict[str, Manifest | None]:
    """What the footer of every page says of the index; an error page may have none."""
    try:
        return {"manifest": current_searcher().manifest}
    except GenerationError:
        return {"manifest": None}


def csv_response(columns: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> Response:
    """*rows* as a CSV file of that *name*, in UTF-8."""
    out = io.StringIO()
    write_csv(out, columns, _in_time(rows))
    return csv_attachment(out.getvalue().encode(), name)


def csv_attachment(table: bytes, name: str) -> Response:
    """A CSV file of that *name*, in UTF-8."""
    response = Response(table, content_type="text/csv; charset=utf-8; header=present")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _in_time(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    for row in rows:
        current_deadline().check()
        yield row


def parameter_error(parameter: str, detail: str) -> InvalidRequestError:
    """The error for a *parameter* of an address that cannot be used."""
    return InvalidRequestError([{"field": parameter, "detail": detail}])
