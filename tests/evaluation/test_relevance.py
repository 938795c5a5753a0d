"""A gate on relevance: slices of real sets must not fall below what was recorded for them."""

import pytest

from qa.evaluation.measures import compute_measures
from qa.evaluation.runner import VerbatimRanker, index_entries, run_question
from qa.evaluation.sets import foreign_questions, load_set
from qa.settings import Settings
from tests.conftest import ROOT

SETS = ROOT.parent / "shared" / "eval"
# With 80 questions one more or less moved a measure by more than the weights do.
QUESTIONS, STRANGERS = 200, 100

# Raise these when the answers get better; they may be a question or two below what is reached.
RECORDED = {
    "covid-qa": {"answer@1": 0.55, "answer@5": 0.69, "none_AUROC_foreign": 0.965},
    "squad2-dev": {"answer@1": 0.91, "sentence@1": 0.77, "none_AUROC_foreign": 0.955},
    "clapnq-dev": {"nDCG@10": 0.94, "none_AUROC_impossible": 0.755},
    "multihop-rag-facts": {"nDCG@10": 0.81, "none_AUROC_impossible": 0.975},
}


@pytest.mark.skipif(not SETS.is_dir(), reason="the evaluation sets are not here")
@pytest.mark.parametrize("name", RECORDED)
def test_a_slice_of_a_real_set_is_answered_as_well_as_before(name, tmp_path):
    evaluation_set = load_set(SETS / name)
    settings = Settings(index=str(tmp_path))
    ranker = VerbatimRanker(index_entries(evaluation_set, settings), settings)
    # News quizzes ask of nothing that is in these sets.
    strangers = foreign_questions(load_set(SETS / "news"), STRANGERS)
    answers = [
        run_question(ranker, q, "standalone", most_turns=0)
        for q in evaluation_set.sample(QUESTIONS)
    ]
    foreign = [run_question(ranker, q, "bare", most_turns=0) for q in strangers]
    reached = compute_measures(answers, foreign, has_confidence=True)

    fallen = {
        m: reached[m].value for m, least in RECORDED[name].items() if reached[m].value < least
    }
    assert fallen == {}
