"""A saved quote, looked for again: unchanged, moved, gone, or nearly there."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.deadline import Deadline
from qa.answers.reanchoring import Quote, locate_quote, reanchor
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings
from qa.web.answering import verify_quotes

PIER = (
    "Captain Elsa Moberg demanded legal guarantees from the council that the pier would never"
    " be sold, and she repeated her demand in the spring."
)
STORM = "In October 1902 a storm broke the northern pier. Nobody was hurt."
ALTERED = PIER.replace("never be sold", "not be sold").replace("repeated her", "made this")


def make_document(id_, *paragraphs):
    return build_document(id_, f"{id_}.txt", [RawBlock(text) for text in paragraphs], Metadata(id_))


@pytest.fixture
def index(tmp_path):
    """Make an index of documents and ask it."""

    def over(*documents):
        settings = Settings(index=str(tmp_path))
        index_documents(documents, open_engine(settings), settings)
        return open_engine(settings).searcher()

    return over


def quote(of, exact):
    start = of.text.index(exact)
    return Quote(
        of.id,
        exact,
        of.text[max(0, start - 32) : start],
        of.text[start + len(exact) :][:32],
        start,
        of.sha256,
    )


HARBOUR = make_document("harbour", STORM, PIER, "The end.")
FERRY = make_document("ferry", "The ferry over the Vesa ran for ninety years.")


def test_what_stands_where_it_stood_is_unchanged(index):
    result = reanchor(quote(HARBOUR, PIER), index(HARBOUR, FERRY))

    assert (result.state, result.document, result.near) == ("unchanged", "unchanged", None)
    assert result.citation.exact == PIER
    assert result.citation.start == HARBOUR.text.index(PIER)


def test_a_change_elsewhere_in_the_document_leaves_it_unchanged(index):
    changed = make_document("harbour", STORM, PIER, "Another end.")
    result = reanchor(quote(HARBOUR, PIER), index(changed))

    assert (result.state, result.document) == ("unchanged", "changed")


def test_what_stands_elsewhere_in_its_document_has_moved(index):
    changed = make_document("harbour", "A new beginning.", STORM, PIER)
    result = reanchor(quote(HARBOUR, PIER), index(changed))

    assert (result.state, result.document) == ("moved", "changed")
    assert result.citation.start == changed.text.index(PIER)
    assert result.citation.paragraph == 3


def test_what_stands_in_another_document_has_moved(index):
    renamed = make_document("port", STORM, PIER)
    result = reanchor(quote(HARBOUR, PIER), index(FERRY, renamed))

    assert (result.state, result.document) == ("moved", "gone")
    assert result.citation.document_id == "port"


def test_what_is_nowhere_is_gone(index):
    result = reanchor(quote(HARBOUR, PIER), index(FERRY))

    assert (result.state, result.document) == ("gone", "gone")
    assert result.citation is result.near is None


@pytest.mark.parametrize("name", ["harbour", "port"])
def test_where_nearly_the_same_stands_is_told(index, name):
    result = reanchor(
        quote(HARBOUR, PIER), index(FERRY, make_document(name, STORM, ALTERED, "The end."))
    )

    assert result.state == "gone"
    assert result.citation is None
    assert result.near.citation.document_id == name
    assert result.near.citation.exact == ALTERED.rstrip(".")
    assert 0.8 < result.near.similarity < 1


def test_white_space_does_not_matter(index):
    result = reanchor(
        Quote("harbour", PIER.replace(" ", "\n ", 3)), index(make_document("harbour", STORM, PIER))
    )

    assert (result.state, result.citation.exact) == ("unchanged", PIER)


def test_of_several_places_the_one_in_its_old_context_is_taken():
    again = "It was sold."
    text = f"The bridge was built. {again} The pier was broken. {again} The end."
    quote = Quote("x", again, prefix="The pier was broken. ", suffix=" The end.", start=0)

    assert locate_quote(quote, text).start == text.rindex(again)
    assert locate_quote(dataclasses.replace(quote, prefix="", suffix=""), text).start == text.index(
        again
    )


def test_words_that_say_nothing_and_marks_are_looked_for_as_they_are(index):
    odd = make_document("odd", 'He said: "-who (is) [the] a.*b?" and left.')
    searcher = index(odd, FERRY)

    for exact in ('"-who (is) [the] a.*b?"', "-who", "?", "and"):
        assert reanchor(Quote("odd", exact), searcher).state == "unchanged"
        assert reanchor(Quote("gone", exact), searcher).state in {"moved", "gone"}


@given(
    before=st.lists(st.sampled_from([STORM, "Something else.", "NATO 北约 répond."]), max_size=3),
    behind=st.lists(st.sampled_from([STORM, "The end.", "Ω"]), max_size=3),
)
def test_wherever_it_went_it_is_found_word_for_word(before, behind):
    text = "\n\n".join([*before, PIER, *behind])

    assert text[slice(*locate_quote(quote(HARBOUR, PIER), text))] == PIER


TOWNS = ("Lindholm", "Moberg", "Vesa", "Falk", "Brandt", "Osby", "Tarn", "Ulm", "Ystad", "Skara")


def make_town(number, verb="demanded"):
    """A document of its own words."""
    name = f"{TOWNS[number % 10]}{number}"
    sentences = [
        f"The council of {name} {verb} the {thing} of {name} in {1800 + number}, and sold it again."
        for thing in ("harbour", "pier", "bridge", "ferry", "mill", "station", "school")
    ]
    return make_document(f"town{number}", " ".join(sentences), f"{name} is a town.")


def test_fifty_citations_of_documents_that_changed_are_all_looked_for(index):
    before = [make_town(number) for number in range(50)]
    searcher = index(*(make_town(number, "bought") for number in range(50)))
    quotes = [quote(document, document.text.partition("\n")[0]) for document in before]
    body = verify_quotes(quotes, searcher, Deadline.after(3600))

    assert not body.partial
    assert [anchor.state for anchor in body.citations] == ["gone"] * 50
    assert [anchor.near.citation.document_id for anchor in body.citations] == [
        document.id for document in before
    ]


def test_word_for_word_in_another_document_comes_before_altered_in_its_own(index):
    copy = make_document("copy", STORM, PIER)
    result = reanchor(quote(HARBOUR, PIER), index(make_document("harbour", STORM, ALTERED), copy))

    assert (result.state, result.citation.document_id) == ("moved", "copy")


def test_where_it_is_altered_in_its_own_document_that_is_the_place(index):
    altered = make_document("harbour", STORM, ALTERED)
    other = make_document("other", PIER.replace("never be sold", "never be lost"))
    result = reanchor(quote(HARBOUR, PIER), index(altered, other))

    assert (result.state, result.near.citation.document_id) == ("gone", "harbour")


def test_the_own_document_comes_before_one_with_the_same_words_in_another_order(index):
    altered = make_document("harbour", STORM, ALTERED)
    other = make_document("other", " ".join(reversed(PIER.split())))
    result = reanchor(quote(HARBOUR, PIER), index(altered, other))

    assert (result.state, result.near.citation.document_id) == ("gone", "harbour")


@pytest.mark.parametrize("exact", ["pier", "the pier", "never be sold", "elsa moberg's pier"])
def test_a_quote_of_few_words_is_found_in_another_document(index, exact):
    result = reanchor(
        Quote("lost", exact), index(FERRY, make_document("new", f"So {exact} it is."))
    )

    assert (result.state, result.citation.document_id) == ("moved", "new")
    assert result.citation.exact == exact


@pytest.mark.parametrize("exact", [" pier would never be so", "arantees from the council t"])
def test_words_that_a_quote_cuts_do_not_matter(index, exact):
    result = reanchor(Quote("lost", exact), index(FERRY, HARBOUR))

    assert (result.state, result.citation.document_id) == ("moved", "harbour")


def test_a_quote_without_spaces_is_found_in_another_document(index):
    exact = "普京要求北约保证不再接纳新成员，各国拒绝了他提出的要求。" * 3
    result = reanchor(
        Quote("lost", exact), index(FERRY, make_document("new", f"前言。{exact}后记。"))
    )

    assert (result.state, result.citation.document_id) == ("moved", "new")


def test_quotes_of_one_document_open_it_once(index, monkeypatch):
    searcher = index(make_document("harbour", STORM, ALTERED), FERRY)
    opened, citable = [], searcher.citable
    monkeypatch.setattr(searcher, "citable", lambda id_: opened.append(id_) or citable(id_))
    body = verify_quotes([quote(HARBOUR, PIER)] * 5, searcher)

    assert {anchor.near.citation.document_id for anchor in body.citations} == {"harbour"}
    assert opened == ["harbour"]


def test_a_long_document_is_looked_at_only_around_the_words(index):
    filler = [f"In {year} nothing happened at all in the town of Falk." for year in range(1000)]
    changed = make_document("harbour", *filler, ALTERED, *filler)
    result = reanchor(quote(HARBOUR, PIER), index(changed))

    assert len(changed.text) > 60_000
    assert result.near.citation.exact == ALTERED.rstrip(".")
