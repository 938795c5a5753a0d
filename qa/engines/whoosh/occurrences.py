"""Where terms stand: phrases, and a query's matches in the passages that were found."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.engines.whoosh.arrays import Array, Integers
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.inversion import runs
from qa.matches import Matches
from qa.queries import Query


def phrase_documents(field: Field, numbers: Sequence[int | None]) -> Integers:
    """The documents in which the terms of these *numbers* follow one another."""
    terms = [(number, place) for place, number in enumerate(numbers) if number is not None]
    if len(terms) < len(numbers):
        return np.empty(0, np.int64)
    span = int(field.lengths.max(initial=0)) + len(terms) + 1
    found: Integers | None = None
    # The rarest first: of the others only what stands in the same documents is looked at.
    for number, place in sorted(terms, key=lambda term: field.document_frequency(term[0])):
        within = None if found is None else np.unique(found // span)
        documents, positions = _occurrences(field, number, within)
        # One number for each document and place in it, shifted to where the phrase begins.
        begins = documents * span + positions + (len(terms) - place)
        found = begins if found is None else np.intersect1d(found, begins, assume_unique=True)
    return np.unique(found // span) if found is not None else np.empty(0, np.int64)


def matches(stems: Field, words: Field, query: Query, passages: Integers) -> Matches:
    """Where the terms of *query* stand in *passages*, in the order that these are given."""
    order = np.argsort(passages)
    within = passages[order]
    span = int(words.lengths.max(initial=0)) + 1
    # One number for each occurrence: passage, place, term.
    terms = len(query.searched)
    keys, exact = [], []
    for number, asked in enumerate(query.searched):
        keys += [_keys(stems, s, within, span) * terms + number for s in asked.stems]
        exact.append(_keys(words, asked.term, within, span) * terms + number)
    together = np.sort(np.concatenate(keys))
    places = together // terms
    # A word is a match of one term only: of the first, where stems of two languages are alike.
    first = np.diff(places, prepend=-1) > 0
    together, places = together[first], places[first]
    text = order[np.searchsorted(within, places // span)]
    sorting = np.argsort(text * span + places % span)
    return Matches(
        text=text[sorting],
        place=(places % span)[sorting],
        number=(together % terms)[sorting],
        exact=_among(together, np.sort(np.concatenate(exact)))[sorting],
    )


def _among(values: Integers, ordered: Integers) -> NDArray[np.bool_]:
    """Which of *values* are in *ordered*."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[places] == values
    return found


def _keys(field: Field, term: str, within: Integers, span: int) -> Integers:
    """passage * span + place of each occurrence of *term* in the passages *within*."""
    number = field.find(term.encode())
    if number is None:
        return np.empty(0, np.int64)
    documents, positions = _occurrences(field, number, within)
    return documents * span + positions


def _occurrences(field: Field, number: int, within: Integers | None) -> tuple[Integers, Array]:
    """For each occurrence of a term, in the documents *within* if given: document and place."""
    documents, frequencies = field.documents(number), field.frequencies(number)
    positions = field.positions(number)
    if within is not None:
        places = np.searchsorted(documents, within)
        places[places == len(documents)] = 0
        places = places[documents[places] == within]
        first = np.cumsum(frequencies, dtype=np.int64) - frequencies
        documents, frequencies = documents[places], frequencies[places].astype(np.int64)
        positions = positions[runs(first[places], frequencies)]
    return np.repeat(documents, frequencies), positions
