"""Candidates -> the positions of the query's terms in their texts and headings.

Documents, positions, frequencies and labels are int64 of shape (n,) where not said otherwise; a
mask is bool of shape (documents of the field,).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from qa.analysis.deadline import Deadline
from qa.engines.candidates import Array, BoolArray, IntArray, Positions
from qa.engines.whoosh.fields import Field, decode_postings
from qa.engines.whoosh.inverter import expand_runs, run_starts
from qa.queries.query import Query

# Documents that are searched for a phrase at a time.
_STRETCH = 1 << 13


class _PhraseWord(NamedTuple):
    """A word of a phrase: its frequency and first index into *positions*, in each document.

    *times* and *firsts* have shape (documents,); *positions* are all positions of the word.
    """

    times: IntArray
    firsts: IntArray
    positions: Array

    def keys(self, stretch: slice, starts: IntArray) -> IntArray:
        """Its positions in a *stretch* of the documents, each added to the document's start."""
        times = self.times[stretch]
        keys: IntArray = np.repeat(starts, times)
        keys += self.positions[expand_runs(self.firsts[stretch], times)]
        return keys


def mask_with_term(field: Field, number: int) -> BoolArray:
    """The documents of *field* that have the term of that *number*, as a mask."""
    row = field.entry(number).row
    mask = np.zeros(len(field.lengths), bool)
    if row is None:
        mask[field.documents(number)[field.frequencies(number) > 0]] = True
    else:
        np.greater(row, 0, out=mask)
    return mask


def mask_with_phrase(
    field: Field, phrase: Sequence[int], within: BoolArray, deadline: Deadline
) -> BoolArray:
    """The documents of the mask *within* that have the terms of these numbers in a row."""
    rarest_first = sorted({*phrase}, key=field.document_frequency)
    mask = within
    for number in rarest_first:
        deadline.check()
        mask = mask & mask_with_term(field, number)
        if len(phrase) == 1 or not mask.any():
            return mask
    documents = np.flatnonzero(mask)
    words = {number: _load_word(field, number, documents) for number in rarest_first}
    order = sorted(range(len(phrase)), key=lambda place: rarest_first.index(phrase[place]))
    steps = [(words[phrase[place]], len(phrase) - place) for place in order]
    mask[documents] = False
    for first in range(0, len(documents), _STRETCH):
        deadline.check()
        stretch = slice(first, first + _STRETCH)
        chunk = documents[stretch]
        mask[chunk[_match_phrase(steps, stretch, field.lengths[chunk])]] = True
    return mask


def mask_with_near(
    field: Field, phrase: Sequence[int], distance: int, within: BoolArray, deadline: Deadline
) -> BoolArray:
    """The documents of the mask *within* that have the terms of these numbers near each other.

    At most *distance* other words are among them, in any order; a term that is there twice must
    occur twice.
    """
    counts = Counter(phrase)
    mask = within
    for number in sorted(counts, key=field.document_frequency):
        deadline.check()
        mask = mask & mask_with_term(field, number)
    documents = np.flatnonzero(mask)
    words = {number: _load_word(field, number, documents) for number in counts}
    width = len(phrase) + distance
    mask[documents] = False
    for first in range(0, len(documents), _STRETCH):
        deadline.check()
        stretch = slice(first, first + _STRETCH)
        chunk = documents[stretch]
        # With such room between two documents, no window has words of both.
        starts = run_starts(field.lengths[chunk].astype(np.int64) + width)
        keys = [(word.keys(stretch, starts), counts[number]) for number, word in words.items()]
        begins = _find_windows(keys, width)
        mask[chunk[np.searchsorted(starts, begins, side="right") - 1]] = True
    return mask


def _find_windows(keys: Sequence[tuple[IntArray, int]], width: int) -> IntArray:
    """Where windows of *width* words begin that have every word as often as is wanted.

    *keys* are the places of each word, ascending, and how often it is wanted.  A window begins at
    one of them, and ends at the last word that it needs.
    """
    begins: IntArray = np.concatenate([places for places, _ in keys])
    for places, count in keys:
        # The place of the last one needed, from each beginning on; far away where there is none.
        padded = np.concatenate([places, np.full(count, np.iinfo(np.int64).max)])
        last = padded[np.searchsorted(places, begins) + count - 1]
        begins = begins[last - begins < width]
    return begins


