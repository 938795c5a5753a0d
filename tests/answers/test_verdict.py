"""The verdict is a label on the first passage: what surrounds it does not turn found into none."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.factory import open_engine
from qa.queries.query import Filters
from tests.conftest import SAMPLE, load_questions

ASKED = [case["question"] for case in load_questions(SAMPLE.parent / "questions.jsonl")]

# Questions of the sample corpus, pieces of them, and topics.
QUESTIONS = st.sampled_from(ASKED) | st.builds(
    lambda question, start, size: " ".join(question.split()[start : start + size]) or question,
    st.sampled_from(ASKED),
    st.integers(0, 6),
    st.integers(1, 6),
)


@pytest.fixture(scope="module")
def searcher(sample):
    return open_engine(sample).searcher()


def first_and_verdict(answer):
    passage = answer.passages[0] if answer.passages else None
    place = passage and (passage.citation.document_id, passage.citation.start)
    return place, answer.verdict


quick = hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(data=st.data(), question=QUESTIONS)
def test_a_wider_filter_never_turns_found_into_none(searcher, sample, data, question):
    ids = [summary.id for summary in searcher.summaries()]
    narrow = data.draw(st.sets(st.sampled_from(ids), min_size=1))
    wide = narrow | data.draw(st.sets(st.sampled_from(ids)))
    (first, verdict), (other, wider_verdict) = (
        first_and_verdict(
            ask(searcher, sample, question, AskOptions(filters=Filters(document_ids=(*chosen,))))
        )
        for chosen in (sorted(narrow), sorted(wide))
    )

    assert first != other or (verdict, wider_verdict) != ("found", "none")


@quick
@given(question=QUESTIONS, limits=st.tuples(st.integers(1, 50), st.integers(1, 50)))
def test_the_limit_changes_neither_the_verdict_nor_the_confidence(
    searcher, sample, question, limits
):
    few, many = (ask(searcher, sample, question, AskOptions(limit=limit)) for limit in limits)

    assert (few.verdict, few.confidence) == (many.verdict, many.confidence)
    shorter, longer = sorted((few.passages, many.passages), key=len)
    assert longer[: len(shorter)] == shorter


@quick
@given(question=QUESTIONS)
def test_no_reason_names_a_word_that_a_passage_has(searcher, sample, question):
    answer = ask(searcher, sample, question)

    if answer.none:
        shown = [set(passage.reasons.matched) for passage in answer.passages]
        assert not any(matched & set(answer.none.missing) for matched in shown)
        assert not any(set(pair) <= matched for pair in answer.none.apart for matched in shown)
