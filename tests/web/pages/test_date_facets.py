"""Dates counted by stretches of time."""

import datetime
from itertools import pairwise

import pytest

from qa.web.pages.index_stats import count_bars, count_periods


def days(*texts):
    return list(map(datetime.date.fromisoformat, texts))


@pytest.mark.parametrize(
    ("dates", "labels"),
    [
        ([], []),
        (
            days("2021-12-03", "2021-12-30", "2022-01-01"),
            [("December 2021", 2), ("January 2022", 1)],
        ),
        (
            [datetime.date(1990 + n // 12, n % 12 + 1, 1) for n in range(36)],
            [("1990", 12), ("1991", 12), ("1992", 12)],
        ),
        (
            [datetime.date(year, 7, 1) for year in range(1969, 2001)],
            [("1960s", 1), ("1970s", 10), ("1980s", 10), ("1990s", 10), ("2000s", 1)],
        ),
    ],
)
def test_documents_are_counted_by_the_finest_period_that_fits(dates, labels):
    assert [(p.label, p.documents) for p in count_periods(dates)] == labels


def test_periods_touch_and_hold_their_dates():
    periods = count_periods([datetime.date(year, 12, 31) for year in range(1, 400, 13)])

    assert periods[0].first <= datetime.date(1, 12, 31) <= periods[0].last
    assert sum(p.documents for p in periods) == 31
    assert [str(p.last)[4:] for p in periods] == ["-12-31"] * len(periods)


@pytest.mark.parametrize(
    ("dates", "labels"),
    [
        ([], []),
        (
            days("2022-03-30", "2022-04-01", "2022-04-01"),
            ["30 March 2022", "31 March 2022", "1 April 2022"],
        ),
        (
            days("2021-11-30", "2022-02-01"),
            ["November 2021", "December 2021", "January 2022", "February 2022"],
        ),
        (days("2019-01-01", "2022-12-31"), ["2019", "2020", "2021", "2022"]),
        (
            days("1969-01-01", "2022-12-31"),
            ["1960s", "1970s", "1980s", "1990s", "2000s", "2010s", "2020s"],
        ),
        (
            days("1599-01-01", "2022-12-31"),
            ["1500–1599", "1600–1699", "1700–1799", "1800–1899", "1900–1999", "2000–2099"],
        ),
    ],
)
def test_bars_stand_for_equal_times_from_the_first_date_to_the_last(dates, labels):
    assert [bar.label for bar in count_bars(dates)] == labels
    assert sum(bar.documents for bar in count_bars(dates)) == len(dates)


def test_a_time_without_documents_has_a_bar_of_none():
    bars = count_bars(days("2019-05-01", "2022-05-01", "2022-06-01"))

    assert [bar.documents for bar in bars] == [1, 0, 0, 2]


@pytest.mark.parametrize("other", ["0001-01-01", "9999-12-31", "9999-11-30", "9000-01-01"])
def test_bars_reach_the_ends_of_time(other):
    bars = count_bars(days("9999-12-31", other))

    assert bars[0].first <= min(days("9999-12-31", other))
    assert bars[-1].last == datetime.date.max
    assert len(bars) <= 31


def test_bars_touch():
    for dates in (
        ("2020-01-01", "2020-01-31"),
        ("2020-01-01", "2021-12-01"),
        ("1700-01-01", "1990-01-01"),
    ):
        bars = count_bars(days(*dates))
        for one, other in pairwise(bars):
            assert other.first - one.last == datetime.timedelta(days=1)
