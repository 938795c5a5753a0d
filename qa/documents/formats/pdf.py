"""A PDF -> headings and paragraphs with their page numbers, without running headers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import pairwise
from math import hypot
from typing import Any, NamedTuple

import regex
from pypdf import PageObject, PdfReader

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.metadata import RawDocument, RawMetadata, build_raw_document
from qa.errors import UnreadableFileError


class TextLine(NamedTuple):
    """A line of a page: its text, font size, and height on the page, in points."""

    text: str
    size: float
    height: float


class PageLayout(NamedTuple):
    """The usual font size, distance of lines and length of a full line of a file; its words."""

    size: float
    step: float
    length: float
    words: frozenset[str]


# Short, no sentence, no line of a table of contents; other large type is text.
_HEADING_TEXT = regex.compile(r"(?!.*(?:\.\s?){4}).{1,199}[^.,;]", regex.DOTALL)


def read_pdf(data: bytes) -> RawDocument:
    """Read a PDF; raise UnreadableFileError if it needs a password or has images only."""
    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableFileError("encrypted; save it without a password")
    pages = [_read_lines(page) for page in reader.pages]
    if not any(has_words(line.text) for lines in pages for line in lines):
        raise UnreadableFileError("no text (scanned?); run OCR first")
    pages = _remove_running_lines(pages)
    layout = _measure_layout(pages)
    levels = _heading_levels(pages, layout)
    blocks = [
        RawBlock(text, levels.get(lines[0].size, 0) if _HEADING_TEXT.fullmatch(text) else 0, number)
        for number, page in enumerate(pages, start=1)
        for lines in _iter_paragraphs(page, layout)
        for text in [_join_lines(lines, layout.words)]
    ]
    return build_raw_document(blocks, _read_properties(reader))


def _read_lines(page: PageObject) -> list[TextLine]:
    """The lines of a page that are not empty, each with the size and height of most of it."""
    pieces: list[list[TextLine]] = [[]]

    def visit(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:  # noqa: ANN401 - pypdf's
        height = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        scale = hypot(tm[0], tm[1]) * hypot(cm[0], cm[1])
        first, *other_lines = text.split("\n")
        pieces[-1].append(TextLine(first, round((size or 0) * scale, 1), height))
        pieces.extend([TextLine(other, *pieces[-1][-1][1:])] for other in other_lines)

    page.extract_text(visitor_text=visit)
    return [line for line in map(_merge_pieces, pieces) if line.text]


def _merge_pieces(pieces: list[TextLine]) -> TextLine:
    text = "".join(piece.text for piece in pieces)
    longest = max(pieces, key=lambda piece: len(piece.text.strip()), default=TextLine("", 0, 0))
    return longest._replace(text=_LIGATURE.sub(_expand_ligature, text).strip())


_LIGATURE = regex.compile(r"[\uFB00-\uFB06]")


def _expand_ligature(ligature: "regex.Match[str]") -> str:
    return ("ff", "fi", "fl", "ffi", "ffl", "ft", "st")[ord(ligature[0]) - 0xFB00]


_PAGE_NUMBER = regex.compile(r"\d+|\b[ivxl]+\b")
_EDGE_LINES = 2


def _remove_running_lines(pages: list[list[TextLine]]) -> list[list[TextLine]]:
    """Drop short lines, no sentences, that recur, but for numbers, at the top or foot of pages."""
    signature_counts = Counter(
        signature
        for page in pages
        for signature in {_line_signature(line) for line in _edge_lines(page)}
    )
    usual_length = _usual_length(line for page in pages for line in page)
    min_count = 2 if len(pages) < 6 else 3
    running_signatures = {
        signature
        for signature, count in signature_counts.items()
        if count >= min_count
        and len(signature) < usual_length
        and not _SENTENCE_END.search(signature)
    }
    return [_strip_running_lines(page, running_signatures) for page in pages]


def _edge_lines(page: list[TextLine]) -> list[TextLine]:
    return page if len(page) <= 2 * _EDGE_LINES else page[:_EDGE_LINES] + page[-_EDGE_LINES:]


def _line_signature(line: TextLine) -> str:
    return _PAGE_NUMBER.sub("#", line.text)


def _strip_running_lines(page: list[TextLine], running: set[str]) -> list[TextLine]:
    first, last = 0, len(page)
    while first < min(_EDGE_LINES, last) and _line_signature(page[first]) in running:
        first += 1
    while last > max(len(page) - _EDGE_LINES, first) and _line_signature(page[last - 1]) in running:
        last -= 1
    return page[first:last]


def _usual_length(lines: Iterable[TextLine]) -> float:
    """The length of a full line: 85 % of the 90th percentile."""
    lengths = sorted(len(line.text) for line in lines)
    return 0.85 * lengths[len(lengths) * 9 // 10] if lengths else 0


def _measure_layout(pages: list[list[TextLine]]) -> PageLayout:
    sizes: Counter[float] = Counter()
    steps: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
        steps.update(round(above.height - below.height) for above, below in pairwise(page))
    size = sizes.most_common(1)[0][0] if sizes else 0
    downward_steps = [step for step, _ in steps.most_common() if step > 0]
    return PageLayout(
        size,
        step=downward_steps[0] if downward_steps else 0,
        length=_usual_length(line for page in pages for line in page if line.size == size),
        words=frozenset(
            _WORD.findall(" ".join(line.text for lines in pages for line in lines).lower())
        ),
    )


def _heading_levels(pages: Iterable[list[TextLine]], layout: PageLayout) -> dict[float, int]:
    """The level of a heading by its font size; the largest is 1."""
    sizes = {line.size for page in pages for line in page if line.size > layout.size * 1.1}
    return {size: min(level, 6) for level, size in enumerate(sorted(sizes, reverse=True), start=1)}


_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-‐][\p{L}\p{M}\p{N}]+)*")
_SENTENCE_END = regex.compile(r"[.!?:…][\"'”’»)\]]*$")
_PARAGRAPH_START = regex.compile(r"[\p{Lu}\p{Lt}\p{Lo}\p{N}\p{Pi}\p{Ps}\"'–—]")
_BULLET = regex.compile(r"[•▪◦‣●■]|[-–*]\s")


def _iter_paragraphs(page: list[TextLine], layout: PageLayout) -> Iterator[list[TextLine]]:
    paragraph: list[TextLine] = []
    for line in page:
        if paragraph and _starts_paragraph(paragraph[-1], line, layout):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _starts_paragraph(above: TextLine, below: TextLine, layout: PageLayout) -> bool:
    """Whether a new paragraph begins: by a gap, another size, a bullet, or a short last line."""
    if abs(above.size - below.size) > 0.1 * layout.size or _BULLET.match(below.text):
        return True
    if layout.step and above.height - below.height > 1.35 * layout.step * max(
        1, above.size / (layout.size or 1)
    ):
        return True
    is_short = len(above.text) < layout.length
    ends = is_short and _SENTENCE_END.search(above.text)
    return bool(ends and _PARAGRAPH_START.match(below.text))


_HYPHENATED_END = regex.compile(r"([\p{L}\p{M}]+)([-‐\u00AD])$")
_CONTINUATION = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*")


def _join_lines(lines: Iterable[TextLine], words: frozenset[str]) -> str:
    """The lines as one text, without hyphens at line ends unless *words* has the word with it.

    They stay before a capital or a number: Russo-Ukrainian, mid-1990s.
    """
    text = ""
    for line in lines:
        hyphenated_end, continuation = _HYPHENATED_END.search(text), _CONTINUATION.match(line.text)
        if not hyphenated_end or not continuation:
            text += " " + line.text
            continue
        whole, hyphenated = (
            hyphenated_end[1] + continuation[0],
            f"{hyphenated_end[1]}-{continuation[0]}",
        )
        is_known_hyphenated = whole.lower() not in words and hyphenated.lower() in words
        keep_hyphen = hyphenated_end[2] != "\u00ad" and (
            is_known_hyphenated or not continuation[0][0].islower()
        )
        text = (text if keep_hyphen else text[:-1]) + line.text
    return text


# Titles that programs set where people set none.
_PLACEHOLDER_TITLE = regex.compile(
    r"microsoft word - .*|untitled.*|(?:document|presentation|slide)\s*\d*|powerpoint presentation"
    r"|.*\.(?:docx?|pdf|tex|dvi|indd|rtf|pptx?|qxd)",
    regex.I,
)


def _read_properties(reader: PdfReader) -> RawMetadata:
    info: Mapping[str, object] = reader.metadata or {}
    properties = {
        "title": info.get("/Title"),
        "author": info.get("/Author"),
        "date": info.get("/CreationDate"),
    }
    texts = {key: str(value).strip() for key, value in properties.items() if value}
    if _PLACEHOLDER_TITLE.fullmatch(texts.get("title", "")):
        del texts["title"]
    return texts
