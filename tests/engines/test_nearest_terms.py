"""Spellings: which words are near each other, and which are not."""

import pytest

from qa.engines.spelling import count_edits, max_edits, nearest_terms


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # Letters that changed places, in short words and at the beginning.
        ("hwo", "who"),
        ("cta", "cat"),
        ("wierd", "weird"),
        ("recieve", "receive"),
        ("nwes", "news"),
        ("freidn", "freind"),
        # Dropped and doubled letters.
        ("cas", "cash"),
        ("tomorow", "tomorrow"),
        ("tommorow", "tomorrow"),
        ("acommodattion", "accommodation"),
        ("runing", "running"),
        ("foood", "food"),
        ("isconsin", "wisconsin"),
        # Other languages.
        ("strase", "strasse"),
        ("bibliotehk", "bibliothek"),
        ("developement", "developpement"),
        ("молкоо", "молоко"),
        ("σχλοείο", "σχολείο"),
        ("पनाी", "पानी"),
    ],
)
def test_a_slip_of_the_fingers_is_near(typed, meant):
    others = ["zebra", "quagga", "xylophone"]

    assert nearest_terms(typed, [*others, meant], lambda _: 1) == [meant]


@pytest.mark.parametrize(
    ("typed", "other"),
    [
        # A short word with another letter is another word.
        ("cat", "car"),
        ("eu", "eur"),
        ("ab", "abc"),
        ("lindholm", "lundhelm"),
        ("1905", "1906"),
        ("b2b", "b2c"),
        ("图书", "图画"),
        ("ที่นี่", "ที่นั่"),
        ("word", "word"),
    ],
)
def test_other_words_are_not_near(typed, other):
    assert nearest_terms(typed, [other], lambda _: 1) == [] or not max_edits(typed)


def test_doubled_letters_are_one_edit_in_all():
    assert count_edits("tommorow", "tomorrow") == 1
    assert count_edits("lindholm", "lundhelm") == 2


def test_the_nearest_comes_first_and_then_the_most_frequent():
    counts = {"harbour": 1, "harbours": 9, "arbour": 5}

    assert nearest_terms("harbuor", [*counts], counts.__getitem__)[0] == "harbour"
    assert nearest_terms("harbours", ["arbours", "harbour"], {"arbours": 2, "harbour": 7}.get) == [
        "harbour",
        "arbours",
    ]
