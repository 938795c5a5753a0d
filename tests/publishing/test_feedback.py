"""Judgements in a file, and the golden questions that they make."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.errors import IndexingError
from qa.publishing.feedback import (
    Judgement,
    append_judgement,
    make_golden_questions,
    read_judgements,
)
from qa.publishing.gate import read_golden_questions

YES = Judgement(
    "2026-01-02T03:04:05+00:00", "Who?", ("The pier",), "harbour", ("Elsa Möberg",), True, "0" * 12
)
NO = dataclasses.replace(YES, right=False)
OTHER = dataclasses.replace(YES, document="bridge", contains=("Mayor Falk",))


def golden(*judgements):
    return [(row["document"], row["contains"]) for row in make_golden_questions(judgements)]


def test_what_is_written_is_read_back_also_as_golden_questions(tmp_path):
    path = tmp_path / "judgements.jsonl"
    for judgement in (YES, NO, OTHER):
        append_judgement(path, judgement)

    assert [*read_judgements(path)] == [YES, NO, OTHER]
    assert [(q.question, q.right) for q in read_golden_questions(path)] == [
        ("Who?", True),
        ("Who?", False),
        ("Who?", True),
    ]


def test_lines_of_many_writers_stay_whole(tmp_path):
    path = tmp_path / "judgements.jsonl"
    long = dataclasses.replace(YES, contains=("ö" * 20_000,))
    with ThreadPoolExecutor(8) as pool:
        [*pool.map(lambda _: append_judgement(path, long), range(40))]

    assert [*read_judgements(path)] == [long] * 40


@pytest.mark.parametrize("line", ["{", "[]", '{"question": "Who?"}', "7", "null"])
def test_a_line_that_is_none_is_named(tmp_path, line):
    path = tmp_path / "judgements.jsonl"
    path.write_text(YES.to_json() + "\n" + line + "\n")
    with pytest.raises(IndexingError, match="line 3"):
        [*read_judgements(path)]


def test_a_question_is_golden_with_the_passage_that_most_readers_found_right():
    assert golden(NO) == golden(YES, NO) == golden() == []
    assert golden(YES) == golden(YES, YES, NO) == [("harbour", ["Elsa Möberg"])]
    assert golden(YES, OTHER, OTHER) == [("bridge", ["Mayor Falk"])]
    assert golden(YES, dataclasses.replace(OTHER, question="WHO?")) == [
        ("harbour", ["Elsa Möberg"])
    ]


def test_a_follow_up_keeps_the_questions_before_it():
    (row,) = make_golden_questions([YES])

    assert (row["question"], row["turns"]) == ("Who?", ["The pier"])
