"""A page of a PDF -> segments of text with their boxes, each character once, in logical order.

PDFium decodes the fonts, finds most spaces and line ends, and puts right-to-left text in logical
order.  Here its characters become words, with the boxes of their first and last characters (those
of all characters only where a word looks odd), and the words become segments.
"""

import ctypes
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise, repeat
from typing import NamedTuple

import numpy as np
import pypdfium2.raw as pdfium
import regex
from numpy.typing import NDArray
from pypdfium2 import PdfTextPage

from qa.documents.layout.segments import Segment

# Characters of one page, at most; more are no text.
MAX_CHARACTERS = 2_000_000

Boxes = NDArray[np.float32]
_Flags = NDArray[np.bool_]
_Numbers = NDArray[np.int64]


class PageText(NamedTuple):
    """The segments of a page, those of each direction of writing apart, the most frequent first.

    The keys of *directions* are quarter turns to the left; boxes are turned so that text runs to
    the right.  *undecodable* is the share of the characters whose font does not name them; they are
    left out.
    """

    directions: dict[int, list[Segment]]
    undecodable: float


class _Words(NamedTuple):
    """The words of a page in PDFium's order.

    *text* has spaces for all that is between words.  *starts* and *ends* (exclusive), shape
    (words,), count characters.  *boxes*, shape (words, 4), has left, bottom, right and top in
    points.  *quarters*, shape (words,), has the direction in quarter turns to the left, 4 where it
    is none of them.
    """

    text: str
    codes: NDArray[np.uint32]
    starts: _Numbers
    ends: _Numbers
    boxes: Boxes
    quarters: _Numbers


_HYPHENS = (0x0002, 0xFFFE)
_HYPHEN_SIGNS = "\x02\ufffe"


def _mark_separators() -> _Flags:
    """Which characters of the basic plane are between words; shape (65536,)."""
    marks = np.zeros(0x10000, np.bool_)
    marks[:0x20] = marks[0x7F:0xA1] = marks[0x2000:0x200C] = True
    marks[[0x20, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFFFF]] = True
    marks[0xE000:0xF900] = True  # private use: signs of symbol fonts
    marks[[0, *_HYPHENS]] = False  # PDFium has 0 for glyphs without a character
    return marks


_SEPARATORS = _mark_separators()


def _are_any(codes: NDArray[np.uint32], characters: Iterable[int]) -> _Flags:
    """Which of *codes* are one of a few *characters*; much faster than isin."""
    found = np.zeros(len(codes), np.bool_)
    for character in characters:
        found |= codes == character
    return found


# The bullets of Symbol and Wingdings.
_BULLETS = (0xF0A7, 0xF0A8, 0xF0B7, 0xF0D8)
_BULLET = ord("•")


def read_page_text(text_page: PdfTextPage) -> PageText:
    """Read the text of a page."""
    count = min(pdfium.FPDFText_CountChars(text_page), MAX_CHARACTERS)
    codes = _read_codes(text_page, count)
    words = _find_words(text_page, codes)
    words, undecodable = _drop_undecodable(text_page, words)
    words = _drop_overprints(words)
    directions = {
        quarter: [*_iter_segments(text_page, words, quarter)]
        for quarter, _ in Counter(words.quarters.tolist()).most_common()
    }
    return PageText(directions, undecodable)


def turn_segment(segment: Segment, quarter: int) -> Segment:
    """*segment* turned as those of the direction *quarter* are."""
    box = np.array([segment[1:5]], np.float32)
    left, bottom, right, top = _turn(box, quarter)[0].tolist()
    return segment._replace(left=left, bottom=bottom, right=right, top=top)


