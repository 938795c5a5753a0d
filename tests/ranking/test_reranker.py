"""Ranking: order, folding, places per document, ties."""

import datetime
from dataclasses import fields, replace

import pytest

from qa.documents.document import Metadata
from qa.queries.entities import QuestionEntities
from qa.queries.parser import parse_query
from qa.ranking.features import compute_features
from qa.ranking.reranker import RankedPassage, RankingOptions, load_ranking_weights, rank
from tests.ranking.candidates import candidates, passages, rank_texts, term_statistics


def first(passages):
    return passages[0].passage.document_id


def test_what_holds_more_of_the_question_comes_first():
    texts = ("Grain is dear.", "The price of grain in Odesa rose.")

    assert first(rank_texts("grain price in Odesa", *texts)) == "d1"


def test_a_ranked_passage_has_all_of_its_fields():
    (ranked,) = rank_texts("grain", "Grain is dear.")

    assert [*vars(ranked)] == [field.name for field in fields(RankedPassage)]


def test_what_holds_far_less_than_the_best_comes_last_and_what_holds_nothing_not_at_all():
    texts = ("Grain is dear.", "Fish is cheap.", "The price of grain in Odesa rose.")
    passages = rank_texts("grain price in Odesa", *texts, frequencies={"grain": 50})

    assert [r.passage.document_id for r in passages] == ["d2", "d0"]


DATES = [None, datetime.date(2021, 5, 1), datetime.date(2022, 1, 1), datetime.date(2021, 5, 1)]


@pytest.mark.parametrize(("sort", "ids"), [("newest", "cbda"), ("oldest", "bdca")])
def test_passages_are_ordered_by_date_the_undated_last(sort, ids):
    texts = [f"Grain {word}." for word in ("dear", "cheap", "rotten", "wet")]
    about = [Metadata("", date=date) for date in DATES]
    passages = rank_texts("grain", *texts, ids="abcd", about=about, sort=sort)

    assert [r.passage.document_id for r in passages] == list(ids)


def test_by_date_what_holds_far_less_than_the_best_is_not_shown():
    texts = ("Grain is dear.", "The price of grain in Odesa rose.")
    about = [Metadata("", date=date) for date in DATES[1:3]]
    passages = rank_texts("grain price in Odesa", *texts, about=about, sort="oldest")

    assert [r.passage.document_id for r in passages] == ["d1"]


def test_by_date_what_only_mentions_a_topic_gives_way_to_what_is_about_it():
    texts = (f"{'Grain rose. ' * 15}So did fish.", "Fish. Fish is dear.")
    about = [Metadata("", date=date) for date in DATES[1:3]]
    passages = rank_texts("fish", *texts, about=about, sort="oldest", topic=True)

    assert [r.passage.document_id for r in passages] == ["d1"]


def test_for_a_topic_each_document_comes_once_before_any_comes_twice():
    texts = [f"The pier number {n} {word} {word} {word}." for n, word in enumerate("abcdef")]
    ids = ["one"] * 4 + ["two", "three"]
    passages = rank_texts("pier", *texts, ids=ids, topic=True)

    assert sorted(r.passage.document_id for r in passages[:3]) == ["one", "three", "two"]
    assert {r.passage.document_id for r in passages[3:]} == {"one"}


def test_neighbouring_words_count_as_neighbours():
    texts = ("A policy, an old one, of the door that was never open.", "The open door policy.")

    assert first(rank_texts("open door policy", *texts)) == "d1"


def test_the_publisher_and_the_date_that_are_named_come_first():
    texts = ("The harbour froze in the winter.", "The harbour froze in the winter, they say.")
    about = [
        Metadata("", publisher="Vesa Courier", date=datetime.date(2021, 12, 3)),
        Metadata("", publisher="Northern Gazette", date=datetime.date(2022, 3, 1)),
    ]

    def best(question):
        return first(rank_texts(question, *texts, about=about, ids=["a", "b"]))

    assert best("what did the Northern Gazette write of the harbour?") == "b"
    assert best("what did the Vesa Courier write of the harbour?") == "a"
    assert best("did the harbour freeze in March 2022?") == "b"
    assert best("did the harbour freeze on 3 December 2021?") == "a"


