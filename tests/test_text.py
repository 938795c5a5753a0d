"""The one analysis: clean strings, words, terms, stems, sentences."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.text import _words, normalise, occurrences, sentences, stem, stop_words, term, words


def texts(text):
    return [word.text for word in words(text)]


@given(st.text())
def test_a_normalised_text_is_clean_and_stays_as_it_is(text):
    clean = normalise(text)

    assert normalise(clean) == clean
    assert clean.isprintable() or all(
        c.isprintable() or c.isspace() or ord(c) > 0x7F for c in clean
    )
    assert clean == clean.strip()
    clean.encode()


def test_control_characters_and_surrogates_do_not_survive():
    assert normalise("a\x00b\ud800c\t\n d\u00ad\ufeffe") == "a b\N{REPLACEMENT CHARACTER}c de"


@given(st.text())
def test_words_stand_where_they_say_and_do_not_go_backwards(text):
    found = words(text)

    assert all(text[word.start : word.end] == word.text for word in found)
    assert [word.start for word in found] == sorted({word.start for word in found})


@given(st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from("&'’.,–“”…€")))
def test_the_fast_way_for_latin_text_finds_the_same_words(text):
    assert words(text) == list(_words(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Putin’s don't l'homme", ["Putin’s", "don't", "l'homme"]),
        ("the U.S. and e.g. this", ["the", "U.S", "and", "e.g", "this"]),
        ("AT&T's R&D, Q&A", ["AT&T's", "R&D", "Q&A"]),
        ("1,000.50 and 3.5 and 2021-12-03", ["1,000.50", "and", "3.5", "and", "2021", "12", "03"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("北大西洋", ["北大", "大西", "西洋"]),
        ("日", ["日"]),
        ("naïve Türkiye", ["naïve", "Türkiye"]),
        ("?!… –", []),
    ],
)
def test_words_are_what_a_reader_takes_for_words(text, expected):
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("U.S", "US"),
        ("Putin’s", "putin"),
        ("1,000", "1000"),
        ("Türkiye", "turkiye"),
        ("don't", "dont"),
        ("ﬁne", "fine"),
        ("ΑΘΉΝΑ", "αθηνα"),
    ],
)
def test_spellings_of_one_word_are_one_term(one, other):
    assert term(one) == term(other)


@pytest.mark.parametrize(("name", "word"), [("US", "us"), ("WHO", "who"), ("IT", "it")])
def test_a_name_in_capitals_is_not_the_little_word(name, word):
    assert term(name) != term(word)
    assert term(name) not in stop_words("en")


@pytest.mark.parametrize(
    ("one", "other"),
    [("running", "run"), ("guarantees", "guarantee"), ("demanded", "demand"), ("news", "news")],
)
def test_forms_of_one_word_have_one_stem(one, other):
    assert stem(one, "en") == stem(other, "en")


def test_a_language_without_a_stemmer_keeps_its_words():
    assert stem("Running", "xx") == "running"


@given(st.text())
def test_sentences_hold_every_visible_character_once(text):
    spans = sentences(text)
    inside = "".join(text[span.start : span.end] for span in spans)

    assert "".join(inside.split()) == "".join(text.split())
    assert all(one.end <= two.start for one, two in pairwise(spans))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Putin met U.S. officials. He left.", ["Mr. Putin met U.S. officials.", "He left."]),
        ("“No one came.“, – he said. Then rain.", ["“No one came.“, – he said.", "Then rain."]),
        ("It ended. “ We won”, he said.", ["It ended.", "“ We won”, he said."]),
        ("你好。世界！", ["你好。", "世界！"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert [text[span.start : span.end] for span in sentences(text)] == expected


def test_occurrences_are_whole_words_in_order():
    text = "A grand bargain, the Grand Bargain; not grand old bargain."

    assert [text[s.start : s.end] for s in occurrences(["grand", "bargain"], text)] == [
        "grand bargain",
        "Grand Bargain",
    ]
