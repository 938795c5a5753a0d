"""A page of a PDF -> segments of text with their boxes, each character once, in logical order.

PDFium decodes the fonts, finds most spaces and line ends, and puts right-to-left text in logical
order.  Here its words become segments; where one looks odd, it is put right letter by letter.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pypdfium2.raw as pdfium
from pypdfium2 import PdfTextPage

from qa.documents.formats.pdf_characters import (
    HYPHEN_SIGNS,
    HYPHENS,
    Boxes,
    Flags,
    Numbers,
    are_any,
    clean_text,
    is_bold_font,
    read_baselines,
    read_boxes,
    read_codes,
    read_fonts,
    read_sizes,
    turn_boxes,
)
from qa.documents.formats.pdf_letters import (
    ACCENTS,
    ALEFS,
    GAP,
    LAM,
    MARKS,
    Letter,
    repair_letters,
    split_at_gaps,
)
from qa.documents.formats.pdf_words import Words, read_words, select_words, word_at
from qa.documents.layout.segments import Segment

# Characters of one page, at most; more are no text.
MAX_CHARACTERS = 2_000_000


class PageText(NamedTuple):
    """The segments of a page, those of each direction of writing apart, the most frequent first.

    The keys of *directions* are quarter turns to the left; boxes are turned so that text runs to
    the right.  *undecodable* is the share of the characters whose font does not name them; they are
    left out.
    """

    directions: dict[int, list[Segment]]
    undecodable: float


def read_page_text(text_page: PdfTextPage, visible: tuple[float, float, float, float]) -> PageText:
    """Read the text of a page as far as it is in its *visible* box."""
    count = min(pdfium.FPDFText_CountChars(text_page), MAX_CHARACTERS)
    codes = read_codes(text_page, count)
    words, undecodable = read_words(text_page, codes, visible)
    directions = {
        quarter: [*_iter_segments(text_page, words, quarter)]
        for quarter, _ in Counter(words.quarters.tolist()).most_common()
    }
    return PageText(directions, undecodable)


def turn_segment(segment: Segment, quarter: int) -> Segment:
    """*segment* turned as those of the direction *quarter* are."""
    if not quarter:
        return segment
    box = np.array([segment[1:5]], np.float32)
    left, bottom, right, top = turn_boxes(box, quarter)[0].tolist()
    return segment._replace(left=left, bottom=bottom, right=right, top=top)


def _iter_segments(text_page: PdfTextPage, words: Words, quarter: int) -> Iterator[Segment]:
    """The segments of one direction, in PDFium's order."""
    words = select_words(words, words.quarters == quarter)
    words, accents = _take_accents(words, turn_boxes(words.boxes, quarter))
    boxes = turn_boxes(words.boxes, quarter)
    odd = {*np.flatnonzero(_find_odd_words(words, boxes)).tolist(), *accents}
    pieces = {
        number: _read_odd_word(text_page, words, number, quarter, accents.get(number, []))
        for number in odd
    }
    broken = [number for number, parts in pieces.items() if len(parts) > 1]
    joined = _find_joined(words, boxes)
    joined[[number for number in broken if number < len(joined)]] = False
    joined[[number - 1 for number in broken if number]] = False
    texts = {
        number: "".join(letter.text for letter in parts[0]) for number, parts in pieces.items()
    }
    lasts = np.append(np.flatnonzero(~joined), len(boxes) - 1)
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    extents = np.concatenate(
        [
            np.minimum.reduceat(boxes[:, :2], firsts),
            np.maximum.reduceat(boxes[:, 2:], firsts),
        ],
        axis=1,
    )
    sizes = read_sizes(text_page, words.starts[firsts])
    baselines = turn_boxes(read_baselines(text_page, words.starts[firsts]), quarter)
    extents = _even_out(extents, baselines[:, 1], np.array(sizes, np.float32))
    bold = _find_bold(text_page, words.starts[firsts])
    spans = zip(firsts.tolist(), lasts.tolist(), extents.tolist(), sizes, bold, strict=True)
    for first, last, box, size, is_bold in spans:
        if len(pieces.get(first, ())) > 1:
            yield from (_join_letters(part, size) for part in pieces[first])
        else:
            segment = _build_segment(words, (first, last), box, size, texts)
            yield segment._replace(is_bold=True) if is_bold else segment


def _find_bold(text_page: PdfTextPage, characters: Numbers) -> list[bool]:
    """Which of *characters* are in bold type."""
    fonts = read_fonts(text_page, characters.tolist())
    bold = {font: is_bold_font(font) for font in set(fonts)}
    return [bold[font] for font in fonts]


# How far letters usually reach below and above their baseline, in sizes of the font.
_DESCENT, _ASCENT = 0.22, 0.88


def _even_out(boxes: Boxes, baselines: Boxes, sizes: Boxes) -> Boxes:
    """*boxes* with the same height for all fonts of a size, some of which claim several lines.

    *baselines* and *sizes*, shape (boxes,), are in points.

    Left as they are where the baseline is not in them, as in columns of upright letters.
    """
    bottom, top = boxes[:, 1], boxes[:, 3]
    usual = (sizes > 0) & (baselines >= bottom - 0.1 * sizes) & (baselines <= top)
    usual &= (top - bottom > 0.5 * sizes) & (top - bottom < 6 * sizes)
    evened = boxes.copy()
    evened[:, 1] = np.where(usual, baselines - _DESCENT * sizes, bottom)
    evened[:, 3] = np.where(usual, baselines + _ASCENT * sizes, top)
    return evened


