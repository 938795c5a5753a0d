"""Word forms in both engines: compounds, acronyms, spellings and scripts, found alike."""

import numpy as np
import pytest

from qa.answers.pipeline import ask
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.queries.compounds import expand_compounds
from qa.queries.parser import parse_query
from tests.engines.indexes import ENGINES, prepare_settings
from tests.engines.positions import find_passage_positions

TEXTS = {
    "haus": (
        "de",
        "Kellerschlüssel liegen beim Pförtner. Der Keller ist trocken.",
    ),
    "garten": ("de", "Ein Schlüssel für den Garten hängt im Flur neben der Tür."),
    "union": ("en", "The Port Labour Union (PLU) struck over the colour of its flags."),
    "library": ("zh", "城市图书馆于一九八四年开放。图书馆周一休息。"),
    "well": ("hi", "गाँव का कुआँ सन् १९५२ में बनाया गया था।"),
}


@pytest.fixture(scope="module", params=ENGINES)
def settings(request, tmp_path_factory):
    settings = prepare_settings(request, tmp_path_factory.mktemp("forms"))
    documents = [
        build_document(name, f"{name}.txt", [RawBlock(text)], Metadata(name, language=language))
        for name, (language, text) in TEXTS.items()
    ]
    index_documents(documents, open_engine(settings), settings)
    return settings


@pytest.fixture(scope="module")
def searcher(settings):
    return open_engine(settings).searcher()


def test_the_lexicon_is_read_back(searcher):
    assert searcher.lexicon.count("kell") == 1
    assert searcher.lexicon.beginning_with("kell", 9) == ["kellerschlussel"]
    assert searcher.lexicon.count("union") == 0


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Schlüssel für Keller", "haus"),
        ("PLU", "union"),
        ("the color of flags", "union"),
        ("圖書館", "library"),
        ("गांव का कुआं", "well"),
        ("1952", "well"),
    ],
)
def test_the_passage_in_another_form_is_first(settings, searcher, question, name):
    assert ask(searcher, settings, question).passages[0].citation.document_id == name


def test_a_compound_is_an_occurrence_of_both_parts(searcher):
    languages = searcher.manifest.languages
    query = parse_query("Schlüssel Keller", languages=languages)
    counts = searcher.document_frequencies(query.stems)
    query = expand_compounds(query, searcher.lexicon, languages, counts)
    candidates = searcher.search(query, 10)
    expected = find_passage_positions(query, candidates.read_all())
    positions = candidates.positions

    assert {term.word: term.compounds for term in query.terms} == {
        "Schlüssel": ("kellerschlussel",),
        "Keller": ("kellerschlussel",),
    }
    assert positions.passage_index.tolist() == expected.passage_index.tolist()
    assert positions.position.tolist() == expected.position.tolist()
    assert sorted(zip(positions.position, positions.term_index, strict=True)) == sorted(
        zip(expected.position, expected.term_index, strict=True)
    )
    assert np.array_equal(positions.is_exact, expected.is_exact)
    assert candidates.document_ids[0] == "haus"


def test_slips_of_the_fingers_are_near(searcher):
    expected = {
        "untion": ["union"],
        "uinon": ["union"],
        "nuion": ["union"],
        "prot": ["port"],
        "flaggs": ["flags"],
        "teh": ["the"],
        "odd": [],
    }

    assert searcher.suggest(expected) == expected