def _read_codes(text_page: PdfTextPage, count: int) -> NDArray[np.uint32]:
    """The code point of each character, shape (count,)."""
    buffer = (ctypes.c_ushort * (count + 1))()
    length = pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1
    codes = np.frombuffer(memoryview(buffer), np.uint16)[:count].astype(np.uint32)
    if length != count:  # GetText leaves out characters without a code
        values = map(pdfium.FPDFText_GetUnicode, repeat(text_page.raw), range(count))
        codes = np.fromiter(values, np.uint32, count)
        codes[codes > 0x10FFFF] = 0xFFFD
    codes[_are_any(codes, _BULLETS)] = _BULLET
    return codes


def _find_words(text_page: PdfTextPage, codes: NDArray[np.uint32]) -> _Words:
    separators = _SEPARATORS[np.where(codes > 0xFFFF, ord("a"), codes)]
    hyphens = _are_any(codes, _HYPHENS)
    inside = ~separators
    before = np.concatenate([[False], inside[:-1] & ~hyphens[:-1]])
    after = np.concatenate([inside[1:], [False]])
    starts = np.flatnonzero(inside & ~before)
    ends = np.flatnonzero(inside & (hyphens | ~after)) + 1
    text = _decode(np.where(separators, 0x20, codes))
    first, last = _read_boxes(text_page, starts), _read_boxes(text_page, ends - 1)
    quarters = _read_directions(text_page, first, last, text, (starts, ends))
    boxes = np.concatenate(
        [np.minimum(first[:, :2], last[:, :2]), np.maximum(first[:, 2:], last[:, 2:])], axis=1
    )
    return _Words(text, codes, starts, ends, boxes, quarters)


def _decode(codes: NDArray[np.uint32]) -> str:
    """One character for each of *codes*, of which two are a pair beyond the basic plane."""
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


_PAIR = regex.compile(r"[\uD800-\uDBFF][\uDC00-\uDFFF]")


def _clean_text(text: str) -> str:
    """*text* with one character for each pair, without those of glyphs that have none."""
    text = text.replace("\0", "")
    if text.isascii() or not _PAIR.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _read_boxes(text_page: PdfTextPage, characters: _Numbers) -> Boxes:
    """Left, bottom, right and top of *characters*, shape (characters, 4), in points.

    The boxes are those of the font, so that all letters of a line are equally high.
    """
    rectangles = (pdfium.FS_RECTF * len(characters))()
    read = map(
        pdfium.FPDFText_GetLooseCharBox, repeat(text_page.raw), characters.tolist(), rectangles
    )
    for _ in read:
        pass
    boxes = np.frombuffer(memoryview(rectangles), np.float32).reshape(-1, 4)[:, [0, 3, 2, 1]]
    return np.nan_to_num(boxes, posinf=0, neginf=0)


def _read_directions(
    text_page: PdfTextPage, first: Boxes, last: Boxes, text: str, spans: tuple[_Numbers, _Numbers]
) -> _Numbers:
    """The direction of each word; asked for only where one does not run to the right."""
    starts, ends = spans
    shift = (last + np.roll(last, 2, axis=1) - first - np.roll(first, 2, axis=1))[:, :2] / 2
    is_long = ends - starts > 1
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


def _drop_undecodable(text_page: PdfTextPage, words: _Words) -> tuple[_Words, float]:
    """*words* without those of fonts that do not name their characters; the share of these."""
    errors = map(pdfium.FPDFText_HasUnicodeMapError, repeat(text_page.raw), words.starts.tolist())
    suspects = np.flatnonzero(np.fromiter(errors, np.int64, len(words.starts)) > 0)
    by_font: dict[int, list[int]] = defaultdict(list)
    for word in suspects.tolist():
        by_font[_font_of(text_page, int(words.starts[word]))].append(word)
    dropped = np.zeros(len(words.starts), np.bool_)
    for numbers in by_font.values():
        if _is_gibberish(_iter_raw_words(words, numbers)):
            dropped[numbers] = True
    lengths = words.ends - words.starts
    signs = int(_SIGNS[np.minimum(words.codes, len(_SIGNS) - 1)].sum())
    lost = int(lengths[dropped].sum()) + signs
    share = lost / (int(lengths.sum()) + signs) if lost else 0.0
    return (_select(words, ~dropped) if dropped.any() else words), share


