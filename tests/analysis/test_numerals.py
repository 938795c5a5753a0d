"""The values of numbers, however they are grouped and scaled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.numerals import find_numbers, may_have_spaced_numbers


def terms(text, language="en"):
    return [number.term for number in find_numbers(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "4,310,000", "4310000"),
        ("en", "€4.31m", "4310000"),
        ("en", "$4.31 million", "4310000"),
        ("en", "4.31M users", "4310000"),
        ("en", "43,10,000 rupees", "4310000"),
        ("en", "43.1 lakh", "4310000"),
        ("de", "4,31 Mio. Euro", "4310000"),
        ("de", "4,31 Millionen", "4310000"),
        ("de", "4.310.000", "4310000"),
        ("fr", "4 310 000 habitants", "4310000"),
        ("fr", "4,31 millions", "4310000"),
        ("es", "4,31 millones", "4310000"),
        ("it", "4,31 milioni", "4310000"),
        ("nl", "4,31 miljoen", "4310000"),
        ("pt", "4,31 milhões", "4310000"),
        ("pl", "4,31 mln", "4310000"),
        ("ru", "4,31 млн", "4310000"),
        ("de-CH", "4'310'000", "4310000"),
        ("en", "3bn", "3000000000"),
        ("de", "3 Milliarden", "3000000000"),
        ("es", "3 mil millones", "3000000000"),
        ("fr", "3 milliards", "3000000000"),
        ("de", "8,25 %", "8.25"),
        ("de", "6.720 Menschen", "6720"),
        ("en", "6,720 people", "6720"),
    ],
)
def test_a_number_has_one_value_in_any_form(language, text, value):
    assert terms(text, language) == [value]


@pytest.mark.parametrize(
    ("language", "text", "values"),
    [
        ("en", "£41.50", ["41.5"]),
        ("en", "a fee of 41.50 EUR", ["41.5"]),
        ("en", "2.50% of it", ["2.5"]),
        ("de", "41,50 €", ["41.50", "41.5"]),
        ("fr", "41,50 €", ["41.50", "41.5"]),
        ("de", "2,50 % davon", ["2.50", "2.5"]),
        ("en", "version 41.50", []),
        ("en", "£41.05 for 300 of 2.50 m", []),
    ],
)
def test_an_amount_is_found_without_zeros_at_its_end(language, text, values):
    assert terms(text, language) == values


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "6.720"),  # decimals
        ("en", "a wall of 2.35m"),
        ("en", "192.168.1.12 and 3:45 and 24/7"),
        ("en", "in room 012"),
        ("en", "in 2020 150 people"),
        ("en", "1.10 and 10"),
        ("en", "1" * 40 + ",000"),
    ],
)
def test_what_is_written_as_its_value_or_is_no_amount_has_no_other_form(language, text):
    assert terms(text, language) == []


@given(st.integers(1_000, 10**15))
def test_groups_do_not_count(number):
    assert terms(f"{number:,}") == [str(number)]
    assert terms(f"{number:,}".replace(",", " ")) == [str(number)]


@given(st.text(), st.sampled_from(["en", "de", "fr", "xx"]))
def test_any_text_has_numbers_within_it(text, language):
    assert all(0 <= n.start < n.end <= len(text) for n in find_numbers(text, language))


_PIECES = [
    "1",
    "043",
    " ",
    "2.35",
    ",",
    "'",
    "million",
    "mil millones",
    "k",
    "€",
    "Mrd.",
    "xyz",
    ".",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join), st.sampled_from(["en", "es"]))
def test_the_fast_look_misses_no_number_with_a_space(text, language):
    numbers = find_numbers(text, language)
    if any(" " in text[number.start : number.end] for number in numbers):
        assert may_have_spaced_numbers(text, language)


def test_the_fast_look_passes_over_most_numbers():
    assert not may_have_spaced_numbers("In 2019 there were 12 of them, or 7.5% more.", "en")
