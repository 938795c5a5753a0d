"""Hits as columns: the kernel takes those that the JSON parser finds, and only them."""

import base64
import json

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.engines.kernel.loader import find_kernel, is_kernel_built, switch_kernel

pytest.importorskip("opensearchpy")
from qa.engines.opensearch.docvalues import Cards, read_headers
from qa.engines.opensearch.hits import CardTexts, Hits, parse_answers, read_hits
from qa.errors import CorruptIndexError

with_kernel = pytest.mark.skipif(not is_kernel_built(), reason="the kernel is not compiled here")


@pytest.fixture(autouse=True)
def every_answer_is_large(monkeypatch):
    monkeypatch.setattr("qa.engines.opensearch.hits._MIN_TEXT", 0)
    yield
    switch_kernel(on=True)


scores = st.floats(0, 1000, width=32)
cards = st.binary(max_size=20).map(lambda data: base64.b64encode(data).decode())
card_hits = st.builds(
    lambda score, card: {"_index": "a-passages", "_score": score, "fields": {"card": [card]}},
    scores,
    cards,
)
ordinal_hits = st.builds(
    lambda score, ordinal: {"_index": "b", "_score": score, "fields": {"ordinal": [ordinal]}},
    scores,
    st.integers(0, 1 << 31),
)


def answers_of(*lists):
    buckets = [{"key": 'The "Ærø" \\ "hits":[', "doc_count": 3}]
    answers = [
        {"took": 1, "timed_out": False, "hits": {"max_score": None, "hits": hits}}
        | {"aggregations": {"publisher": {"buckets": buckets}}}
        for hits in lists
    ]
    return {"took": 2, "responses": answers}


def encode(answers):
    return json.dumps(answers, ensure_ascii=False, separators=(",", ":"))


@with_kernel
@given(st.lists(card_hits, min_size=1), st.lists(ordinal_hits, min_size=1))
def test_the_kernel_takes_the_columns_that_the_parser_finds(found, documents):
    answers = answers_of(found, [], documents)
    parsed = parse_answers(encode(answers))
    lists = [answer["hits"].pop("hits") for answer in parsed["responses"]]
    expected = [answer["hits"].pop("hits") for answer in answers["responses"]]

    assert parsed == answers
    assert all(isinstance(hits, Hits) for hits in lists)
    for hits, objects in zip(lists, map(read_hits, expected), strict=True):
        assert hits.scores.tolist() == objects.scores.tolist()
    texts = [lists[0].source[start:end].decode() for start, end in lists[0].pairs.tolist()]
    assert texts == [hit["fields"]["card"][0] for hit in found]
    assert lists[2].ordinals.tolist() == [hit["fields"]["ordinal"][0] for hit in documents]


@pytest.mark.parametrize(
    "hit",
    [
        {"_index": "a", "_score": 1.0, "_source": {"text": "granite"}},
        {"_index": "a", "_score": None, "fields": {"card": ["QUJD"]}},
        {"_index": "a", "_score": 1.0, "fields": {"card": ["QUJD", "QUJD"]}},
        {"_index": "a", "_score": 1.0, "fields": {"summary": ["QUJD"]}},
        {"_index": 'a"b', "_score": 1.0, "fields": {"card": ["QUJD"]}},
        {"_index": "a", "_score": 1.0, "fields": {"ordinal": [-1]}},
        {"_index": "a", "fields": {"card": ["QUJD"]}},
        {},
    ],
)
@pytest.mark.parametrize("is_on", [True, False])
def test_answers_with_other_hits_are_parsed_as_they_are(hit, is_on):
    switch_kernel(on=is_on)
    answers = answers_of([hit])

    assert parse_answers(encode(answers)) == answers


@pytest.mark.parametrize("answers", [[1, 2], {"hits": [1]}, {"hits": {"hits": [1]}}, {"n": {}}])
def test_any_other_json_is_parsed_as_it_is(answers):
    assert parse_answers(encode(answers)) == answers


@with_kernel
@given(st.text('{}[]":,\\acdfhilnorst_score0123456789.e-'), st.integers(0, 200))
def test_what_is_no_answer_is_an_error(garbage, place):
    hit = {"_index": "a", "_score": 1.5, "fields": {"card": ["QUJD"]}}
    text = encode(answers_of([hit, hit]))
    text = text[:place] + garbage + text[place:]
    try:
        expected = orjson.loads(text)
    except orjson.JSONDecodeError:
        with pytest.raises(orjson.JSONDecodeError):
            parse_answers(text)
    else:
        parsed = parse_answers(text)
        assert isinstance(parsed, dict)
        assert parsed.keys() == expected.keys()


def test_no_hits_are_empty_columns():
    hits = read_hits([])

    assert (len(hits), hits.cards.spans.shape, hits.ordinals.shape) == (0, (0, 2), (0,))


@with_kernel
@pytest.mark.parametrize(
    ("card", "span"),
    [
        (b"A" * 40, (0, 40)),
        (b"A" * 48, (0, 56)),
        (b"A" * 48, (-8, 48)),
        (b"!" * 48, (0, 48)),
        # It says that it has more words than there are.
        (base64.b64encode(np.full(9, 1 << 20, np.uint32).tobytes()), (0, 48)),
    ],
)
def test_what_is_no_card_is_an_error(card, span):
    texts = CardTexts(card, np.array([span], np.int64))
    with pytest.raises(CorruptIndexError, match="run `qa index`"):
        read_headers(texts)
    with pytest.raises(CorruptIndexError, match="run `qa index`"):
        Cards(texts)
    with pytest.raises(ValueError, match="a card"):
        find_kernel().card_words(card, np.array(span, np.int64), np.zeros(1, np.uint64))
