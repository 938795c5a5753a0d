"""Where a query's terms stand in the passages that were found, and over them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.analysis.deadline import Deadline
from qa.engines.base import Flags, Matches
from qa.engines.whoosh.arrays import Array, Integers
from qa.engines.whoosh.fields import Field, documents_of
from qa.engines.whoosh.inverter import runs, starts_of
from qa.queries.parser import Query

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


def matches(stems: Field, words: Field, query: Query, passages: Integers) -> Matches:
    """Where the terms of *query* stand in *passages*, in the order that these are given."""
    order = np.argsort(passages)
    within = passages[order]
    span = int(words.lengths.max(initial=0)) + 1
    searched = query.searched
    terms = len(searched)
    lists = _lists(stems, ((s, n) for n, asked in enumerate(searched) for s in asked.stems))
    lists += _lists(words, ((asked.term, terms + n) for n, asked in enumerate(searched)))
    # One number for each occurrence: passage, place, term.
    keys, numbers = _occurrences_of(lists, within, span)
    inexact = numbers < terms
    together = np.sort(keys[inexact] * terms + numbers[inexact])
    exact = np.sort(keys[~inexact] * terms + numbers[~inexact] - terms)
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
        exact=_among(together, exact)[sorting],
    )


def over(titles: Field, query: Query, headings: Integers) -> Flags:
    """Which of the question's own terms are in each of *headings*: a row for each, a column each.

    Passages of one document mostly share a heading, which is looked at once.
    """
    different, own = np.unique(headings, return_inverse=True)
    held = np.zeros((len(different), len(query.terms)), bool)
    lists = _lists(titles, ((s, n) for n, asked in enumerate(query.terms) for s in asked.stems))
    frequent, rare = _parted(lists)
    for each, row in frequent:
        held[:, each.mark] |= row[different] > 0
    if rare and len(different):
        documents, frequencies = _postings_of(rare)
        places = np.minimum(np.searchsorted(different, documents), len(different) - 1)
        kept = np.flatnonzero((different[places] == documents) & (frequencies > 0))
        held[places[kept], _marks(rare, kept)] = True
    return held[own]


def _parted(lists: Sequence["_List"]) -> tuple[list[tuple["_List", Array]], list["_List"]]:
    """The lists of frequent terms, each with its row, and those of rare ones."""
    frequent, rare = [], []
    for each in lists:
        row = each.field.entry(each.number).row
        if row is None:
            rare.append(each)
        else:
            frequent.append((each, row))
    return frequent, rare


def _postings_of(lists: Sequence["_List"]) -> tuple[Integers, Array]:
    """The documents of rare terms, list after list, and how often each is there."""
    documents = documents_of([(each.field, each.number, 0) for each in lists])
    return documents, np.concatenate([each.field.frequencies(each.number) for each in lists])


def _marks(lists: Sequence["_List"], postings: Integers) -> Integers:
    """The mark of the list of each of *postings*, counted through all lists."""
    ends = np.cumsum([each.field.entry(each.number).length for each in lists])
    marks: Integers = np.array([each.mark for each in lists])
    return marks[np.searchsorted(ends, postings, side="right")]


def _among(values: Integers, ordered: Integers) -> NDArray[np.bool_]:
    """Which of *values* are in *ordered*."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[places] == values
    return found


class _List(NamedTuple):
    """The postings of a term of a field, of which the occurrences bear *mark*."""

    field: Field
    number: int
    mark: int


def _lists(field: Field, words: Iterable[tuple[str, int]]) -> list[_List]:
    """Those of *words*, each with its mark, that occur."""
    found = ((field.find(word.encode()), mark) for word, mark in words)
    return [_List(field, number, mark) for number, mark in found if number is not None]


def _occurrences_of(
    lists: Sequence[_List], within: Integers, span: int
) -> tuple[Integers, Integers]:
    """passage * span + place of each occurrence in the passages *within*, and its list's mark.

    The lists of rare terms are gone through as one: calling NumPy for each would cost more.
    """
    frequent, rare = _parted(lists)
    keys, marks = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for each, _ in frequent:
        documents, positions = _occurrences(each.field, each.number, within)
        keys.append(documents * span + positions)
        marks.append(np.full(len(documents), each.mark))
    if rare:
        documents, positions, own = _rare_occurrences(rare, within)
        keys.append(documents * span + positions)
        marks.append(own)
    return np.concatenate(keys), np.concatenate(marks)


def _rare_occurrences(
    lists: Sequence[_List], within: Integers
) -> tuple[Integers, Integers, Integers]:
    """The passage, place and mark of each occurrence in the passages *within*."""
    documents, frequencies = _postings_of(lists)
    positions = np.concatenate([each.field.positions(each.number) for each in lists])
    wanted = np.zeros(int(documents.max()) + 1, bool)
    wanted[within[within < len(wanted)]] = True
    kept = np.flatnonzero(wanted[documents])
    first = np.cumsum(frequencies, dtype=np.int64)[kept]
    times = frequencies[kept].astype(np.int64)
    return (
        np.repeat(documents[kept], times),
        positions[runs(first - times, times)].astype(np.int64),
        np.repeat(_marks(lists, kept), times),
    )


def _occurrences(field: Field, number: int, within: Integers) -> tuple[Integers, Array]:
    """For each occurrence of a term in the documents *within*: document and place."""
    documents, frequencies = field.documents(number), field.frequencies(number)
    places = np.searchsorted(documents, within)
    places[places == len(documents)] = 0
    places = places[documents[places] == within]
    first = np.cumsum(frequencies, dtype=np.int64) - frequencies
    times = frequencies[places].astype(np.int64)
    positions = field.positions(number)[runs(first[places], times)]
    return np.repeat(documents[places], times), positions
