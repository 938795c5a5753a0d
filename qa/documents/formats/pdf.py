"""A PDF -> headings and paragraphs with their page numbers, without running headers."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from statistics import median
from typing import NamedTuple

import pypdfium2.raw as pdfium
from pypdfium2 import PdfDocument, PdfFormEnv, PdfiumError, PdfPage

from qa.analysis.tokenizer import has_words
from qa.documents.formats.pdf_characters import NO_BOXES, Boxes
from qa.documents.formats.pdf_forms import read_filled_fields
from qa.documents.formats.pdf_pictures import draw_pictures_only, find_bare_pictures, may_be_text
from qa.documents.formats.pdf_text import read_page_text, turn_segment
from qa.documents.layout.columns import order_lines
from qa.documents.layout.paragraphs import build_blocks
from qa.documents.layout.running_lines import split_running_lines
from qa.documents.layout.segments import Line, Segment
from qa.documents.metadata import RawMetadata
from qa.documents.ocr import (
    MAX_DOTS,
    OUT_OF_TIME,
    POINTS_PER_INCH,
    RESOLUTION,
    Picture,
    RecognizedPage,
    missing_requirement,
    recognize_pages,
)
from qa.documents.raw_document import RawDocument, build_raw_document
from qa.errors import UnreadableFileError
from qa.settings import Settings


class _Page(NamedTuple):
    """The segments of a page, those of its usual direction first, and why some are missing.

    *pictures* are the boxes of pictures beside its text, *upright* the segments of this, none of
    them turned.  *certainty* is that of words which were recognized in a picture.
    """

    directions: list[list[Segment]]
    fault: str | None = None
    certainty: float | None = None
    pictures: Boxes = NO_BOXES
    upright: Sequence[Segment] = ()

    @property
    def has_words(self) -> bool:
        """Whether any text was read."""
        return any(has_words(segment.text) for part in self.directions for segment in part)


_NO_TEXT = "no text (scanned?)"
_PICTURE = "only a picture"
_UNDECODABLE = "no readable text, since its fonts do not name their characters"
_PARTLY_UNDECODABLE = "some text in fonts that do not name their characters"
_PARTLY_PICTURE = "a part of it is a picture, perhaps of text"
_EMPTY = "no text; it is blank or damaged"
_DAMAGED = "damaged"
_NOT_RECOGNIZED = "no words were recognized in it"
_RUN_OCR = "run OCR first, or set QA_OCR=1 to read it with Tesseract"
# Faults of pages that can be read as pictures.
_RECOGNIZABLE = (_PICTURE, _UNDECODABLE, _PARTLY_PICTURE)
# Letters, and how certain they are, for a picture beside text to be one of text.
_FEWEST_LETTERS = 15
_MIN_CERTAINTY = 0.7
# The font size of a field on a page without text.
_FIELD_SIZE = 10.0
# Shares of a page's characters that make it, or a part of it, undecodable.
_MOST = 0.5
_SOME = 0.05


def read_pdf(data: bytes, settings: Settings | None = None) -> RawDocument:
    """Read a PDF; raise UnreadableFileError if it needs a password or has no words.

    Pages that are pictures are read with Tesseract if *settings* say so.
    """
    settings = settings or Settings()
    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        raise _explain(error) from error
    with closing(document):
        pages = _recognize_pictures(document, [*_iter_pages(document)], settings)
        properties = _read_properties(document)
    if not any(page.has_words for page in pages):
        raise UnreadableFileError(_reason_of(pages))
    raw_document = build_raw_document(build_blocks(_read_lines(pages)), properties)
    certainties = {
        number: page.certainty
        for number, page in enumerate(pages, start=1)
        if page.certainty is not None
    }
    omissions = (*_describe_faults(pages), *_describe_pictures(pages))
    return raw_document._replace(omissions=omissions, certainties=certainties)


def _explain(error: PdfiumError) -> UnreadableFileError:
    if error.err_code == pdfium.FPDF_ERR_PASSWORD:
        return UnreadableFileError("encrypted; save it without a password")
    if error.err_code == pdfium.FPDF_ERR_SECURITY:
        return UnreadableFileError("encrypted in an unknown way; save it without a password")
    return UnreadableFileError("damaged, or not a .pdf file")


def _iter_pages(document: PdfDocument) -> Iterator[_Page]:
    if document.get_formtype() == pdfium.FORMTYPE_ACRO_FORM:
        document.init_forms()
    for number in range(len(document)):
        try:
            with closing(document[number]) as page:
                read = _read_page(page, document.formenv)
        except MemoryError:
            raise
        except Exception:  # whatever is wrong with a page, the others are read
            read = _Page([], _DAMAGED)
        yield read


def _read_page(page: PdfPage, form: PdfFormEnv | None) -> _Page:
    with closing(page.get_textpage()) as text_page:
        text = read_page_text(text_page, page.get_bbox())
    directions = text.directions
    upright = [turn_segment(s, -turn % 4) for turn, part in directions.items() for s in part]
    quarter, usual = next(iter(directions.items()), (0, []))
    sizes = [segment.size for segment in usual]
    fields = read_filled_fields(page, form, median(sizes) if sizes else _FIELD_SIZE)
    directions[quarter] = [*usual, *(turn_segment(field, quarter) for field in fields)]
    read = _Page([*directions.values()])
    if read.has_words:
        read = read._replace(pictures=find_bare_pictures(page, upright), upright=upright)
    return read._replace(fault=_find_fault(page, text.undecodable, read))


def _find_fault(page: PdfPage, undecodable: float, read: _Page) -> str | None:
    """Why there is no text on a page, or not all of it."""
    if undecodable > _SOME:
        return _UNDECODABLE if undecodable > _MOST else f"{_PARTLY_UNDECODABLE}; run OCR first"
    if read.has_words:
        is_partly = len(read.pictures) and may_be_text(page, read.pictures, read.upright)
        return _PARTLY_PICTURE if is_partly else None
    return _PICTURE if pdfium.FPDFPage_CountObjects(page) else _EMPTY


def _recognize_pictures(
    document: PdfDocument, pages: list[_Page], settings: Settings
) -> list[_Page]:
    """*pages* with the words in pictures, or with faults that say what to do about them."""
    numbers = [n for n, page in enumerate(pages) if page.fault in _RECOGNIZABLE]
    missing = missing_requirement(settings.ocr_languages) if settings.ocr and numbers else ""
    if not settings.ocr or missing:
        return [_add_remedy(page, missing or _RUN_OCR) for page in pages]

    def draw(number: int) -> tuple[Picture, float]:
        with closing(document[number]) as page:
            picture, scale = _draw_page(page)
            if pages[number].fault == _PARTLY_PICTURE:
                upright = pages[number].upright
                pictures = pages[number].pictures
                picture = draw_pictures_only(page, picture, pictures, upright)
            return picture, scale

    recognized = recognize_pages(numbers, draw, settings)
    for number in numbers:
        found = recognized.get(number)
        if pages[number].fault == _PARTLY_PICTURE and number in recognized:
            pages[number] = _add_words(pages[number], found)
        elif found:
            pages[number] = _Page([found.segments], None, found.certainty)
        else:
            remedy = _NOT_RECOGNIZED if number in recognized else OUT_OF_TIME
            pages[number] = _add_remedy(pages[number], remedy)
    return pages


def _add_words(page: _Page, found: RecognizedPage | None) -> _Page:
    """A page with the words of the pictures beside its text, if they have any."""
    letters = sum(len(segment.text) for segment in found.segments) if found else 0
    if not found or letters < _FEWEST_LETTERS or found.certainty < _MIN_CERTAINTY:
        return page._replace(fault=None)
    written = sum(len(segment.text) for part in page.directions for segment in part)
    certainty = (written + letters * found.certainty) / (written + letters)
    directions = [*page.directions, found.segments]
    return _Page(directions, certainty=round(certainty, 3))


def _add_remedy(page: _Page, remedy: str) -> _Page:
    is_picture = page.fault in _RECOGNIZABLE
    return page._replace(fault=f"{page.fault}; {remedy}") if is_picture else page


def _draw_page(page: PdfPage) -> tuple[Picture, float]:
    """A page in shades of gray, with its dots per point."""
    width, height = page.get_size()
    area = max(1.0, width * height)
    scale = min(RESOLUTION / POINTS_PER_INCH, math.sqrt(MAX_DOTS / area))
    with closing(page.render(scale=scale, grayscale=True)) as bitmap:
        return bitmap.to_numpy()[:, : bitmap.width].reshape(
            bitmap.height, bitmap.width
        ).copy(), scale


def _reason_of(pages: list[_Page]) -> str:
    """Why there is no text in any of *pages*."""
    faults = {page.fault or _EMPTY for page in pages}
    if any(fault.startswith(_PICTURE) for fault in faults):
        remedy = next(fault.partition("; ")[2] for fault in faults if fault.startswith(_PICTURE))
        return f"{_NO_TEXT}; {remedy}"
    return faults.pop() if len(faults) == 1 else f"{_NO_TEXT}; {_RUN_OCR}"


def _describe_faults(pages: list[_Page]) -> Iterator[str]:
    """A reason for each kind of fault, with the pages that have it."""
    for fault in dict.fromkeys(page.fault for page in pages):
        if fault:
            numbers = [number for number, page in enumerate(pages, start=1) if page.fault == fault]
            yield f"page {_format_numbers(numbers)} of {len(pages)}: {fault}"


def _describe_pictures(pages: list[_Page]) -> Iterator[str]:
    """Where pictures are that were not read, but for pages that are named for them."""
    numbers = [n for n, page in enumerate(pages, 1) if len(page.pictures) and not page.fault]
    if numbers:
        yield f"pictures on page {_format_numbers(numbers)} of {len(pages)}"


_MAX_RANGES = 8


def _format_numbers(numbers: list[int]) -> str:
    """1, 2, 3, 7 -> 1–3, 7; the first of many."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = [str(a) if a == b else f"{a}–{b}" for a, b in ranges]
    more = f" and {len(texts) - _MAX_RANGES} more" if len(texts) > _MAX_RANGES else ""
    return ", ".join(texts[:_MAX_RANGES]) + more


def _read_lines(pages: list[_Page]) -> list[list[Line]]:
    """The lines of each page in reading order; text in other directions comes last."""
    parts = split_running_lines([page.directions[0] if page.directions else [] for page in pages])
    return [
        [
            *part.headers,
            *order_lines(part.segments),
            *part.footers,
            *(line for segments in page.directions[1:] for line in order_lines(segments)),
        ]
        for page, part in zip(pages, parts, strict=True)
    ]


def _read_properties(document: PdfDocument) -> RawMetadata:
    names = {"title": "Title", "author": "Author", "date": "CreationDate"}
    values = {key: document.get_metadata_value(name).strip() for key, name in names.items()}
    return {key: value for key, value in values.items() if value}
