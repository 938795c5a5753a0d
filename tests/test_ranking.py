"""Ranking: order, marks, the answering sentence, folding, places per document."""

import pytest

from qa.documents import Metadata, RawBlock, document
from qa.engines.base import Candidate
from qa.passages import split
from qa.queries import read
from qa.ranking import Rarity, confidence, rank


def passages(*texts, title="", ids=None):
    for n, text in enumerate(texts):
        name = ids[n] if ids else f"d{n}"
        yield from split(document(name, name, [RawBlock(text)], Metadata(title)))


def ranked(question, *texts, limit=10, frequencies=None, **more):
    query = read(question)
    counts = {stem: 1 for term in query.terms for stem in term.stems} | (frequencies or {})
    candidates = [Candidate(passage, 1.0) for passage in passages(*texts, **more)]
    return rank(query, question, candidates, Rarity(query, counts, 100), limit)


def test_what_holds_more_of_the_question_comes_first():
    found = ranked("grain price in Odesa", "Grain is dear.", "The price of grain in Odesa rose.")

    assert found[0].passage.document_id == "d1"
    assert found[0].evidence.missing == ()


def test_what_holds_far_less_than_the_best_is_not_shown():
    frequencies = {"grain": 50}
    texts = ("Grain is dear.", "The price of grain in Odesa rose.")

    assert len(ranked("grain price in Odesa", *texts, frequencies=frequencies)) == 1


def test_neighbouring_words_count_as_neighbours():
    found = ranked("open door policy", "A policy of an open, old door.", "The open door policy.")

    assert found[0].passage.document_id == "d1"
    assert found[0].evidence.phrase == "open door policy"


def test_all_forms_of_a_word_are_marked():
    (found,) = ranked("guarantee demands", "He demanded a guarantee, two guarantees.")

    assert [found.passage.text[s.start : s.end] for s in found.evidence.marks] == [
        "demanded", "guarantee", "guarantees",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (
            "When was the pact signed?",
            "The pact was signed with care. The pact was signed in May 1997. It ended.",
            "The pact was signed in May 1997.",
        ),
        (
            "Why did the talks fail?",
            "The talks did fail. The talks did fail because both sides wanted the port.",
            "The talks did fail because both sides wanted the port.",
        ),
        (
            "How many ships were lost?",
            "Ships were lost. Three hundred ships were lost in the storm.",
            "Three hundred ships were lost in the storm.",
        ),
        (
            "Who signed the pact?",
            "They signed the pact at noon. Anna Lind signed the pact for the town.",
            "Anna Lind signed the pact for the town.",
        ),
        (
            "Where did the delegates meet?",
            "The delegates did meet twice. The delegates meet again in Geneva now.",
            "The delegates meet again in Geneva now.",
        ),
    ],
)
def test_the_sentence_that_holds_what_was_asked_for_is_marked(question, text, expected):
    (found,) = ranked(question, text)
    answer = found.evidence.answer

    assert found.passage.text[answer.start : answer.end] == expected


def test_no_sentence_is_marked_where_none_holds_a_fair_part():
    rare = {"zebra": 0, "quagga": 0, "appl": 90}
    (found,) = ranked("zebra quagga apple", "An apple fell.", frequencies=rare)

    assert found.evidence.answer is None
    assert confidence([found]) < 0.3


def test_a_passage_that_says_the_same_is_folded_into_the_first():
    text = "The council of the town paid four million crowns for the new pier in the spring."
    found = ranked("who paid for the pier?", text, text.replace("spring", "autumn"))

    assert len(found) == 1
    assert [p.document_id for p in found[0].duplicates] == ["d1"]


def test_no_document_has_more_than_two_of_the_first_five():
    texts = [f"The pier number {n} {word} {word} {word}." for n, word in enumerate("abcdefgh")]
    ids = ["one"] * 5 + ["two", "three", "four"]
    first = ranked("pier number", *texts, ids=ids)[:5]

    assert len(first) == 5
    assert [r.passage.document_id for r in first].count("one") == 2


def test_a_document_alone_may_have_all_places():
    texts = [f"The pier number {n} {word} {word} {word}." for n, word in enumerate("abcd")]

    assert len(ranked("pier number", *texts, ids=["one"] * 4)) == 4


def test_equal_passages_are_in_the_order_of_their_documents():
    texts = [f"Apples {word}." for word in ("red", "green", "blue")]

    assert [r.passage.document_id for r in ranked("apples", *texts, ids=["c", "a", "b"])] == [
        "a", "b", "c",
    ]  # fmt: skip


def test_nothing_proposed_is_nothing_sure():
    assert confidence([]) == 0.0
