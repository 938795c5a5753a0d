"""A deadline: a moment that is passed down as a value."""

import pytest

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.errors import DeadlineExceededError


def test_a_deadline_counts_from_the_start_that_it_is_given():
    deadline = Deadline.after(5, start=100.0)

    assert deadline.moment == 105.0


def test_a_deadline_that_has_passed_raises():
    deadline = Deadline.after(-1)

    assert deadline.is_expired
    assert deadline.remaining < 0
    with pytest.raises(DeadlineExceededError, match="QA_BUDGET_MS"):
        deadline.check()


def test_there_is_time_before_a_deadline():
    deadline = Deadline.after(60)

    deadline.check()

    assert not deadline.is_expired
    assert 0 < deadline.remaining <= 60


def test_never_does_not_come():
    NO_DEADLINE.check()

    assert not NO_DEADLINE.is_expired
