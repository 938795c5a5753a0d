"""The one analysis: clean strings, words, terms, stems."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.analysis.tokenizer import (
    _iter_tokens,
    find_spans,
    is_stop_word,
    normalize,
    stem,
    stop_terms,
    to_term,
    token_spans,
    token_texts,
    tokenize,
)
from qa.analysis.word_counts import count_span_words, count_words


def texts(text):
    return [word.text for word in tokenize(text)]


@given(st.text())
def test_a_normalised_text_is_clean_and_stays_as_it_is(text):
    clean = normalize(text)

    assert normalize(clean) == clean
    assert clean.isprintable() or all(
        c.isprintable() or c.isspace() or ord(c) > 0x7F for c in clean
    )
    assert clean == clean.strip()
    clean.encode()


@given(st.text(st.characters(categories=("L", "M", "N", "P", "S", "Zs", "Cf"))))
def test_a_text_without_control_characters_is_normalised_as_one_with_them(text):
    assert normalize(text) == normalize(f"\x00{text}\x00")


def test_control_characters_and_surrogates_do_not_survive():
    assert normalize("a\x00b\ud800c\t\n d\u00ad\ufeffe") == "a b\N{REPLACEMENT CHARACTER}c de"


@given(st.text())
def test_words_stand_where_they_say_and_do_not_go_backwards(text):
    words = tokenize(text)

    assert all(text[word.start : word.end] == word.text for word in words)
    assert [word[1:] for word in words] == sorted({word[1:] for word in words})


@given(st.text())
def test_no_word_goes_across_white_space(text):
    assert texts(text) == [word for chunk in text.split() for word in texts(chunk)]
    assert texts(text) == token_texts(text)


@given(
    st.text(st.sampled_from("abAB1 2.,'’&+#-_é½中\n"), max_size=300) | st.text(),
    st.lists(st.floats(0, 1, exclude_max=True)),
)
def test_words_are_found_by_their_positions_alone(text, shares):
    spans = token_spans(text)
    positions = sorted(int(share * len(spans)) for share in shares) if spans else []

    assert find_spans(text, positions) == [spans[position] for position in positions]


def test_a_position_beyond_the_last_word_is_an_error():
    with pytest.raises(IndexError, match="fewer words"):
        find_spans("one two", [0, 70])


@given(
    st.text(
        st.characters(max_codepoint=0x6FF)
        | st.characters(min_codepoint=0x1E00, max_codepoint=0x1EFF)
        | st.sampled_from("&'’.,–“”…€")
    )
)
def test_the_fast_way_for_alphabets_finds_the_same_words(text):
    assert tokenize(text) == list(_iter_tokens(text))


@pytest.mark.parametrize("pattern", ["a{}b", "{0}.{0}.", "{0}'s", "{}++", "{}#", "1{}", "1,{}2"])
def test_each_letter_and_sign_of_an_alphabet_is_the_same_to_a_word_in_the_fast_way(pattern):
    for code in [*range(0x700), *range(0x1E00, 0x1F00), *range(0x2010, 0x20C0)]:
        text = pattern.format(chr(code))

        assert tokenize(text) == list(_iter_tokens(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Putin’s don't l'homme", ["Putin’s", "don't", "l'homme"]),
        ("the U.S. and e.g. this", ["the", "U.S", "and", "e.g", "this"]),
        ("AT&T's R&D, Q&A", ["AT&T's", "R&D", "Q&A"]),
        ("1,000.50 and 3.5 and 2021-12-03", ["1,000.50", "and", "3.5", "and", "2021", "12", "03"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("北大西洋", ["北", "北大", "大", "大西", "西", "西洋", "洋"]),
        ("日", ["日"]),
        ("NATOは日本", ["NATO", "は日", "日", "日本", "本"]),
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
        ("l’homme", "homme"),
        ("Dell'arte", "arte"),
        ("L'OTAN", "otan"),
        ("Łódź", "Lodz"),
        ("İstanbul", "istanbul"),
        ("Straße", "STRASSE"),
        ("ещё", "еще"),
        ("п'ять", "пʼять"),
        ("مُحَمَّد", "محمد"),
        ("کتاب", "كتاب"),
        ("क़लम", "कलम"),
    ],
)
def test_spellings_of_one_word_are_one_term(one, other):
    assert to_term(one) == to_term(other)


@pytest.mark.parametrize(
    ("one", "other"), [("O'Neill", "Neill"), ("D'Angelo", "Angelo"), ("N'Djamena", "Djamena")]
)
def test_the_apostrophe_of_a_name_joins(one, other):
    assert to_term(one) != to_term(other)
    assert to_term(one) == one.replace("'", "").lower()


@pytest.mark.parametrize(("name", "word"), [("US", "us"), ("WHO", "who"), ("IT", "it")])
def test_a_name_in_capitals_is_not_the_little_word(name, word):
    assert to_term(name) != to_term(word)
    assert to_term(name) not in stop_terms("en")


@pytest.mark.parametrize(
    ("one", "other"),
    [("running", "run"), ("guarantees", "guarantee"), ("demanded", "demand"), ("news", "news")],
)
def test_forms_of_one_word_have_one_stem(one, other):
    assert stem(one, "en") == stem(other, "en")


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("de", "Häuser", "Hauses"),
        ("de", "Mueller", "Müller"),
        ("fr", "l'élection", "élections"),
        ("ru", "гарантии", "гарантий"),
        ("tr", "İstanbul'un", "İstanbul'da"),
        ("tr", "O'Brien'ın", "O'Brien"),
        ("tr", "Işık", "ışığı"),
        ("ar", "الحكومة", "حكومة"),
        ("hi", "लड़के", "लड़का"),
        ("fa", "كتاب‌ها", "کتاب‌ها"),
        ("nb", "havnene", "havn"),
    ],
)
def test_forms_of_one_word_have_one_stem_in_its_language(language, one, other):
    assert stem(one, language) == stem(other, language)


def test_vietnamese_words_differ_by_their_accents():
    assert len({stem(word, "vi") for word in ["ma", "má", "mà", "mả", "Mã"]}) == 5
    assert len({stem(word, "fr") for word in ["côte", "cote"]}) == 1


@example("A tone of skin alone: \U0001f3fb", "en")
@given(st.text(min_size=1), st.sampled_from(["en", "de", "tr", "vi", "ar", "hi", "fa", "xx"]))
def test_every_word_has_a_term_and_a_stem_that_are_their_own_terms(text, language):
    for word in token_texts(text):
        assert to_term(word)
        assert stem(word, language)
        assert to_term(to_term(word)) == to_term(word)


@pytest.mark.parametrize(
    ("word", "language", "says_nothing"),
    [
        ("who", "en", True),
        ("WHO", "en", False),
        ("şu", "tr", True),
        ("su", "tr", False),
        ("là", "vi", True),
        ("lá", "vi", False),
        ("war", "de", True),
        ("war", "en", False),
        ("Где", "ru", True),
        ("who", "xx", False),
    ],
)
def test_the_little_words_of_each_language_say_nothing(word, language, says_nothing):
    assert is_stop_word(word, language) is says_nothing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What did Putin’s 3.5 demand?", 5),
        ("北大西洋公约组织", 4),
        ("ทีมรับของแพนเธอร์ส", 8),
        ("NATO는 무엇인가", 4),
        ("", 0),
    ],
)
def test_the_size_of_a_text_is_what_a_reader_would_count(text, expected):
    assert count_words(text) == expected


def test_a_language_without_a_stemmer_keeps_its_words():
    assert stem("Running", "xx") == "running"


@given(
    st.lists(st.text(st.sampled_from("aB3'’.,&- _²é日ж+#\u0301")) | st.text(), max_size=8),
    st.sampled_from(["", "word " * 200]),
)
@example(["1.000'den", "3.5kg", "rock'n'roll", "AT&T", "v1.2.3", "90's", "\U0001f600"], "x " * 500)
@example(["1.000'den", "3.5kg", "rock'n'roll", "AT&T", "v1.2.3", "90's", "don't"], "x " * 500)
def test_words_of_many_spans_are_as_many_as_those_of_each(parts, rest):
    text, spans = rest, []
    for part in parts:
        spans.append((len(text) + 1, len(text) + 1 + len(part)))
        text += f" {part}"

    assert count_span_words(text, spans) == [count_words(part) for part in parts]
