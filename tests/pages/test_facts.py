"""The facts of a generation: counted periods, questions that it answers."""

import datetime
import json

import pytest

from qa.documents import Metadata, RawBlock, document
from qa.engines import open_engine
from qa.indexing import index_documents
from qa.pages.facts import periods
from qa.pages.questions import answered, candidates
from qa.settings import Settings

BERG = document(
    "berg",
    "berg.txt",
    [RawBlock("The pier was cold. Ada Berg, the mayor of Lindholm, opened it in 1874 by herself.")],
    Metadata("Opened"),
)
FERRY = document(
    "ferry",
    "ferry.txt",
    [RawBlock("The Vesa ferry is a wooden boat that carries forty people. It leaves at noon.")],
    Metadata("Boats"),
)
WHY = document(
    "why",
    "why.txt",
    [RawBlock("Lindholm lost its lighthouse because the council had sold the rock under it.")],
    Metadata("Why did Lindholm lose its lighthouse?"),
)


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
    assert [(p.label, p.documents) for p in periods(dates)] == labels


def test_periods_touch_and_hold_their_dates():
    found = list(periods([datetime.date(year, 12, 31) for year in range(1, 400, 13)]))

    assert found[0].first <= datetime.date(1, 12, 31) <= found[0].last
    assert sum(p.documents for p in found) == 31
    assert [str(p.last)[4:] for p in found] == ["-12-31"] * len(found)


@pytest.fixture
def asked(tmp_path):
    """The questions to try of an index of documents, and of the operator's questions."""

    def suggested(*documents, own=()):
        settings = Settings(index=str(tmp_path))
        (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, own)))
        index_documents(documents, open_engine(settings), settings)
        live = open_engine(settings).searcher()
        return answered(live, settings, candidates(live, settings), 3)

    return suggested


def test_questions_are_found_in_the_documents(asked):
    assert asked(BERG, FERRY, WHY) == (
        "Why did Lindholm lose its lighthouse?",
        "Who is Ada Berg?",
        "What is the Vesa ferry?",
    )


def test_the_operators_questions_come_first_and_each_from_another_document(asked):
    own = [
        {"question": "Who opened the pier?"},
        {"question": "When did Ada Berg open the pier?"},
        {"question": "What is a unicorn?"},
        {"question": "Who sold the rock?"},
    ]

    assert asked(BERG, FERRY, WHY, own=own) == ("Who opened the pier?", "Who sold the rock?")
