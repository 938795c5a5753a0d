"""A question that asks several things: each part has its passage, or is said to have none."""

import numpy as np
import pytest

from qa.answers.answer import AnswerPart
from qa.answers.parts import PartResult, judge_first, merge_parts, number_parts
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.factory import open_engine
from qa.index.passages import Passage
from qa.ranking.features import Feature
from qa.ranking.reranker import RankedPassage


def reply(settings, question, *turns, **options):
    searcher = open_engine(settings).searcher()
    return ask(searcher, settings, question, AskOptions(turns=turns, **options))


def place_parts(document_id, *duplicate_ids):
    passages = [Passage(id_, 0, 0, 4, "Text", "", "en") for id_ in (document_id, *duplicate_ids)]
    return RankedPassage(passages[0], 1.0, np.zeros(len(Feature)), duplicates=passages[1:])


def part(passage, verdict, confidence=0.5):
    return PartResult("…?", verdict, confidence, passage, None)


A, B, C, D = map(place_parts, "abcd")


def test_each_part_has_its_passage(observatory):
    answer = reply(observatory, "What did roofing cost and who mends telescopes?")
    texts = {passage.rank: passage.text for passage in answer.passages}
    cost, mender = answer.parts

    assert (cost.verdict, mender.verdict) == ("found", "found")
    assert "Roofing the main dome cost" in texts[cost.rank]
    assert "Pavel Orlic mends telescopes" in texts[mender.rank]


def test_one_passage_may_answer_all_parts(observatory):
    answer = reply(observatory, "Who compiled the atlas of comets and in what year?")

    assert [each.rank for each in answer.parts] == [1, 1]


def test_a_part_without_an_answer_is_named(observatory):
    answer = reply(observatory, "What did roofing cost and who won the regatta?")

    assert answer.verdict == "found"
    assert answer.parts[1] == AnswerPart("who won the regatta?", "none", None)
    assert answer.parts[1].outcome == "“who won the regatta?” has no clear answer."


def test_a_part_refers_to_those_before_it(observatory):
    answer = reply(observatory, "Who is Mira Sandoval and where did she come from?")

    assert answer.parts[1].rank == 1
    assert answer.passages[0].answer.text.startswith("Mira Sandoval")


def test_the_first_part_refers_to_the_conversation(observatory):
    answer = reply(
        observatory, "where did she come from and who mends telescopes?", "who is Mira Sandoval?"
    )

    assert {each.verdict for each in answer.parts} == {"found"}


def test_a_question_that_asks_one_thing_has_no_parts(observatory):
    assert reply(observatory, "What did roofing and ladders cost?").parts == ()


def test_a_passage_that_is_not_shown_has_no_rank(observatory):
    answer = reply(observatory, "What did roofing cost and who mends telescopes?", limit=1)

    assert sorted(str(each.rank) for each in answer.parts) == ["1", "None"]


@pytest.mark.parametrize(
    ("parts", "whole", "merged"),
    [
        ([part(C, "found"), part(B, "found")], "weak", [C, B, A]),
        ([part(C, "weak"), part(B, "found")], "weak", [B, C, A]),
        ([part(C, "none"), part(B, "found")], "none", [B, A, C]),
        ([part(C, "found"), part(B, "found")], "found", [A, C, B]),
        ([part(B, "found"), part(D, "found")], "weak", [B, D, A, C]),
        ([part(B, "found"), part(None, "none")], "weak", [B, A, C]),
    ],
)
def test_the_passages_of_the_parts_come_first(parts, whole, merged):
    assert merge_parts([A, B, C], parts, whole) == merged


def test_a_passage_and_its_duplicate_are_shown_once():
    twice = place_parts("a", "d")

    merged = merge_parts([twice, B], [part(D, "found"), part(B, "found")], "found")
    first, second = number_parts(merged, [part(D, "found"), part(B, "found")])

    assert merged == [twice, B]
    assert (first.rank, second.rank) == (1, 2)


def test_the_verdict_is_that_of_the_first_passage():
    parts = [part(B, "weak", 0.4), part(C, "found", 0.7)]

    assert judge_first(("none", 0.1), [B, C], parts) == ("weak", 0.4)
    assert judge_first(("none", 0.1), [A, B], parts) == ("none", 0.1)
    assert judge_first(("none", 0.1), [], []) == ("none", 0.1)
