"""Words that are spelt almost alike: found as by comparing all of them, at less cost."""

import random

import pytest
from rapidfuzz import process

from qa.engines.factory import open_engine
from qa.engines.spelling import max_edits, nearest_terms

LETTERS = "abcdefghijklmnopqrstuvwxyzäéßжعन"


@pytest.fixture(scope="module")
def live(sample):
    """The live generation of the corpus that we ship."""
    return open_engine(sample).searcher()


@pytest.fixture(scope="module")
def words(live):
    """The field of words as they are written."""
    return live._fields["words"]


def slips(word, chance):
    """*word* as fast fingers leave it."""
    for _ in range(chance.choice([0, 1, 1, 2, 2, 3])):
        at = chance.randrange(len(word) + 1)
        letter = chance.choice(LETTERS)
        swapped = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
        misspelt = [word[:at] + letter + word[at:], word[:at] + word[at + 1 :], swapped]
        word = chance.choice([*misspelt, word[:at] + letter + word[at + 1 :]]) or letter
    return word


def by_comparison(words, term):
    """The words near *term* of all in the field."""
    if not max_edits(term):
        return []
    every = {words.term(number).decode(): number for number in range(len(words))}
    return nearest_terms(term, [*every], lambda word: words.document_frequency(every[word]))


def test_misspelt_words_get_what_comparing_all_finds(live, words):
    chance = random.Random(7)
    numbers = [chance.randrange(len(words)) for _ in range(150)]
    terms = [slips(words.term(number).decode(), chance) for number in numbers]
    suggestions = live.suggest(terms)

    assert suggestions == {term: by_comparison(words, term) for term in terms}
    assert sum(map(bool, suggestions.values())) > 30


@pytest.fixture
def comparisons(monkeypatch):
    """How many words each call compared letter by letter."""
    counts = []
    extract = process.extract

    def count_comparison(term, words, **more):
        counts.append(len(words))
        return extract(term, words, **more)

    monkeypatch.setattr(process, "extract", count_comparison)
    return counts


def test_a_word_longer_than_any_other_is_compared_with_none(live, comparisons):
    longest = max(
        len(live._fields["words"].term(n).decode()) for n in range(len(live._fields["words"]))
    )

    assert live.suggest(["q" * (longest + 3), "x" * 2000]) == {
        "q" * (longest + 3): [],
        "x" * 2000: [],
    }
    assert comparisons == []


def test_few_words_are_compared_letter_by_letter(live, words, comparisons):
    chance = random.Random(8)
    terms = ["".join(chance.choices(LETTERS[:26], k=9)) for _ in range(24)]
    live.suggest(terms)

    assert sum(comparisons) < len(words) / 4


def test_what_was_respelt_is_not_respelt_again(live, comparisons):
    live.suggest(["Stoltenburg".lower()] * 3)
    live.suggest(["Stoltenburg".lower()])

    assert len(comparisons) <= 1
