"""What PDFium knows of the characters of a page: codes, boxes, sizes of type, directions.

Its functions are called by address where they are called for every word, in half the time.
"""

import ctypes
from collections.abc import Iterable
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
import regex
from numpy.typing import NDArray
from pypdfium2 import PdfPage, PdfTextPage

# Shape (boxes, 4): left, bottom, right and top in points.
Boxes = NDArray[np.float32]
NO_BOXES: Boxes = np.zeros((0, 4), np.float32)
Codes = NDArray[np.uint32]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

# PDFium's signs for a hyphen that divides a word.
HYPHENS = (0x0002, 0xFFFE)
HYPHEN_SIGNS = "\x02\ufffe"
# The bullets of Symbol and Wingdings.
_BULLETS = (0xF0A7, 0xF0A8, 0xF0B7, 0xF0D8)
_BULLET = ord("•")


def are_any(codes: Codes, characters: Iterable[int]) -> Flags:
    """Which of *codes* are one of a few *characters*; much faster than isin."""
    found = np.zeros(len(codes), np.bool_)
    for character in characters:
        found |= codes == character
    return found


def read_codes(text_page: PdfTextPage, count: int) -> Codes:
    """The code point of each character, shape (count,)."""
    buffer = (ctypes.c_ushort * (count + 1))()
    length = pdfium.FPDFText_GetText(text_page, 0, count, buffer) - 1
    codes = np.frombuffer(memoryview(buffer), np.uint16)[:count].astype(np.uint32)
    if length != count:  # GetText leaves out characters without a code
        values = map(_get_unicode, repeat(address_of(text_page)), range(count))
        codes = np.fromiter(values, np.uint32, count)
        codes[codes > 0x10FFFF] = 0xFFFD
    codes[are_any(codes, _BULLETS)] = _BULLET
    return codes


def decode_codes(codes: Codes) -> str:
    """One character for each of *codes*, of which two are a pair beyond the basic plane."""
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


_PAIR = regex.compile(r"[\uD800-\uDBFF][\uDC00-\uDFFF]")


def clean_text(text: str) -> str:
    """*text* with one character for each pair, without those of glyphs that have none."""
    text = text.replace("\0", "")
    if text.isascii() or not _PAIR.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_boxes(text_page: PdfTextPage, characters: Numbers) -> Boxes:
    """Left, bottom, right and top of *characters*, shape (characters, 4), in points.

    The boxes are those of the font, so that all letters of a line are equally high.
    """
    boxes = np.zeros((len(characters), 4), np.float32)
    start, step = boxes.ctypes.data, 4 * boxes.itemsize
    places = range(start, start + step * len(characters), step)
    handle = address_of(text_page)
    for _ in map(_get_loose_box, repeat(handle), characters.tolist(), places):
        pass
    ordered: Boxes = boxes[:, [0, 3, 2, 1]]
    # A sum is finite only if all are, and many times as fast as a look at each.
    return ordered if np.isfinite(ordered.sum()) else np.nan_to_num(ordered, posinf=0, neginf=0)