def _find_joined(words: Words, boxes: Boxes) -> Flags:
    """Whether each word but the first goes on the segment of the word before it."""
    if len(boxes) < 2:
        return np.zeros(0, np.bool_)
    breaks = np.cumsum((words.codes == 10) | (words.codes == 13))
    same_line = breaks[words.starts[1:]] == breaks[words.ends[:-1] - 1]
    left, bottom, right, top = boxes.T
    heights = np.minimum(top[1:] - bottom[1:], top[:-1] - bottom[:-1])
    overlap = np.minimum(top[1:], top[:-1]) - np.maximum(bottom[1:], bottom[:-1])
    gap = np.maximum(left[1:] - right[:-1], left[:-1] - right[1:])
    hyphens = are_any(words.codes[words.ends[:-1] - 1], HYPHENS)
    joined: Flags = same_line & ~hyphens & (overlap >= 0.3 * heights) & (gap <= GAP * heights)
    return joined


def _build_segment(
    words: Words,
    span: tuple[int, int],
    box: list[float],
    size: float,
    texts: dict[int, str],
) -> Segment:
    """The words from the first to the last of *span*, with *texts* for those put right."""
    first, last = span
    start, end = int(words.starts[first]), int(words.ends[last])
    text = words.text[start:end]
    hyphen = text[-1] in HYPHEN_SIGNS
    numbers = range(first, last + 1)
    if texts and any(number in texts for number in numbers):
        text = " ".join(texts.get(number) or word_at(words, number) for number in numbers)
    left, bottom, right, top = box
    text = clean_text(text.rstrip(HYPHEN_SIGNS))
    return Segment(text, left, bottom, right, top, size or top - bottom, hyphen)


_ODD = np.zeros(0x400, np.bool_)  # the last for all characters beyond
_ODD[[*map(ord, [*ACCENTS, *MARKS])]] = True


def _find_odd_words(words: Words, boxes: Boxes) -> Flags:
    """Which words need a look at each character, shape (words,).

    Those with accents, letters doubled, an alef before a lam, or too wide or narrow for their
    number of letters.
    """
    codes = words.codes
    doubled = np.concatenate([codes[1:] == codes[:-1], [False]])
    odd = _ODD[np.minimum(codes, len(_ODD) - 1)]
    if (codes == ord(LAM)).any():
        is_alef = are_any(codes, map(ord, ALEFS))
        odd[:-1] |= is_alef[:-1] & (codes[1:] == ord(LAM))
    leftward = (codes >= 0x590) & (codes < 0x900)
    if leftward.any():
        turns = leftward[:-1] != leftward[1:]
        odd[:-1] |= turns & (codes[:-1] > ord("0")) & (codes[1:] > ord("0"))
    lengths = words.ends - words.starts
    width = (boxes[:, 2] - boxes[:, 0]) / np.maximum(boxes[:, 3] - boxes[:, 1], 0.1) / lengths
    found: Flags = (_count_within(odd, words) > 0) | ((lengths > 2) & (width < 0.2))
    found |= (lengths > 3) & (_count_within(doubled, words) >= 0.4 * lengths)
    found |= (lengths > 1) & (width > 1.4)
    return found


# Accents of a page that stand alone, at most.
_MAX_ACCENTS = 2000


def _take_accents(words: Words, boxes: Boxes) -> tuple[Words, dict[int, list[int]]]:
    """*words* without accents that were drawn alone over others; these by the word's number."""
    alone = (words.ends - words.starts == 1) & _ODD[
        np.minimum(words.codes[words.starts], len(_ODD) - 1)
    ]
    left, bottom, right, top = boxes.T
    targets: dict[int, int] = {}
    for number in np.flatnonzero(alone)[:_MAX_ACCENTS].tolist():
        middle = (left[number] + right[number]) / 2
        over = (left <= middle) & (middle <= right) & ~alone
        over &= np.minimum(top, top[number]) - np.maximum(bottom, bottom[number]) > 0.5 * (
            top[number] - bottom[number]
        )
        if over.any():
            targets[number] = int(np.argmax(over))
    if not targets:
        return words, {}
    kept = np.setdiff1d(np.arange(len(boxes)), [*targets])
    accents: dict[int, list[int]] = defaultdict(list)
    for number, target in targets.items():
        accents[int(np.searchsorted(kept, target))].append(int(words.starts[number]))
    return select_words(words, kept), accents


def _count_within(flags: Flags, words: Words) -> Numbers:
    """The number of *flags*, shape (characters,), within each word."""
    sums = np.concatenate([[0], np.cumsum(flags)])
    counts: Numbers = sums[words.ends] - sums[words.starts]
    return counts


def _read_odd_word(
    text_page: PdfTextPage, words: Words, number: int, quarter: int, accents: list[int]
) -> list[list[Letter]]:
    """The letters of a word, put right one by one, in parts without wide gaps.

    *accents* are characters over it that are elsewhere in the text.
    """
    places = np.array([*range(words.starts[number], words.ends[number]), *accents])
    boxes = turn_boxes(read_boxes(text_page, places), quarter).tolist()
    characters = [
        Letter(words.text[place], *box) for place, box in zip(places.tolist(), boxes, strict=True)
    ]
    whole, apart = characters[: -len(accents) or None], characters[-len(accents) or len(places) :]
    characters = repair_letters(whole, apart)
    return [*split_at_gaps(characters)]


def _join_letters(characters: list[Letter], size: float) -> Segment:
    text = "".join(character.text for character in characters)
    hyphen = text[-1] in HYPHEN_SIGNS
    bottom = min(c.bottom for c in characters)
    top = max(c.top for c in characters)
    left, right = min(c.left for c in characters), max(c.right for c in characters)
    text = clean_text(text.rstrip(HYPHEN_SIGNS))
    return Segment(text, left, bottom, right, top, size or top - bottom, hyphen)
