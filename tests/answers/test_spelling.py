"""Offers of another spelling: chosen by the rest of the question, asked with one click."""

import lxml.html
import pytest

from qa.answers.pipeline import ask
from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings

TEXTS = {
    "forecast": "The weather forecast on the radio promised rain for the coast by evening.",
    "mains": "Drinking water comes from the lake. The water in the mains is clean. Water is cheap.",
    "cask": "A cask of cider was left at the inn by a carter on his way to the fair.",
    "cash": "Cash is paid out at the counter of the bank until noon, and cash is counted there.",
    "wetter": "Die Wettervorhersage im Radio kündigt Regen für die Küste an. Das Wetter bleibt.",
    "wette": "Eine Wette auf das schnellste Pferd kostet zwei Mark beim Rennen. Die Wette gilt.",
    "pont": "Le pont sur la rivière est fermé aux camions depuis les crues du printemps.",
    "point": "Un point de vente du journal ouvre à la gare, et un autre point de vente au marché.",
}


LANGUAGES = {"wetter": "de", "wette": "de", "pont": "fr", "point": "fr"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = Settings(index=str(tmp_path_factory.mktemp("spelling")))
    documents = [
        build_document(
            name,
            f"{name}.txt",
            [RawBlock(text)],
            Metadata(name, language=LANGUAGES.get(name, "en")),
        )
        for name, text in TEXTS.items()
    ]
    index_documents(documents, open_engine(settings), settings)
    return settings


@pytest.fixture(scope="module")
def searcher(settings):
    return open_engine(settings).searcher()


@pytest.mark.parametrize(
    ("question", "spelling"),
    [
        ("rain in the waether forecast", {"waether": "weather"}),
        ("is waeter in the mains clean", {"waeter": "water"}),
        ("who left a casj of cider at the inn", {"casj": "cask"}),
        ("where is casj paid at the counter of the bank", {"casj": "cash"}),
        ("which piont sells the journal", {"piont": "point"}),
        ("quand le poont sur la rivière ferme aux camions", {"poont": "pont"}),
        ("vente du journal au ponit de la gare", {"ponit": "point"}),
        ("was kostet eine Wetet auf ein Pferd beim Rennen", {"Wetet": "wette"}),
        ("wie bleibt das Wettre an der Küste", {"Wettre": "wetter"}),
    ],
)
def test_the_spelling_fits_the_rest_of_the_question(settings, searcher, question, spelling):
    assert ask(searcher, settings, question).query.corrected == spelling


def test_alone_a_word_gets_the_nearest_spelling(settings, searcher):
    assert ask(searcher, settings, "waether").query.corrected == {"waether": "weather"}


def test_one_click_asks_with_it(settings):
    client = create_app(settings).test_client()
    page = lxml.html.fromstring(client.get("/?q=rain+in+the+waether+forecast").text)
    (link,) = page.xpath("//a[normalize-space() = 'weather']/@href")

    assert "q=rain+in+the+weather+forecast" in link
    assert "weather" in client.get(link).text


def test_a_part_of_a_compound_is_context_too(settings, searcher):
    answer = ask(searcher, settings, "was sagt die Vorhersage zum Wettee im Radio")

    assert answer.query.corrected == {"Wettee": "wetter"}
