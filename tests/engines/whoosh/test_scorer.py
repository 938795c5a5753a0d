"""Scores: the best documents are those that adding up by hand finds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.engines.base import K1, B
from qa.engines.whoosh import postings
from qa.engines.whoosh import scorer as scores
from qa.engines.whoosh.arrays import ArrayFile, write_arrays
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.inverter import FieldPostings as Inverted
from qa.engines.whoosh.postings import PostingsCache, TermPostings
from qa.engines.whoosh.scorer import Accumulator, Hierarchy, ScoreLayout
from tests.engines.whoosh.fields import encode_field

DOCUMENTS = 3000


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    """A field of 3,000 documents and terms from rare to frequent, one gap over 65,535."""
    rng = np.random.default_rng(7)
    counts = [1, 3, 10, 40, 200, 900, 2500]
    lists = [np.sort(rng.choice(DOCUMENTS, count, replace=False)) for count in counts]
    return make_field(
        tmp_path_factory.mktemp("field"), lists, rng.integers(20, 200, DOCUMENTS), rng
    )


def make_field(folder, lists, lengths, rng):
    postings = Inverted(
        [f"t{n}" for n in range(len(lists))],
        np.array([len(documents) for documents in lists]),
        np.concatenate(lists),
        rng.integers(1, 6, sum(map(len, lists))),
        lengths,
    )
    write_arrays(folder / "f.bin", encode_field("f", postings), {})
    return Field(ArrayFile.open_checked(folder / "f.bin"), "f")


def by_hand(field, weights):
    average = float(field.lengths.mean())
    total = {}
    for number, weight in weights:
        for document, tf in zip(field.documents(number), field.frequencies(number), strict=True):
            norm = K1 * (1 - B + B * int(field.lengths[document]) / average)
            score = weight * int(tf) * (K1 + 1) / (int(tf) + norm)
            total[int(document)] = total.get(int(document), 0) + score
    return {document: score for document, score in total.items() if score}


def check(passages, expected, k):
    """Scores as by hand, best first; documents as by hand where scores tell them apart."""
    best = sorted(expected.values(), reverse=True)[:k]

    assert passages.scores.tolist() == pytest.approx(best, rel=1e-5)
    for document, score in zip(passages.numbers.tolist(), passages.scores.tolist(), strict=True):
        assert score == pytest.approx(expected[document], rel=1e-5)
    assert len(set(passages.numbers.tolist())) == len(best)


weighted = st.lists(
    st.tuples(st.integers(0, 6), st.floats(0.1, 9)),
    min_size=1,
    max_size=7,
    unique_by=lambda w: w[0],
)


@settings(max_examples=200, deadline=None)
@given(
    weights=weighted,
    k=st.integers(1, 60),
    look_up=st.sampled_from([0, 20, 10**9]),
    is_cached=st.sampled_from([0, 100, 10**9]),
)
def test_the_best_are_the_best_whether_added_or_looked_up(field, weights, k, look_up, is_cached):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "_LOOKUP_NS", look_up)
        patch.setattr(scores, "_SCAN_BASE_NS", 0)
        patch.setattr(scores, "_SCAN_NS", 0.001)
        patch.setattr(postings, "_MIN_CACHED_LENGTH", is_cached)
        passages = Accumulator(ScoreLayout([field.norms]), PostingsCache(10**5)).top_k(
            [TermPostings(field, n, w) for n, w in weights], k
        )

    check(passages, by_hand(field, weights), k)


@settings(max_examples=50, deadline=None)
@given(weights=weighted, k=st.integers(1, 60), seed=st.integers(0, 99))
def test_only_allowed_documents_are_found(field, weights, k, seed):
    allowed = np.random.default_rng(seed).random(DOCUMENTS) < 0.3
    lists = [TermPostings(field, n, w) for n, w in weights]
    expected = {d: s for d, s in by_hand(field, weights).items() if allowed[d]}

    check(
        Accumulator(ScoreLayout([field.norms]), PostingsCache(10**5)).top_k(
            lists, k, allowed=allowed
        ),
        expected,
        k,
    )


@settings(max_examples=50, deadline=None)
@given(weights=weighted, seed=st.integers(0, 99))
def test_all_that_match_are_told_apart_from_the_rest(field, weights, seed):
    allowed = np.random.default_rng(seed).random(DOCUMENTS) < 0.3
    lists = [TermPostings(field, n, w) for n, w in weights]
    accumulator = Accumulator(ScoreLayout([field.norms]), PostingsCache(10**5))
    top = accumulator.top_k(lists, 5, allowed=allowed, with_matches=True)
    expected = {d: s for d, s in by_hand(field, weights).items() if allowed[d]}

    assert np.flatnonzero(top.matches).tolist() == sorted(expected)
    check(top, expected, 5)


@pytest.fixture(scope="module")
def above(tmp_path_factory):
    """A field of 300 headings and one of 100 documents."""
    rng = np.random.default_rng(8)
    return [
        make_field(
            tmp_path_factory.mktemp("above"),
            [np.sort(rng.choice(size, n, replace=False)) for n in (1, size // 9, size // 2)],
            rng.integers(3, 300, size),
            rng,
        )
        for size in (300, 100)
    ]


few = st.lists(
    st.tuples(st.integers(0, 2), st.floats(0.1, 99)), max_size=3, unique_by=lambda w: w[0]
)


@settings(max_examples=200, deadline=None)
@given(
    weights=st.lists(
        st.tuples(st.integers(0, 6), st.floats(0.1, 9)), max_size=7, unique_by=lambda w: w[0]
    ),
    titles=few,
    wholes=few,
    k=st.integers(1, 60),
    look=st.sampled_from([0, 10**9]),
    many=st.sampled_from([0, 10**9]),
)
def test_passages_score_what_they_stand_under(  # noqa: PLR0917
    field, above, weights, titles, wholes, k, look, many
):
    headings, documents = above
    document = np.arange(300) // 3
    ground = Hierarchy(np.full(300, 10), np.arange(DOCUMENTS) // 10, document)
    layout = ScoreLayout([field.norms, headings.norms, documents.norms], ground)
    lists = [
        TermPostings(part, n, w, offset)
        for part, offset, terms in zip(
            (field, *above), layout.offsets, (weights, titles, wholes), strict=False
        )
        for n, w in terms
    ]
    text, title, whole = (
        by_hand(part, terms)
        for part, terms in ((field, weights), (headings, titles), (documents, wholes))
    )
    expected = {
        d: text.get(d, 0) + title.get(d // 10, 0) + whole.get(d // 30, 0)
        for d in range(DOCUMENTS)
        if d in text or d // 10 in title
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "_SCAN_BASE_NS", look)
        patch.setattr(scores, "_SCAN_NS", 0)
        patch.setattr(scores, "_MIN_PASSAGES_TO_PRUNE", many)
        patch.setattr(scores, "_MIN_STRIDES", 8)
        patch.setattr(scores, "_HIGH_HEADINGS", 5)
        passages = Accumulator(layout, PostingsCache(10**5)).top_k(lists, k)

    check(passages, expected, k)


def test_a_search_leaves_no_trace(field):
    accumulator = Accumulator(ScoreLayout([field.norms]), PostingsCache(10**5))
    lists = [TermPostings(field, n, 1.0) for n in range(7)]
    first = accumulator.top_k(lists, 10)

    assert accumulator.top_k(lists, 10).numbers.tolist() == first.numbers.tolist()


def test_ties_are_in_the_order_of_the_documents(tmp_path):
    documents = np.arange(500)
    postings = Inverted(["a"], np.array([500]), documents, np.ones(500, int), np.full(500, 20))
    write_arrays(tmp_path / "f.bin", encode_field("f", postings), {})
    field = Field(ArrayFile.open_checked(tmp_path / "f.bin"), "f")

    assert Accumulator(ScoreLayout([field.norms]), PostingsCache(0)).top_k(
        [TermPostings(field, 0, 1.0)], 20
    ).numbers.tolist() == list(range(20))


def test_a_gap_wider_than_sixteen_bits_is_bridged(tmp_path):
    count = 200_000
    documents = [np.array([0, 65_535, 65_536, 199_999]), np.array([199_998]), np.array([131_071])]
    rng = np.random.default_rng(1)
    field = make_field(tmp_path, documents, np.full(count, 10), rng)

    for number, expected in enumerate(documents):
        matching = field.documents(number)[field.frequencies(number) > 0]
        assert matching.tolist() == expected.tolist()
        assert field.document_frequency(number) == len(expected)
    passages = Accumulator(ScoreLayout([field.norms]), PostingsCache(10**5)).top_k(
        [TermPostings(field, n, 1.0) for n in range(3)], 10
    )
    check(passages, by_hand(field, [(n, 1.0) for n in range(3)]), 10)


def test_a_bound_is_never_too_low(field):
    for number in range(len(field)):
        postings = TermPostings(field, number, 1.0)
        impacts = field.impacts(field.documents(number), field.frequencies(number))

        assert postings.max_score >= float(impacts.max())
        assert math.isclose(postings.max_score, float(impacts.max()), rel_tol=1e-5)


def test_terms_are_found_and_others_are_not(field):
    assert [field.find(f"t{n}".encode()) for n in range(7)] == list(range(7))
    assert field.find(b"t") is None
    assert field.find(b"t9") is None
    assert field.at_or_after(b"t9") == 7
