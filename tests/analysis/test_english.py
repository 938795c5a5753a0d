"""British and American spellings have the same stem, different words have not."""

import pytest

from qa.analysis.english import to_american
from qa.analysis.tokenizer import stem, to_term


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("neighbourhood", "neighborhood"),
        ("favourable", "favorable"),
        ("unorganised", "unorganized"),
        ("privatisation", "privatization"),
        ("analysed", "analyzed"),
        ("kilometres", "kilometers"),
        ("centred", "centered"),
        ("travelling", "traveling"),
        ("counsellors", "counselors"),
        ("defence", "defense"),
        ("catalogues", "catalogs"),
        ("paediatric", "pediatric"),
        ("encyclopædia", "encyclopedia"),
        ("diarrhoea", "diarrhea"),
        ("manoeuvring", "maneuvering"),
        ("anaemia", "anemia"),
        ("programmes", "programs"),
        ("ploughs", "plows"),
        ("sulphuric", "sulfuric"),
        ("skilful", "skillful"),
        ("tyre", "tire"),
        ("learnt", "learned"),
    ],
)
def test_both_spellings_have_one_stem(british, american):
    assert stem(british, "en") == stem(american, "en")


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("four", "for"),
        ("timbre", "timber"),
        ("improvise", "improve"),
        ("paradise", "parade"),
        ("tour", "tor"),
        ("falling", "faling"),
        ("tired", "tyred"),
        ("discuss", "diskuss"),
    ],
)
def test_different_words_stay_apart(word, other):
    assert to_american(word) != to_american(other)


@pytest.mark.parametrize("word", ["hour", "raise", "promising", "wise", "acre", "rolled", "whence"])
def test_most_words_are_spelt_alike_everywhere(word):
    assert to_american(word) == word


def test_only_english_words_are_respelt():
    assert stem("colour", "de") != stem("color", "de")
    assert to_term("colour") == "colour"