def _iter_raw_words(words: _Words, numbers: Iterable[int]) -> Iterator[str]:
    """Words with the signs that follow each."""
    following = np.append(words.starts[1:], len(words.codes))
    for number in numbers:
        yield _decode(words.codes[words.starts[number] : following[number]])


def _font_of(text_page: PdfTextPage, character: int) -> int:
    """A number for the font of a character."""
    text_object = pdfium.FPDFText_GetTextObject(text_page, character)
    font = pdfium.FPDFTextObj_GetFont(text_object) if text_object else None
    return ctypes.cast(font, ctypes.c_void_p).value or 0 if font else 0


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


def _select(words: _Words, chosen: _Flags | _Numbers) -> _Words:
    return words._replace(
        starts=words.starts[chosen],
        ends=words.ends[chosen],
        boxes=words.boxes[chosen],
        quarters=words.quarters[chosen],
    )


def _drop_overprints(words: _Words) -> _Words:
    """*words* without those drawn again at nearly the same place, as for bold letters."""
    boxes = words.boxes
    if len(boxes) < 2:
        return words
    heights = boxes[:, 3] - boxes[:, 1]
    order = np.lexsort((boxes[:, 0], np.rint(boxes[:, 1] / 2)))
    near = np.abs(np.diff(boxes[order], axis=0)).max(axis=1) < 0.25 * heights[order][1:]
    dropped = np.zeros(len(boxes), np.bool_)
    for place in np.flatnonzero(near).tolist():
        first, second = order[place : place + 2].tolist()
        if _word_at(words, first) == _word_at(words, second):
            dropped[max(first, second)] = True
    return _select(words, ~dropped) if dropped.any() else words


def _word_at(words: _Words, number: int) -> str:
    return words.text[words.starts[number] : words.ends[number]]


# A wider gap, in heights of letters, divides segments.
_GAP = 0.8


def _iter_segments(text_page: PdfTextPage, words: _Words, quarter: int) -> Iterator[Segment]:
    """The segments of one direction, in PDFium's order."""
    words = _select(words, words.quarters == quarter)
    boxes = _turn(words.boxes, quarter)
    odd = np.flatnonzero(_find_odd_words(words, boxes)).tolist()
    pieces = {number: _read_odd_word(text_page, words, number, quarter) for number in odd}
    broken = [number for number, segments in pieces.items() if len(segments) > 1]
    joined = _find_joined(words, boxes)
    joined[[number for number in broken if number < len(joined)]] = False
    joined[[number - 1 for number in broken if number]] = False
    texts = {number: segments[0].text for number, segments in pieces.items()}
    lasts = np.append(np.flatnonzero(~joined), len(boxes) - 1)
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    lows = np.minimum.reduceat(boxes[:, :2], firsts).tolist()
    highs = np.maximum.reduceat(boxes[:, 2:], firsts).tolist()
    spans = zip(firsts.tolist(), lasts.tolist(), lows, highs, strict=True)
    for first, last, low, high in spans:
        if len(pieces.get(first, ())) > 1:
            yield from pieces[first]
        else:
            yield _build_segment(text_page, words, (first, last), (*low, *high), texts)


def _turn(boxes: Boxes, quarter: int) -> Boxes:
    """*boxes* turned back by quarter turns, so that text which ran in that direction runs right."""
    left, bottom, right, top = boxes.T
    turned = {
        1: (bottom, -right, top, -left),
        2: (-right, -top, -left, -bottom),
        3: (-top, left, -bottom, right),
    }.get(quarter, (left, bottom, right, top))
    return np.stack(turned, axis=1)


