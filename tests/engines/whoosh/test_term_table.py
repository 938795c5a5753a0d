"""Where the terms of questions are: looked up once, and not more of them than there is room for."""

import pytest

from qa.engines.base import STEMS, TITLE, WHOLE, WORDS
from qa.engines.whoosh import term_table
from qa.engines.whoosh.term_table import StemTable, WordTable


class Field:
    """A field with the document frequencies of some terms, which notes what it is asked for."""

    size = 100

    def __init__(self, frequencies):
        self.frequencies = frequencies
        self.sought = []

    def find(self, term):
        self.sought.append(term.decode())
        return (
            [*self.frequencies].index(term.decode()) if term.decode() in self.frequencies else None
        )

    def document_frequency(self, number):
        return [*self.frequencies.values()][number]


@pytest.fixture
def fields():
    return {
        STEMS: Field({"bridg": 7, "harbour": 1}),
        WORDS: Field({"bridges": 2}),
        TITLE: Field({"bridg": 3, "ferri": 4}),
        WHOLE: Field({"bridg": 5, "harbour": 1}),
    }


def test_a_stem_is_counted_in_texts_or_else_in_titles(fields):
    table = StemTable(fields)

    assert [table[s].document_frequency for s in ("bridg", "ferri", "storm")] == [7, 4, 0]
    assert {*table["bridg"].places} == {STEMS, TITLE, WHOLE}
    assert {*table["ferri"].places} == {TITLE}
    assert not table["storm"].places


def test_a_rarer_stem_has_a_higher_idf(fields):
    table = StemTable(fields)

    assert table["harbour"].places[STEMS].idf > table["bridg"].places[STEMS].idf


def test_a_term_is_looked_up_once(fields):
    stems, words = StemTable(fields), WordTable(fields)
    for _ in range(3):
        assert stems["bridg"].places[STEMS].number == 0
        assert (words["bridges"], words["storms"]) == (0, None)

    assert fields[STEMS].sought == ["bridg"]
    assert fields[WORDS].sought == ["bridges", "storms"]


def test_no_more_terms_are_held_than_there_is_room_for(fields, monkeypatch):
    monkeypatch.setattr(term_table, "CACHED_TERMS", 3)
    stems, words = StemTable(fields), WordTable(fields)
    for n in range(10):
        assert stems[f"word{n}"].document_frequency == 0
        assert words[f"word{n}"] is None
        assert max(len(stems), len(words)) <= 3
    assert stems["bridg"].document_frequency == 7
