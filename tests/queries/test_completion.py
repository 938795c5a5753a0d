"""What is typed so far, and the texts that it may become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.queries.completion import Completer, completion_words

TEXTS = [
    "The harbour of Lindholm",
    "Who built the old harbour?",
    "Bridge over the Vesa",
    "Łódź in the winter",
    "東京の港の歴史",
    "Who is the harbour master?",
]
SMALL = frozenset({"who", "is", "the", "of"})


def complete(typed, *, fuzzy=False):
    return [TEXTS[number] for number in Completer(TEXTS).complete(typed, 8, SMALL, fuzzy=fuzzy)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("harb", "The harbour of Lindholm"),
        ("who b", "Who built the old harbour?"),
        ("lind harb", "The harbour of Lindholm"),
        ("VESA", "Bridge over the Vesa"),
        ("lodz", "Łódź in the winter"),
        ("港", "東京の港の歴史"),
        ("the har", "The harbour of Lindholm"),
        ("who is the h", "Who is the harbour master?"),
    ],
)
def test_a_text_is_completed_from_the_beginnings_of_its_words(typed, first):
    assert complete(typed)[0] == first


@pytest.mark.parametrize("typed", ["", "   ", "?!", "unicorn", "arbour", "harbour unicorn"])
def test_what_no_text_has_is_completed_by_none(typed):
    assert complete(typed) == []


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("harbuor", "The harbour of Lindholm"),
        ("habour", "The harbour of Lindholm"),
        ("xharbour", "The harbour of Lindholm"),
        ("linhdol", "The harbour of Lindholm"),
        ("brigde vesa", "Bridge over the Vesa"),
        ("bilt", "Who built the old harbour?"),
    ],
)
def test_typing_errors_are_tolerated_if_asked_for(typed, text):
    assert complete(typed) == []
    assert text in complete(typed, fuzzy=True)


def test_small_words_need_not_be_there_unless_there_are_no_others():
    assert "The harbour of Lindholm" in complete("is harbour")
    assert complete("who is ")[0] == "Who is the harbour master?"
    assert "Bridge over the Vesa" not in complete("who is ")


def test_no_more_are_given_than_are_asked_for():
    assert len(Completer(TEXTS).complete("harbour", 2)) == 2
    assert Completer([]).complete("harbour", 2, fuzzy=True) == []


@given(st.lists(st.text(max_size=40), max_size=20), st.text(max_size=60), st.booleans())
def test_all_that_is_given_has_all_words_as_a_plain_search_finds_them(texts, typed, fuzzy):
    numbers = Completer(texts).complete(typed, 50, fuzzy=fuzzy)
    words = completion_words(typed)

    def has(text, word):
        return any(own.startswith(word) for own in completion_words(text))

    plain = [n for n, text in enumerate(texts) if words and all(has(text, w) for w in words)]
    assert len({*numbers}) == len(numbers)
    if len(words) <= 12:
        assert {*plain} <= {*numbers}
