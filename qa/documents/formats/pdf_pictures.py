"""A page of a PDF with text -> the pictures beside the text, and whether they may be of text."""

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import repeat

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray
from pypdfium2 import PdfPage

from qa.documents.formats.pdf_characters import (
    Boxes,
    address_of,
    get_form_object,
    get_object_type,
    get_page_object,
)
from qa.documents.layout.segments import Segment
from qa.documents.ocr import Picture

# Objects of a page, and forms in forms, that are looked at; pictures that are put together.
_MAX_OBJECTS = 5_000
_MAX_DEPTH = 3
_MAX_PICTURES = 200
_WITH_PICTURES = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM)
# Parts of one picture are not further apart, in points.
_SEAM = 2.0
# The share of the page that a picture takes at least; with more letters of text over it than these
# on a whole page, it is a background, or a scan that was recognized before.
_SMALLEST_SHARE = 0.06
_FEWEST_LETTERS = 300
# A picture of text is light for the most part, has some dark, and little between.
_SKETCH_RESOLUTION = 60
_LIGHT, _DARK = 208, 128
_LEAST_LIGHT, _LEAST_DARK, _MOST_DARK = 0.55, 0.005, 0.4

_Matrix = NDArray[np.float64]


def find_bare_pictures(page: PdfPage, segments: Iterable[Segment]) -> Boxes:
    """The boxes of the large pictures of a page that have hardly any text over them.

    *segments* are those of the page, none of them turned.
    """
    found = np.array([*_iter_pictures(page)], np.float32).reshape(-1, 4)
    if not len(found):
        return found
    left, bottom, right, top = page.get_bbox()
    area = max(1.0, (right - left) * (top - bottom))
    found[:, :2] = np.maximum(found[:, :2], (left, bottom))
    found[:, 2:] = np.minimum(found[:, 2:], (right, top))
    merged = _merge_parts(found[(found[:, 2:] > found[:, :2]).all(axis=1)])
    shares = (merged[:, 2] - merged[:, 0]) * (merged[:, 3] - merged[:, 1]) / area
    large: Boxes = merged[shares >= _SMALLEST_SHARE]
    if not len(large):
        return large
    segments = [*segments]
    boxes = _boxes_of(segments)
    lengths = np.array([len(segment.text) for segment in segments], np.float64)
    limits = _FEWEST_LETTERS * shares[shares >= _SMALLEST_SHARE]
    letters = [lengths[_are_inside(boxes, picture)].sum() for picture in large]
    bare: Boxes = large[np.array(letters) < limits]
    return bare


def _are_inside(boxes: Boxes, picture: Boxes) -> NDArray[np.bool_]:
    """Which of *boxes* have their middle in *picture*."""
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = (middles >= picture[:2]) & (middles <= picture[2:])
    return inside[:, 0] & inside[:, 1]


def _iter_pictures(page: PdfPage) -> Iterator[tuple[float, float, float, float]]:
    """The boxes of all pictures of a page, in points: left, bottom, right, top."""
    count = min(pdfium.FPDFPage_CountObjects(page), _MAX_OBJECTS)
    items = map(get_page_object, repeat(address_of(page)), range(count))
    waiting = [(item, np.eye(3), 0) for item in items if get_object_type(item) in _WITH_PICTURES]
    seen = count
    while waiting and seen < 2 * _MAX_OBJECTS:
        address, matrix, depth = waiting.pop()
        item = ctypes.cast(address, pdfium.FPDF_PAGEOBJECT)
        if get_object_type(address) == pdfium.FPDF_PAGEOBJ_IMAGE:
            if box := _box_of(item, matrix):
                yield box
        elif depth < _MAX_DEPTH:
            inner = _matrix_of(item) @ matrix
            number = min(pdfium.FPDFFormObj_CountObjects(item), _MAX_OBJECTS)
            seen += number
            addresses = map(get_form_object, repeat(address), range(number))
            waiting += [
                (each, inner, depth + 1)
                for each in addresses
                if get_object_type(each) in _WITH_PICTURES
            ]


