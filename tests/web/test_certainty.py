"""Words recognized in a picture are cited as such, with their certainty."""

import pytest

from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings

ASKED = "Who was the keeper of the ferry?"
SCAN = build_document(
    "scan",
    "scan.pdf",
    [
        RawBlock("The bridge over the river was opened on a Monday in spring.", page=1),
        RawBlock("The keeper of the ferry was Anna Vell until the bridge opened.", page=2),
    ],
    Metadata("The ferry"),
    certainties={2: 0.934},
)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(index=str(tmp_path_factory.mktemp("index")), passage_min_words=1)
    index_documents([SCAN], open_engine(settings), settings)
    return create_app(settings).test_client()


def test_programs_get_the_certainty_of_recognized_words_only(client):
    passages = client.get("/ask", query_string={"q": f"{ASKED} Monday"}).get_json()["passages"]

    assert {p["citation"]["page"]: p["citation"].get("certainty") for p in passages} == {
        2: 0.934,
        1: None,
    }
    assert sum("certainty" in passage["citation"] for passage in passages) == 1


def test_a_saved_citation_with_a_certainty_is_verified(client):
    answer = client.get("/ask", query_string={"q": ASKED}).get_json()
    saved = [passage["citation"] for passage in answer["passages"]]
    verified = client.post("/verify", json={"citations": saved}).get_json()

    assert {anchor["state"] for anchor in verified["citations"]} == {"unchanged"}


def test_the_page_and_the_citation_say_that_words_were_recognized(client):
    note = "words recognized in a picture, 93% certain"
    answer = client.get("/", query_string={"q": ASKED}).text
    start = SCAN.text.index("The keeper")
    place = f"{start}-{len(SCAN.text)}"

    assert f"(p.\N{NO-BREAK SPACE}2, {note})" in answer
    assert f"Page 2, {note}" in client.get("/documents/scan").text
    assert note in client.get(f"/cite/scan?cite={place}").text
