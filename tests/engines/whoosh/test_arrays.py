"""Array files: what was written is what is read, and nothing else is."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.engines.whoosh.arrays import ArrayFile, join_bytes, narrow_dtype, write_arrays
from qa.errors import CorruptIndexError


@pytest.fixture
def path(tmp_path):
    """A file of three arrays."""
    arrays = {
        "numbers": np.arange(1000, dtype=np.uint16),
        "empty": np.empty(0, np.float32),
        "scores": np.linspace(0, 1, 77, dtype=np.float32),
    }
    write_arrays(tmp_path / "a.bin", arrays, {"fields": ["x"]})
    return tmp_path / "a.bin"


def test_arrays_and_facts_come_back(path):
    file = ArrayFile.open_checked(path)

    assert file["numbers"].tolist() == list(range(1000))
    assert file["empty"].dtype == np.float32
    assert file.facts == {"fields": ["x"]}
    assert file.get("nothing") is None


def test_arrays_cannot_be_written_to(path):
    with pytest.raises(ValueError, match="read-only"):
        ArrayFile(path)["numbers"][0] = 1


@pytest.mark.parametrize("size", [0, 1, 31, 64, 100, -1])
def test_a_truncated_file_is_refused_by_name(path, size):
    path.write_bytes(path.read_bytes()[:size])

    with pytest.raises(CorruptIndexError, match=r"a\.bin"):
        ArrayFile.open_checked(path)


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(CorruptIndexError, match=r"b\.bin"):
        ArrayFile.open_checked(tmp_path / "b.bin")


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_is_noticed(path, data):
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.with_name("flipped.bin").write_bytes(whole)

    with pytest.raises(CorruptIndexError, match=r"flipped\.bin"):
        ArrayFile.open_checked(path.with_name("flipped.bin"))


@given(st.lists(st.binary()))
def test_joined_strings_can_be_taken_apart(items):
    blob, ends = join_bytes(items)

    assert [blob[a:b].tobytes() for a, b in pairwise(ends)] == items


@given(st.lists(st.integers(0, 2**40)))
def test_narrowed_numbers_are_the_same(numbers):
    assert narrow_dtype(np.array(numbers, np.int64)).tolist() == numbers
