"""The vocabulary: numbers stand for the words, terms and stems that text.py makes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import stem, to_term, token_texts
from qa.engines.whoosh.vocabulary import Column, Vocabulary

CHUNKS = (
    "The the THE US us U.S. AT&T Putin’s 'dogs' 1,000 3.5, $7 (well-known) — … don't, ½ x² ﬁne"
    " Ångström’s naïve, 東京都に मौसम “running ran runs".split()
)
texts = st.lists(st.lists(st.sampled_from(CHUNKS), max_size=8).map(" ".join), max_size=4)


def tokenize_rounds(vocabulary, rounds, language):
    """The terms and stems of each text, of the last of the rounds."""
    for texts in rounds:
        column = Column(vocabulary)
        column.add(texts, language)
        vocabulary.analyze_new()
    tokens = vocabulary.column_tokens(column)
    cuts = np.cumsum(tokens.lengths)[:-1]
    names = (vocabulary.exact.names, tokens.exact), (vocabulary.stemmed.names, tokens.stemmed)
    return [
        [[terms[number].decode() for number in part.tolist()] for part in np.split(numbers, cuts)]
        for terms, numbers in names
    ]


@given(st.lists(texts.filter(bool), min_size=1, max_size=3), st.sampled_from(["en", "de", "xx"]))
def test_words_are_those_of_the_one_analysis(rounds, language):
    exact, stems = tokenize_rounds(Vocabulary(), rounds, language)

    assert exact == [[to_term(word) for word in token_texts(text)] for text in rounds[-1]]
    assert stems == [[stem(word, language) for word in token_texts(text)] for text in rounds[-1]]


@given(st.text())
def test_any_text_is_cut_as_elsewhere(text):
    exact, _ = tokenize_rounds(Vocabulary(), [[text]], "en")

    assert exact == [[to_term(word) for word in token_texts(text)]]


def test_languages_have_stems_of_their_own():
    vocabulary = Vocabulary()
    column = Column(vocabulary)
    for language in ("en", "de", "en"):
        column.add(["houses Häuser"], language)
    vocabulary.analyze_new()
    stems = vocabulary.column_tokens(column).stemmed

    assert [vocabulary.stemmed.names[number].decode() for number in stems.tolist()] == [
        stem(word, language) for language in ("en", "de", "en") for word in ("houses", "Häuser")
    ]
