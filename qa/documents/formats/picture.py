"""A scan as a picture -> headings and paragraphs, by Tesseract; pictures of one file are pages."""

import io
import math
from contextlib import suppress

import numpy as np
from PIL import Image, UnidentifiedImageError

from qa.documents.layout.columns import order_lines
from qa.documents.layout.paragraphs import build_blocks
from qa.documents.ocr import (
    MAX_DOTS,
    OUT_OF_TIME,
    POINTS_PER_INCH,
    RESOLUTION,
    Picture,
    missing_requirement,
    recognize_pages,
)
from qa.documents.raw_document import RawDocument, build_raw_document
from qa.errors import UnreadableFileError
from qa.settings import Settings

_RUN_OCR = "a picture; set QA_OCR=1 to read it with Tesseract"
_NO_WORDS = "a picture in which no words were recognized"
_DAMAGED = "damaged, or no picture"
# Pictures in one file, and the dots of the largest, which takes as many bytes.
_MAX_PAGES, _MAX_PICTURE_DOTS = 2_000, 300_000_000
# A picture whose mean shade, of 255, is below is of dark paper.
_DARK = 80
# The width of a page in inches where a picture does not say how many dots an inch has.
_USUAL_WIDTH = 8.3


def read_picture(data: bytes, settings: Settings) -> RawDocument:
    """Read the words in a picture; raise UnreadableFileError if they are not to be recognized."""
    if not settings.ocr:
        raise UnreadableFileError(_RUN_OCR)
    missing = missing_requirement(settings.ocr_languages)
    if missing:
        raise UnreadableFileError(f"a picture; {missing}")
    try:
        with Image.open(io.BytesIO(data)) as image:
            count = min(getattr(image, "n_frames", 1), _MAX_PAGES)
            pages = recognize_pages(range(count), lambda number: _draw(image, number), settings)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadableFileError(_DAMAGED) from error
    recognized = {number: page for number, page in pages.items() if page}
    if not recognized:
        raise UnreadableFileError(_NO_WORDS if pages else f"a picture; {OUT_OF_TIME}")
    lines = [
        order_lines(page.segments) if (page := recognized.get(number)) else []
        for number in range(count)
    ]
    certainties = {number + 1: page.certainty for number, page in recognized.items()}
    unread = [number + 1 for number in range(count) if number not in recognized]
    omissions = tuple(f"page {number} of {count}: {_NO_WORDS}" for number in unread)
    raw_document = build_raw_document(build_blocks(lines), {})
    return raw_document._replace(omissions=omissions, certainties=certainties)


def _draw(image: Image.Image, number: int) -> tuple[Picture, float]:
    """A picture of the file in shades of gray, with its dots per point."""
    with suppress(EOFError):
        image.seek(number)
    width, height = image.size
    if width * height > _MAX_PICTURE_DOTS:
        raise ValueError("too large a picture")
    scale = min(1.0, math.sqrt(MAX_DOTS / max(1, width * height)))
    dots_per_inch = _resolution_of(image, width)
    image.draft("L", (round(width * scale), round(height * scale)))
    frame = image.convert("RGBA")
    # Transparent paper is white.
    paper = Image.new("RGBA", frame.size, "white")
    paper.alpha_composite(frame)
    gray = paper.convert("L")
    if scale < 1:
        gray.thumbnail((round(width * scale), round(height * scale)))
    picture = np.asarray(gray, np.uint8)
    if picture.mean() < _DARK:  # light letters on dark paper
        picture = 255 - picture
    return picture, dots_per_inch * gray.width / width / POINTS_PER_INCH


def _resolution_of(image: Image.Image, width: int) -> float:
    """Dots per inch, as the file says or as a usual page has them."""
    stated = image.info.get("dpi", (0, 0))[0]
    with suppress(TypeError, ValueError):
        if 50 <= float(stated) <= 2_400:
            return float(stated)
    return min(float(RESOLUTION), max(70.0, width / _USUAL_WIDTH))
