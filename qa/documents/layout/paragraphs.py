"""Lines in reading order -> headings and paragraphs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import regex

from qa.documents.document import RawBlock
from qa.documents.layout.segments import Line, is_unspaced_joint


class _Style(NamedTuple):
    """The usual font size, distance of lines and length of a full line of a file; its words."""

    size: float
    step: float
    length: float
    words: frozenset[str]


# Short, no sentence, no line of a table of contents; other large type is text.
_HEADING_TEXT = regex.compile(r"(?!.*(?:\.\s?){4}).{1,199}[^.,;]", regex.DOTALL)


def build_blocks(pages: list[list[Line]]) -> list[RawBlock]:
    """The blocks of all pages, which are numbered from 1."""
    style = _measure_style(pages)
    levels = _heading_levels(pages, style)
    return [
        RawBlock(text, _level_of(lines, text, levels), number)
        for number, page in enumerate(pages, start=1)
        for lines in _iter_paragraphs(page, style)
        for text in [_join_lines(lines, style.words)]
    ]


# From a line to the next, in font sizes.
_USUAL_STEP = 1.2
_LONGEST_STEP = 2.2


def _level_of(lines: list[Line], text: str, levels: dict[float, int]) -> int:
    """The level of a heading, 0 for a paragraph or a row of a table."""
    is_heading = not lines[0].is_row and _HEADING_TEXT.fullmatch(text)
    return levels.get(lines[0].size, 0) if is_heading else 0


def _measure_style(pages: list[list[Line]]) -> _Style:
    sizes: Counter[float] = Counter()
    steps: Counter[float] = Counter()
    for page in pages:
        for line in page:
            sizes[line.size] += len(line.text)
        steps.update(round(above.middle - below.middle) for above, below in pairwise(page))
    size = sizes.most_common(1)[0][0] if sizes else 0
    usual = (step for step, _ in steps.most_common() if 0 < step <= _LONGEST_STEP * size)
    return _Style(
        size,
        step=next(usual, _USUAL_STEP * size),
        length=_usual_length(line for page in pages for line in page if line.size == size),
        words=_find_words([line for page in pages for line in page]),
    )


def _find_words(lines: list[Line]) -> frozenset[str]:
    """The words of a file, if one of its lines may end within a word."""
    if not any(line.hyphen or line.text.endswith(_HYPHENS) for line in lines):
        return frozenset()
    return frozenset(_WORD.findall(" ".join(line.text for line in lines).lower()))


def _usual_length(lines: Iterable[Line]) -> float:
    """The length of a full line: 85 % of the 90th percentile."""
    lengths = sorted(len(line.text) for line in lines)
    return 0.85 * lengths[len(lengths) * 9 // 10] if lengths else 0


def _heading_levels(pages: Iterable[list[Line]], style: _Style) -> dict[float, int]:
    """The level of a heading by its font size; the largest is 1."""
    sizes = {
        line.size
        for page in pages
        for line in page
        if line.size > style.size * 1.1 and not line.is_row
    }
    return {size: min(level, 6) for level, size in enumerate(sorted(sizes, reverse=True), start=1)}


_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[-‐][\p{L}\p{M}\p{N}]+)*")
_SENTENCE_END = regex.compile(r"[.!?:…。！？][\"'”’»)\]」』）]*$")
_END_LENGTH = 5
_PARAGRAPH_START = regex.compile(r"[\p{Lu}\p{Lt}\p{Lo}\p{N}\p{Pi}\p{Ps}\"'–—]")
_BULLET = regex.compile(r"[•▪◦‣●■]|[-–*]\s")


def _iter_paragraphs(page: list[Line], style: _Style) -> Iterator[list[Line]]:
    paragraph: list[Line] = []
    for line in page:
        if paragraph and _starts_paragraph(paragraph[-1], line, style):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _starts_paragraph(above: Line, below: Line, style: _Style) -> bool:
    """Whether a new paragraph begins: by a gap, another size, a bullet, or a short last line."""
    if above.is_row or below.is_row or _BULLET.match(below.text):
        return True
    if abs(above.size - below.size) > 0.1 * style.size and not above.hyphen:
        return True
    if style.step and above.middle - below.middle > 1.35 * style.step * max(
        1, above.size / (style.size or 1)
    ):
        return True
    is_short = len(above.text) < style.length
    ends = is_short and _SENTENCE_END.search(above.text[-_END_LENGTH:])
    return bool(ends and _PARAGRAPH_START.match(below.text))


_HYPHENS = ("-", "‐", "\u00ad")
_HYPHENATED_END = regex.compile(r"([\p{L}\p{M}\p{N}]+)([-‐\u00AD])$")
# A search from the beginning would look at each line again for every line.
_LONGEST_WORD = 100
_CONTINUATION = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}]*")


def _join_lines(lines: Iterable[Line], words: frozenset[str]) -> str:
    """The lines as one text, without hyphens at line ends unless *words* has the word with it.

    They stay before a capital or a number: Russo-Ukrainian, mid-1990s, F-16.
    """
    text = ""
    for line in lines:
        text = _join_line(text, line.text, words) if text else line.text
        text += "-" * line.hyphen
    return text


def _join_line(text: str, below: str, words: frozenset[str]) -> str:
    continuation = _CONTINUATION.match(below) if text.endswith(_HYPHENS) else None
    divided = continuation and _HYPHENATED_END.search(text, max(0, len(text) - _LONGEST_WORD))
    if not divided or not continuation:
        return text + ("" if is_unspaced_joint(text, below) else " ") + below
    whole, hyphenated = divided[1] + continuation[0], f"{divided[1]}-{continuation[0]}"
    is_known_hyphenated = whole.lower() not in words and hyphenated.lower() in words
    keep_hyphen = divided[2] != "\u00ad" and (
        is_known_hyphenated or not continuation[0][0].islower() or divided[1][-1].isdecimal()
    )
    return (text if keep_hyphen else text[:-1]) + below
