"""Quotation marks and dashes: operators in a question, marks of prose in a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import normalize
from qa.queries.parser import parse_query
from qa.queries.prose import strip_prose_marks

PASTED = [
    ("“We sail at dawn,” he said. The crew cheered.", ["We sail at dawn,"]),
    (
        'She called it "a quiet war". Nobody agreed, and "war" was struck out.',
        ["a quiet war", "war"],
    ),
    ("The mill burned down. It was “the oldest of its kind”.", ["the oldest of its kind"]),
    ("The council met on Monday. “No,” it said. It met again on Friday.", ["No,"]),
    ('He wrote "The Long Field". What else did he write?', ["The Long Field"]),
    ("«Wir fahren heute», sagte sie. Niemand kam mit.", ["Wir fahren heute"]),
    ('Der Rat tagte am Montag. "Es bleibt dabei", hieß es.', ["Es bleibt dabei"]),
    ("« Nous partons demain », dit-il. Personne ne vint.", ["Nous partons demain"]),
    ("Le moulin a brûlé. C'était « le plus ancien ».", ["le plus ancien"]),
    ("«Salimos al alba», dijo. Nadie vino.", ["Salimos al alba"]),
    ("El molino ardió. Era «el más antiguo».", ["el más antiguo"]),
]
MEANT = [
    ('who spoke of a "quiet war"?', ["quiet war"]),
    ('who said "We came. We saw. We left."?', ["We came. We saw. We left."]),
    ('Who built it? "Karl Brandt"', ["Karl Brandt"]),
    ('Hello! Who spoke of a "quiet war"? Many thanks!', ["quiet war"]),
    ('the "U.S. Senate" vote', ["U.S. Senate"]),
    ("wer sprach von «leisem Krieg»?", ["leisem Krieg"]),
    ("Hallo! Wer sprach von «leisem Krieg»? Vielen Dank!", ["leisem Krieg"]),
    ("qui a parlé de « guerre » ?", ["guerre"]),
    ("quién habló de «guerra»?", ["guerra"]),
    ('chi ha parlato di "guerra"?', ["guerra"]),
]


@pytest.mark.parametrize(("text", "quotations"), PASTED)
def test_in_a_text_of_several_sentences_no_quotation_is_required(text, quotations):
    query = parse_query(text, languages=("en", "de", "fr", "es"))

    assert query.phrases == ()
    assert [*query.quotations] == quotations
    words = {term.term for term in query.terms} | {*query.ignored_words}
    assert any(word.lower() in words for word in " ".join(quotations).strip(",").split())


@pytest.mark.parametrize(("text", "phrases"), MEANT)
def test_in_a_question_a_quotation_is_required(text, phrases):
    query = parse_query(text, languages=("en", "de", "fr", "es", "it"))

    assert [phrase.text for phrase in query.phrases] == phrases
    assert query.quotations == ()


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("Prices rose -as expected- in spring", []),
        ("Prices rose -mostly those of wheat-, he said", []),
        ("Die Preise stiegen -wie erwartet- im Frühjahr", []),
        ("Les prix -comme prévu- ont monté", []),
        ("the war -and peace", []),
        ("der Krieg -und Frieden", []),
        ("He left -angry and tired. Nobody followed.", []),
        ("He stayed. She left -angry.", []),
        ("Who built it? -Brandt", ["Brandt"]),
        ("Who built it? And when? -Brandt -“Elsa Moberg”", ["Elsa Moberg", "Brandt"]),
        ("wheat prices -Kansas -post-war", ["Kansas", "post-war"]),
        ("Weizen -Kansas", ["Kansas"]),
    ],
)
def test_dashes_of_prose_exclude_nothing(text, excluded):
    query = parse_query(text, languages=("en", "de", "fr"))

    assert [phrase.text for phrase in query.excluded_phrases] == excluded


def test_a_text_with_more_quotations_than_may_be_required_is_not_refused():
    text = " ".join(f"“Line {n} of it,” he sang." for n in range(40))

    assert len(parse_query(text).quotations) == 40


@given(st.text(alphabet='ab. -"“”«»!?', max_size=200))
def test_no_word_is_lost_with_the_marks(text):
    text = normalize(text)
    stripped = strip_prose_marks(text, "en").text

    assert [c for c in stripped if c.isalpha()] == [c for c in text if c.isalpha()]