def _without_conversion(function: Any, result: type, *types: type) -> Any:  # noqa: ANN401 - ctypes has no types
    """A function of PDFium that takes addresses as numbers, in half the time."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.CFUNCTYPE(result, *types)(address)


_INT, _ADDRESS = ctypes.c_int, ctypes.c_void_p
# Each takes a page and the number of a character; most then take where to write: the box (left,
# top, right, bottom), the matrix (a, b, c, d, e, f), x and y of the origin.
_get_unicode = _without_conversion(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _ADDRESS, _INT)
_get_loose_box = _without_conversion(
    pdfium.FPDFText_GetLooseCharBox, _INT, _ADDRESS, _INT, _ADDRESS
)
_get_matrix = _without_conversion(pdfium.FPDFText_GetMatrix, _INT, _ADDRESS, _INT, _ADDRESS)
_get_origin = _without_conversion(
    pdfium.FPDFText_GetCharOrigin, _INT, _ADDRESS, _INT, _ADDRESS, _ADDRESS
)
_get_font_size = _without_conversion(pdfium.FPDFText_GetFontSize, ctypes.c_double, _ADDRESS, _INT)
_has_map_error = _without_conversion(pdfium.FPDFText_HasUnicodeMapError, _INT, _ADDRESS, _INT)
_get_object = _without_conversion(pdfium.FPDFText_GetTextObject, _ADDRESS, _ADDRESS, _INT)
_get_font = _without_conversion(pdfium.FPDFTextObj_GetFont, _ADDRESS, _ADDRESS)


# These take a page or a form and the number of an object in it, or an object.
get_page_object = _without_conversion(pdfium.FPDFPage_GetObject, _ADDRESS, _ADDRESS, _INT)
get_form_object = _without_conversion(pdfium.FPDFFormObj_GetObject, _ADDRESS, _ADDRESS, _INT)
get_object_type = _without_conversion(pdfium.FPDFPageObj_GetType, _INT, _ADDRESS)


def address_of(page: PdfTextPage | PdfPage) -> int | None:
    """Where PDFium has a page."""
    return ctypes.cast(page.raw, ctypes.c_void_p).value


def read_sizes(text_page: PdfTextPage, characters: Numbers) -> list[float]:
    """The size of the font of each character on the page, to a tenth of a point; 0 if unknown."""
    matrices = np.zeros((len(characters), 6), np.float32)
    start, step = matrices.ctypes.data, 6 * matrices.itemsize
    places = range(start, start + step * len(characters), step)
    handle = address_of(text_page)
    numbers = characters.tolist()
    for _ in map(_get_matrix, repeat(handle), numbers, places):
        pass
    sizes = np.fromiter(map(_get_font_size, repeat(handle), numbers), np.float64, len(numbers))
    sizes = np.abs(sizes) * np.hypot(matrices[:, 2], matrices[:, 3])
    rounded: list[float] = np.round(np.nan_to_num(sizes, posinf=0, neginf=0), 1).tolist()
    return rounded


def read_baselines(text_page: PdfTextPage, characters: Numbers) -> Boxes:
    """The point on its baseline where each character begins, as a box without width or height."""
    origins = np.zeros((len(characters), 2), np.float64)
    start, step = origins.ctypes.data, 2 * origins.itemsize
    across = range(start, start + step * len(characters), step)
    up = range(start + step // 2, start + step // 2 + step * len(characters), step)
    handle = address_of(text_page)
    for _ in map(_get_origin, repeat(handle), characters.tolist(), across, up):
        pass
    return np.nan_to_num(origins[:, [0, 1, 0, 1]], posinf=0, neginf=0).astype(np.float32)


# The columns of a box turned back by quarter turns, and their signs.
_TURNS = {
    1: ([1, 2, 3, 0], np.array([1, -1, 1, -1], np.float32)),
    2: ([2, 3, 0, 1], np.array([-1, -1, -1, -1], np.float32)),
    3: ([3, 0, 1, 2], np.array([-1, 1, -1, 1], np.float32)),
}


def turn_boxes(boxes: Boxes, quarter: int) -> Boxes:
    """*boxes* turned back by quarter turns, so that text which ran in that direction runs right."""
    if quarter not in _TURNS:
        return boxes
    columns, signs = _TURNS[quarter]
    turned: Boxes = boxes[:, columns] * signs
    return turned


def read_fonts(text_page: PdfTextPage, characters: Iterable[int]) -> list[int]:
    """A number for the font of each character: its address, 0 if it has none."""
    objects = map(_get_object, repeat(address_of(text_page)), characters)
    return [_get_font(each) or 0 if each else 0 for each in objects]


_BOLD_NAME = regex.compile(rb"bold|black|heavy|demi", regex.IGNORECASE)
_BOLD_FLAG = 1 << 18
_BOLD_WEIGHT = 600


def is_bold_font(address: int) -> bool:
    """Whether the font at *address*, which read_fonts gave, is a bold one."""
    if not address:
        return False
    font = ctypes.cast(address, pdfium.FPDF_FONT)
    name = ctypes.create_string_buffer(128)
    pdfium.FPDFFont_GetBaseFontName(font, name, len(name))
    if _BOLD_NAME.search(name.value) or pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT:
        return True
    flags = pdfium.FPDFFont_GetFlags(font)
    return flags > 0 and bool(flags & _BOLD_FLAG)


def find_map_errors(text_page: PdfTextPage, characters: Iterable[int]) -> list[bool]:
    """Which of *characters* the font does not name, so that their codes are a guess."""
    handle = address_of(text_page)
    return [error > 0 for error in map(_has_map_error, repeat(handle), characters)]