def _load_word(field: Field, number: int, documents: IntArray) -> _PhraseWord:
    """A word of a phrase in *documents*, all of which have it."""
    row, positions = field.entry(number).row, field.positions(number)
    frequencies = field.frequencies(number) if row is None else row
    firsts = run_starts(frequencies.astype(np.int64))
    places = documents
    if row is None:
        places = np.searchsorted(field.documents(number), documents)
    return _PhraseWord(frequencies[places].astype(np.int64), firsts[places], positions)


def _match_phrase(
    steps: Sequence[tuple[_PhraseWord, int]], stretch: slice, lengths: Array
) -> IntArray:
    """The indexes, within a *stretch* of documents, of those that have the phrase.

    Each step is a word and its distance from the end of the phrase, in words.
    """
    room = lengths.astype(np.int64) + len(steps)
    starts = run_starts(room)
    begins = np.zeros(int(room.sum()), bool)
    matches: IntArray | None = None
    for word, ahead in steps:
        # Shifted to where the phrase would begin.
        keys = word.keys(stretch, starts + ahead)
        if matches is not None:
            keys = keys[begins[keys]]
            begins[matches] = False
        begins[keys] = True
        matches = keys
        if not len(matches):
            break
    if matches is None:
        return np.empty(0, np.int64)
    which: IntArray = np.unique(np.searchsorted(starts, matches, side="right") - 1)
    return which


def find_positions(stems: Field, words: Field, query: Query, passages: IntArray) -> Positions:
    """The positions of the terms of *query* in *passages*, whose order need not ascend."""
    span = int(words.lengths.max(initial=0)) + 1
    searched = query.all_terms
    terms = len(searched)
    indexes = query.term_indexes_by_stem
    lists = _find_postings(stems, ((s, n) for s, numbers in indexes.items() for n in numbers))
    lists += _find_postings(
        words, ((form, terms + n) for n, t in enumerate(searched) for form in t.exact_forms)
    )
    variants = ((s, terms + n) for n, t in enumerate(searched) for s in t.variants)
    lists += _find_postings(stems, variants)
    places, positions, labels = _find_occurrences(lists, passages)
    # One number for each occurrence: passage, position, term.
    is_word = labels >= terms
    keys = (places * span + positions) * terms + labels
    keys[is_word] -= terms
    # Each once: a variant may be written where the word itself is.
    stem_keys = _sort_distinct(keys[~is_word])
    in_text, term_index = np.divmod(stem_keys, terms)
    passage_index, position = np.divmod(in_text, span)
    is_exact = _is_member(stem_keys, _sort_distinct(keys[is_word]))
    return Positions(passage_index, position, term_index, is_exact)


def _sort_distinct(keys: IntArray) -> IntArray:
    """*keys* in order, each once."""
    keys = np.sort(keys)
    is_first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    return keys[is_first]


def match_headings(titles: Field, query: Query, headings: IntArray) -> BoolArray:
    """Which of the question's terms are in each of *headings*: bool of shape (headings, terms).

    Passages of one document mostly share a heading, which is looked up once.
    """
    distinct, inverse = np.unique(headings, return_inverse=True)
    matches = np.zeros((len(distinct), len(query.terms)), bool)
    lists = _find_postings(titles, ((s, n) for n, t in enumerate(query.terms) for s in t.all_stems))
    frequent, rare = _split_by_frequency(lists)
    for entry, row in frequent:
        matches[:, entry.label] |= row[distinct] > 0
    if rare and len(distinct):
        documents, frequencies = _concat_postings(rare)
        places = np.minimum(np.searchsorted(distinct, documents), len(distinct) - 1)
        selection = np.flatnonzero((distinct[places] == documents) & (frequencies > 0))
        matches[places[selection], _labels_of(rare, selection)] = True
    return matches[inverse]


def _split_by_frequency(
    lists: Sequence["_LabelledPostings"],
) -> tuple[list[tuple["_LabelledPostings", Array]], list["_LabelledPostings"]]:
    """The lists of frequent terms, each with its row of frequencies, and those of rare terms."""
    frequent, rare = [], []
    for entry in lists:
        row = entry.field.entry(entry.number).row
        if row is None:
            rare.append(entry)
        else:
            frequent.append((entry, row))
    return frequent, rare


