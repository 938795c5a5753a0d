"""Answers: every quote stands where its citation says; addresses that find it again."""

import dataclasses
import hashlib
from urllib.parse import parse_qs, quote, unquote, urlsplit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import Span
from qa.answers.answer import build_citation, build_fragment_url, quote_passage
from qa.documents.document import Metadata, Page, RawBlock, build_document
from qa.errors import CorruptIndexError
from qa.index.passages import split_passages
from qa.ranking.features import Feature
from qa.ranking.highlighter import Highlight
from qa.ranking.reranker import RankedPassage

URL = "https://paper.example/a"


def example(**more):
    blocks = [
        RawBlock("First one. Then two.", 0, 3),
        RawBlock("Head", 2, 3),
        RawBlock("End.", 0, 4),
    ]
    return build_document("sub/d é", "d.pdf", blocks, Metadata("T", url=URL, **more))


def quote_passage_of(document, number=0, answer=None, rank=1):
    return quote_passage(
        rank_passage(split_passages(document)[number]),
        Highlight(answer_span=answer),
        rank,
        document,
        [],
        "id",
    )


def rank_passage(passage):
    return RankedPassage(passage, 1.0, np.zeros(len(Feature)))


def test_a_quote_carries_its_place_and_its_surroundings():
    quote = quote_passage_of(example(), answer=Span(11, 20))

    assert quote.answer.text == "Then two."
    assert quote.citation.exact == quote.text == "First one. Then two."
    assert (quote.citation.paragraph, quote.citation.page, quote.citation.section) == (1, 3, None)
    assert (quote.citation.prefix, quote.citation.suffix) == ("", "\n\nHead\n\nEnd.")
    assert quote.citation.sha256 == example().sha256


def test_the_records_of_a_quote_have_all_of_their_fields_in_order():
    quote = quote_passage_of(example(), answer=Span(11, 20))
    for record in (quote, quote.citation, quote.reasons, quote.answer):
        assert [*vars(record)] == [field.name for field in dataclasses.fields(record)]


def test_a_section_and_a_later_page_are_named():
    quote = quote_passage_of(example(), 1)

    assert (quote.citation.section, quote.citation.page) == ("Head", 4)


def test_a_quote_that_does_not_stand_in_the_document_never_leaves():
    passage = dataclasses.replace(split_passages(example())[0], text="First one. Then too.")

    with pytest.raises(CorruptIndexError, match="qa index"):
        quote_passage(rank_passage(passage), Highlight(), 1, example(), [], "id")


def test_the_read_address_says_where_and_of_which_text():
    address = urlsplit(quote_passage_of(example(), answer=Span(11, 20)).citation.read_url)

    assert unquote(address.path) == "/documents/sub/d é"
    assert parse_qs(address.query) == {
        "cite": ["0-20"],
        "answer": ["11-20"],
        "sha256": [example().sha256[:12]],
        "quote": [hashlib.sha256(example().text[0:20].encode()).hexdigest()[:12]],
    }
    assert address.fragment == "p1"


@given(st.text(min_size=1), st.data())
def test_any_citation_finds_its_words_in_the_text(text, data):
    document = build_document("d", "d", [RawBlock(text)], Metadata("T"))
    start = data.draw(st.integers(0, len(document.text)))
    end = data.draw(st.integers(start, len(document.text)))
    place = build_citation(document, Span(start, end))

    assert place.prefix + place.exact + place.suffix in document.text
    assert document.text[place.start : place.end] == place.exact


def test_a_fragment_of_a_short_quote_is_the_whole_quote():
    assert build_fragment_url(URL, "a-b, c & d") == f"{URL}#:~:text=a%2Db%2C%20c%20%26%20d"


@given(st.text(max_size=80).filter(lambda text: "\n\n" not in text))
def test_a_fragment_is_quoted_as_any_part_of_an_address(text):
    expected = quote(text, safe="").replace("-", "%2D")

    assert build_fragment_url(URL, text) == f"{URL}#:~:text={expected}"


def test_a_fragment_of_a_long_quote_is_its_two_ends():
    address = build_fragment_url(URL, " ".join(f"word{n}" for n in range(40)))

    assert address == (
        f"{URL}#:~:text=word0%20word1%20word2%20word3%20word4,"
        "word35%20word36%20word37%20word38%20word39"
    )


def test_a_fragment_over_several_paragraphs_is_its_two_ends():
    assert build_fragment_url(URL, "One.\n\nTwo or\n\nthree.") == f"{URL}#:~:text=One.,three."


def test_a_fragment_goes_behind_an_anchor_and_needs_an_address():
    assert build_fragment_url(URL + "#x", "a") == f"{URL}#x:~:text=a"
    assert build_fragment_url(None, "a") is None


def test_words_that_no_address_has_room_for_are_in_none():
    assert build_fragment_url(URL, "a" * 1_000_000) is None
    assert build_fragment_url(URL, f"{'a' * 1_000_000} b c d e f g h i j k l m") is None


def test_pages_are_those_of_the_answer_not_of_the_start():
    document = dataclasses.replace(example(), pages=(Page(0, 3), Page(11, 4)))

    assert quote_passage_of(document, answer=Span(11, 20)).citation.page == 4
