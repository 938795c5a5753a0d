"""Spreadsheets -> a document for each row, with the names of its columns and its place."""

import datetime
import io

import pytest
import xlsxwriter

from qa.documents.document import Skip
from qa.documents.formats.sheets import format_value, read_excel, read_ods
from qa.errors import UnreadableFileError
from tests.documents.reading import read_file
from tests.documents.samples import ods, opendocument, replace_part, xls, xlsx

LIMIT = 50 << 20
TABLE = [["Species", "Habitat", "Seen"], ["Wood Duck", "", 3], [], ["Teal", "Ponds", 12.5]]
FIRST = "xl/worksheets/sheet1.xml"
SHEET = (
    "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    "<sheetData>{}</sheetData></worksheet>"
)


def read(extension, sheets, **options):
    match extension:
        case "xlsx":
            return list(read_excel(xlsx(sheets, **options), LIMIT))
        case "xls":
            return list(read_excel(xls(sheets), LIMIT))
    return list(read_ods(ods(sheets), LIMIT))


def rows_of(items):
    """The text, sheet and row of each document."""
    return [(i.blocks[-1].text, i.blocks[0].text, i.blocks[-1].page) for i in items]


@pytest.mark.parametrize("extension", ["xlsx", "xls", "ods"])
def test_a_row_has_the_names_of_its_columns_its_sheet_and_its_number(extension):
    items = read(extension, {"Ducks": TABLE, "Empty": [], "Notes": [["Only words"]]})

    assert rows_of(items) == [
        ("Species: Wood Duck; Habitat: ; Seen: 3", "Ducks", 2),
        ("Species: Teal; Habitat: Ponds; Seen: 12.5", "Ducks", 4),
        ("Only words", "Notes", 1),
    ]
    assert [item.page_unit for item in items] == ["row"] * 3
    assert [item.name for item in items] == ["Ducks 2", "Ducks 4", "Notes 1"]


@pytest.mark.parametrize("extension", ["xlsx", "ods"])
def test_a_table_may_begin_anywhere_on_its_sheet(extension):
    rows = [[], [], ["", "", "Ducks of 2021"], [], *(["", "", *row] for row in TABLE)]
    (first, _) = read(extension, {"S": rows})

    assert [block.text for block in first.blocks] == [
        "S",
        "Ducks of 2021",
        "Species: Wood Duck; Habitat: ; Seen: 3",
    ]
    assert first.blocks[-1].page == 6


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2019.0, "2019"),
        (0.15, "0.15"),
        (1e300, "1e+300"),
        (True, "TRUE"),
        (datetime.date(2021, 5, 4), "2021-05-04"),
        (datetime.datetime(2021, 5, 4), "2021-05-04"),
        (datetime.datetime(2021, 5, 4, 9, 30), "2021-05-04 09:30:00"),
        ("", ""),
    ],
)
def test_values_are_written_as_people_do(value, text):
    assert format_value(value) == text


def test_a_hidden_sheet_is_not_read_and_said_to_be_hidden():
    items = read("xlsx", {"Open": [["Words"]], "Pay": [["Secret"]]}, hidden=("Pay",))

    assert items[-1] == Skip("", "sheet Pay: hidden")
    assert "Secret" not in str(items)


def test_a_hidden_sheet_of_opendocument_is_not_read():
    style = (
        "<style:style style:name='ta2'><style:table-properties table:display='false'/>"
        "</style:style>"
    )
    body = (
        "<table:table table:name='Pay' table:style-name='ta2'><table:table-row><table:table-cell>"
        "<text:p>Secret</text:p></table:table-cell></table:table-row></table:table>"
    )

    assert list(read_ods(opendocument("spreadsheet", body, style), LIMIT)) == [
        Skip("", "sheet Pay: hidden")
    ]


