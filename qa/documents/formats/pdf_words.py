"""The characters of a page of a PDF -> its words with their boxes, in PDFium's order.

Only the boxes of their first and last characters are asked for.  Words of fonts that do not name
their characters are left out, and those that are drawn twice.
"""

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import NamedTuple

import numpy as np
import pypdfium2.raw as pdfium
import regex
from pypdfium2 import PdfTextPage

from qa.documents.formats.pdf_characters import (
    HYPHENS,
    Boxes,
    Codes,
    Flags,
    Numbers,
    are_any,
    decode_codes,
    find_map_errors,
    read_boxes,
    read_fonts,
)


class Words(NamedTuple):
    """The words of a page in PDFium's order.

    *text* has spaces for all that is between words.  *starts* and *ends* (exclusive), shape
    (words,), count characters.  *boxes*, shape (words, 4), has left, bottom, right and top in
    points.  *quarters*, shape (words,), has the direction in quarter turns to the left, 4 where it
    is none of them.
    """

    text: str
    codes: Codes
    starts: Numbers
    ends: Numbers
    boxes: Boxes
    quarters: Numbers


def _mark_separators() -> Flags:
    """Which characters of the basic plane are between words; shape (65536,)."""
    marks = np.zeros(0x10000, np.bool_)
    marks[:0x20] = marks[0x7F:0xA1] = marks[0x2000:0x200C] = True
    marks[[0x20, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFFFF]] = True
    marks[0xE000:0xF900] = True  # private use: signs of symbol fonts
    marks[[0, *HYPHENS]] = False  # PDFium has 0 for glyphs without a character
    return marks


_SEPARATORS = _mark_separators()


def read_words(
    text_page: PdfTextPage, codes: Codes, visible: tuple[float, float, float, float]
) -> tuple[Words, float]:
    """The words of a page, each once; the share of the characters whose font does not name them.

    What is outside of the *visible* box (left, bottom, right, top) is cut off where it is shown,
    as is the other half of a sheet of two pages.
    """
    words = _drop_invisible(_find_words(text_page, codes), visible)
    words, undecodable = _drop_undecodable(text_page, words)
    return _drop_overprints(words), undecodable


def _drop_invisible(words: Words, visible: tuple[float, float, float, float]) -> Words:
    x, y = (words.boxes[:, 0] + words.boxes[:, 2]) / 2, (words.boxes[:, 1] + words.boxes[:, 3]) / 2
    left, bottom, right, top = visible
    inside = (x >= left) & (x <= right) & (y >= bottom) & (y <= top)
    return words if inside.all() else select_words(words, inside)


def _find_words(text_page: PdfTextPage, codes: Codes) -> Words:
    separators = _SEPARATORS[np.where(codes > 0xFFFF, ord("a"), codes)]
    hyphens = are_any(codes, HYPHENS)
    inside = ~separators
    before = np.concatenate([[False], inside[:-1] & ~hyphens[:-1]])
    after = np.concatenate([inside[1:], [False]])
    starts = np.flatnonzero(inside & ~before)
    ends = np.flatnonzero(inside & (hyphens | ~after)) + 1
    text = decode_codes(np.where(separators, 0x20, codes))
    first, last = read_boxes(text_page, starts), read_boxes(text_page, ends - 1)
    quarters = _read_directions(text_page, first, last, text, (starts, ends))
    boxes = np.concatenate(
        [np.minimum(first[:, :2], last[:, :2]), np.maximum(first[:, 2:], last[:, 2:])], axis=1
    )
    return Words(text, codes, starts, ends, boxes, quarters)


# Points between the middles of two letters, at least; those of one glyph have the same.
_MIN_SHIFT = 0.5


def _read_directions(
    text_page: PdfTextPage, first: Boxes, last: Boxes, text: str, spans: tuple[Numbers, Numbers]
) -> Numbers:
    """The direction of each word; asked for only where one does not run to the right."""
    starts, ends = spans
    shift = (last[:, :2] + last[:, 2:] - first[:, :2] - first[:, 2:]) / 2
    is_long = (ends - starts > 1) & (np.abs(shift).max(axis=1, initial=0) > _MIN_SHIFT)
    is_upright = is_long & (np.abs(shift[:, 1]) > np.abs(shift[:, 0]))
    is_backward = is_long & (shift[:, 0] < 0) & ~is_upright
    quarters = np.zeros(len(starts), np.int64)
    if is_backward.any():
        is_backward &= np.fromiter(
            (unicodedata.bidirectional(text[start]) == "L" for start in starts), np.bool_
        )
    if not is_upright.any() and not is_backward.any():
        return quarters
    angles = map(pdfium.FPDFText_GetCharAngle, repeat(text_page.raw), starts.tolist())
    turns = -np.fromiter(angles, np.float64, len(starts)) / (math.pi / 2)
    quarters = np.rint(turns).astype(np.int64) % 4
    quarters[np.abs(turns - np.rint(turns)) > 0.02] = 4
    # Chinese and Japanese letters stay upright in columns, which are read down from the right.
    in_column = is_upright & (quarters == 0)
    quarters[in_column] = 3
    if in_column.sum() > (quarters == 0).sum():
        quarters[quarters == 0] = 3
    return quarters