def _find_joined(words: _Words, boxes: Boxes) -> _Flags:
    """Whether each word but the first goes on the segment of the word before it."""
    if len(boxes) < 2:
        return np.zeros(0, np.bool_)
    breaks = np.cumsum((words.codes == 10) | (words.codes == 13))
    same_line = breaks[words.starts[1:]] == breaks[words.ends[:-1] - 1]
    left, bottom, right, top = boxes.T
    heights = np.minimum(top[1:] - bottom[1:], top[:-1] - bottom[:-1])
    overlap = np.minimum(top[1:], top[:-1]) - np.maximum(bottom[1:], bottom[:-1])
    gap = np.maximum(left[1:] - right[:-1], left[:-1] - right[1:])
    hyphens = _are_any(words.codes[words.ends[:-1] - 1], _HYPHENS)
    joined: _Flags = same_line & ~hyphens & (overlap >= 0.3 * heights) & (gap <= _GAP * heights)
    return joined


def _build_segment(
    text_page: PdfTextPage,
    words: _Words,
    span: tuple[int, int],
    box: tuple[float, float, float, float],
    texts: dict[int, str],
) -> Segment:
    """The words from the first to the last of *span*, with *texts* for those put right."""
    first, last = span
    start, end = int(words.starts[first]), int(words.ends[last])
    text = words.text[start:end]
    hyphen = text[-1] in _HYPHEN_SIGNS
    if texts:
        numbers = range(first, last + 1)
        text = " ".join(texts.get(number) or _word_at(words, number) for number in numbers)
    size = _font_size(text_page, start) or box[3] - box[1]
    return Segment(_clean_text(text.rstrip(_HYPHEN_SIGNS)), *box, size, hyphen)


def _font_size(text_page: PdfTextPage, character: int) -> float:
    """The size of a character's font on the page, to a tenth of a point."""
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFText_GetMatrix(text_page, character, matrix):
        return 0.0
    size = pdfium.FPDFText_GetFontSize(text_page, character) * math.hypot(matrix.c, matrix.d)
    return round(abs(size), 1) if math.isfinite(size) else 0.0


# Accents that stand alone, and the marks that join a letter.
_ACCENTS = {
    "`": "\u0300", "´": "\u0301", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303",
    "¯": "\u0304", "˘": "\u0306", "˙": "\u0307", "¨": "\u0308", "˚": "\u030a", "˝": "\u030b",
    "ˇ": "\u030c", "¸": "\u0327", "˛": "\u0328",
}  # fmt: skip
_MARKS = frozenset(_ACCENTS.values())
_ALEFS = "اأإآٱ"
_LAM = "ل"
_ODD = np.zeros(0x400, np.bool_)  # the last for all characters beyond
_ODD[[*map(ord, [*_ACCENTS, *_MARKS])]] = True


def _find_odd_words(words: _Words, boxes: Boxes) -> _Flags:
    """Which words need a look at each character, shape (words,).

    Those with accents, letters doubled, an alef before a lam, or too wide or narrow for their
    number of letters.
    """
    codes = words.codes
    doubled = np.concatenate([codes[1:] == codes[:-1], [False]])
    odd = _ODD[np.minimum(codes, len(_ODD) - 1)]
    if (codes == ord(_LAM)).any():
        is_alef = _are_any(codes, map(ord, _ALEFS))
        odd[:-1] |= is_alef[:-1] & (codes[1:] == ord(_LAM))
    lengths = words.ends - words.starts
    width = (boxes[:, 2] - boxes[:, 0]) / np.maximum(boxes[:, 3] - boxes[:, 1], 0.1) / lengths
    found: _Flags = (_count_within(odd, words) > 0) | ((lengths > 2) & (width < 0.2))
    found |= (lengths > 3) & (_count_within(doubled, words) >= 0.4 * lengths)
    found |= (lengths > 1) & (width > 1.4)
    return found


def _count_within(flags: _Flags, words: _Words) -> _Numbers:
    """The number of *flags*, shape (characters,), within each word."""
    sums = np.concatenate([[0], np.cumsum(flags)])
    counts: _Numbers = sums[words.ends] - sums[words.starts]
    return counts


class _Character(NamedTuple):
    text: str
    left: float
    bottom: float
    right: float
    top: float


