"""Compounds: a part finds the whole word, the whole word its parts, in six languages."""

from dataclasses import replace

import pytest

from qa.answers.pipeline import ask
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.index.lexicon import Lexicon, LexiconCollector, encode_lexicon
from qa.publishing.builder import index_documents
from qa.queries.compounds import expand_compounds
from qa.queries.parser import parse_query
from qa.settings import Settings

FILLING = {
    "de": "Der Bäcker öffnet früh am Morgen. Am Markt steht ein Brunnen.",
    "nl": "De bakker opent vroeg in de morgen. Op de markt staat een fontein.",
    "sv": "Bagaren öppnar tidigt på morgonen. På torget står en brunn.",
    "da": "Bageren åbner tidligt om morgenen. På torvet står en brønd.",
    "no": "Bakeren åpner tidlig om morgenen. På torget står en brønn.",
    "fi": "Leipuri avaa aikaisin aamulla. Torilla on kaivo.",
}


def document(name, text, language):
    about = Metadata(name, language=language)
    return build_document(name, f"{name}.txt", [RawBlock(text)], about)


@pytest.fixture
def first(tmp_path):
    """Ask an index of some texts in a language; the id of the first passage."""

    def ask_texts(language, question, **texts):
        settings = Settings(index=str(tmp_path), language=language)
        documents = [document(name, text, language) for name, text in texts.items()]
        documents.append(document("filling", FILLING[language], language))
        index_documents(documents, open_engine(settings), settings)
        answer = ask(open_engine(settings).searcher(), settings, question)
        return answer.passages[0].citation.document_id if answer.passages else None

    return ask_texts


@pytest.mark.parametrize(
    ("language", "question", "text"),
    [
        ("de", "Schlüssel Keller", "Kellerschlüssel liegen beim Pförtner."),
        ("de", "Kündigung der Wohnung", "Die Wohnungskündigung muss schriftlich sein."),
        ("de", "Wann kommt die Abfuhr für Sperrmüll?", "Die Sperrmüllabfuhr kommt im Mai."),
        ("de", "Miete", "Eine Mieterhöhung wird im Herbst angekündigt. Eine Erhöhung ist selten."),
        ("nl", "stalling voor de fiets", "De fietsenstalling is achter het station."),
        ("nl", "huur verhoging", "De huurverhoging gaat in juli in."),
        ("sv", "bibliotek kort", "Bibliotekskort hämtas vid disken."),
        ("sv", "tid för bad", "Badtider bokas på tavlan."),
        ("da", "cykel parkering", "Cykelparkering findes bag stationen."),
        ("no", "avgift for renovasjon", "Renovasjonsavgiften betales i januar."),
        ("fi", "kirjasto kortti", "Kirjastokortti haetaan tiskiltä."),
        ("fi", "pysäköinti alue", "Pysäköintialue on aseman takana."),
    ],
)
def test_parts_find_the_compound(first, language, question, text):
    assert first(language, question, answer=text) == "answer"


@pytest.mark.parametrize(
    ("language", "question", "text"),
    [
        ("de", "Heizungswartung", "Die Wartung der Heizung ist im Oktober."),
        ("de", "Schneeräumungspflicht", "Die Pflicht zur Räumung von Schnee trifft den Pächter."),
        ("de", "Gartenzaunhöhe", "Ein Zaun hat eine Höhe von zwei Metern. Der Garten ist klein."),
        ("nl", "fietsreparatie", "De reparatie van een fiets kost tien euro."),
        ("nl", "waterrekening", "De rekening voor het water komt in mei."),
        ("sv", "båtplatsavgift", "En avgift tas ut för varje båtplats."),
        ("da", "havnegebyr", "Et gebyr for at ligge i havnen betales kontant."),
        ("no", "strømregning", "En regning for strøm sendes hver måned."),
        ("fi", "venepaikka", "Jokainen vene tarvitsee paikan. Paikka maksaa."),
        ("fi", "vuokrasopimus", "Sopimus vuokrasta on kirjallinen. Vuokra maksetaan."),
    ],
)
def test_a_compound_finds_its_parts(first, language, question, text):
    assert first(language, question, answer=text) == "answer"