def test_a_passage_that_says_the_same_is_folded_into_the_first():
    text = "The council of the town paid four million crowns for the new pier in the spring."
    passages = rank_texts("who paid for the pier?", text, text.replace("spring", "autumn"))

    assert len(passages) == 1
    assert [p.document_id for p in passages[0].duplicates] == ["d1"]


def test_texts_without_spaces_are_folded_by_their_characters():
    text = "市议会在春天为新码头支付了四百万克朗,这是多年来最大的一笔开支。"
    other = "渔民们在码头修理他们的船,孩子们在旁边的沙滩上玩耍直到天黑。"
    passages = rank_texts("码头", text, text.replace("春天", "秋天"), other)

    assert {first([r]): [p.document_id for p in r.duplicates] for r in passages} == {
        "d0": ["d1"],
        "d2": [],
    }


def test_no_document_has_more_than_two_of_the_first_five():
    texts = [f"The pier number {n} {word} {word} {word}." for n, word in enumerate("abcdefgh")]
    ids = ["one"] * 5 + ["two", "three", "four"]
    passages = rank_texts("pier number", *texts, ids=ids)

    assert [r.passage.document_id for r in passages[:5]].count("one") == 2
    assert len(passages) == 8


@pytest.mark.parametrize(
    ("question", "most"), [("pier number", 2), ("pier number in the Long Summer of Vesa", 5)]
)
def test_a_document_that_is_named_may_have_all_places(question, most):
    texts = [f"The pier number {n} {word} {word} {word}." for n, word in enumerate("abcdefgh")]
    about = [Metadata("The Long Summer of Vesa")] * 5 + [Metadata("Other")] * 3
    ids = ["one"] * 5 + ["two", "three", "four"]
    passages = rank_texts(question, *texts, ids=ids, about=about)[:5]

    assert [r.passage.document_id for r in passages].count("one") == most


def test_a_document_alone_may_have_all_places():
    texts = [f"The pier number {n} {word} {word} {word}." for n, word in enumerate("abcd")]

    assert len(rank_texts("pier number", *texts, ids=["one"] * 4)) == 4


def test_passages_beyond_the_share_of_their_document_are_not_read():
    words = [" ".join(f"{letter}{n}" for letter in "abcdefgh") for n in range(80)]
    texts = [f"The pier, the pier, {text}." for text in words[:79]] + [f"Pier: {words[79]}."]
    query = parse_query("pier")
    passage_list = list(passages(*texts, ids=["one"] * 79 + ["two"]))
    read = []
    columns = replace(
        candidates(query, passage_list),
        read_passages=lambda places: [read.append(n) or passage_list[n] for n in places],
    )
    entities = QuestionEntities("pier")
    rows = compute_features(query, entities, columns, term_statistics(query))
    ranked = rank(columns, rows, load_ranking_weights(), 5, RankingOptions(entities))

    assert [r.passage.document_id for r in ranked] == ["one", "one", "two", "one", "one"]
    assert len(read) < 20


def test_equal_passages_are_in_the_order_of_their_documents():
    texts = [f"Apples {word}." for word in ("red", "green", "blue")]
    passages = rank_texts("apples", *texts, ids=["c", "a", "b"])

    assert [r.passage.document_id for r in passages] == ["a", "b", "c"]


def test_a_limit_takes_the_best():
    texts = [f"Pier {'pier ' * n}and {n} {word}." for n, word in enumerate("abcdefghij")]

    assert rank_texts("pier", *texts, limit=3) == rank_texts("pier", *texts, limit=10)[:3]
