"""How often each verdict is right, and topics that are refused."""

import dataclasses

from qa.evaluation.runner import QuestionResult, RankedPassage
from qa.evaluation.sets import EvaluationQuestion
from qa.evaluation.verdicts import ROWS, count_refused_topics, count_verdicts, draw_topics
from qa.settings import Settings
from tests.evaluation.small_set import evaluate, write_set

QUESTION = EvaluationQuestion("q", "Who?", relevant={"a": 1}, answers=("Brandt",))
RIGHT = RankedPassage(("a",), "It was Brandt.")
WRONG = RankedPassage(("b",), "It rained.")


def result(verdict, *passages, question=QUESTION):
    return QuestionResult(question, passages, 0.5, 1.0, verdict)


def test_verdicts_are_counted_by_the_rank_of_the_right_passage():
    impossible = dataclasses.replace(QUESTION, impossible=True, answers=())
    results = [
        result("found", RIGHT),
        result("found", RIGHT, WRONG),
        result("weak", WRONG, RIGHT),
        result("none", *[WRONG] * 5, RIGHT),
        result("none", question=impossible),
    ]
    table = count_verdicts(results, [result("found", WRONG)])

    assert [[*table[row].values()] for row in ROWS] == [[2, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]]


def test_questions_without_any_judgement_are_not_counted():
    unjudged = dataclasses.replace(QUESTION, relevant={}, answers=())
    table = count_verdicts([result("found", RIGHT, question=unjudged)], [])

    assert sum(sum(row.values()) for row in table.values()) == 0


def test_topics_are_names_of_titles_that_many_passages_have(searcher):
    assert draw_topics(searcher) == []
    assert count_refused_topics(searcher, Settings(), ["harbour", "zebra", "Vesa"]) == 1


def test_the_table_of_verdicts_is_printed_below_the_measures(tmp_path):
    lines = evaluate(write_set(tmp_path / "set")).output.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("passages"))

    assert lines[start].split() == ["passages", "found", "weak", "none"]
    assert [line.split("  ")[0] for line in lines[start + 1 :]] == list(ROWS)
