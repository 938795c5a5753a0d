"""Array files: what was written is what is read, and nothing else is."""

import json
import os
import struct
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.engines.whoosh.arrays import ArrayFile, narrow_dtype, write_arrays
from qa.engines.whoosh.byte_strings import ByteStrings, join_bytes, join_strings
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


def test_opening_reads_the_directory_and_nothing_else(path, monkeypatch):
    header = struct.unpack("<8sIQQI", path.read_bytes()[:32])
    directory = json.loads(path.read_bytes()[header[2] :])
    read, spans = os.pread, []
    monkeypatch.setattr(os, "pread", lambda fd, n, at: spans.append((at, n)) or read(fd, n, at))
    ArrayFile(path)

    checksums = directory["checksums"][0]
    assert sorted(spans) == [(0, 64), (checksums, header[2] - checksums), header[2:4]]


BLOCK = 1 << 14


@pytest.fixture
def damaged_file(tmp_path):
    """A file of ten blocks of numbers, one of the sixth block altered, and one of few."""
    numbers = np.arange(10 * BLOCK // 4, dtype=np.uint32)
    arrays = {"few": np.arange(16, dtype=np.uint8), "numbers": numbers}
    write_arrays(tmp_path / "a.bin", arrays, {})
    content = bytearray((tmp_path / "a.bin").read_bytes())
    content[5 * BLOCK + 1000] ^= 1
    (tmp_path / "a.bin").write_bytes(content)
    return ArrayFile(tmp_path / "a.bin")


def test_what_is_read_is_verified_and_nothing_else(damaged_file):
    numbers = damaged_file.lazy("numbers")

    assert damaged_file["few"].tolist() == list(range(16))
    assert numbers.read(0, 4 * BLOCK // 4).tolist() == list(range(4 * BLOCK // 4))
    assert numbers.item(8 * BLOCK // 4) == 8 * BLOCK // 4
    assert not len(numbers.read(5 * BLOCK // 4, 5 * BLOCK // 4))
    damaged_file.recheck()
    for read in (
        lambda: numbers.read(4 * BLOCK // 4, 6 * BLOCK // 4),
        lambda: numbers.item(5 * BLOCK // 4),
        numbers.whole,
        lambda: damaged_file["numbers"],
        lambda: damaged_file.get("numbers"),
        damaged_file.check,
        lambda: damaged_file.verify_rest(lambda: None),
        damaged_file.recheck,
    ):
        with pytest.raises(CorruptIndexError, match="the checksum of numbers is wrong"):
            read()
    assert not damaged_file.is_verified


def test_what_was_verified_is_not_read_for_it_again(path, monkeypatch):
    file = ArrayFile(path)
    file.verify_rest(lambda: None)
    monkeypatch.setattr(os, "pread", None)

    assert file.is_verified
    assert file["numbers"].tolist() == list(range(1000))


def test_processes_that_are_forked_off_share_what_was_verified(path):
    file = ArrayFile(path)
    if not (pid := os.fork()):
        file["numbers"]
        os._exit(0)
    os.waitpid(pid, 0)

    file._verifier._checksums = file._verifier._checksums + 1
    assert file["numbers"].tolist() == list(range(1000))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(0, 3 * BLOCK), max_size=5), data=st.data())
def test_every_byte_has_a_checksum(tmp_path, sizes, data):
    arrays = {str(n): np.full(size, n, np.uint8) for n, size in enumerate(sizes)}
    write_arrays(tmp_path / "b.bin", arrays, {})
    file = ArrayFile(tmp_path / "b.bin")
    file.check()
    content = bytearray((tmp_path / "b.bin").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (tmp_path / "b.bin").write_bytes(content)

    with pytest.raises(CorruptIndexError):
        ArrayFile(tmp_path / "b.bin").verify_rest(lambda: None)


def write_version_2(path, arrays):
    """A file as the version before wrote it."""
    content, directory = bytearray(64), {}
    for name, array in arrays.items():
        padding = bytes(-len(content) % 64)
        start = len(content) + len(padding)
        crc = zlib.crc32(padding + array.tobytes())
        directory[name] = [array.dtype.str, len(array), start, crc]
        content += padding + array.tobytes()
    text = json.dumps({"arrays": directory, "facts": {}}).encode()
    header = struct.pack("<8sIQQI", b"VERBATIM", 2, len(content), len(text), zlib.crc32(text))
    path.write_bytes(header + content[len(header) :] + text)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_of_the_version_before_is_read_and_verified(tmp_path, data):
    path = tmp_path / "old.bin"
    arrays = {"a": np.arange(100, dtype="<u2"), "none": np.empty(0, "<f4"), "b": np.ones(7, "<u1")}
    write_version_2(path, arrays)
    file = ArrayFile(path)

    assert {name: file[name].tolist() for name in file} == {
        n: a.tolist() for n, a in arrays.items()
    }
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(CorruptIndexError):
        ArrayFile(path)["a"]


@pytest.mark.parametrize("is_lazy", [True, False])
def test_strings_of_a_file_are_those_that_were_joined(tmp_path, is_lazy):
    items = [b"", b"one", b"two" * BLOCK, b"three"]
    joined, ends = join_bytes(items)
    write_arrays(tmp_path / "a.bin", {"s": joined, "s.ends": ends}, {})
    file = ArrayFile(tmp_path / "a.bin")
    strings = ByteStrings(file if is_lazy else {"s": file["s"], "s.ends": ends}, "s")

    assert len(strings) == 4
    assert [*strings] == [strings[n] for n in range(4)] == items
    assert strings.slice_before(1, None) == items[1:]


@given(st.lists(st.binary()))
def test_joined_strings_can_be_taken_apart(items):
    blob, ends = join_bytes(items)

    assert [blob[a:b].tobytes() for a, b in pairwise(ends)] == items


@given(st.lists(st.text()))
def test_texts_are_joined_as_their_bytes(items):
    for one, other in zip(
        join_strings(items), join_bytes([item.encode() for item in items]), strict=True
    ):
        assert (one.tolist(), one.dtype) == (other.tolist(), other.dtype)


@given(st.lists(st.integers(0, 2**40)))
def test_narrowed_numbers_are_the_same(numbers):
    assert narrow_dtype(np.array(numbers, np.int64)).tolist() == numbers
