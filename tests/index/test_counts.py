"""Counts as arrays: the sums that a Counter gives, in any order of adding and subtracting."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.index.counts import (
    EMPTY,
    CountBuilder,
    hash_text,
    iter_groups,
    tables_from_bytes,
    tables_to_bytes,
)

words = st.lists(st.text("aAbBü ", max_size=3), max_size=30)


def as_dict(table):
    strings = table.strings(range(len(table)))
    return dict(zip(strings, table.counts.tolist(), strict=True))


def count(strings, base=EMPTY, gone=()):
    builder = CountBuilder(str.lower)
    for string in strings:
        builder.add([string])
    builder.subtract(gone)
    return builder.finish(base)


@given(words, words)
def test_sums_are_those_of_a_counter(before, after):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qa.index.counts._MAX_COUNTED", 4)
        patch.setattr("qa.index.counts._MERGED", 3)
        table = count(after, count(before))

    assert as_dict(table) == Counter(before + after)


@given(words, words)
def test_what_is_subtracted_leaves_no_trace(before, gone):
    table = count([], count(before + gone), gone)
    whole = count(before)

    assert [*tables_to_bytes({"t": table}, {})] == [*tables_to_bytes({"t": whole}, {})]


@given(words)
def test_forms_of_a_group_are_counted_together(strings):
    table = count(strings)
    expected = Counter(map(str.lower, strings))
    groups = np.array([hash_text(group) for group in [*expected, "other"]], np.uint64)

    assert table.count_of(groups).tolist() == [*expected.values(), 0]
    for first, end in iter_groups(table):
        forms = Counter({s: strings.count(s) for s in table.strings(range(first, end))})
        usual = table.usual_form(first, end)
        assert forms[usual] == max(forms.values())


@given(words)
def test_tables_can_be_stored(strings):
    table = count(strings)
    data = b"".join(tables_to_bytes({"words": table, "none": EMPTY}, {"level": 1}))
    tables, facts = tables_from_bytes(data)

    assert as_dict(tables["words"]) == as_dict(table)
    assert (len(tables["none"]), facts) == (0, {"level": 1})


def test_what_is_stored_takes_less_than_the_strings_and_their_hashes():
    table = count([f"{word} {number}" for word in ("first", "second") for number in range(2000)])
    raw = sum(column.nbytes for column in (table.groups, table.forms, table.text))

    assert sum(map(len, tables_to_bytes({"words": table}, {}))) < 0.7 * raw


@given(st.integers(0, 200), words)
def test_a_part_of_what_was_stored_is_an_error(end, strings):
    data = b"".join(tables_to_bytes({"words": count(strings)}, {}))
    with pytest.raises(ValueError, match=r".+"):
        tables_from_bytes(data[: min(end, len(data) - 1)])


def test_what_another_version_stored_is_an_error():
    with pytest.raises(ValueError, match="zstd"):
        tables_from_bytes(b'[[["words", "groups", "<u8", 0]], {}]\n')