def lexicon(*texts, language="de"):
    collector = LexiconCollector()
    for number, text in enumerate(texts):
        collector.add(document(f"d{number}", text, language))
    return Lexicon(encode_lexicon(collector.finish()))


def expand(question, words, languages=("de",), frequencies=None):
    query = parse_query(question, languages=languages)
    counts = dict.fromkeys(query.stems, 1) | (frequencies or {})
    return expand_compounds(query, words, languages, counts)


WORDS = lexicon(
    "Gartenzaun Gartentor Gartenbank Zaun Bank Hausgarten Haus Tor Unterstützung",
    "Zaun Bank Tor Garten",
    "Verordnung Abhandlung",
)


def compounds(query):
    return {term.word: set(term.compounds) for term in query.terms}


def test_a_word_gets_the_compounds_that_it_is_part_of():
    found = compounds(expand("Garten", WORDS))

    assert found == {"Garten": {"gartenzaun", "gartenbank", "hausgart"}}


@pytest.mark.parametrize("word", ["Ordnung", "Handlung", "Stützung", "Hand"])
def test_a_prefix_is_no_part(word):
    assert compounds(expand(word, WORDS)) == {word: set()}


def test_a_short_word_that_occurs_nowhere_gets_any_compound():
    words = lexicon("Die Sperrmüllabfuhr kommt im Mai.")

    assert compounds(expand("Müll", words)) == {"Müll": set()}
    for word, its_stem in (("Müll", "mull"), ("Sperr", "sperr"), ("Abfuhr", "abfuhr")):
        query = expand(word, words, frequencies={its_stem: 0})
        assert compounds(query) == {word: {"sperrmullabfuhr"}}


def test_a_word_in_quotation_marks_stands_for_itself_alone():
    assert compounds(expand('"Garten"', WORDS)) == {"Garten": set()}


def test_a_question_in_another_language_has_no_compounds():
    query = expand("what is the bank of the Garten", WORDS, ("de", "en"))

    assert not any(compounds(query).values())


def test_a_compound_that_occurs_nowhere_gives_way_to_its_parts():
    query = expand("Zauntor", WORDS, frequencies={"zauntor": 0})

    assert [term.stems for term in query.terms] == [("zaun",), ("tor",)]
    assert query.split_words == (("Zauntor", "zaun tor"),)


def test_a_compound_that_occurs_is_kept_and_its_parts_count_less():
    query = expand("Gartenzaun", WORDS)

    assert [term.word for term in query.terms] == ["Gartenzaun"]
    assert [expansion.text for expansion in query.expansions] == ["garten zaun"]
    assert {term.weight for expansion in query.expansions for term in expansion.terms} == {0.25}


def test_the_number_of_compounds_is_limited():
    texts = [f"Garten{a}{b}eck {a}{b}eck" for a in "bdfgklmnprst" for b in "aeiou"]
    words = " ".join(f"wort{a}{b}t" for a in "bdfgklmnprst" for b in "aeiou").split()
    query = expand("Garten " + " ".join(words[:20]), lexicon(*texts, " ".join(words)))

    assert 0 < len(compounds(query)["Garten"]) <= 6
    assert (
        expand(" ".join(words[:40]), WORDS).terms
        == parse_query(" ".join(words[:40]), languages=["de"]).terms
    )


def test_a_long_word_costs_no_more_than_a_short_one():
    word = "garten" * 300
    query = expand(word, WORDS, frequencies={word: 0})

    assert [term.word for term in query.terms] == [word]


def test_both_parts_are_marked_at_one_compound(first, tmp_path):
    first("de", "Schlüssel Keller", answer="Kellerschlüssel liegen beim Pförtner.")
    settings = Settings(index=str(tmp_path))
    answer = ask(open_engine(settings).searcher(), settings, "Schlüssel Keller")
    passage = answer.passages[0]

    assert [passage.text[start:end] for start, end in passage.marks] == ["Kellerschlüssel"]
    assert passage.reasons.missing == ()


@pytest.mark.parametrize("operator", [{"forms": ("garten", "bank")}, {"is_exact": True}])
def test_an_operator_stands_for_what_it_says(operator):
    query = parse_query("Garten", languages=["de"])
    query = replace(query, terms=(replace(query.terms[0], **operator),))

    assert not any(compounds(expand_compounds(query, WORDS, ["de"], {"gart": 1})).values())
