"""A PowerPoint presentation -> its slides as pages, with the notes of the speaker after each."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.shapes.base import BaseShape
from pptx.slide import Slide

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.formats.packages import Package, parse_xml
from qa.documents.formats.tables import Cell, expand_cells, format_table
from qa.documents.metadata import RawMetadata
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures

# What slides have in common.
_COMMON_PLACEHOLDERS = frozenset(
    {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER}
)
_TITLE_PLACEHOLDERS = frozenset(
    {PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE}
)
_DIAGRAM_IDS = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_DATA_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
# Titles that programs set where people set none.
_DEFAULT_TITLES = frozenset({"powerpoint presentation", "presentation", "slide 1"})
_MAX_DEPTH = 50


def read_pptx(data: bytes, limit: int) -> RawDocument:
    """Read a presentation that unpacks to no more than *limit* bytes."""
    Package(data, limit)
    presentation = Presentation(BytesIO(data))
    blocks: list[RawBlock] = []
    pictures = 0
    for number, slide in enumerate(presentation.slides, start=1):
        shapes = list(_iter_shapes(slide.shapes, 0))
        pictures += sum(hasattr(shape, "image") for shape in shapes)
        # The title first, wherever it is in the order of drawing.
        for shape in sorted(shapes, key=lambda shape: not _is_title(shape)):
            blocks += (block._replace(page=number) for block in _iter_shape_blocks(shape))
        blocks += (RawBlock(text, page=number) for text in _iter_notes(slide))
    title = next((block.text for block in blocks if block.level and block.page == 1), None)
    return build_raw_document(blocks, _read_properties(presentation), title)._replace(
        page_unit="slide", omissions=count_pictures(pictures)
    )


def _iter_shapes(shapes: Iterable[BaseShape], depth: int) -> Iterator[BaseShape]:
    """All shapes, also those in groups."""
    for shape in shapes:
        inner = getattr(shape, "shapes", None)
        if inner is None:
            yield shape
        elif depth < _MAX_DEPTH:
            yield from _iter_shapes(inner, depth + 1)


def _placeholder_type(shape: BaseShape) -> object:
    return shape.placeholder_format.type if shape.is_placeholder else None


def _is_title(shape: BaseShape) -> bool:
    return _placeholder_type(shape) in _TITLE_PLACEHOLDERS


def _iter_shape_blocks(shape: Any) -> Iterator[RawBlock]:  # noqa: ANN401 - shapes of all kinds
    if _placeholder_type(shape) in _COMMON_PLACEHOLDERS:
        return
    if getattr(shape, "has_table", False):
        yield from format_table(_rows_of(shape.table), int(shape.table.first_row) or None)
    elif getattr(shape, "has_chart", False):
        yield from map(RawBlock, _iter_chart_texts(shape.chart))
    elif shape.has_text_frame:
        level = int(_is_title(shape))
        if level:
            yield RawBlock(shape.text_frame.text, level)
        else:
            yield from (RawBlock(paragraph.text) for paragraph in shape.text_frame.paragraphs)
    else:
        yield from map(RawBlock, _iter_diagram_texts(shape))


def _rows_of(table: Any) -> list[list[str]]:  # noqa: ANN401 - python-pptx has no types
    """The cells of a table; a merged cell is in each row that it covers."""
    return expand_cells(
        [
            Cell(
                cell.text,
                cell.span_width if cell.is_merge_origin else 1,
                cell.span_height if cell.is_merge_origin else 1,
            )
            for cell in row.cells
            if not cell.is_spanned
        ]
        for row in table.rows
    )


def _iter_chart_texts(chart: Any) -> Iterator[str]:  # noqa: ANN401
    """The title, the categories and the series of a chart, as a table."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield chart.chart_title.text_frame.text
    for plot in chart.plots:
        categories = [str(category) for category in plot.categories]
        rows = [["", *categories]]
        for series in plot.series:
            values = ["" if value is None else f"{value:g}" for value in series.values]
            rows.append([str(series.name or ""), *values])
        yield from (block.text for block in format_table(rows, 1 if any(categories) else None))


def _iter_diagram_texts(shape: Any) -> Iterator[str]:  # noqa: ANN401
    """The texts of a SmartArt diagram, which python-pptx does not read."""
    for reference in shape.element.iter(_DIAGRAM_IDS):
        data = shape.part.related_part(reference.get(_DATA_ID)).blob
        for point in parse_xml(data).iter("{*}pt"):
            for paragraph in point.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}p"):
                yield "".join(text.text or "" for text in paragraph.iter("{*}t"))


def _iter_notes(slide: Slide) -> Iterator[str]:
    if not slide.has_notes_slide:
        return
    frame = slide.notes_slide.notes_text_frame
    if frame is not None:
        yield from (paragraph.text for paragraph in frame.paragraphs if has_words(paragraph.text))


def _read_properties(presentation: Any) -> RawMetadata:  # noqa: ANN401
    """The properties that differ from those of python-pptx's template."""
    properties, template = presentation.core_properties, Presentation().core_properties
    names = {"title": "title", "author": "author", "created": "date", "language": "language"}
    values = {
        field: getattr(properties, name)
        for name, field in names.items()
        if getattr(properties, name) != getattr(template, name)
    }
    if str(values.get("title") or "").lower() in _DEFAULT_TITLES:
        del values["title"]
    return {field: value for field, value in values.items() if value}
