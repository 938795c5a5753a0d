"""What people filled into the form of a PDF, or wrote on its pages -> segments at its places."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2.raw as pdfium
from pypdfium2 import PdfFormEnv, PdfPage

from qa.documents.layout.segments import Segment

# Fields of one page, at most, and options and characters of each.
_MAX_FIELDS = 10_000
_MAX_OPTIONS = 1000
_MAX_LENGTH = 100_000
_INVISIBLE = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_TEXT_FIELDS = {
    pdfium.FPDF_FORMFIELD_TEXTFIELD,
    pdfium.FPDF_FORMFIELD_COMBOBOX,
    pdfium.FPDF_FORMFIELD_LISTBOX,
}
_CHECKED_FIELDS = {pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON}
_PASSWORD = 1 << 13
_CHECKED = "☒"


def read_filled_fields(page: PdfPage, form: PdfFormEnv | None, size: float) -> list[Segment]:
    """The values of the fields of *page* and its typed notes, as if set in *size*."""
    segments: list[Segment] = []
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MAX_FIELDS)):
        with _open_annotation(page, number) as annotation:
            if annotation and not pdfium.FPDFAnnot_GetFlags(annotation) & _INVISIBLE:
                segments += _place_lines(annotation, _read_value(annotation, form), size)
    return segments


@contextmanager
def _open_annotation(page: PdfPage, number: int) -> Iterator[pdfium.FPDF_ANNOTATION]:
    annotation = pdfium.FPDFPage_GetAnnot(page, number)
    try:
        yield annotation
    finally:
        if annotation:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _read_value(annotation: pdfium.FPDF_ANNOTATION, form: PdfFormEnv | None) -> str:
    """The text that an annotation shows; comments, which open apart, are not text of the page."""
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium.FPDF_ANNOT_FREETEXT:
        return _read_string(pdfium.FPDFAnnot_GetStringValue, annotation, b"Contents")
    is_field = kind == pdfium.FPDF_ANNOT_WIDGET and form is not None
    return _read_field(annotation, form) if is_field else ""


def _read_field(annotation: pdfium.FPDF_ANNOTATION, form: PdfFormEnv) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in _CHECKED_FIELDS:
        return _CHECKED if pdfium.FPDFAnnot_IsChecked(form, annotation) else ""
    is_secret = pdfium.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD
    if kind not in _TEXT_FIELDS or is_secret:
        return ""
    if options := [*_iter_chosen_options(annotation, form)]:
        return "\n".join(options)
    return _read_string(pdfium.FPDFAnnot_GetFormFieldValue, form, annotation)


def _iter_chosen_options(annotation: pdfium.FPDF_ANNOTATION, form: PdfFormEnv) -> Iterator[str]:
    """The names of the options chosen in a list, whose values may be others."""
    count = pdfium.FPDFAnnot_GetOptionCount(form, annotation)
    for number in range(min(count, _MAX_OPTIONS)):
        if pdfium.FPDFAnnot_IsOptionSelected(form, annotation, number):
            yield _read_string(pdfium.FPDFAnnot_GetOptionLabel, form, annotation, number)


def _read_string(function: "pdfium._Function", *arguments: object) -> str:
    """The text that *function* of PDFium writes into a buffer."""
    size = min(function(*arguments, None, 0), 2 * _MAX_LENGTH)
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le", "replace")


def _place_lines(annotation: pdfium.FPDF_ANNOTATION, text: str, size: float) -> Iterator[Segment]:
    """The lines of *text*, from the top of the annotation's rectangle."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    box = pdfium.FS_RECTF()
    if not lines or not pdfium.FPDFAnnot_GetRect(annotation, box):
        return
    bottom, top = sorted((box.bottom, box.top))
    left, right = sorted((box.left, box.right))
    step = (top - bottom) / len(lines)
    for number, line in enumerate(lines):
        middle = top - (number + 0.5) * step
        yield Segment(line, left, middle - size / 2, right, middle + size / 2, size)
