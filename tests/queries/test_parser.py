"""Questions become queries; no character of a question is an accident."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import FilterError, QuestionError
from qa.queries.parser import parse_query, prune_terms
from qa.queries.query import CARRYOVER_WEIGHT, Filters


def words_of(question, **more):
    return [term.word for term in parse_query(question, **more).terms]


def test_question_words_are_ignored_and_told():
    query = parse_query("what guarantees did Putin demand?")

    assert [term.word for term in query.terms] == ["guarantees", "Putin", "demand"]
    assert query.ignored_words == ("what", "did")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("WHO chief on US IT exports in May", ["WHO", "chief", "US", "IT", "exports", "May"]),
        ("What will Will Smith do?", ["Will", "Smith"]),
        ("WHAT DID PUTIN DEMAND FROM US", ["putin", "demand"]),
        ("AT&T", ["AT&T"]),
        ("Hale resigned. What did Will say?", ["Hale", "resigned", "Will", "say"]),
    ],
)
def test_names_that_look_like_little_words_are_kept(question, expected):
    assert words_of(question) == expected


def test_the_capital_of_a_sentence_makes_no_name_of_a_little_word():
    question = "“We agree,” Hale said. The board met Dr. Orr. What will he do?"

    assert words_of(question) == ["agree", "Hale", "said", "board", "met", "Dr", "Orr"]


def test_where_all_words_are_little_words_all_are_looked_for():
    query = parse_query("to be or not to be")

    assert [term.word for term in query.terms] == ["to", "be", "or", "not"]
    assert query.ignored_words == ()


def test_quoted_words_are_required_together():
    query = parse_query('who said "grand bargain" and “new deal”?')

    assert [phrase.terms for phrase in query.phrases] == [("grand", "bargain"), ("new", "deal")]
    assert {"grand", "bargain", "new", "deal"} <= {term.term for term in query.terms}


def test_a_minus_excludes_a_word_or_a_phrase():
    query = parse_query('Russia -Kalin -"open door" post-war -5')

    assert [phrase.terms for phrase in query.excluded_phrases] == [("open", "door"), ("kalin",)]
    assert [term.word for term in query.terms] == ["Russia", "post", "war", "5"]


def test_operators_of_query_languages_are_only_words():
    assert words_of("title:putin AND (demand* OR guarant?es)~2 ^4") == [
        "title", "putin", "AND", "demand", "OR", "guarant", "es", "2", "4",
    ]  # fmt: skip


def test_a_word_has_a_stem_for_each_language_of_the_index():
    (term,) = parse_query("Sanktionen", languages=("en", "de")).terms

    assert term.stems == ("sanktionen", "sanktion")


def test_carried_words_count_less_than_typed_ones():
    terms = parse_query("and the Putin visit?", carried_words=("guarantees", "Putin")).terms

    assert {term.word: term.weight for term in terms} == {
        "Putin": 1.0, "visit": 1.0, "guarantees": CARRYOVER_WEIGHT,
    }  # fmt: skip


def test_carried_words_are_looked_for_too():
    assert words_of("why?", carried_words=("guarantees", "Putin")) == ["guarantees", "Putin"]


@pytest.mark.parametrize("question", ["", "  ", "?!…", "\x00\x01", "-Putin", '""'])
def test_a_question_without_words_is_refused(question):
    with pytest.raises(QuestionError, match="type at least one"):
        parse_query(question)


def test_a_question_that_is_too_long_is_refused():
    with pytest.raises(QuestionError, match="at most 2,000"):
        parse_query("a" * 10_000)


@given(st.text())
def test_any_string_is_a_query_or_refused(question):
    try:
        query = parse_query(question)
    except QuestionError:
        return

    assert query.terms
    assert all(term.stems and all(term.stems) for term in query.terms)


def test_of_a_long_question_the_rarest_words_are_looked_for():
    query = parse_query("which grain ships left Odesa in August?")
    counts = {"grain": 9, "ship": 50, "left": 70, "odesa": 2, "august": 8}
    narrow = prune_terms(query, counts, 3)

    assert [term.word for term in narrow.terms] == ["grain", "Odesa", "August"]
    assert narrow.ignored_words == ("which", "in", "ships", "left")
    assert prune_terms(query, counts, 5) == query


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(FilterError, match="swap"):
        Filters(date_from=datetime.date(2022, 1, 2), date_to=datetime.date(2022, 1, 1))
