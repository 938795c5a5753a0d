"""An answer is the same JSON, byte by byte, whether its model makes it or the quick way."""

import dataclasses
import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qa.analysis.tokenizer import Span
from qa.answers.answer import (
    Answer,
    AnswerPart,
    AnswerPassage,
    AnswerRange,
    Citation,
    MarkedSentence,
    QueryWords,
    Reasons,
)
from qa.answers.pipeline import ask
from qa.engines.candidates import MatchCounts
from qa.queries.conditions import UnderstoodOperator
from qa.queries.query import Filters
from qa.settings import Settings
from qa.web.answer_json import dump_answer
from qa.web.response_schemas import answer_body

_TEXT = st.text(max_size=8)
_WORDS = st.lists(_TEXT, max_size=2).map(tuple)
_COUNT = st.integers(0, 2**40)
_SHARE = st.floats(0, 1)
_VERDICT = st.sampled_from(["found", "weak", "none"])
_KIND = st.sampled_from(["title", "publisher", "before", "after", "type", "or", "prefix", "near"])
_SORT = st.sampled_from(["relevance", "newest", "oldest"])
_ORDERS = st.sampled_from(["newest", "oldest"])
_FACET = st.dictionaries(_TEXT, _COUNT, max_size=3)

_CITATIONS = st.builds(
    Citation,
    paragraph=st.none() | _COUNT,
    page=st.none() | _COUNT,
    start=_COUNT,
    end=_COUNT,
    certainty=st.none() | _SHARE,
)
_PASSAGES = st.builds(
    AnswerPassage,
    rank=st.integers(1, 1000),
    text=_TEXT,
    score=st.floats(allow_nan=False, allow_infinity=False),
    answer=st.none() | st.builds(MarkedSentence, start=_COUNT, end=_COUNT),
    marks=st.lists(st.builds(Span, _COUNT, _COUNT), max_size=3).map(tuple),
    reasons=st.builds(Reasons, contrary=st.booleans()),
    citation=_CITATIONS,
    stable_id=_TEXT,
)
_OPERATORS = st.builds(
    UnderstoodOperator, kind=_KIND, excluded=st.booleans(), words=_WORDS, total=_COUNT
)
_QUERIES = st.builds(
    QueryWords,
    not_carried=_WORDS,
    operators=st.lists(_OPERATORS, max_size=2).map(tuple),
    not_required=_WORDS,
)
_DATES = st.none() | st.dates(datetime.date(1900, 1, 1), datetime.date(1999, 1, 1))
_LATER = st.none() | st.dates(datetime.date(2000, 1, 1))
_ANSWERS = st.builds(
    Answer,
    verdict=_VERDICT,
    confidence=_SHARE,
    passages=st.lists(_PASSAGES, max_size=2).map(tuple),
    query=_QUERIES,
    filters=st.builds(
        Filters,
        publishers=_WORDS,
        date_from=_DATES,
        date_to=_LATER,
        document_ids=_WORDS,
        types=st.just(()),
        titles=st.just(()),
        period=st.none(),
    ),
    took_ms=_SHARE,
    matches=st.builds(
        MatchCounts, _COUNT, _FACET, st.dictionaries(st.integers(1, 2100), _COUNT), _FACET
    ),
    sort=_SORT,
    offset=_COUNT,
    parts=st.lists(
        st.builds(AnswerPart, verdict=_VERDICT, rank=st.none() | _COUNT), max_size=2
    ).map(tuple),
    range=st.none() | st.builds(AnswerRange, sort=st.none() | _ORDERS),
)


@pytest.fixture(scope="module")
def answer(searcher):
    """An answer with passages."""
    return ask(searcher, Settings(), "who demanded guarantees?")


def dump_model(answer):
    return answer_body(answer).model_dump_json(by_alias=True).encode()


@hypothesis_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_ANSWERS)
def test_the_quick_way_gives_what_the_model_gives(answer):
    assert dump_answer(answer) == dump_model(answer)


@pytest.mark.parametrize(
    "text", ["\x00\x1f\x7f\u2028", '"\\/<>&\b\f\n\r\t', "\U0001f600e\u0301\ufffe", "\ud7ff\ue000"]
)
@pytest.mark.parametrize("score", [0.1, 1e-7, 1e16, 123456789.123456789, -0.0, 5e-324])
def test_every_sign_and_number_is_written_in_the_same_way(answer, text, score):
    first = answer.passages[0]
    citation = dataclasses.replace(first.citation, title=text)
    passage = dataclasses.replace(first, text=text, score=score, citation=citation)
    answer = dataclasses.replace(answer, question=text, passages=(passage,))

    assert dump_answer(answer) == dump_model(answer)


def test_numbers_of_arrays_are_written_like_others(answer):
    passage = dataclasses.replace(
        answer.passages[0], score=np.float64(2.5), marks=(Span(np.int64(1), np.int32(3)),)
    )
    answer = dataclasses.replace(answer, passages=(passage,))

    assert dump_answer(answer) == dump_model(answer)
