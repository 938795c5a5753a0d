"""What a page is made of: segments, which are parts of lines, and lines.  Sizes are in points."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import regex


class Segment(NamedTuple):
    """A part of a line without a wide gap: its text, its box with y upwards, its type.

    *hyphen* says that it ends with a hyphen which divides a word; the text is without it.
    """

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    hyphen: bool = False
    is_bold: bool = False

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.bottom + self.top) / 2


class Line(NamedTuple):
    """A line of a column, or a row of a table, with the box around it."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    hyphen: bool = False
    is_row: bool = False

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return (self.bottom + self.top) / 2


Row = list[Segment]

# A larger letter that a paragraph begins with, which reaches below its first line.
_DROP_CAP_RATIO = 1.8
_RIGHT_TO_LEFT = regex.compile(r"[\p{Hebrew}\p{Arabic}\p{Syriac}\p{Thaana}\p{NKo}]")
_LEFT_TO_RIGHT = regex.compile(
    r"[\p{L}--\p{Hebrew}\p{Arabic}\p{Syriac}\p{Thaana}\p{NKo}]", regex.V1
)
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\u3000-\u303F\uFF00-\uFF60]")


def cluster_rows(segments: Iterable[Segment], height: float) -> list[Row]:
    """The rows of *segments* from the top down, each from the left; *height* is that of most."""
    rows: list[Row] = []
    floor = float("inf")
    # The place breaks ties, and keeps segments from being compared.
    middles = ((_first_line_middle(s, height), -place, s) for place, s in enumerate(segments))
    for middle, _, segment in sorted(middles, reverse=True):
        if rows and middle > floor:
            rows[-1].append(segment)
        else:
            rows.append([segment])
            floor = middle - 0.5 * min(segment.top - segment.bottom, 2 * height)
    return [sorted(row, key=lambda s: s.left) if len(row) > 1 else row for row in rows]


def _first_line_middle(segment: Segment, height: float) -> float:
    """The middle of *segment*; of a drop cap, that of the line it begins."""
    text, _, bottom, _, top, *_ = segment
    if len(text) <= 2 and top - bottom > _DROP_CAP_RATIO * height:
        return top - 0.5 * height
    return (bottom + top) / 2


def join_row(row: Sequence[Segment], separator: str = " ", *, is_row: bool = False) -> Line:
    """The segments of a row as one line, from the right where most letters are written so."""
    if len(row) == 1:
        text, left, bottom, right, top, size, hyphen, _ = row[0]
        return Line(text, left, bottom, right, top, size, hyphen, is_row)
    if is_right_to_left("".join(segment.text for segment in row)):
        row = row[::-1]
    return Line(
        _join_texts(row, separator),
        min(s.left for s in row),
        min(s.bottom for s in row),
        max(s.right for s in row),
        max(s.top for s in row),
        max(row, key=lambda s: len(s.text)).size,
        row[-1].hyphen,
        is_row,
    )


def _join_texts(row: Sequence[Segment], separator: str) -> str:
    text = row[0].text
    for before, segment in pairwise(row):
        is_close = segment.left - before.right < 0.5 * segment.size
        is_unspaced = is_close and is_unspaced_joint(before.text, segment.text)
        is_drop_cap = before.size > _DROP_CAP_RATIO * segment.size and len(before.text) == 1
        if before.hyphen:
            text += "-"
        elif not is_unspaced and not (is_drop_cap and segment.text[:1].islower()):
            text += separator
        text += segment.text
    return text


def is_right_to_left(text: str) -> bool:
    """Whether most letters of *text* are of scripts written from the right."""
    if text.isascii():
        return False
    return len(_RIGHT_TO_LEFT.findall(text)) > len(_LEFT_TO_RIGHT.findall(text))


def is_unspaced_joint(before: str, after: str) -> bool:
    """Whether a line that ends with *before* goes on in *after* without a space, as in Chinese."""
    if before.isascii() or after.isascii():
        return False
    return bool(_UNSPACED.match(before[-1:]) and _UNSPACED.match(after))
