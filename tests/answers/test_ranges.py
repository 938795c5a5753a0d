"""Periods and orders in the words of a question: what they limit, and what is said of it."""

import datetime
from dataclasses import replace

import pytest

from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.queries.query import Filters
from qa.settings import Settings

TODAY = datetime.date(2024, 5, 15)
# By the day of each document; None for one without a date.
REPORTS = {
    "old": (
        "2017-03-02",
        "The Lindholm ferry sold 1,100 tickets while its engine was being built.",
    ),
    "mid": ("2019-08-20", "Crowds came: 2,200 tickets were sold for the ferry out of Lindholm."),
    "new": (
        "2021-06-11",
        "A strike kept people off the ferry; Lindholm sold 3,300 tickets anyway.",
    ),
    "late": ("2021-06-14", "Sunshine helped the Lindholm ferry, which sold 4,400 tickets by noon."),
    "review": (
        "2021-02-01",
        "In May 2018, we recall, 5,500 tickets for Lindholm's ferry were sold.",
    ),
    "leaflet": (None, "Summer of 2016: how the ferry to Lindholm sold its 6,600 yellow tickets."),
}


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    def build_index(texts):
        settings = Settings(index=str(tmp_path_factory.mktemp("ranges")))
        documents = [
            build_document(
                id_,
                f"{id_}.txt",
                [RawBlock(text)],
                Metadata("A report", date=day and datetime.date.fromisoformat(day)),
            )
            for id_, (day, text) in texts.items()
        ]
        documents += [
            build_document(f"other{n}", "o.txt", [RawBlock(text)], Metadata("Other"))
            for n, text in enumerate(["A crane was moved.", "The quay was painted.", "A chart."])
        ]
        index_documents(documents, open_engine(settings), settings)
        return open_engine(settings).searcher(), settings

    return build_index


@pytest.fixture(scope="module")
def reports(build):
    return build(REPORTS)


OPTIONS = AskOptions(today=TODAY, limit=10)


def ids(answer):
    return {passage.citation.document_id for passage in answer.passages}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        # A period that is named by its dates: documents of it, and passages that name one.
        ("how many tickets did the ferry sell in 2019?", {"mid"}),
        ("how many tickets did the ferry sell in May 2018?", {"review"}),
        (
            "how many tickets did the ferry sell between 2016 and 2018?",
            {"old", "review", "leaflet"},
        ),
        ("how many tickets did the ferry sell in the second quarter of 2021?", {"new", "late"}),
        # Another one: documents of it, and undated passages that name a day of it.
        ("how many tickets did the ferry sell before 2018?", {"old", "leaflet"}),
        ("how many tickets did the ferry sell since 2019?", {"mid", "new", "late", "review"}),
        ("how many tickets did the ferry sell after 11 June 2021?", {"late"}),
        ("how many tickets did the ferry sell until August 2019?", {"old", "mid", "leaflet"}),
        ("how many tickets did the ferry sell since March?", {"new", "late"}),
        ("how many tickets did the ferry sell last week?", {"new", "late"}),
        ("how many tickets did the ferry sell yesterday?", set()),
    ],
)
def test_a_period_limits_the_answer(reports, question, expected):
    answer = ask(*reports, question, OPTIONS)

    if expected:
        assert ids(answer) == expected
        assert answer.range.applied
        assert answer.range.text in question
    else:
        assert not answer.range.applied
        assert ids(answer) >= {"old", "new"}


def test_it_is_said_from_which_day_it_is_counted(reports):
    answer = ask(*reports, "how many tickets did the ferry sell last week?", OPTIONS)
    today = replace(OPTIONS, today=datetime.date(2021, 6, 16))
    counted_from_today = ask(*reports, "how many tickets did the ferry sell last week?", today)

    assert answer.range.detail == "Counted back from the newest document, of 14 June 2021."
    assert (answer.range.first, answer.range.last) == (
        datetime.date(2021, 6, 7),
        datetime.date(2021, 6, 14),
    )
    assert counted_from_today.range.detail == ""
    assert ids(counted_from_today) == {"new", "late"}


@pytest.mark.parametrize("words", ["in 2019", "between June and August 2019", "before 2018"])
def test_a_document_of_a_period_need_not_name_it(reports, words):
    answer = ask(*reports, f"how many tickets did the ferry sell {words}?", OPTIONS)

    missing = {word for passage in answer.passages for word in passage.reasons.missing}
    assert missing <= {"how", "many", "did", "sell"}


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("how many tickets did the ferry sell in 1999?", "2 March 2017 to 14 June 2021"),
        ("how many tickets did the ferry sell after 2021?", "2 March 2017 to 14 June 2021"),
        ("who sold the quay in 2020?", "no passage of that time"),
    ],
)
def test_a_period_that_leaves_nothing_is_not_applied_and_that_is_said(reports, question, reason):
    answer = ask(*reports, question, OPTIONS)

    assert not answer.range.applied
    assert reason in answer.range.detail
    assert answer.passages


def test_a_single_day_is_no_range_of_dates(build):
    answer = ask(*build({"new": REPORTS["new"]}), "how many tickets were sold in 2016?", OPTIONS)

    assert answer.range.detail.endswith("the documents are dated 11 June 2021.")


def test_without_dates_nothing_is_limited_and_that_is_said(build):
    undated = build({id_: (None, text) for id_, (_, text) in REPORTS.items()})
    period = ask(*undated, "how many tickets did the ferry sell in 2016?", OPTIONS)
    order = ask(*undated, "latest news about Lindholm", OPTIONS)

    for answer in (period, order):
        assert not answer.range.applied
        assert "no document has a date" in answer.range.detail
        assert len(answer.passages) > 1
    assert period.passages[0].citation.document_id == "leaflet"
    assert order.sort == "relevance"


@pytest.mark.parametrize(
    "options",
    [
        replace(OPTIONS, ranges=False),
        replace(OPTIONS, filters=Filters(date_from=datetime.date(2017, 1, 1))),
    ],
)
def test_a_reader_can_do_without_and_a_chosen_range_counts_alone(reports, options):
    answer = ask(*reports, "how many tickets did the ferry sell in 2019?", options)

    assert answer.range is None
    assert "new" in ids(answer)
    assert "2019" in answer.query.used


def test_words_in_quotation_marks_limit_nothing(reports):
    answer = ask(*reports, 'which ferry sold tickets "in May 2018"', OPTIONS)

    assert answer.range is None
    assert ids(answer) == {"review"}


def test_a_period_alone_is_searched_for(reports):
    assert ask(*reports, "in May 2018", OPTIONS).passages[0].citation.document_id == "review"


@pytest.mark.parametrize(
    ("question", "sort", "first"),
    [
        ("latest news about Lindholm", "newest", "late"),
        ("first mention of Lindholm", "oldest", "old"),
        ("the oldest report about Lindholm", "oldest", "old"),
    ],
)
def test_an_order_in_words_can_be_undone(reports, question, sort, first):
    answer = ask(*reports, question, OPTIONS)
    undone = ask(*reports, question, replace(OPTIONS, ranges=False))

    assert (answer.sort, answer.range.sort, answer.range.label) == (sort, sort, f"{sort} first")
    assert answer.passages[0].citation.document_id == first
    assert (undone.sort, undone.range) == ("relevance", None)


def test_a_follow_up_has_a_period_of_its_own(reports):
    turns = ("how many tickets did the ferry of Lindholm sell in 2021?",)
    answer = ask(*reports, "and in 2019?", replace(OPTIONS, turns=turns))

    assert answer.passages[0].citation.document_id == "mid"
