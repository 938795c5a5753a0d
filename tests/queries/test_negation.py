"""Words of negation, what they deny, and what only looks like them; by language."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import Span, tokenize
from qa.queries.asked_polarity import build_opposites, denied_stems, opposite_stems, read_polarity
from qa.queries.negation import _load_tables, find_polarity, is_open_question, may_deny, negation_of
from qa.queries.parser import parse_query
from qa.queries.word_patterns import split_words


def denied_words(text, language="en"):
    polarity = find_polarity(text, Span(0, len(text)), language)
    return {word.text.split("'")[-1] for word in tokenize(text) if polarity.denies(word.start)}


@pytest.mark.parametrize(
    ("text", "language", "denied"),
    [
        ("Boats do not land here.", "en", "land"),
        ("Nobody swims after dusk.", "en", "swims"),
        ("You can’t camp by the mill.", "en", "camp"),
        ("The ferry runs without a conductor.", "en", "conductor"),
        ("Fishing: no.", "en", "Fishing"),
        ("Boote legen hier nicht an.", "de", "legen"),
        ("Niemand badet im Hafen.", "de", "badet"),
        ("Kein Boot fährt im Winter.", "de", "fährt"),
        ("Les bateaux n'accostent pas ici.", "fr", "accostent"),
        ("Personne ne nage après le soir.", "fr", "nage"),
        ("Los barcos no atracan aquí.", "es", "atracan"),
        ("Nunca se pesca sin permiso.", "es", "permiso"),
        ("Le barche non attraccano qui.", "it", "attraccano"),
        ("De boten varen hier niet.", "nl", "varen"),
        ("Os barcos não atracam aqui.", "pt", "atracam"),
        ("Båtarna lägger inte till här.", "sv", "lägger"),
        ("Лодки здесь не причаливают.", "ru", "причаливают"),
        ("Łodzie tu nie cumują.", "pl", "cumują"),
        ("Teknelere izin verilmez.", "tr", "izin"),
        ("नाव यहाँ नहीं रुकती", "hi", "रुकती"),
    ],
)
def test_a_word_of_negation_denies_what_it_is_about(text, language, denied):
    assert denied in denied_words(text, language)


@pytest.mark.parametrize(
    ("text", "language", "denied"),
    [
        ("Boats are not allowed to moor here.", "en", ["allowed", "moor"]),
        ("It is not easy to moor here.", "en", ["easy"]),
        ("No boat is required to moor.", "en", ["boat", "required", "moor"]),
        ("There is no boat at the mole.", "en", ["boat"]),
        ("Kein Boot muss am Kai anlegen.", "de", ["Boot", "Kai", "anlegen"]),
        ("Aucun bateau ne doit accoster.", "fr", ["bateau", "accoster"]),
        ("Los barcos no están obligados a atracar.", "es", ["obligados", "atracar"]),
    ],
)
def test_a_word_of_negation_surely_denies_its_verb(text, language, denied):
    polarity = find_polarity(text, Span(0, len(text)), language)
    places = polarity.denials[0].nearest
    assert [text[place:].split()[0].strip(".") for place in places] == denied


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The ferry carries not only cars.", "en"),
        ("It was built in berth No. 5.", "en"),
        ("Only in May was it opened, and not until then.", "en"),
        ("She played Dr. No in the park.", "en"),
        ("No doubt the ferry is late.", "en"),
        ("Nicht nur die Fähre fährt.", "de"),
        ("Die Fähre ist nicht später als neun hier.", "de"),
        ("Il ne passe que deux bateaux.", "fr"),
        ("Non seulement le bac passe.", "fr"),
        ("No solo pasa el barco.", "es"),
        ("Non solo passa la barca.", "it"),
        ("Niet alleen de boot vaart.", "nl"),
        ("Não só passa o barco.", "pt"),
        ("Не только лодка идёт.", "ru"),
        ("The ferry knows knots and nothings.", "en"),
        ("The no-fly zone is run by a not-for-profit club.", "en"),
        ("Nicht nur die Fähre fährt.", "zz"),
    ],
)
def test_what_only_looks_like_negation_denies_nothing(text, language):
    assert denied_words(text, language) == set()


def test_a_negation_ends_with_its_clause():
    assert "moored" not in denied_words("It was not cheap, but it was moored in May.")
    assert "liegt" not in denied_words("Wer nicht zahlt, liegt draußen.", "de")
    assert "amarré" not in denied_words("Il n'est pas cher, mais il est amarré.", "fr")


@pytest.mark.parametrize(
    ("question", "language", "is_open"),
    [
        ("which boats may not land?", "en", True),
        ("In which year did no boat land?", "en", True),
        ("According to Berg, who may not land?", "en", True),
        ("may boats not land?", "en", False),
        ("Are boats that pay allowed?", "en", False),
        ("Welche Boote dürfen nicht anlegen?", "de", True),
        ("Dürfen Boote nicht anlegen?", "de", False),
        ("Quels bateaux n'accostent pas ?", "fr", True),
        ("Les bateaux qui paient accostent-ils ?", "fr", False),
        ("¿Qué barcos no atracan?", "es", True),
        ("¿No atracan los barcos?", "es", False),
        ("Tekneler nerede durmaz?", "tr", True),
    ],
)
def test_a_question_that_asks_for_more_than_yes_or_no_is_open(question, language, is_open):
    assert is_open_question(question, language) == is_open


@pytest.mark.parametrize(
    ("question", "language", "denied"),
    [
        ("which boats may not land?", "en", {"land"}),
        ("boats not allowed", "en", {"allowed"}),
        ("may boats not land?", "en", set()),
        ("what lands here?", "en", set()),
        ("Was darf man nicht angeln?", "de", {"angeln"}),
        ("Que ne faut-il pas pêcher ?", "fr", {"pêcher"}),
        ("¿Qué no debo pescar?", "es", {"pescar"}),
    ],
)
def test_an_open_question_denies_what_its_negation_is_about(question, language, denied):
    query = parse_query(question, languages=(language,))
    asked = read_polarity(query, language)

    assert {query.terms[index].word for index in asked.denied} == denied
    assert asked.nearest <= asked.denied
    assert bool(asked.nearest) == bool(denied)


def test_a_follow_up_denies_what_it_carries():
    query = parse_query("and which are not?", carried_words=("boats", "allowed"))
    asked = read_polarity(query, "en")

    assert {query.terms[index].word for index in asked.denied} == {"boats", "allowed"}
    assert not asked.nearest


def test_words_that_deny_others_by_a_prefix_or_suffix_are_known():
    assert "unlock" in opposite_stems("locked", "en")
    assert "unverschloss" in opposite_stems("verschlossen", "de")
    assert "lock" in denied_stems("unlocked", "en")
    assert opposite_stems("Brandt", "en") == denied_stems("un", "en") == frozenset()


def test_the_opposite_of_what_a_question_denies_is_searched_for():
    query = parse_query("which gates are not locked?")

    assert "unlocked" in {expansion.text for expansion in build_opposites(query, ("en",))}
    assert build_opposites(parse_query("which gates are locked?"), ("en",)) == []


@given(
    st.lists(st.sampled_from("no not never without , . ; and who pays ferry except 5 n't".split())),
    st.sampled_from("en de fr tr xx".split()),
)
def test_any_text_has_a_polarity(words, language):
    text = " ".join(words)
    polarity = find_polarity(text, Span(0, len(text)), language)

    assert not polarity.denials or may_deny(text, Span(0, len(text)), language)
    for denial in polarity.denials:
        assert 0 <= denial.direct.start <= denial.place <= denial.direct.end <= len(text)


SEPARATORS = [*" .,'’-_\n", "", " '", "’s ", "é", "ſ", "\N{KELVIN SIGN}", "—", " £"]
NEGATIONS = {language: negation_of(language) for language in _load_tables()}


@pytest.mark.parametrize("language", NEGATIONS)
def test_words_are_looked_up_before_a_pattern_and_none_is_lost(language):
    negation = NEGATIONS[language]
    patterns = [
        getattr(negation, f"_{name}")
        for name in ("denials", "with", "exceptions", "questions", "quantities")
    ]
    table = _load_tables()[language]
    words = " ".join(value for value in table.values() if isinstance(value, str)).split()
    rng = random.Random(language)
    for _ in range(150):
        pieces = [
            change(piece.replace("_", "ab"))
            for piece in rng.choices([*words, "some", "thing"], k=rng.randint(1, 6))
            for change in (rng.choice([str, str.upper, str.title]),)
        ]
        text = "".join(rng.choice(SEPARATORS) + piece for piece in pieces)
        text += rng.choice(SEPARATORS)
        for pattern in patterns:
            plain = pattern._pattern.finditer(text) if pattern._pattern else ()
            found = pattern.iter_matches(split_words(text), text)

            assert [match.span() for match in found] == [match.span() for match in plain]
