"""Phrases: found as plain Python finds them, each looked up once, however often it is asked."""

import random
from itertools import pairwise

import numpy as np
import pytest

from qa.analysis.deadline import NO_DEADLINE
from qa.analysis.tokenizer import to_term, token_texts
from qa.engines.factory import open_engine
from qa.engines.whoosh import masks
from qa.engines.whoosh import positions as phrases
from qa.errors import DeadlineExceededError, QuestionError
from qa.queries.parser import parse_query
from tests.counted_deadline import CountedDeadline


@pytest.fixture(scope="module")
def live(sample):
    """The live generation of the corpus that we ship."""
    return open_engine(sample).searcher()


@pytest.fixture(scope="module")
def texts(live):
    """The terms of each passage."""
    passages = live._store.passages(range(live.manifest.passages))
    return [[to_term(word) for word in token_texts(passage.text)] for passage in passages]


def draw_phrases(texts):
    """Phrases that stand somewhere, and some that hardly do."""
    chance = random.Random(5)
    for size in (1, 2, 2, 2, 3, 5, 12) * 12:
        text = chance.choice(texts)
        at = chance.randrange(max(1, len(text) - size))
        yield tuple(text[at : at + size])
        yield ("the",) * size
        yield tuple(chance.choices(["the", "of", "a", "to", "in"], k=size))


def holds(text, phrase):
    return any(tuple(text[i : i + len(phrase)]) == phrase for i in range(len(text)))


@pytest.mark.parametrize("stretch", [3, 1 << 13])
def test_a_phrase_is_found_where_its_words_follow_one_another(live, texts, monkeypatch, stretch):
    monkeypatch.setattr(phrases, "_STRETCH", stretch)
    field = live._fields["words"]
    within = np.arange(len(texts)) % 7 > 0
    for phrase in {*draw_phrases(texts)}:
        numbers = [field.find(word.encode()) for word in phrase]
        if None not in numbers:
            mask = phrases.mask_with_phrase(field, numbers, within, NO_DEADLINE)
            expected = [
                bool(w) and holds(text, phrase) for w, text in zip(within, texts, strict=True)
            ]

            assert mask.tolist() == expected, phrase


@pytest.fixture
def lookups(monkeypatch):
    """The phrases that were looked up."""
    phrases_seen = []

    def count_lookup(field, phrase, *more):
        phrases_seen.append(phrase)
        return phrases.mask_with_phrase(field, phrase, *more)

    monkeypatch.setattr(masks, "mask_with_phrase", count_lookup)
    return phrases_seen


@pytest.mark.parametrize("question", ['"of the" ', "“Of The” ", '-"of the" ', "-treaty "])
def test_what_is_asked_twice_is_looked_up_once(live, lookups, question):
    live.search(parse_query(question * 180 + "NATO"), 10)

    assert len(lookups) == 1


def test_positions_are_read_only_where_all_words_of_a_phrase_are(live, monkeypatch):
    starts = []
    following = phrases._match_phrase
    monkeypatch.setattr(
        phrases,
        "_match_phrase",
        lambda steps, stretch, lengths: (
            starts.append(len(lengths)) or following(steps, stretch, lengths)
        ),
    )
    live.search(parse_query('"the Bucharest" -of NATO'), 10)
    both = live.search(parse_query("the Bucharest"), 1000)

    assert sum(starts) <= len(both)


def test_so_many_different_phrases_and_exclusions_can_be_asked():
    words = [f"w{chr(97 + n)}" for n in range(25)]
    some = " ".join(f'"{one} {other}"' for one, other in pairwise(words))

    assert len(parse_query(f"war {some} {some}").phrases) == 24
    with pytest.raises(QuestionError, match=r"25 different phrases .* at most 24"):
        parse_query(f"war {some} -gone")


def test_phrases_are_not_looked_up_beyond_the_deadline(live, lookups):
    query = parse_query('"of the" "in the" "to the" NATO')

    with pytest.raises(DeadlineExceededError):
        live.search(query, 10, CountedDeadline(max_looks=1))
    assert len(lookups) == 1
