"""Inversion: the postings of a field are those that counting by hand gives."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qa.engines.whoosh.inverter import TermDictionary, invert

TERMS = ["b", "a", "ü", "a", "zz"]
texts = st.lists(st.lists(st.integers(0, len(TERMS) - 1), max_size=12), max_size=8)


def invert_texts(texts, *, positions=True):
    terms = TermDictionary()
    tokens = terms.number_terms(TERMS[token] for text in texts for token in text)
    lengths = np.array([len(text) for text in texts], np.int64)
    return invert(terms, tokens, lengths, positions=positions)


def by_hand(texts):
    """For each term its documents, frequencies and positions."""
    lists = {}
    for number, text in enumerate(texts):
        words = [TERMS[token] for token in text]
        for term, count in sorted(Counter(words).items()):
            places = [place for place, word in enumerate(words) if word == term]
            lists.setdefault(term, []).append((number, count, places))
    return dict(sorted(lists.items()))


def as_lists(postings):
    lists, posting, place = {}, 0, 0
    for term, count in zip(postings.terms, postings.counts.tolist(), strict=True):
        lists[term] = []
        for _ in range(count):
            frequency = int(postings.frequencies[posting])
            places = postings.positions[place : place + frequency].tolist()
            lists[term].append((int(postings.documents[posting]), frequency, places))
            posting += 1
            place += frequency
    return lists


@given(texts)
def test_postings_are_those_counted_by_hand(corpus):
    assert as_lists(invert_texts(corpus)) == by_hand(corpus)


@given(texts, st.integers(1, 3))
def test_documents_grouped_are_as_if_they_had_been_one(corpus, size):
    group = np.arange(len(corpus)) // size
    groups = [
        [token for text in corpus[start : start + size] for token in text]
        for start in range(0, len(corpus), size)
    ]
    lengths = np.array([len(text) for text in groups], np.int64)
    grouped = invert_texts(corpus).group_documents(group, lengths)
    expected = invert_texts(groups)

    assert grouped.terms == expected.terms
    for name in ("counts", "documents", "frequencies", "lengths"):
        assert getattr(grouped, name).tolist() == getattr(expected, name).tolist()


def test_many_terms_are_sorted_by_both_halves_of_their_numbers():
    terms = TermDictionary()
    tokens = terms.number_terms(f"{number:06}" for number in reversed(range(70_000)))
    postings = invert(terms, np.tile(tokens, 2), np.array([70_000, 70_000], np.int64))

    assert postings.terms == [f"{number:06}" for number in range(70_000)]
    assert postings.documents.tolist() == [0, 1] * 70_000
