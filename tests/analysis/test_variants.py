"""Other forms of words, which are indexed at the same positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import token_spans, token_texts
from qa.analysis.variants import find_variants, word_positions


def words(text, language="en"):
    return [variant.word for variant in find_variants(text, language)]


@pytest.mark.parametrize(
    ("text", "variant"),
    [
        ("a co-op in town", "coop"),
        ("part BX-2210-K fails", "BX2210K"),
        ("a follow‑up", "followup"),
        ("G. K. Lund wrote", "GK"),
        ("G K Lund wrote", "GK"),
        ("J.-P. Lund wrote", "JP"),
        ("by J.R. R. Lund", "JRR"),
        ("Q & A afterwards", "Q&A"),
        ("the .NET runtime", ".NET"),
        ("open 24/7 here", "24/7"),
        ("Notepad++ is used", "Notepad"),
        ("a 12kg box", "kg"),
        ("on 3 June 2016", "date:2016-06-03"),
        ("on 3 June 2016", "date:2016-06"),
        ("on 3 June 2016", "date:--06-03"),
        ("03.06.2016", "2016"),
        ("in 2016", "date:2016"),
        ("7.2 million", "7200000"),
        ("ISBN 978-3-16-148410-0", "9783161484100"),
    ],
)
def test_a_word_is_indexed_in_its_other_form(text, variant):
    assert variant in words(text)


@pytest.mark.parametrize(
    "text",
    [
        "plain words only",
        "pages 12-15",
        "555-1234",
        "a - b",
        "C# and C++",
        "and/or",
        "12:30",
        "the 1980s",
    ],
)
def test_other_words_have_no_other_form(text):
    assert words(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C++ or C# or F#, not C", ["C++", "or", "C#", "or", "F#", "not", "C"]),
        ("Visual C++20", ["Visual", "C++", "20"]),
        ("g++ and Notepad++", ["g++", "and", "Notepad++"]),
        ("a 2.35m wall", ["a", "2.35", "m", "wall"]),
        ("issue#4 A+ 1+1", ["issue", "4", "A", "1", "1"]),
        ("№ 5 in C♯ ² C#", ["5", "in", "C", "²", "C#"]),
    ],
)
def test_signs_are_part_of_a_name_that_they_make(text, expected):
    assert [word for word in token_texts(text) if word != "№"] == expected


def test_a_variant_is_at_the_position_of_its_first_word():
    text = "The motor failed on 3 June 2016 in co-op 7."
    variants = find_variants(text, "en")
    positions = word_positions(token_spans(text), variants)

    found = {
        variant.word: token_texts(text)[n] for n, variant in zip(positions, variants, strict=True)
    }
    assert found["date:2016-06-03"] == "3"
    assert found["date:2016"] == "2016"
    assert found["coop"] == "co"


@given(st.text(), st.sampled_from(["en", "de", "ja", "xx"]))
def test_any_text_has_variants_within_it(text, language):
    variants = find_variants(text, language)
    positions = word_positions(token_spans(text), variants)

    assert all(0 <= variant.start < variant.end <= len(text) for variant in variants)
    assert positions == sorted(positions)
    assert all(0 <= place < len(token_texts(text)) for place in positions)