def test_a_comment_on_a_cell_is_not_its_text():
    body = (
        "<table:table table:name='S'><table:table-row><table:table-cell><office:annotation>"
        "<text:p>Why?</text:p></office:annotation><text:p>Value here</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    (only,) = read_ods(opendocument("spreadsheet", body), LIMIT)

    assert only.blocks[-1].text == "Value here"


def test_texts_drawn_on_a_sheet_are_read():
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        book.add_worksheet("S").insert_textbox(1, 1, "A drawn note")
    (only,) = read_excel(file.getvalue(), LIMIT)

    assert [block.text for block in only.blocks] == ["A drawn note"]


def test_cells_far_apart_take_no_memory():
    cells = (
        "<row r='1'><c r='A1'><v>1</v></c></row>"
        "<row r='1048576'><c r='XFD1048576'><v>2</v></c></row>"
    ).replace("'", '"')
    data = replace_part(xlsx({"S": [["x"]]}), FIRST, SHEET.format(cells))

    with pytest.raises(UnreadableFileError, match="1,048,576 rows and 16,384 columns, too many"):
        list(read_excel(data, LIMIT))


@pytest.mark.parametrize("reference", ["BDWGN1", "A99999999", "ZZZZZZZZZZZZ9"])
def test_cells_outside_of_a_sheet_are_damage(reference):
    cells = f'<row r="1"><c r="{reference}"><v>1</v></c></row>'
    data = replace_part(xlsx({"S": [["x"]]}), FIRST, SHEET.format(cells))

    with pytest.raises(UnreadableFileError, match="cells outside of a sheet"):
        list(read_excel(data, LIMIT))


@pytest.mark.parametrize(("rows", "columns"), [(10**9, 1), (1_048_576, 16_384)])
def test_cells_that_repeat_take_no_memory(rows, columns):
    with pytest.raises(UnreadableFileError, match="more than 5,000,000 cells"):
        list(read_ods(repeat_cells(rows, columns), LIMIT))


@pytest.mark.parametrize(("rows", "columns"), [(1, 10**9), (10**30, 10**30), (-5, "x")])
def test_a_row_has_no_more_cells_than_a_sheet_has_columns(rows, columns):
    (only,) = read_ods(repeat_cells(rows, columns), LIMIT)

    assert only.blocks[-1].text.count("word") in {1, 16_384}


def repeat_cells(rows, columns):
    """A spreadsheet of a cell that repeats."""
    return opendocument(
        "spreadsheet",
        f"<table:table table:name='S'><table:table-row table:number-rows-repeated='{rows}'>"
        f"<table:table-cell table:number-columns-repeated='{columns}'><text:p>word</text:p>"
        "</table:table-cell></table:table-row></table:table>",
    )


def test_empty_cells_may_repeat_for_ever():
    body = (
        "<table:table table:name='S'><table:table-row table:number-rows-repeated='999999999'>"
        "<table:table-cell table:number-columns-repeated='999999999'/></table:table-row>"
        "<table:table-row><table:table-cell><text:p>End</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    (only,) = read_ods(opendocument("spreadsheet", body), LIMIT)

    assert only.blocks[-1].page == 1_000_000_000


def test_there_may_be_ten_thousand_sheets_not_a_million():
    sheets = "<table:table table:name='S'/>" * 10_001

    with pytest.raises(UnreadableFileError, match="more than 10,000 sheets"):
        list(read_ods(opendocument("spreadsheet", sheets), LIMIT))


def test_there_may_be_ten_thousand_sheets_of_excel_not_a_million():
    workbook = (
        "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' xmlns:r="
        "'http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets>"
        + "".join(f"<sheet name='S{n}' sheetId='{n}' r:id='rId1'/>" for n in range(10_001))
        + "</sheets></workbook>"
    )
    data = replace_part(xlsx({"S": [["x", "y"], ["words here", "2"]]}), "xl/workbook.xml", workbook)

    with pytest.raises(UnreadableFileError, match="more than 10,000 sheets"):
        list(read_excel(data, LIMIT))


def test_a_web_page_called_a_workbook_is_said_to_be_one():
    with pytest.raises(UnreadableFileError, match=r"call it \.html"):
        read_excel(b"<html><table><tr><td>1</td></tr></table></html>", LIMIT)


@pytest.mark.parametrize(("extension", "make"), [("xls", xlsx), ("xlsx", xls)])
def test_a_workbook_with_the_extension_of_another_is_read(tmp_path, extension, make):
    documents, skips = read_file(tmp_path, f"a.{extension}", make({"Ducks": TABLE}))

    assert (len(documents), skips) == (2, [])
