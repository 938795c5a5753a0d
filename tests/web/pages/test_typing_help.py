"""What is suggested to whoever types, and the questions to go on with after an answer."""

import pytest

from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings
from tests.web.pages.conftest import BROWSER

PROSE = "Nothing much happened in the harbour on that day, and the ferry ran as it always did."


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("who b", ["Who built the old harbour of Lindholm?"]),
        ("HARB", ["Who built the old harbour of Lindholm?", "The harbour of Lindholm"]),
        ("ferr", ["The ferry"]),
        ("lindolm", ["Who built the old harbour of Lindholm?", "The harbour of Lindholm"]),
        ("unicorns on mars", []),
        ("", []),
        ("\x00\ud800\u202e", []),
    ],
)
def test_questions_and_titles_are_suggested_with_typing_errors(client, typed, texts):
    response = client.get("/suggest", query_string={"q": typed.encode("utf-8", "surrogatepass")})
    typed_text, suggestions, kinds, addresses = response.get_json()

    assert response.content_type == "application/x-suggestions+json"
    assert typed in {"\x00\ud800\u202e", typed_text.strip() and typed}
    assert suggestions == texts
    assert [kind.split(",")[0] for kind in kinds] == [
        "Question" if suggestion.endswith("?") else "Document" for suggestion in texts
    ]
    assert [client.get(address).status_code for address in addresses] == [200] * len(texts)


def test_a_document_is_told_apart_by_its_publisher_and_date(client):
    _, _, kinds, addresses = client.get("/suggest?q=ferr").get_json()

    assert kinds == ["Document, Vesa Courier, 29 March 2022"]
    assert addresses == ["http://localhost/documents/ferry"]


def test_no_more_is_suggested_than_a_list_shows(client):
    assert len(client.get("/suggest?q=fill").get_json()[1]) == 8


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """The app over a guide with questions as headings, and many documents on one topic."""
    settings = Settings(index=str(tmp_path_factory.mktemp("guide")))
    blocks = [
        RawBlock("Who may use the reading room?", 2),
        RawBlock("Everybody with a card may use the reading room from eight to six. " + PROSE),
        RawBlock("What does a card for the reading room cost?", 2),
        RawBlock("A card costs four crowns a year, and is free for children. " + PROSE),
    ]
    guide = build_document("guide", "guide.md", blocks, Metadata("Guide to the library"))
    storms = [
        build_document(
            f"storm-{n}",
            f"storm-{n}.txt",
            [RawBlock(f"Storm tide number {n}: the storm tide broke the pier. {PROSE}")],
            Metadata(f"The storm tide of 19{n:02}"),
        )
        for n in range(4)
    ]
    fillers = [
        build_document(f"f{n}", f"f{n}.txt", [RawBlock(PROSE)], Metadata(f"Day {n}"))
        for n in range(20)
    ]
    index_documents([guide, *storms, *fillers], open_engine(settings), settings)
    return create_app(settings).test_client()


def test_frequent_phrases_of_titles_are_suggested_as_topics(guide):
    _, texts, kinds, addresses = guide.get("/suggest?q=stor").get_json()

    assert (texts[0], kinds[0]) == ("storm tide", "Topic, 4 documents")
    assert addresses[0] == "http://localhost/?q=storm+tide"


def test_a_heading_that_asks_is_suggested_and_answered(guide):
    _, texts, _, addresses = guide.get("/suggest?q=card cost").get_json()

    assert texts[0] == "What does a card for the reading room cost?"
    assert "four crowns a year" in guide.get(addresses[0], headers=BROWSER).text


def test_an_answer_leads_on_to_questions_beside_it(guide):
    page = guide.get("/?q=who+may+use+the+reading+room", headers=BROWSER).text

    assert "Related questions" in page
    assert "What does a card for the reading room cost?" in page


def test_what_is_suggested_is_text_whatever_a_title_says(client):
    texts = client.get("/suggest?q=zebras").get_json()[1]

    assert texts == ["<script>alert(1)</script> zebras"]
