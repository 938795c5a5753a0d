"""Sets: files into questions and judgements."""

import pytest

from qa.analysis.match_forms import contains_words, texts_overlap
from qa.errors import EvaluationError
from qa.evaluation.sets import EvaluationQuestion, load_set, sample_questions
from tests.evaluation.small_set import CORPUS, by_id, evaluate, write_set


def test_entries_with_the_same_text_are_one(folder):
    evaluated = load_set(folder)

    assert [entry.id for entry in evaluated.entries] == ["a", "b", "c"]
    assert by_id(evaluated)["q1"].relevant == {"a": 1}


def test_only_the_readers_turns_are_questions(folder):
    question = by_id(load_set(folder))["q5"]

    assert question.turns == ("What bridge?",)
    assert question.rewrite == "Who opened the bridge?"


def test_answers_that_no_passage_can_hold_are_left_out(folder):
    questions = by_id(load_set(folder))

    assert questions["q1"].answers == ("Karl Brandt",)
    assert questions["q3"].answers == ()
    assert not questions["q6"].is_usable


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ("It cost $1,000 in all.", "1,000", True),
        ("Fourteen ships", "four", False),
        ("KARL BRANDT, engineer", "Karl Brandt", True),
        ("黑豹队的防守只丢了308分", "308", True),
        ("黑豹队的防守只丢了308分", "防守", True),
        ("anything", "?!", False),
    ],
)
def test_words_are_held_whole_and_in_a_row(text, part, expected):
    assert contains_words(text, part) == expected


def test_texts_overlap_by_five_words_or_by_all_of_a_short_one():
    assert texts_overlap("one two three four five six", "zero, two three four five six seven")
    assert texts_overlap("It went dark.", "In October it went dark for nine days.")
    assert not texts_overlap("it went dark then and stayed so", "he said that it went dark then")


def test_a_passage_is_right_where_a_judged_entry_holds_an_answer():
    question = EvaluationQuestion("q", "?", answers=("Brandt",), relevant={"a": 1, "b": 0})

    assert question.is_right(["x", "a"], "by Brandt")
    assert not question.is_right(["b"], "by Brandt")
    assert not question.is_right(["a"], "by nobody")


def test_without_answers_the_entry_decides():
    question = EvaluationQuestion("q", "?", relevant={"a": 1})

    assert question.is_right(["a"], "anything")
    assert not EvaluationQuestion("q", "?", impossible=True).is_right(["a"], "anything")


def test_a_marked_sentence_is_right_by_answer_or_by_evidence():
    question = EvaluationQuestion(
        "q", "?", relevant={"a": 1}, evidence={"a": ("It went dark at night.",)}
    )

    assert question.is_right_sentence(["a"], "It went dark at night.")
    assert not question.is_right_sentence(["b"], "It went dark at night.")


def test_a_sample_is_always_the_same_and_part_of_a_larger_one():
    questions = [EvaluationQuestion(str(number), "?", relevant={"a": 1}) for number in range(50)]
    small, large = sample_questions(questions, 10), sample_questions(questions, 20)

    assert all(question in large for question in small)
    assert small == sample_questions(questions, 10) != questions[:10]
    assert sample_questions(questions, None) == questions


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("queries.jsonl", None, "No queries.jsonl"),
        ("corpus.jsonl", '{"_id": "a", "text": " "}', "No text in"),
        ("queries.jsonl", '{"_id": "q"}', "line 1: no 'text'"),
        ("queries.jsonl", "{", "line 1: not valid JSON"),
        ("queries.jsonl", b"\xff", "cannot be read"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\n", "has a judgement"),
    ],
)
def test_a_set_that_cannot_be_measured_is_refused(tmp_path, name, content, words):
    folder = write_set(tmp_path, queries=[{"_id": "q", "text": "x"}])
    path = folder / name
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(EvaluationError, match=words):
        load_set(folder)


def test_judgements_that_fit_nothing_are_told(tmp_path):
    qrels = [("q1", "a", 1), ("typo", "a", 1), ("q2", "gone", 1), ("q3", "c")]
    corpus = [*CORPUS, {"_id": "a", "text": "Another text."}]
    notes = evaluate(write_set(tmp_path, corpus, qrels=qrels)).stderr

    assert "1 question of qrels.tsv not in queries.jsonl" in notes
    assert "1 of the entries judged not in the index (gone)" in notes
    assert "1 line of qrels.tsv without a judgement" in notes
    assert "entry 5 of corpus.jsonl has the id of another: a" in notes
