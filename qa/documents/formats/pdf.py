"""A PDF -> headings and paragraphs with their page numbers, without running headers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import pairwise
from math import hypot
from typing import Any, NamedTuple

import regex
from pypdf import PageObject, PdfReader

from qa.documents.document import RawBlock
from qa.documents.metadata import Extract, Raw, titled
from qa.errors import UnreadableError


class Line(NamedTuple):
    """A line of a page: its words, the size of its type, its height on the page."""

    text: str
    size: float
    height: float


class Layout(NamedTuple):
    """What is usual in a file: the size of type, the step between lines, how long lines are."""

    size: float
    step: float
    length: float
    words: frozenset[str]


# Short, no sentence, no line of a table of contents: text in large type stays text.
_HEADING = regex.compile(r"(?!.*(?:\.\s?){4}).{1,199}[^.,;]", regex.DOTALL)


def read(data: bytes) -> Extract:
    """Read a PDF; raise UnreadableError if it wants a password or is pictures only."""
    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadableError("encrypted; save it without a password")
    pages = [_lines(page) for page in reader.pages]
    if not any(any(map(str.isalnum, line.text)) for lines in pages for line in lines):
        raise UnreadableError("no text (scanned?); run OCR first")
    pages = _without_running_lines(pages)
    layout = _layout(pages)
    levels = _levels(pages, layout)
    blocks = [
        RawBlock(text, levels.get(lines[0].size, 0) if _HEADING.fullmatch(text) else 0, number)
        for number, page in enumerate(pages, start=1)
        for lines in _paragraphs(page, layout)
        for text in [_joined(lines, layout.words)]
    ]
    return titled(blocks, _about(reader), None)


def _lines(page: PageObject) -> list[Line]:
    """The lines of a page that are not empty, each with the size and height of most of it."""
    pieces: list[list[Line]] = [[]]

    def visit(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:  # noqa: ANN401 - pypdf's
        height = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        scale = hypot(tm[0], tm[1]) * hypot(cm[0], cm[1])
        first, *others = text.split("\n")
        pieces[-1].append(Line(first, round((size or 0) * scale, 1), height))
        pieces.extend([Line(other, *pieces[-1][-1][1:])] for other in others)

    page.extract_text(visitor_text=visit)
    return [line for line in map(_line, pieces) if line.text]


def _line(pieces: list[Line]) -> Line:
    text = "".join(piece.text for piece in pieces)
    most = max(pieces, key=lambda piece: len(piece.text.strip()), default=Line("", 0, 0))
    return most._replace(text=_LIGATURE.sub(_spelled, text).strip())


_LIGATURE = regex.compile(r"[\uFB00-\uFB06]")


def _spelled(ligature: "regex.Match[str]") -> str:
    return ("ff", "fi", "fl", "ffi", "ffl", "ft", "st")[ord(ligature[0]) - 0xFB00]


_NUMBER = regex.compile(r"\d+|\b[ivxl]+\b")
_EDGE = 2


def _without_running_lines(pages: list[list[Line]]) -> list[list[Line]]:
    """Drop what recurs but for its numbers at the top or foot of pages, short and no sentence."""
    seen = Counter(mark for page in pages for mark in {_mark(line) for line in _edges(page)})
    length = _usual_length(line for page in pages for line in page)
    often = 2 if len(pages) < 6 else 3
    running = {
        mark
        for mark, count in seen.items()
        if count >= often and len(mark) < length and not _ENDED.search(mark)
    }
    return [_inner(page, running) for page in pages]


def _edges(page: list[Line]) -> list[Line]:
    return page if len(page) <= 2 * _EDGE else page[:_EDGE] + page[-_EDGE:]


def _mark(line: Line) -> str:
    return _NUMBER.sub("#", line.text)


def _inner(page: list[Line], running: set[str]) -> list[Line]:
    first, last = 0, len(page)
    while first < min(_EDGE, last) and _mark(page[first]) in running:
        first += 1
    while last > max(len(page) - _EDGE, first) and _mark(page[last - 1]) in running:
        last -= 1
    return page[first:last]


def _usual_length(lines: Iterable[Line]) -> float:
    """What a line must reach to count as full: nearly the length of the longer ones."""
    lengths = sorted(len(line.text) for line in lines)
    return 0.85 * lengths[len(lengths) * 9 // 10] if lengths else 0


def _layout(pages: list[list[Line]]) -> Layout:
    sizes: Counter[float] = Counter()
    steps: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
        steps.update(round(above.height - below.height) for above, below in pairwise(page))
    size = sizes.most_common(1)[0][0] if sizes else 0
    down = [step for step, _ in steps.most_common() if step > 0]
    return Layout(
        size,
        step=down[0] if down else 0,
        length=_usual_length(line for page in pages for line in page if line.size == size),
        words=frozenset(
            _WORD.findall(" ".join(line.text for page in pages for line in page).lower())
        ),
    )


def _levels(pages: Iterable[list[Line]], layout: Layout) -> dict[float, int]:
    """The level of a heading by its size of type, the largest being 1."""
    sizes = {line.size for page in pages for line in page if line.size > layout.size * 1.1}
    return {size: min(level, 6) for level, size in enumerate(sorted(sizes, reverse=True), start=1)}


_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-‐][\p{L}\p{M}\p{N}]+)*")
_ENDED = regex.compile(r"[.!?:…][\"'”’»)\]]*$")
_BEGINS = regex.compile(r"[\p{Lu}\p{Lt}\p{Lo}\p{N}\p{Pi}\p{Ps}\"'–—]")
_BULLET = regex.compile(r"[•▪◦‣●■]|[-–*]\s")


def _paragraphs(page: list[Line], layout: Layout) -> Iterator[list[Line]]:
    paragraph: list[Line] = []
    for line in page:
        if paragraph and _parted(paragraph[-1], line, layout):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _parted(above: Line, below: Line, layout: Layout) -> bool:
    """Whether a new paragraph begins: by a gap, another size, a bullet, or a short last line."""
    if abs(above.size - below.size) > 0.1 * layout.size or _BULLET.match(below.text):
        return True
    if layout.step and above.height - below.height > 1.35 * layout.step * max(
        1, above.size / (layout.size or 1)
    ):
        return True
    short = len(above.text) < layout.length
    return bool(short and _ENDED.search(above.text) and _BEGINS.match(below.text))


_HYPHENATED = regex.compile(r"([\p{L}\p{M}]+)([-‐\u00AD])$")
_CONTINUED = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*")


def _joined(lines: Iterable[Line], words: frozenset[str]) -> str:
    """The lines as one text; a hyphen at a line's end goes unless the word is known with it.

    It stays before a capital or a number: Russo-Ukrainian, mid-1990s.
    """
    text = ""
    for line in lines:
        before, after = _HYPHENATED.search(text), _CONTINUED.match(line.text)
        if not before or not after:
            text += " " + line.text
            continue
        whole, hyphenated = before[1] + after[0], f"{before[1]}-{after[0]}"
        known = whole.lower() not in words and hyphenated.lower() in words
        kept = before[2] != "\u00ad" and (known or not after[0][0].islower())
        text = (text if kept else text[:-1]) + line.text
    return text


# What programs enter where people enter nothing.
_NO_TITLE = regex.compile(
    r"microsoft word - .*|untitled.*|(?:document|presentation|slide)\s*\d*|powerpoint presentation"
    r"|.*\.(?:docx?|pdf|tex|dvi|indd|rtf|pptx?|qxd)",
    regex.I,
)


def _about(reader: PdfReader) -> Raw:
    info: Mapping[str, object] = reader.metadata or {}
    about = {
        "title": info.get("/Title"),
        "author": info.get("/Author"),
        "date": info.get("/CreationDate"),
    }
    texts = {key: str(value).strip() for key, value in about.items() if value}
    if _NO_TITLE.fullmatch(texts.get("title", "")):
        del texts["title"]
    return texts
