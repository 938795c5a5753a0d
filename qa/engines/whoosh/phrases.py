"""A phrase -> the documents in which its words follow one another.

First those that hold all of its words, which costs next to nothing; then, in stretches of these,
the rarest word first, where they stand: so a phrase of words that are everywhere costs a few passes
over their places, in little memory, and the deadline is looked at in between.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.deadlines import Deadline
from qa.engines.whoosh.arrays import Array, Integers
from qa.engines.whoosh.fields import Field
from qa.engines.whoosh.inversion import runs, starts_of

Mask = NDArray[np.bool_]
# So many documents are looked through at once.
_STRETCH = 1 << 13


class _Word(NamedTuple):
    """A word: how often it is in each of some documents, and where of its *positions* these are."""

    times: Integers
    firsts: Integers
    positions: Array

    def keys(self, stretch: slice, starts: Integers) -> Integers:
        """Where it stands in a *stretch* of the documents, which begin at *starts*."""
        times = self.times[stretch]
        found: Integers = np.repeat(starts, times)
        found += self.positions[runs(self.firsts[stretch], times)]
        return found


def with_word(field: Field, number: int) -> Mask:
    """Whether each document of *field* holds the word of that *number*."""
    row = field.entry(number).row
    if row is not None:
        held: Mask = row > 0
        return held
    mask = np.zeros(len(field.lengths), bool)
    mask[field.documents(number)[field.frequencies(number) > 0]] = True
    return mask


def with_phrase(field: Field, phrase: Sequence[int], within: Mask, deadline: Deadline) -> Mask:
    """Whether each document, of those *within*, holds the words of these numbers in this order."""
    rarest_first = sorted({*phrase}, key=field.document_frequency)
    mask = within
    for number in rarest_first:
        deadline.check()
        mask = mask & with_word(field, number)
        if len(phrase) == 1 or not mask.any():
            return mask
    documents = np.flatnonzero(mask)
    words = {number: _word(field, number, documents) for number in rarest_first}
    order = sorted(range(len(phrase)), key=lambda place: rarest_first.index(phrase[place]))
    steps = [(words[phrase[place]], len(phrase) - place) for place in order]
    mask[documents] = False
    for first in range(0, len(documents), _STRETCH):
        deadline.check()
        stretch = slice(first, first + _STRETCH)
        own = documents[stretch]
        mask[own[_following(steps, stretch, field.lengths[own])]] = True
    return mask


def _word(field: Field, number: int, documents: Integers) -> _Word:
    """What is known of a word in *documents*, all of which have it."""
    row, positions = field.entry(number).row, field.positions(number)
    frequencies = field.frequencies(number) if row is None else row
    firsts = starts_of(frequencies.astype(np.int64))
    places = documents
    if row is None:
        places = np.searchsorted(field.documents(number), documents)
    return _Word(frequencies[places].astype(np.int64), firsts[places], positions)


def _following(steps: Sequence[tuple[_Word, int]], stretch: slice, lengths: Array) -> Integers:
    """In which of the documents of a *stretch* all words stand where the phrase has them.

    Each step is a word and how far before the end of the phrase it stands there.
    """
    room = lengths.astype(np.int64) + len(steps)
    starts = starts_of(room)
    begins = np.zeros(int(room.sum()), bool)
    found: Integers | None = None
    for word, ahead in steps:
        # Shifted to where the phrase would have to begin.
        keys = word.keys(stretch, starts + ahead)
        if found is not None:
            keys = keys[begins[keys]]
            begins[found] = False
        begins[keys] = True
        found = keys
        if not len(found):
            break
    if found is None:
        return np.empty(0, np.int64)
    which: Integers = np.unique(np.searchsorted(starts, found, side="right") - 1)
    return which
