"""Spreadsheets -> a document for each row, with the names of its columns and its place."""

import datetime
import io
import zipfile

import pytest
import regex
import xlsxwriter

from qa.documents.formats.number_formats import apply_format
from qa.documents.formats.sheets import format_value, read_excel, read_ods
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError
from tests.documents.compound import compound_file
from tests.documents.reading import make_zip, read_file
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
        (0.1 + 0.2, "0.3"),
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


DAY = datetime.datetime(2024, 5, 6, 15, 7, 9)
ACCOUNT = '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.154, "0%", "15%"),
        (0.12345, "0.00%", "12.35%"),
        (1234.5, "$#,##0.00", "$1,234.50"),
        (1234.5, "#,##0.00\\ [$€-407]", "1,234.50 €"),
        (1234567890.0, "#,##0", "1,234,567,890"),
        (1234567.0, '0.0,,"M"', "1.2M"),
        (12.0, '0 "kg"', "12 kg"),
        (7.0, "0000", "0007"),
        (5551234567.0, "(000) 000-0000", "(555) 123-4567"),
        (0.5, "#.##", ".5"),
        (2.5, "0", "3"),
        (-3.0, "0.00;[Red](0.00)", "(3.00)"),
        (-0.001, "0.0", "0.0"),
        (0.0, '0;-0;"none"', "none"),
        (5.0, '[<10]"few";"many"', "few"),
        (-1234.5, ACCOUNT, "$(1,234.50)"),
        (0.0, ACCOUNT, "$-"),
        (12345.678, "0.00E+00", "1.23E+04"),
        (5.0, ";;;", ""),
        (DAY, "dd/mm/yyyy", "06/05/2024"),
        (DAY, "[$-409]dddd, mmmm d, yy;@", "Monday, May 6, 24"),
        (DAY, "d-mmm-yy h:mm AM/PM", "6-May-24 3:07 PM"),
        (DAY, "yyyy-mm-dd\\Thh:mm:ss", "2024-05-06T15:07:09"),
        (datetime.time(3, 4, 5), "mm:ss", "04:05"),
        (datetime.timedelta(hours=51, minutes=5), "[h]:mm", "51:05"),
        # No format, or one that is not known here.
        (5.0, "General", None),
        (5.0, "@", None),
        (1.5, "# ?/?", None),
        (1e300, "0", None),
        (float("nan"), "0", None),
        (DAY, "0.00", None),
        (5.0, "yyyy", None),
        (5.0, "0" * 300, None),
    ],
)
def test_a_format_is_applied_as_excel_does(value, code, text):
    assert apply_format(value, code) == text


def build_workbook(cells, date_name="Day"):
    """A workbook with a column for each pair of value and format."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet("S")
        sheet.write_row(1, 2, [date_name, *(f"N{n}" for n in range(1, len(cells)))])
        for column, (value, code) in enumerate(cells, start=2):
            sheet.write(2, column, value, book.add_format({"num_format": code}))
    return file.getvalue()


def test_cells_are_read_as_excel_shows_them():
    cells = [(DAY, "dd.mm.yyyy"), (0.15, "0%"), (1234.5, "$#,##0.00"), (3, "General")]
    (row,) = read_excel(build_workbook(cells), LIMIT)

    assert row.blocks[-1].text == "Day: 06.05.2024; N1: 15%; N2: $1,234.50; N3: 3"


def test_a_date_is_metadata_though_its_format_has_two_readings():
    (row,) = read_excel(build_workbook([(DAY, "dd/mm/yyyy"), ("Ferry", "@")], "Date"), LIMIT)

    assert "06/05/2024" in row.blocks[-1].text
    assert row.metadata["Date"] == "2024-05-06"


@pytest.mark.parametrize("number", ["99999", "", "x", "-1"])
def test_a_format_of_no_known_number_is_none(number):
    data = build_workbook([(0.15, "0%"), (3, "0")])
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        styles = package.read("xl/styles.xml").decode()
    styles = regex.sub(r'<xf numFmtId="\d+"', f'<xf numFmtId="{number}"', styles)
    (row,) = read_excel(replace_part(data, "xl/styles.xml", styles), LIMIT)

    assert row.blocks[-1].text == "Day: 0.15; N1: 3"


def test_formats_of_old_workbooks_are_read():
    (row,) = read_excel(xls({"S": [["Share", "Left"], [0.15, 3]]}, code="0.0%"), LIMIT)

    assert row.blocks[-1].text == "Share: 15.0%; Left: 300.0%"


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


FAR = [
    "<row r='1'><c r='A1'/></row><row r='1048576'><c r='XFD1048576'/></row>",
    '<row r="1"><c r="A1"/></row><row r="1048576"><c s="0" r =\n"xfd1048576"/></row>',
    '<row r="1"><c r="A1"/></row><row r="1048576"><c s=">" r="XFD1048576"/></row>',
    '<row r="1"><c r="A1"/></row><row s="1" r="4000000000"><c/></row>',
]


@pytest.mark.parametrize("rows", FAR)
@pytest.mark.parametrize("name", ["c", "a-b:c"])
@pytest.mark.parametrize("part", [FIRST, "xl/other/sheet.bin"])
def test_cells_far_apart_are_seen_however_they_are_written(rows, name, part):
    rows = rows.replace("<c ", f"<{name} ").replace("<row ", f"<{name[:-1]}row ")
    data = make_zip(**{part: SHEET.format(rows)})

    with pytest.raises(UnreadableFileError, match=r"cells outside of a sheet|too many to read"):
        list(read_excel(data, LIMIT))


def test_what_looks_like_a_cell_in_a_text_is_none():
    cell = '<row r="1"><c r="A1" t="inlineStr"><is><t>as in r="ZZZZ99999999"</t></is></c></row>'
    data = replace_part(xlsx({"S": [["x"]]}), FIRST, SHEET.format(cell))
    (row,) = read_excel(data, LIMIT)

    assert row.blocks[-1].text == 'as in r="ZZZZ99999999"'


def test_a_text_that_all_cells_share_counts_as_often_as_it_is_there():
    book = xlsx({"S": [["harbour " * 4000]] * 100})

    assert len(book) < 10_000
    with pytest.raises(UnreadableFileError, match="more than 1 MB of text in it; divide it"):
        list(read_excel(book, 1 << 20))


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


def test_an_encrypted_workbook_is_said_to_be_encrypted():
    data = compound_file({"EncryptionInfo": b"x" * 5000, "EncryptedPackage": b"y" * 5000})

    with pytest.raises(UnreadableFileError, match="encrypted; save it without a password"):
        list(read_excel(data, LIMIT))
