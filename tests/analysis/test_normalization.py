"""What a terminal would obey is shown as an escape; everything else as it is."""

import json
import sys
import unicodedata

import pytest

from qa.analysis.normalization import printable, printable_json, printable_prose

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
ACTIVE = [
    letter
    for letter in EVERY
    if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} or letter in BIDI
]


def test_no_character_that_does_something_is_printed():
    printed = printable("".join(EVERY))

    assert not set(printed) & set(ACTIVE)
    assert set(EVERY) - set(ACTIVE) <= set(printed)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("\x1b]0;owned\x07.txt", r"\x1b]0;owned\x07.txt"),
        ("\x9b31m", r"\x9b31m"),
        ("invoice\u202efdp.exe", r"invoice\u202efdp.exe"),
        ("two\nlines\r\u2028", r"two\nlines\r\u2028"),
        ("caf\udce9", r"caf\udce9"),
        ("Zürich – 東京 👩‍🚀", "Zürich – 東京 👩‍🚀"),
    ],
)
def test_escapes_are_those_of_python(name, printed):
    assert printable(name) == printed


def test_marks_of_direction_stay_in_prose_but_nothing_that_turns_other_words():
    assert printable_prose("שלום\u200f!\u202e") == "שלום\u200f!\\u202e"


def test_json_means_the_same_and_does_nothing():
    values = {"a": " ".join(ACTIVE), "b": ["é", "\x7f"]}
    text = json.dumps(values, ensure_ascii=False, indent=1)
    printed = printable_json(text)

    assert json.loads(printed) == values
    assert not set(printed) & (set(ACTIVE) - {"\n"})
