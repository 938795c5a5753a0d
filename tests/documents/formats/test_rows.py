"""CSV and TSV -> one extract a row; rows that are large or hostile are read in time."""

import json

import pytest

from qa.documents.formats.rows import read_csv, read_jsonl, read_tsv
from tests.documents.formats.extracts import paragraphs_of, texts


def test_a_table_gives_a_document_a_row():
    rows = read_csv(b'id,Title,text,date\nh1,Harbour,"One,\n\ntwo.",2021-12-03\n,Pier,Three.,\n')

    assert texts(rows) == [
        ("h1", ["One,", "two."], {"Title": "Harbour", "date": "2021-12-03"}),
        ("2", ["Three."], {"Title": "Pier", "date": ""}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_parts_the_header_parts_the_columns(delimiter):
    data = f"title{delimiter}body\nHarbour{delimiter}One. Two.\n".encode("utf-8-sig")

    assert texts(read_csv(data)) == [("1", ["One. Two."], {"title": "Harbour"})]


def test_a_tsv_is_parted_by_tabs():
    assert texts(read_tsv(b"a, b\ttext\n1\tOne.\n")) == [("1", ["One.", "a, b: 1"], {"a, b": "1"})]


@pytest.mark.parametrize("name", ["text", "Content", "BODY", "article", "passage", "description"])
def test_the_text_column_is_known_by_its_name_and_comes_first(name):
    data = f"note,{name}\nshort,A text that is longer.\nshort,Another.\n".encode()

    assert [paragraphs for _, paragraphs, _ in texts(read_csv(data))] == [
        ["A text that is longer.", "note: short"],
        ["Another.", "note: short"],
    ]


def test_without_a_text_column_a_row_is_quoted_with_the_names_of_its_columns():
    data = b"club,city,cups\nNorthport,Vell,3\nSouthmere,,11\n"

    assert texts(read_csv(data)) == [
        ("1", ["club: Northport; city: Vell; cups: 3"],
         {"club": "Northport", "city": "Vell", "cups": "3", "title": "Northport"}),
        ("2", ["club: Southmere; city: ; cups: 11"],
         {"club": "Southmere", "city": "", "cups": "11", "title": "Southmere"}),
    ]  # fmt: skip


def test_columns_called_like_metadata_are_quoted_where_there_is_no_text():
    data = b"item,source,created,author\nMap,Archive,1902,Ann\n"

    assert paragraphs_of(read_csv(data)) == [
        ["item: Map; source: Archive; created: 1902; author: Ann"]
    ]


def test_a_second_column_of_the_same_metadata_is_quoted():
    data = b"title,headline,text\nA,B,One.\n"

    assert paragraphs_of(read_csv(data)) == [["One.", "headline: B"]]


def test_a_row_without_its_text_is_read_if_it_says_more_than_metadata():
    assert texts(read_csv(b"title,text,size\nA,,\nB,Two.,\nC\nD,,3\n")) == [
        "row 1: no text",
        ("2", ["Two."], {"title": "B", "size": ""}),
        "row 3: no text",
        ("4", ["title: D; size: 3"], {"title": "D", "size": "3", "text": ""}),
    ]


def test_an_empty_row_is_none():
    assert [name for name, *_ in texts(read_csv(b"a,b\n,\n\nOak,Elm\n"))] == ["3"]


def test_cells_beyond_the_header_are_called_by_their_number():
    assert paragraphs_of(read_csv(b"title,text\nA,One.,more,and more\n")) == [
        ["One.", "column 3: more; column 4: and more"]
    ]


@pytest.mark.parametrize(
    "above", ["Cups of 1902,,\n", "Cups of 1902\n", "Cups of 1902\n\n", "\n,,\nCups of 1902,,\n"]
)
def test_a_line_above_the_header_is_the_heading_of_each_row(above):
    data = f"{above}club,city,cups\nNorthport,Vell,3\nSouthmere,Orr,11\n".encode()

    assert paragraphs_of(read_csv(data)) == [
        ["Cups of 1902", "club: Northport; city: Vell; cups: 3"],
        ["Cups of 1902", "club: Southmere; city: Orr; cups: 11"],
    ]


@pytest.mark.parametrize(
    "table",
    [
        "14-001,Open,12 Mill Lane\n14-002,Open,3 Quay Road\n",
        "Elm,40,3\nOak,,12\n",
        "Ann,red,x\nBob,blue,x\n",
        "ann@example.org,Ann Bell\nbo@example.org,Bo Lee\n",
        "Ann Bell,mate,Vesa\nBo Lee,cook,Orm\n",
    ],
)
def test_a_table_without_a_header_has_no_names(table):
    expected = [[line.replace(",", " | ").replace("  ", " ")] for line in table.splitlines()]

    assert [
        [" ".join(text.split()) for text in row] for row in paragraphs_of(read_csv(table.encode()))
    ] == expected


def test_years_may_be_the_names_of_columns():
    data = b"Country,2019,2020,2021\nNorway,1,2,3\nSweden,4,5,6\n"

    assert paragraphs_of(read_csv(data))[0] == ["Country: Norway; 2019: 1; 2020: 2; 2021: 3"]


def test_a_header_of_two_rows_is_joined():
    data = b"Tree,Loss,,Notes\n,Storm,Frost,\nElm,3,4,old\n"

    assert paragraphs_of(read_csv(data)) == [
        ["Tree: Elm; Loss Storm: 3; Loss Frost: 4; Notes: old"]
    ]


def test_a_decimal_comma_is_no_delimiter():
    data = b"month;income;cost;\n1;12,5;-3,1;\n2;13,5;4;\n"

    assert paragraphs_of(read_csv(data))[0] == ["month: 1; income: 12,5; cost: -3,1"]


def test_a_first_line_may_name_the_delimiter():
    assert paragraphs_of(read_csv(b"sep=;\r\na;b\r\n1,5;x\r\n")) == [["a: 1,5; b: x"]]


def test_line_breaks_in_a_cell_stay_in_its_row():
    data = 'name,notes\nElm,"first line\nsecond line"\nOak,"one\n\ntwo"\n'.encode("utf-8-sig")

    assert paragraphs_of(read_csv(data)) == [
        ["name: Elm; notes: first line second line"],
        ["name: Oak", "notes: one", "two"],
    ]


def test_a_value_of_many_words_is_a_paragraph_with_the_name_of_its_column():
    long = "word " * 100

    assert paragraphs_of(read_csv(f"name,notes,size\nElm,{long},3\n".encode())) == [
        ["name: Elm; size: 3", f"notes: {long.strip()}"]
    ]


def test_a_value_of_several_sentences_does_not_divide_its_row():
    assert paragraphs_of(read_csv(b"name,notes,room\nAnn,She is out. Back on Monday.,214\n")) == [
        ["name: Ann; room: 214", "notes: She is out. Back on Monday."]
    ]


def test_very_many_columns_are_read_in_time():
    wide = ",".join(map(str, range(200_000)))

    [_, paragraphs] = paragraphs_of(read_csv(f"a,b\nc,d\n{wide}\n".encode()))

    assert paragraphs[0].startswith("a: 0; b: 1; column 3: 2")


def test_a_cell_may_be_as_long_as_the_file():
    long = "word " * 100_000

    assert texts(read_csv(f'title,text\nA,"{long}"\n'.encode())) == [
        ("1", [long.strip()], {"title": "A"})
    ]


@pytest.mark.parametrize("data", [b"", b"\n", b"title,text\n"])
def test_a_table_without_rows_gives_nothing(data):
    assert list(read_csv(data)) == []


@pytest.mark.parametrize("names", [("question", "answer"), ("Q", "A"), ("prompt", "completion")])
def test_the_question_of_a_pair_is_its_title_and_the_answer_its_text(names):
    pair = dict(zip(names, ["When does it reopen?", "On Monday."], strict=True))
    rows = texts(read_jsonl(json.dumps({**pair, "source": "Gazette"}).encode()))

    assert rows == [
        (
            "1",
            ["When does it reopen?", "On Monday."],
            {"title": "When does it reopen?", "source": "Gazette"},
        )
    ]
    assert paragraphs_of(
        read_csv(f"{names[0]},{names[1]},n\nWhen does it reopen?,On Monday.,1\n".encode())
    ) == [["When does it reopen?", "On Monday.", "n: 1"]]


def test_rows_have_no_opening():
    [(_, paragraphs, about)] = texts(read_jsonl(b'{"text": "A title\\n\\nvia RT\\n\\nProse."}'))

    assert (paragraphs, about) == (["A title", "via RT", "Prose."], {})


def test_a_quotation_mark_that_is_never_closed_does_not_take_the_rows():
    rows = "".join(f"{number}\tOak\n" for number in range(9))

    assert len(paragraphs_of(read_tsv(f'size\ttree\n"5 inch\tElm\n{rows}'.encode()))) == 10


def test_values_in_html_are_read_without_their_markup():
    value = {"title": "Gate", "content": "<p>It is <b>fixed</b>.</p><p>1 &lt; 2</p>", "code": "a<b"}

    assert paragraphs_of(read_jsonl(json.dumps(value).encode())) == [
        ["It is fixed.", "1 < 2", "code: a<b"]
    ]


def test_many_columns_and_many_short_rows_are_read_in_time():
    names = ",".join(f"n{number}" for number in range(100_000))
    rows = "x,y\n" * 5_000

    assert paragraphs_of(read_csv(f"{names}\n{rows}".encode()))[-1] == ["n0: x; n1: y"]


def test_a_long_value_of_digits_is_read_in_time():
    assert len(paragraphs_of(read_csv(b"a,b\n" + b"1" * 1_000_000 + b"abcd,2\n"))) == 1
