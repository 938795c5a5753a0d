"""Acronyms that documents define: which are found, and that each side finds the other."""

import pytest

from qa.answers.pipeline import ask
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.index.acronyms import MAX_ACRONYMS, AcronymCollector, find_definitions, select_acronyms
from qa.index.manifest import FILE_NAME, synonym_terms
from qa.publishing.builder import index_documents
from qa.settings import Settings


def definitions(text, language="en"):
    return [tuple(definition) for definition in find_definitions(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "short", "long"),
    [
        ("Ask the Harbour Safety Board (HSB) first.", "en", "HSB", "Harbour Safety Board"),
        ("The HSB (Harbour Safety Board) met.", "en", "HSB", "Harbour Safety Board"),
        ("A magnetic resonance image (MRI; see below).", "en", "MRI", "magnetic resonance image"),
        ("He has chronic kidney disease (“CKD”).", "en", "CKD", "chronic kidney disease"),
        ("Proof of deoxyribonucleic acid (DNA) failed.", "en", "DNA", "deoxyribonucleic acid"),
        ("The Bank for Rural Credit (BRC) closed.", "en", "BRC", "Bank for Rural Credit"),
        ("der Europäische Gerichtshof (EuGH) rügte", "de", "EuGH", "Europäische Gerichtshof"),
        ("ein Elektrokardiogramm (EKG) zeigt", "de", "EKG", "Elektrokardiogramm"),
        ("la taxe sur la valeur ajoutée (TVA) baisse", "fr", "TVA", "taxe sur la valeur ajoutée"),
        (
            "une ZAC (zone d’aménagement concerté) prévue",
            "fr",
            "ZAC",
            "zone d’aménagement concerté",
        ),
        ("Федеральная миграционная служба (ФМС)", "ru", "ФМС", "Федеральная миграционная служба"),
        ("el producto interior bruto (PIB) creció", "es", "PIB", "producto interior bruto"),
    ],
)
def test_a_definition_is_found(text, language, short, long):
    assert definitions(text, language) == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "We met in Paris (France) and left.",
        "She was born (as was her twin) in May.",
        "The mill in Lawrence (IL) was shut.",
        "It rose by 7 (12) per cent.",
        "The committee left. Work went on (ABC).",
        "Sold to a bidder (XQZ) yesterday.",
        "the Board (Harbour)",
        "(HSB)",
        'Adams, "Bakery" and Cole (ABC)',
        "the senior press analyst at Glenscore (SCOR)",
        "the Orchard (OD)",
        "",
    ],
)
def test_other_parentheses_define_nothing(text):
    assert definitions(text) == []


def build(*texts):
    return [
        build_document(f"d{n}", f"d{n}.txt", [RawBlock(text)], Metadata(""))
        for n, text in enumerate(texts)
    ]


def select(*texts, operator=()):
    collector = AcronymCollector()
    for document in build(*texts):
        collector.add(document)
    return [
        tuple(acronym) for acronym in select_acronyms(collector.finish(), synonym_terms(operator))
    ]


def test_the_usual_meanings_of_an_acronym_are_kept():
    usual = ["The Port Labour Union (PLU) struck."] * 9
    rare = ["A Public Lending Unit (PLU) opened."]

    assert select(*usual, *rare) == [("PLU", "Port Labour Union", False)]


def test_the_operators_word_takes_precedence():
    text = "The Port Labour Union (PLU) struck."

    assert select(text, operator=(("PLU", "lending unit"),)) == []
    assert select(text, operator=(("Port Labour Union", "dockers"),)) == []
    assert select(text, operator=(("port", "harbour"),)) != []


def test_an_acronym_that_is_also_a_word_is_marked():
    text = "An advance care treaty (ACT) was signed. They act on it."

    assert select(text) == [("ACT", "advance care treaty", True)]


def test_their_number_is_limited():
    words = [f"{first}{second}ar" for first in "abcdefghij" for second in "aeiou"]
    pairs = [(one, other) for one in words[:25] for other in words][: MAX_ACRONYMS + 200]
    texts = [f"the {a} {b} ({a[:2].upper()}{b[:2].upper()})" for a, b in pairs]

    assert len(select("\n".join(texts))) == MAX_ACRONYMS


@pytest.fixture
def settings(tmp_path):
    return Settings(index=str(tmp_path))


OTHERS = (
    "A bakery raised the price of bread for everyone in the town again.",
    "Fishing boats came back to the harbour with a good catch of herring.",
)
FEES = (
    "The Port Labour Union (PLU) was founded in 1911 by four crane drivers.",
    "Members of the Port Labour Union paid higher dues from the spring of that year.",
    "The PLU called for a strike over night shifts in the winter.",
)


def best(settings, question):
    answer = ask(open_engine(settings).searcher(), settings, question)
    return answer.query.expanded, [passage.citation.document_id for passage in answer.passages]


def test_each_side_finds_the_other(settings):
    index_documents(build(*FEES, *OTHERS), open_engine(settings), settings)

    expanded, ids = best(settings, "what dues does the PLU take?")
    assert expanded == {"PLU": ("Port Labour Union",)}
    assert ids[0] == "d1"
    # Of the two others with neither side none is among these.
    expanded, ids = best(settings, "tell me about the Port Labour Union")
    assert expanded == {"Port Labour Union": ("PLU",)}
    assert sorted(ids) == ["d0", "d1", "d2"]


def test_a_long_form_with_small_words_is_found(settings):
    texts = ["The Bank for Rural Credit (BRC) closed.", "The BRC lent to dairies."]
    index_documents(build(*texts, *OTHERS), open_engine(settings), settings)

    expanded, _ = best(settings, "did the Bank for Rural Credit lend to dairies?")
    assert expanded == {"Bank for Rural Credit": ("BRC",)}


def test_an_ordinary_word_is_not_taken_for_an_acronym(settings):
    text = "An advance care treaty (ACT) was signed. They act on it."
    index_documents(build(text, *OTHERS), open_engine(settings), settings)

    assert best(settings, "how do they act on it?")[0] == {}
    assert best(settings, "what is the ACT?")[0] == {"ACT": ("advance care treaty",)}


def test_an_operators_line_replaces_a_definition(settings, tmp_path):
    (tmp_path / FILE_NAME).write_text("PLU, dockers\n")
    index_documents(build(*FEES, *OTHERS), open_engine(settings), settings)

    assert best(settings, "what dues does the PLU take?")[0] == {"PLU": ("dockers",)}
