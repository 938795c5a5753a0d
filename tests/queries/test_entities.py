"""Named: publishers and dates that a question names."""

import datetime

import pytest

from qa.queries.entities import QuestionEntities


@pytest.mark.parametrize(
    ("question", "inside", "outside"),
    [
        ("what happened on 2021-12-03?", "2021-12-03", "2021-12-04"),
        ("what happened on 3 December 2021?", "2021-12-03", "2021-12-04"),
        ("what happened on December 3rd, 2021?", "2021-12-03", "2020-12-03"),
        ("what happened in December 2021?", "2021-12-31", "2021-11-30"),
        ("what happened in 2021?", "2021-01-01", "2022-01-01"),
        ("between May 2019 and 4 June 2020", "2020-06-04", "2020-06-05"),
    ],
)
def test_a_date_covers_as_much_as_it_says(question, inside, outside):
    named = QuestionEntities(question)

    assert named.names_date(datetime.date.fromisoformat(inside))
    assert not named.names_date(datetime.date.fromisoformat(outside))


@pytest.mark.parametrize("question", ["who came?", "in room 2021b", "on 99 December", "2021-13-45"])
def test_what_is_no_date_names_no_day_in_december(question):
    assert not QuestionEntities(question).names_date(datetime.date(1999, 12, 9))


def test_a_document_without_a_date_is_not_named():
    assert not QuestionEntities("in 2021").names_date(None)


def test_a_publisher_is_named_by_all_words_of_its_name():
    named = QuestionEntities("what did the northern gazette say?")

    assert named.names_publisher("Northern Gazette")
    assert named.names_publisher("The Northern Gazette")
    assert not named.names_publisher("Northern Courier")
    assert not named.names_publisher(None)
    assert not named.names_publisher("")


@pytest.mark.parametrize(
    ("question", "is_named"),
    [
        ("Which city did the storm hit this week?", False),
        ("Which city did the storm hit, says The Week?", True),
        ("Which Week reporter was there?", True),
        ("which city did the storm hit this week?", False),
        ("which city did the storm hit, says the week?", True),
    ],
)
def test_a_common_word_is_a_publisher_only_where_it_is_written_as_a_name(question, is_named):
    assert QuestionEntities(question).names_publisher("The Week") is is_named


def test_a_title_of_one_word_is_not_named_by_chance():
    assert QuestionEntities("the treaties of Vesa").names_title("The treaties of Vesa")
    assert not QuestionEntities("the treaties of Vesa").names_title("Vesa")