def _read_odd_word(
    text_page: PdfTextPage, words: _Words, number: int, quarter: int
) -> list[Segment]:
    """The segments of a word whose characters are put right one by one."""
    start, end = int(words.starts[number]), int(words.ends[number])
    boxes = _turn(_read_boxes(text_page, np.arange(start, end)), quarter).tolist()
    characters = [
        _Character(text, *box) for text, box in zip(words.text[start:end], boxes, strict=True)
    ]
    characters = _drop_doubles(characters)
    characters = _order_ligatures(characters)
    characters = _compose_accents(characters)
    size = _font_size(text_page, start)
    return [_join_characters(part, size) for part in _split_at_gaps(characters)]


# How far back the same character may have been drawn, in characters.
_DOUBLE_DISTANCE = 3


def _drop_doubles(characters: list[_Character]) -> list[_Character]:
    """*characters* without those drawn again nearly at the same place."""
    single: list[_Character] = []
    for character in characters:
        if not any(_is_same(character, other) for other in single[-_DOUBLE_DISTANCE:]):
            single.append(character)
    return single


def _is_same(one: _Character, other: _Character) -> bool:
    limit = 0.3 * max(one.right - one.left, 0.2 * (one.top - one.bottom))
    return (
        one.text == other.text
        and abs(one.left - other.left) < limit
        and abs(one.bottom - other.bottom) < limit
    )


def _order_ligatures(characters: list[_Character]) -> list[_Character]:
    """Lam before alef where both are one glyph, which PDFium turns round with the line."""
    for place, (one, other) in enumerate(pairwise(characters)):
        if one.text in _ALEFS and other.text == _LAM and one[1:] == other[1:]:
            characters[place : place + 2] = [other, one]
    return characters


def _compose_accents(characters: list[_Character]) -> list[_Character]:
    """Letters with the accents drawn over them, before or after, as one character each."""
    composed: list[_Character] = []
    for place, character in enumerate(characters):
        mark = character.text if character.text in _MARKS else _ACCENTS.get(character.text)
        before = composed[-1] if composed else None
        after = characters[place + 1] if place + 1 < len(characters) else None
        if mark and after and _is_over(character, after) and _takes(after, mark):
            characters[place + 1] = after._replace(
                text=unicodedata.normalize("NFC", after.text + mark)
            )
        elif mark and before and _is_over(character, before) and _takes(before, mark):
            composed[-1] = before._replace(text=unicodedata.normalize("NFC", before.text + mark))
        else:
            composed.append(character)
    return composed


def _is_over(accent: _Character, letter: _Character) -> bool:
    """Whether the middle of *accent* is above or below *letter*."""
    middle = (accent.left + accent.right) / 2
    return letter.left <= middle <= letter.right


def _takes(letter: _Character, mark: str) -> bool:
    """Whether there is a letter with that mark."""
    text = "i" if letter.text == "ı" else "j" if letter.text == "ȷ" else letter.text
    return len(unicodedata.normalize("NFC", text + mark)) == 1


def _split_at_gaps(characters: list[_Character]) -> Iterator[list[_Character]]:
    part: list[_Character] = []
    for character in characters:
        if part and _is_apart(part[-1], character):
            yield part
            part = []
        part.append(character)
    if part:
        yield part


def _is_apart(one: _Character, other: _Character) -> bool:
    height = other.top - other.bottom
    gap = max(other.left - one.right, one.left - other.right)
    return gap > _GAP * height or abs(one.bottom - other.bottom) > 0.7 * height


def _join_characters(characters: list[_Character], size: float) -> Segment:
    text = "".join(character.text for character in characters)
    hyphen = text[-1] in _HYPHEN_SIGNS
    bottom = min(c.bottom for c in characters)
    top = max(c.top for c in characters)
    left, right = min(c.left for c in characters), max(c.right for c in characters)
    text = _clean_text(text.rstrip(_HYPHEN_SIGNS))
    return Segment(text, left, bottom, right, top, size or top - bottom, hyphen)