def _matrix_of(item: pdfium.FPDF_PAGEOBJECT) -> _Matrix:
    """How an object's coordinates are turned into those around it, shape (3, 3), of row vectors."""
    m = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, m):
        return np.eye(3)
    return np.array([[m.a, m.b, 0], [m.c, m.d, 0], [m.e, m.f, 1]])


def _box_of(
    item: pdfium.FPDF_PAGEOBJECT, matrix: _Matrix
) -> tuple[float, float, float, float] | None:
    bounds = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(item, *bounds):
        return None
    left, bottom, right, top = (each.value for each in bounds)
    corners = np.array([[x, y, 1] for x in (left, right) for y in (bottom, top)]) @ matrix
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return box if np.isfinite(box).all() else None


def _merge_parts(boxes: Boxes) -> Boxes:
    """*boxes* with one around those that touch, as the strips of a scan do."""
    if len(boxes) > _MAX_PICTURES:
        return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])[None]
    merged: list[Boxes] = []
    for box in boxes:
        current = box
        apart: list[Boxes] = []
        for other in merged:
            if (current[:2] <= other[2:] + _SEAM).all() and (
                other[:2] <= current[2:] + _SEAM
            ).all():
                low, high = np.minimum(current, other), np.maximum(current, other)
                current = np.concatenate([low[:2], high[2:]])
            else:
                apart.append(other)
        merged = [*apart, current]
    return np.array(merged, np.float32).reshape(-1, 4)


def may_be_text(page: PdfPage, pictures: Boxes, segments: Iterable[Segment]) -> bool:
    """Whether one of *pictures*, without *segments* over it, looks like text on light paper."""
    with closing(
        page.render(scale=_SKETCH_RESOLUTION / 72, grayscale=True, may_draw_forms=False)
    ) as bitmap:
        sketch = bitmap.to_numpy()[:, : bitmap.width].reshape(bitmap.height, bitmap.width)
        sketch = draw_pictures_only(page, sketch, pictures, segments)
        boxes = _place_boxes(page, sketch.shape, pictures)
        return any(_looks_like_text(sketch[y1:y2, x1:x2]) for x1, y1, x2, y2 in boxes)


def _looks_like_text(picture: Picture) -> bool:
    if not picture.size:
        return False
    light, dark = (picture > _LIGHT).mean(), (picture < _DARK).mean()
    return bool(light >= _LEAST_LIGHT and _LEAST_DARK <= dark <= _MOST_DARK)


def draw_pictures_only(
    page: PdfPage, drawn: Picture, pictures: Boxes, segments: Iterable[Segment]
) -> Picture:
    """The drawn page with white paper around *pictures*, and in place of *segments* over them."""
    blank = np.full_like(drawn, 255)
    for left, top, right, bottom in _place_boxes(page, drawn.shape, pictures):
        blank[top:bottom, left:right] = drawn[top:bottom, left:right]
    for left, top, right, bottom in _place_boxes(page, drawn.shape, _boxes_of(segments)):
        blank[top:bottom, left:right] = 255
    return blank


def _boxes_of(segments: Iterable[Segment]) -> Boxes:
    return np.array([segment[1:5] for segment in segments], np.float32).reshape(-1, 4)


# Dots to which coordinates are turned, before they are scaled.
_FINE = 1 << 20


def _place_boxes(
    page: PdfPage, shape: Sequence[int], boxes: Boxes
) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, right and bottom of *boxes* in dots of the page drawn in *shape*."""
    height, width = shape[:2]
    x, y = ctypes.c_int(), ctypes.c_int()
    for box in boxes.tolist():
        points: list[tuple[float, float]] = []
        for corner in (box[:2], box[2:]):
            pdfium.FPDF_PageToDevice(page, 0, 0, _FINE, _FINE, 0, *corner, x, y)
            points.append((x.value / _FINE * width, y.value / _FINE * height))
        (x1, y1), (x2, y2) = points
        left, right = sorted((x1, x2))
        top, bottom = sorted((y1, y2))
        yield max(0, int(left)), max(0, int(top)), max(0, round(right)), max(0, round(bottom))
