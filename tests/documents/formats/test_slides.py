"""Presentations -> slides as pages, each with its title, its texts and the notes of the speaker."""

import io

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from qa.documents.formats.opendocument import read_odp
from qa.documents.formats.pptx import read_pptx
from tests.documents.samples import odp, opendocument, pptx, replace_part

LIMIT = 50 << 20
SLIDES = [("Harbours", "Built in 1874.", "Ask about Brandt."), ("Ships", "The ferry runs.")]


def blocks(raw_document):
    return [(b.text, b.level, b.page) for b in raw_document.blocks if b.text]


def presentation_with(add):
    """The blocks of a presentation of one empty slide to which *add* adds shapes."""
    presentation, file = Presentation(), io.BytesIO()
    add(presentation.slides.add_slide(presentation.slide_layouts[6]).shapes)
    presentation.save(file)
    return blocks(read_pptx(file.getvalue(), LIMIT))


@pytest.mark.parametrize(("read", "make"), [(read_pptx, pptx), (read_odp, odp)])
def test_a_slide_is_a_page_with_its_title_first_and_its_notes_last(read, make):
    raw_document = read(make([*SLIDES, ("Harbours", "Again.")]), LIMIT)

    assert raw_document.page_unit == "slide"
    assert raw_document.metadata["title"] == "Harbours"
    assert blocks(raw_document) == [
        ("Built in 1874.", 0, 1),
        ("Ask about Brandt.", 0, 1),
        ("Ships", 1, 2),
        ("The ferry runs.", 0, 2),
        ("Harbours", 1, 3),
        ("Again.", 0, 3),
    ]


def test_a_title_alone_is_read():
    assert blocks(read_pptx(pptx([("Only this", "")]), LIMIT)) == [("Only this", 1, 1)]


def test_the_template_of_the_library_is_no_property():
    assert read_pptx(pptx([("A", "b")]), LIMIT).metadata == {"title": "A"}


def test_texts_in_groups_are_read():
    def add(shapes):
        group = shapes.add_group_shape().shapes.add_group_shape()
        group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "Deep inside"

    assert presentation_with(add) == [("Deep inside", 0, 1)]


def test_rows_have_the_names_of_their_columns_and_merged_cells_stay():
    def add(shapes):
        table = shapes.add_table(3, 3, 0, 0, Inches(5), Inches(2)).table
        for column, name in enumerate(("Ship", "Crew", "Port")):
            table.cell(0, column).text = name
        table.cell(1, 0).text, table.cell(1, 2).text = "Ferry", "Vesa"
        table.cell(2, 0).text, table.cell(2, 1).text = "Tug", "3"
        table.cell(1, 2).merge(table.cell(2, 2))

    assert presentation_with(add) == [
        ("Ship: Ferry; Crew: ; Port: Vesa", 0, 1),
        ("Ship: Tug; Crew: 3; Port: Vesa", 0, 1),
    ]


def test_a_chart_is_a_table():
    def add(shapes):
        data = CategoryChartData()
        data.categories = ["2020", "2021"]
        data.add_series("Ships", (3, 4.5))
        chart = shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(4), Inches(3), data).chart
        chart.has_title = True
        chart.chart_title.text_frame.text = "Ships by year"

    assert presentation_with(add) == [
        ("Ships by year", 0, 1),
        ("Ships; 2020: 3; 2021: 4.5", 0, 1),
    ]


def test_the_number_and_footer_of_a_slide_are_left_out():
    body = (
        "<draw:page><draw:frame presentation:class='footer'><draw:text-box><text:p>Confidential"
        "</text:p></draw:text-box></draw:frame><draw:frame><draw:text-box><text:p>Ships</text:p>"
        "</draw:text-box></draw:frame></draw:page>"
    )

    assert blocks(read_odp(opendocument("presentation", body), LIMIT)) == [("Ships", 0, 1)]


def test_no_entity_is_expanded_and_no_file_read():
    part = "ppt/slides/slide1.xml"
    slide = (
        "<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><p:sld xmlns:p='http://schemas."
        "openxmlformats.org/presentationml/2006/main' xmlns:a='http://schemas.openxmlformats.org/"
        "drawingml/2006/main'><p:cSld><p:spTree><p:nvGrpSpPr/><p:grpSpPr/><p:sp><p:nvSpPr>"
        "<p:cNvPr id='2' name='t'/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>"
        "<a:p><a:r><a:t>Ships &x;</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    )
    data = replace_part(pptx([("A", "b")]), part, slide)

    assert "root:" not in str(read_pptx(data, LIMIT).blocks)
