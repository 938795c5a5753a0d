"""Records that are made in one step."""

from dataclasses import FrozenInstanceError, dataclass

import pytest

from qa.analysis.records import make_record


@dataclass(frozen=True)
class Place:
    """Any frozen record."""

    name: str
    number: int = 1


def test_a_record_is_as_its_own_kind_makes_it():
    record = make_record(Place, {"name": "a", "number": 2})

    assert record == Place("a", 2)
    assert (hash(record), repr(record)) == (hash(Place("a", 2)), repr(Place("a", 2)))
    with pytest.raises(FrozenInstanceError):
        record.number = 3
