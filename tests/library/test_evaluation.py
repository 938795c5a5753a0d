"""Index.evaluate: measures of one's own questions, and the outcome of each."""

import json

import pytest

import qa
from qa.errors import EvaluationError

GUARANTEES = qa.Question("who demanded guarantees?", answers=["Elsa Moberg"])
MERCURY = qa.Question("boiling point of mercury", unanswerable=True)


@pytest.fixture
def lindholm(index):
    return qa.open_index(index)


def test_each_question_has_an_outcome_and_all_have_measures(lindholm):
    wrong = qa.Question("who opened the bridge?", answers=["Elsa Moberg"])
    evaluation = lindholm.evaluate([GUARANTEES, MERCURY, wrong])

    assert [outcome.is_right for outcome in evaluation.outcomes] == [True, True, False]
    assert [outcome.rank for outcome in evaluation.outcomes][:2] == [1, None]
    assert evaluation.outcomes[1].verdict == "none"
    assert evaluation.measures["answer@1"] == 0.5
    assert evaluation.measures["found_wrongly"] == 0.0


def test_a_right_passage_is_from_a_document_that_is_given(lindholm):
    pytest.importorskip("ir_measures")
    right = qa.Question(GUARANTEES.text, documents=["harbour"])
    wrong = qa.Question(GUARANTEES.text, documents=["bridge"])
    evaluation = lindholm.evaluate([right, wrong])

    assert [outcome.is_right for outcome in evaluation.outcomes] == [True, False]
    assert evaluation.measures["Success@1"] == 0.5


def test_a_followup_is_asked_after_its_turns(lindholm):
    followup = qa.Question(
        "who demanded that?", answers=["Elsa Moberg"], turns=["guarantees for the pier"]
    )

    assert lindholm.evaluate([followup]).outcomes[0].is_right


def test_questions_may_be_in_the_files_of_a_set(lindholm, tmp_path):
    row = {"_id": "1", "text": GUARANTEES.text, "answers": ["Elsa Moberg"]}
    (tmp_path / "queries.jsonl").write_text(json.dumps(row))

    assert lindholm.evaluate(tmp_path).outcomes[0].is_right

    (tmp_path / "corpus.jsonl").write_text(json.dumps({"_id": "a", "text": "A text."}))
    with pytest.raises(EvaluationError, match="not about this index"):
        lindholm.evaluate(str(tmp_path))


def test_what_cannot_be_measured_is_refused(lindholm, tmp_path):
    with pytest.raises(EvaluationError, match="at least one"):
        lindholm.evaluate([])
    with pytest.raises(EvaluationError, match="unanswerable=True"):
        lindholm.evaluate([qa.Question("who demanded guarantees?")])
    with pytest.raises(EvaluationError, match=r"queries\.jsonl"):
        lindholm.evaluate(tmp_path)