def _concat_postings(lists: Sequence["_LabelledPostings"]) -> tuple[IntArray, Array]:
    """The documents of rare terms, list after list, and the frequency of each, of any type."""
    return decode_postings([(entry.field, entry.number, 0) for entry in lists])


def _labels_of(lists: Sequence["_LabelledPostings"], postings: IntArray) -> IntArray:
    """The label of the list that each of *postings* is in, which are indexes into all lists."""
    ends = np.cumsum([entry.field.entry(entry.number).length for entry in lists])
    labels: IntArray = np.array([entry.label for entry in lists])
    return labels[np.searchsorted(ends, postings, side="right")]


def _is_member(values: IntArray, ordered: IntArray) -> BoolArray:
    """Which of *values* are in *ordered*: bool of the shape of *values*."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    members: BoolArray = ordered[places] == values
    return members


_NO_OCCURRENCES: tuple[IntArray, IntArray, IntArray] = (
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
)


class _LabelledPostings(NamedTuple):
    """The postings of a term of a field, with a *label* for its occurrences."""

    field: Field
    number: int
    label: int


def _find_postings(field: Field, words: Iterable[tuple[str, int]]) -> list[_LabelledPostings]:
    """The postings of *words*, each with its label, that occur in *field*."""
    entries = ((field.find(word.encode()), label) for word, label in words)
    return [_LabelledPostings(field, n, label) for n, label in entries if n is not None]


def _find_occurrences(
    lists: Sequence[_LabelledPostings], passages: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """The index into *passages*, the position and the label of each occurrence in them.

    The lists of rare terms are processed as one: calling NumPy for each would cost more.
    """
    order = np.argsort(passages)
    within = passages[order]
    frequent, rare = _split_by_frequency(lists)
    parts = [_NO_OCCURRENCES]
    for entry, row in frequent:
        documents, positions = _frequent_occurrences(
            entry.field.positions(entry.number), row, within
        )
        parts.append((documents, positions, np.full(len(documents), entry.label)))
    if rare:
        parts.append(_rare_occurrences(rare, within))
    documents, positions, labels = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return order[np.searchsorted(within, documents)], positions, labels


def _rare_occurrences(
    lists: Sequence[_LabelledPostings], within: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """The passage, position and label of each occurrence in the passages *within*."""
    documents, frequencies = _concat_postings(lists)
    positions = np.concatenate([entry.field.positions(entry.number) for entry in lists])
    is_wanted = np.zeros(int(documents.max()) + 1, bool)
    is_wanted[within[within < len(is_wanted)]] = True
    selection = np.flatnonzero(is_wanted[documents])
    if not len(selection):
        return _NO_OCCURRENCES
    # The first position of each: a sum over those before it, and few of them are selected.
    sums = np.add.reduceat(frequencies, selection, dtype=np.int64)
    firsts = run_starts(sums) + frequencies[: selection[0]].sum(dtype=np.int64)
    counts = frequencies[selection].astype(np.int64)
    return (
        np.repeat(documents[selection], counts),
        positions[expand_runs(firsts, counts)].astype(np.int64),
        np.repeat(_labels_of(lists, selection), counts),
    )


def _frequent_occurrences(positions: Array, row: Array, within: IntArray) -> tuple[IntArray, Array]:
    """The document and position of each occurrence of a term in the documents *within*.

    *row* has its frequency in every document, *positions* are all of its positions.
    """
    frequencies = row[within]
    selection = np.flatnonzero(frequencies)
    if not len(selection):
        return _NO_OCCURRENCES[:2]
    documents, counts = within[selection], frequencies[selection].astype(np.int64)
    # The first position of each: a sum over those before it, which takes a part of the time that
    # finding all documents with the term would.
    before = np.add.reduceat(row[: documents[-1]], documents[:-1], dtype=np.int64)
    firsts = np.append(0, before).cumsum() + row[: documents[0]].sum(dtype=np.int64)
    return np.repeat(documents, counts), positions[expand_runs(firsts, counts)]
