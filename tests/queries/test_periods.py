"""Periods in the words of a question, in seven languages."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.queries.periods import parse_period
from qa.queries.topics import parse_order

TODAY = datetime.date(2024, 5, 15)  # a Wednesday
NEWEST = datetime.date(2023, 12, 20)


def days(question, language="en", newest=None):
    period = parse_period(question, [language], TODAY, newest)
    return period and f"{period.first or ''}..{period.last or ''}"


@pytest.mark.parametrize(
    ("language", "question", "expected"),
    [
        ("en", "who resigned in 2018?", "2018-01-01..2018-12-31"),
        ("en", "who resigned in February 2020?", "2020-02-01..2020-02-29"),
        ("en", "who resigned before 2018?", "..2017-12-31"),
        ("en", "who resigned until March 2018?", "..2018-03-31"),
        ("en", "who resigned after 5 June 2018?", "2018-06-06.."),
        ("en", "who resigned since April?", "2024-04-01.."),
        ("en", "who resigned since November?", "2023-11-01.."),
        ("en", "who resigned between May and July 2018?", "2018-05-01..2018-07-31"),
        ("en", "who resigned from 2016 to 2018?", "2016-01-01..2018-12-31"),
        ("en", "who resigned in the second quarter of 2018?", "2018-04-01..2018-06-30"),
        ("en", "who resigned during Q4 2018?", "2018-10-01..2018-12-31"),
        ("en", "who resigned last month?", "2024-04-01..2024-04-30"),
        ("en", "who resigned last week?", "2024-05-06..2024-05-15"),
        ("en", "who resigned in the past 10 days?", "2024-05-05..2024-05-15"),
        ("en", "who resigned last year?", "2023-01-01..2023-12-31"),
        ("de", "wer trat im Jahr 2018 zurück?", "2018-01-01..2018-12-31"),
        ("de", "wer trat vor Mai 2018 zurück?", "..2018-04-30"),
        ("de", "wer trat zwischen 2016 und 2018 zurück?", "2016-01-01..2018-12-31"),
        ("de", "wer trat in den letzten 2 Wochen zurück?", "2024-05-01..2024-05-15"),
        ("de", "wer trat gestern zurück?", "2024-05-14..2024-05-14"),
        ("fr", "qui a démissionné en mai 2018 ?", "2018-05-01..2018-05-31"),
        ("fr", "qui a démissionné depuis l'année 2018 ?", "2018-01-01.."),
        ("fr", "qui a démissionné entre mars et mai 2018 ?", "2018-03-01..2018-05-31"),
        ("fr", "qui a démissionné le mois dernier ?", "2024-04-01..2024-04-30"),
        ("fr", "qui a démissionné au cours des 3 derniers mois ?", "2024-02-15..2024-05-15"),
        ("es", "¿quién dimitió en 2018?", "2018-01-01..2018-12-31"),
        ("es", "¿quién dimitió antes de mayo de 2018?", "..2018-04-30"),
        ("es", "¿quién dimitió desde marzo?", "2024-03-01.."),
        ("es", "¿quién dimitió el año pasado?", "2023-01-01..2023-12-31"),
        ("it", "chi si è dimesso nel 2018?", "2018-01-01..2018-12-31"),
        ("it", "chi si è dimesso tra il 2016 e il 2018?", "2016-01-01..2018-12-31"),
        ("it", "chi si è dimesso dopo marzo 2018?", "2018-04-01.."),
        ("nl", "wie trad af vóór 2018?", "..2017-12-31"),
        ("nl", "wie trad af van 2016 tot 2018?", "2016-01-01..2018-12-31"),
        ("nl", "wie trad vorige maand af?", "2024-04-01..2024-04-30"),
        ("pt", "quem renunciou em 2018?", "2018-01-01..2018-12-31"),
        ("pt", "quem renunciou desde abril de 2018?", "2018-04-01.."),
        ("pt", "quem renunciou no ano passado?", "2023-01-01..2023-12-31"),
    ],
)
def test_words_limit_a_question_to_days(language, question, expected):
    assert days(question, language) == expected


@pytest.mark.parametrize(
    "question",
    [
        "who may march in the parade?",
        "what is a May pole?",
        "compare 2018 and 2019",
        "who resigned in 2018 or in 2020?",
        "who resigned before the election?",
        "how did the last weekend end?",
        "what is in room 2018b?",
        "the treaty of 1648",
        "who came last?",
        "which movie opened this week?",
        "who changed his mind in February?",
        "who spoke in the 2020 election?",
        "The park was closed since June 2018. Why was it shut?",
    ],
)
def test_other_words_limit_nothing(question):
    assert days(question) is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("who resigned last week?", "2023-12-11..2023-12-20"),
        ("who resigned since March?", "2023-03-01.."),
        ("who resigned in the last 3 months?", "2023-09-20..2023-12-20"),
        ("who resigned in 2025?", "2025-01-01..2025-12-31"),
    ],
)
def test_it_is_counted_from_the_newest_document_where_all_are_older(question, expected):
    assert days(question, newest=NEWEST) == expected
    period = parse_period(question, ["en"], TODAY, NEWEST)
    assert period.from_newest == period.is_relative


@given(st.text(), st.sampled_from(["en", "de", "fr", "es", "it", "nl", "pt", "xx"]))
def test_any_text_is_read(text, language):
    period = parse_period(text, [language], TODAY)

    assert period is None or 0 <= period.span.start < period.span.end <= len(text)


@pytest.mark.parametrize(
    ("question", "sort", "topic"),
    [
        ("latest news about Lindholm", "newest", "Lindholm"),
        ("what is the latest on Lindholm", "newest", "Lindholm"),
        ("first mention of Lindholm", "oldest", "Lindholm"),
        ("the earliest report about Lindholm", "oldest", "Lindholm"),
        ("erste Erwähnung von Lindholm", "oldest", "Lindholm"),
        ("première mention de Lindholm", "oldest", "Lindholm"),
        ("primera mención de Lindholm", "oldest", "Lindholm"),
        ("prima menzione di Lindholm", "oldest", "Lindholm"),
        ("eerste vermelding van Lindholm", "oldest", "Lindholm"),
        ("primeira menção a Lindholm", "oldest", "Lindholm"),
    ],
)
def test_words_ask_for_an_order_by_date(question, sort, topic):
    ordered = parse_order(question)

    assert (ordered.sort, ordered.topic) == (sort, topic)


@pytest.mark.parametrize("question", ["first of all, who paid?", "the first on the moon", "latest"])
def test_other_words_ask_for_no_order(question):
    assert parse_order(question) is None
