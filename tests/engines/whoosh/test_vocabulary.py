"""The vocabulary: numbers stand for the words, terms and stems that text.py makes."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from qa.analysis.tokenizer import stem, to_term, token_spans, token_texts
from qa.analysis.variants import find_variants, word_positions
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
        vocabulary.analyze([column])
    tokens = vocabulary.column_tokens(column)
    cuts = np.cumsum(tokens.lengths)[:-1]
    columns = (vocabulary.exact, tokens.exact), (vocabulary.stemmed, tokens.stemmed)
    return [[terms.names(part) for part in np.split(numbers, cuts)] for terms, numbers in columns]


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
    vocabulary.analyze([column])
    stems = vocabulary.column_tokens(column).stemmed

    assert vocabulary.stemmed.names(stems) == [
        stem(word, language) for language in ("en", "de", "en") for word in ("houses", "Häuser")
    ]


# What dates, amounts and initials are made of, and what looks like it.
PIECES = (
    "14 14. 14, 7. 2021 2021. 2021, 3rd July july, Juli, julio (July May of de del d’août Jul-2021"
    " 14.Juli 2021年 2021 年 7月 7 月 14日 2021년 7월 1 043 1,043 043. 2.35 7,5 million Mio. mil"
    " millones 5m 5mil 100k lakh 0.50 0. 3.50 € €2.50 $5 EUR US$ kg % ‰ 10 J. R. J R (J. J.-P."
    " J.R. Hale hale I A Q & B. B X² Å. Å Ǆ ٣ ٢٠٢١ १४ जुलाई co-op .NET (.NET, 24/7"
    " word word,".split()
)
rows = st.lists(st.lists(st.sampled_from(PIECES), max_size=7).map(" ".join), max_size=4)


@given(st.lists(rows, min_size=1, max_size=2), st.sampled_from(["en", "de", "es", "zh", "hi"]))
@example([["on 14 de", "julio 2021"]], "es")
@example([["14. 7.", "2021 J.", "R. Hale"]], "de")
def test_a_text_has_the_variants_that_reading_all_of_it_finds(rounds, language):
    vocabulary = Vocabulary()
    for some in rounds:
        column = Column(vocabulary)
        column.add(some, language)
        vocabulary.analyze([column])
    tokens = vocabulary.column_tokens(column)
    ends = np.cumsum(tokens.lengths)
    texts = np.searchsorted(ends, tokens.variant_words, side="right")
    positions = tokens.variant_words - (ends - tokens.lengths)[texts]
    stems = vocabulary.stemmed.names(tokens.variant_stems)

    assert sorted(zip(texts.tolist(), positions.tolist(), stems, strict=True)) == sorted(
        (number, position, stem(variant.word, language))
        for number, text in enumerate(rounds[-1])
        for variants in [find_variants(text, language)]
        for position, variant in zip(
            word_positions(token_spans(text), variants), variants, strict=True
        )
    )