def _drop_undecodable(text_page: PdfTextPage, words: Words) -> tuple[Words, float]:
    """*words* without those of fonts that do not name their characters; the share of these."""
    signs = int(_SIGNS[np.minimum(words.codes, len(_SIGNS) - 1)].sum())
    suspects = _find_map_errors(text_page, words, every=1 if signs else _SAMPLE)
    by_font: dict[int, list[int]] = defaultdict(list)
    fonts = read_fonts(text_page, words.starts[suspects].tolist()) if suspects else []
    for font, word in zip(fonts, suspects, strict=True):
        by_font[font].append(word)
    dropped = np.zeros(len(words.starts), np.bool_)
    for numbers in by_font.values():
        if _is_gibberish(_iter_raw_words(words, numbers)):
            dropped[numbers] = True
    lengths = words.ends - words.starts
    lost = int(lengths[dropped].sum()) + signs
    share = lost / (int(lengths.sum()) + signs) if lost else 0.0
    return (select_words(words, ~dropped) if dropped.any() else words), share


# Every fourth word of a page is asked for; all of them where one has an error.
_SAMPLE = 4


def _find_map_errors(text_page: PdfTextPage, words: Words, every: int) -> list[int]:
    """The numbers of the words whose font does not name their first character."""
    errors = find_map_errors(text_page, words.starts[::every].tolist())
    if every > 1 and any(errors):
        return _find_map_errors(text_page, words, every=1)
    return [number for number, is_error in enumerate(errors) if is_error]


def _iter_raw_words(words: Words, numbers: Iterable[int]) -> Iterator[str]:
    """Words with the signs that follow each."""
    following = np.append(words.starts[1:], len(words.codes))
    for number in numbers:
        yield decode_codes(words.codes[words.starts[number] : following[number]])


# Control characters, which no text has; shape (33,), the last for all that are none.
_SIGNS = np.ones(0x21, np.bool_)
_SIGNS[[0x00, 0x02, 0x09, 0x0A, 0x0D, 0x20]] = False
_UNASSIGNED = regex.compile(r"[\p{Cc}\p{Co}\p{Cn}--[\r\n\t\x02]]|\uFFFD", regex.V1)
_LETTERS = regex.compile(r"[\p{L}\p{N}]{2,}")
_SCRIPTS = regex.compile(
    r"(\p{Latin}+)|(\p{Greek}+)|(\p{Cyrillic}+)|(\p{Hebrew}+)|(\p{Arabic}+)|([\p{Han}\p{Hiragana}"
    r"\p{Katakana}\p{Hangul}ー]+)|(\p{Devanagari}+)|(\p{Thai}+)|([\p{L}]+)"
)


def _is_gibberish(words: Iterable[str]) -> bool:
    """Whether *words* of one font are the numbers of its glyphs, read as if they were characters.

    Then signs that are no text are among them, or scripts change within words.
    """
    text = " ".join(words)
    if len(_UNASSIGNED.findall(text)) > 0.03 * len(text):
        return True
    runs = [len(_SCRIPTS.findall(run)) for run in _LETTERS.findall(text)]
    letters = sum(map(len, _LETTERS.findall(text)))
    return sum(runs) - len(runs) > 0.2 * letters


def select_words(words: Words, chosen: Flags | Numbers) -> Words:
    return words._replace(
        starts=words.starts[chosen],
        ends=words.ends[chosen],
        boxes=words.boxes[chosen],
        quarters=words.quarters[chosen],
    )


def _drop_overprints(words: Words) -> Words:
    """*words* without those drawn again at nearly the same place, as for bold letters."""
    boxes = words.boxes
    if len(boxes) < 2:
        return words
    # Some fonts claim to be several lines high, so letters are measured by their width, too.
    widths = (boxes[:, 2] - boxes[:, 0]) / (words.ends - words.starts)
    heights = np.minimum(boxes[:, 3] - boxes[:, 1], 2.5 * widths)
    order = np.lexsort((boxes[:, 0], np.rint(boxes[:, 1] / 2)))
    near = np.abs(np.diff(boxes[order], axis=0)).max(axis=1) < 0.25 * heights[order][1:]
    dropped = np.zeros(len(boxes), np.bool_)
    for place in np.flatnonzero(near).tolist():
        first, second = order[place : place + 2].tolist()
        if word_at(words, first) == word_at(words, second):
            dropped[max(first, second)] = True
    return select_words(words, ~dropped) if dropped.any() else words


def word_at(words: Words, number: int) -> str:
    return words.text[words.starts[number] : words.ends[number]]
