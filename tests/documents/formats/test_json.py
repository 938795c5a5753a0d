"""JSON and JSON Lines -> one extract a record, wherever an export put the records."""

import json

import pytest

from qa.documents.formats.rows import read_json, read_jsonl
from qa.errors import UnreadableFileError
from tests.documents.formats.extracts import paragraphs_of, texts

ROWS = [{"_id": "a", "text": "One.", "n": 1}, {"id": 7, "text": ["Two.", "Three."]}]
READ = [("a", ["One.", "n: 1"], {"n": 1}), ("7", ["Two.", "Three."], {})]


@pytest.mark.parametrize("value", [ROWS, {"status": "ok", "tags": [], "articles": ROWS}])
def test_json_is_a_list_of_objects_or_holds_one(value):
    assert texts(read_json(json.dumps(value).encode())) == READ


def test_a_single_object_is_the_document_of_its_file():
    value = {"id": "x", "title": "Harbour", "text": "One.\n\nTwo.", "tags": ["a"]}

    assert texts(read_json(json.dumps(value).encode())) == [
        (None, ["One.", "Two.", "tags: a"], {"title": "Harbour", "tags": ["a"]})
    ]


def test_items_that_are_no_texts_are_skipped_by_their_number():
    value = [1, {"title": " "}, {"title": "A", "text": "  "}, None, {"text": "One."}]

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
    ],
)
def test_json_of_another_shape_is_refused(data, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        list(read_json(data))


def test_an_object_without_a_text_is_read_with_the_names_of_its_fields():
    value = {"name": "Harbour office", "phone": "555-0100", "open": True, "fax": None}

    assert texts(read_json(json.dumps(value).encode())) == [
        (
            None,
            ["name: Harbour office; phone: 555-0100; open: true"],
            {**value, "title": value["name"]},
        )
    ]


@pytest.mark.parametrize(
    "record",
    [
        {"_id": "1", "_source": {"title": "Bridge", "body": "It reopens."}},
        {"id": "1", "type": "notice", "attributes": {"title": "Bridge", "body": "It reopens."}},
        {"node": {"fields": {"title": "Bridge", "body": "It reopens."}}},
        {"geometry": {"x": [1, 2]}, "properties": {"title": "Bridge", "body": "It reopens."}},
    ],
)
def test_wrapped_records_are_read(record):
    [(_, paragraphs, about)] = texts(read_jsonl(json.dumps(record).encode()))

    assert paragraphs[0] == "It reopens."
    assert about["title"] == "Bridge"


@pytest.mark.parametrize(
    "value",
    [
        {"data": [{"club": "Northport", "cups": 3}]},
        {"took": 3, "hits": {"total": 1, "hits": [{"_source": {"club": "Northport", "cups": 3}}]}},
        [["club", "cups"], ["Northport", 3]],
        {"club": ["Northport", "Southmere"], "cups": [3, 11]},
        [{"_source": {"club": "Northport", "cups": 3}}],
    ],
)
def test_records_are_found_where_exports_put_them(value):
    assert paragraphs_of(read_json(json.dumps(value).encode()))[0] == ["club: Northport; cups: 3"]


def test_all_lists_of_records_are_read_and_what_is_beside_them():
    value = {"a": [{"text": "x"}], "b": [{"text": "y"}], "note": "Two of them."}

    assert [row[:2] for row in texts(read_json(json.dumps(value).encode()))] == [
        ("a-1", ["x"]),
        ("b-1", ["y"]),
        ("0", ["note: Two of them."]),
    ]


def test_inner_objects_and_lists_are_named_by_their_way():
    value = {
        "name": "Vesa",
        "home": {"town": "Vell", "pier": {"number": 4}},
        "crew": [{"name": "Ann", "rank": "mate"}, {"name": "Bo"}],
        "colours": ["red", "blue"],
        "outline": [[0.1, 0.2], [0.3, 0.4]],
        "vector": [0.5] * 300,
        "hash": "0123456789abcdef0123456789abcdef",
    }

    assert paragraphs_of(read_json(json.dumps(value).encode())) == [
        [
            "name: Vesa; home town: Vell; home pier number: 4; colours: red, blue",
            "crew: name: Ann; rank: mate",
            "crew: name: Bo",
        ]
    ]


def test_a_bad_line_is_skipped_and_the_others_kept():
    lines = ['{"_id": "a", "text": "One."}', "{oops", "", "[1]", '{"text": "Two\u2028three."}']

    assert texts(read_jsonl("\r\n".join(lines).encode())) == [
        ("a", ["One."], {}),
        "line 2: not valid JSON (expecting property name enclosed in double quotes at 1)",
        "line 4: not an object",
        ("5", ["Two three."], {}),
    ]


@pytest.mark.parametrize("between", ["\n", "", ",\n"])
def test_objects_one_after_the_other_are_a_list(between):
    data = between.join(json.dumps(row, indent=1) for row in ROWS).encode()

    assert texts(read_json(data)) == READ


def test_an_object_of_objects_of_one_kind_is_a_list():
    value = {"Ann": {"room": 1, "phone": 2}, "Bo": {"room": 3}}

    assert paragraphs_of(read_json(json.dumps(value).encode())) == [
        ["name: Ann; room: 1; phone: 2"],
        ["name: Bo; room: 3"],
    ]


def test_an_object_of_questions_has_the_answers_as_values():
    value = {"When does it reopen?": "On Monday.", "Who runs it?": "The town."}

    assert paragraphs_of(read_json(json.dumps(value).encode())) == [
        ["When does it reopen?", "On Monday."],
        ["Who runs it?", "The town."],
    ]


def test_golden_questions_are_no_documents():
    rows = (
        b'{"question": "Who built it?", "contains": ["Brandt"], "document": "harbour"}\n'
        b'{"question": "Who sold it?", "verdict": "none"}\n'
        b'{"question": "Who guards it?", "answer": "The pilot guards it.", "document": "a"}\n'
    )
    first, second, pair = read_jsonl(rows)

    assert first.reason == "line 1: a golden question, which belongs in the index folder"
    assert second.reason.startswith("line 2: a golden question")
    assert [block.text for block in pair.blocks][:2] == ["Who guards it?", "The pilot guards it."]
