"""CSV, TSV, JSON and JSON Lines -> one extract a row, one Skip for each row without a text."""

import json

import pytest

from qa.documents.document import Skip
from qa.documents.formats.rows import read_csv, read_json, read_jsonl, read_tsv
from qa.errors import UnreadableFileError


def texts(extracts):
    """The name, the paragraphs and the metadata of each extract; the reason of each Skip."""
    return [
        extract.reason
        if isinstance(extract, Skip)
        else (extract.name, [block.text for block in extract.blocks], extract.metadata)
        for extract in extracts
    ]


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
    assert texts(read_tsv(b"a, b\ttext\n1\tOne.\n")) == [("1", ["One."], {"a, b": "1"})]


@pytest.mark.parametrize(
    "name", ["text", "Content", "BODY", "article", "passage", "description", "the longest"]
)
def test_the_text_column_is_known_by_its_name_or_else_the_longest(name):
    data = f"note,{name}\nshort,A text that is longer.\nshort,Another.\n".encode()

    assert [paragraphs for _, paragraphs, _ in texts(read_csv(data))] == [
        ["A text that is longer."],
        ["Another."],
    ]


def test_a_row_without_text_is_skipped_by_its_number():
    assert texts(read_csv(b"title,text\nA,\nB,Two.\nC\n")) == [
        "row 1: no text",
        ("2", ["Two."], {"title": "B"}),
        "row 3: no text",
    ]


def test_cells_beyond_the_header_are_left_out():
    assert texts(read_csv(b"title,text\nA,One.,more,and more\n")) == [
        ("1", ["One."], {"title": "A"})
    ]


def test_a_cell_may_be_as_long_as_the_file():
    long = "word " * 100_000

    assert texts(read_csv(f'title,text\nA,"{long}"\n'.encode())) == [
        ("1", [long.strip()], {"title": "A"})
    ]


@pytest.mark.parametrize("data", [b"", b"\n", b"title,text\n"])
def test_a_table_without_rows_gives_nothing(data):
    assert list(read_csv(data)) == []


ROWS = [{"_id": "a", "text": "One.", "n": 1}, {"id": 7, "text": ["Two.", "Three."]}]
READ = [("a", ["One."], {"n": 1}), ("7", ["Two.", "Three."], {})]


@pytest.mark.parametrize("value", [ROWS, {"status": "ok", "tags": [], "articles": ROWS}])
def test_json_is_a_list_of_objects_or_holds_one(value):
    assert texts(read_json(json.dumps(value).encode())) == READ


def test_a_single_object_is_the_document_of_its_file():
    value = {"id": "x", "title": "Harbour", "text": "One.\n\nTwo.", "tags": ["a"]}

    assert texts(read_json(json.dumps(value).encode())) == [
        (None, ["One.", "Two."], {"title": "Harbour", "tags": ["a"]})
    ]


def test_items_that_are_no_texts_are_skipped_by_their_number():
    value = [1, {"title": "A"}, {"text": "  "}, None, {"text": "One."}]

    assert texts(read_json(json.dumps(value).encode())) == [
        "item 1: not an object",
        "item 2: no text",
        "item 3: no text",
        "item 4: not an object",
        ("5", ["One."], {}),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "not valid JSON"),
        (b"", "not valid JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b"[" + b"9" * 5000 + b"]", "a number too long"),
        (b"7", "no objects"),
        (b'{"title": "A"}', "no objects"),
        (b'{"a": [{"text": "x"}], "b": [{"text": "y"}]}', "no objects"),
    ],
)
def test_json_of_another_shape_is_refused(data, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        list(read_json(data))


def test_a_bad_line_is_skipped_and_the_others_kept():
    lines = ['{"_id": "a", "text": "One."}', "{oops", "", "[1]", '{"text": "Two\u2028three."}']

    assert texts(read_jsonl("\r\n".join(lines).encode())) == [
        ("a", ["One."], {}),
        "line 2: not valid JSON (expecting property name enclosed in double quotes at 1)",
        "line 4: not an object",
        ("5", ["Two three."], {}),
    ]


def test_rows_have_no_opening():
    [(_, paragraphs, about)] = texts(read_jsonl(b'{"text": "A title\\n\\nvia RT\\n\\nProse."}'))

    assert (paragraphs, about) == (["A title", "via RT", "Prose."], {})
