"""Inversion: the postings of a field are those that counting by hand gives."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qa.engines.whoosh.inversion import inverted, merged

TERMS = ["b", "a", "ü", "a", "zz"]
texts = st.lists(st.lists(st.integers(0, len(TERMS) - 1), max_size=12), max_size=8)


def inverted_texts(found, *, positions=True):
    tokens = np.array([token for text in found for token in text], np.int64)
    lengths = np.array([len(text) for text in found], np.int64)
    return inverted(TERMS, tokens, lengths, positions=positions)


def by_hand(found):
    """For each term its documents, frequencies and positions."""
    lists = {}
    for number, text in enumerate(found):
        words = [TERMS[token].encode() for token in text]
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
def test_postings_are_those_counted_by_hand(found):
    assert as_lists(inverted_texts(found)) == by_hand(found)


@given(st.lists(texts, min_size=1, max_size=4))
def test_parts_merged_are_the_whole_inverted_at_once(parts):
    together = merged([inverted_texts(part) for part in parts])
    whole = [text for part in parts for text in part]

    assert as_lists(together) == by_hand(whole)
    assert together.lengths.tolist() == [len(text) for text in whole]


def test_many_terms_are_sorted_by_both_halves_of_their_numbers():
    terms = [f"{number:06}" for number in range(70_000)]
    tokens = np.array([69_999, 1, 65_537, 1], np.int64)
    postings = inverted(terms, tokens, np.array([3, 1], np.int64))

    assert postings.terms == [b"000001", b"065537", b"069999"]
    assert postings.documents.tolist() == [0, 1, 0, 0]
