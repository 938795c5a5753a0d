"""The place of a citation, in files with pages, rows, times and so on."""

import dataclasses
import datetime
import json

import pytest

from qa.analysis.tokenizer import Span
from qa.answers.answer import build_citation
from qa.answers.citation_formats import format_csl_json, format_text
from qa.answers.reference import Reference
from qa.documents.document import Document, Metadata, RawBlock, build_document

BLOCKS = [RawBlock("Ships", 1, 3), RawBlock("The ferry runs daily.", 0, 3), RawBlock("End.", 0, 75)]


def document(unit):
    made = build_document("ship", "ship.x", BLOCKS, Metadata("Ship"), unit)
    return dataclasses.replace(made, omissions=("2 pictures",))


def reference(unit, start, end):
    made = document(unit)
    citation = build_citation(made, Span(start, end))
    return Reference(made, citation, "http://x/", datetime.date(2026, 1, 2), "g1")


@pytest.mark.parametrize(
    ("unit", "place", "page"),
    [
        ("page", "p. 75", 75),
        ("slide", "slide 75", 75),
        ("row", "row 75", None),
        ("line", "line 75", None),
        ("message", "message 75", None),
        ("time", "0:01:15", None),
    ],
)
def test_a_citation_has_the_place_in_words_and_pages_as_numbers(unit, place, page):
    citation = build_citation(document(unit), Span(30, 34))

    assert (citation.exact, citation.place, citation.page) == ("End.", place, page)


def test_a_document_without_pages_has_no_place():
    made = build_document("a", "a.txt", [RawBlock("Text.")], Metadata("A"))

    assert made.place_at(0) is None


@pytest.mark.parametrize(
    ("unit", "place"),
    [("page", "pp. 3–75"), ("slide", "slide 3–75"), ("time", "0:00:03–0:01:15")],
)
def test_a_written_citation_has_the_first_and_the_last_place(unit, place):
    assert f"¶ 1–2, {place}" in format_text(reference(unit, 7, 34))


def test_a_row_is_no_page_for_programs():
    [item] = json.loads(format_csl_json(reference("row", 7, 34)))

    assert "page" not in item


def test_places_and_omissions_are_stored_with_the_document():
    made = document("time")

    assert Document.from_json(made.to_json()) == made
    assert made.omissions == ("2 pictures",)


def test_a_document_of_an_older_index_has_pages():
    record = document("page").to_record()
    del record["page_unit"], record["omissions"]

    assert Document.from_record({**record, "text": "x"}).page_unit == "page"
