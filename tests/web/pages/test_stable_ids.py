"""Addresses by the old name of a renamed file, and by ids that stay, lead to today's."""

from urllib.parse import urlsplit

import pytest

from qa.answers.quote_search import Quote
from qa.answers.reanchoring import reanchor
from qa.app import create_app
from qa.engines.factory import open_engine
from qa.publishing.purge import purge_documents
from qa.settings import Settings
from tests.conftest import HARBOUR, build_index, write

ASKED = "/v1/ask?q=who+demanded+guarantees%3F"
QUOTE = "Captain Elsa Moberg demanded legal guarantees"
EDITED = HARBOUR.replace("The old harbour", "Lindholm has two.\n\nThe old harbour")


@pytest.fixture
def index(own_index):
    """A folder with an index of two documents, which tests may change."""
    return own_index


@pytest.fixture
def client(index):
    return create_app(Settings(index=str(index))).test_client()


@pytest.fixture
def rename(index, client):
    """Rename a file, perhaps edit it, and build."""

    def change(old, new, text=None):
        folder = index / "documents"
        (folder / new).parent.mkdir(exist_ok=True)
        (folder / old).rename(folder / new)
        if text:
            (folder / new).write_text(text, encoding="utf-8")
        build_index(index)

    return change


def first_passage(client):
    return client.get(ASKED).get_json()["passages"][0]


def follow(client, address):
    """The page that an address leads to, with all redirects."""
    response = client.get(address, follow_redirects=True)
    assert response.status_code == 200
    return response


@pytest.mark.parametrize("text", [HARBOUR, EDITED])
def test_old_addresses_lead_to_the_new_name(client, rename, text):
    citation = first_passage(client)["citation"]
    rename("harbour.md", "old/port & pier.md", text)

    for path in ("/documents/harbour", "/documents/harbour.json", "/v1/documents/harbour.json"):
        response = client.get(f"{path}?a=b%26")
        assert response.status_code == 302
        expected = path.replace("harbour", "old/port-pier")
        assert response.headers["Location"] == f"{expected}?a=b%26"
    parts = urlsplit(citation["read_url"])
    assert 'class="answer"' in follow(client, citation["read_url"]).text
    assert QUOTE in follow(client, f"/cite/harbour?{parts.query}").text
    assert client.get("/documents/harbor").status_code == 404


@pytest.mark.parametrize("text", [HARBOUR, EDITED])
def test_ids_that_stay_lead_to_the_passage(client, rename, text):
    before = first_passage(client)
    stable_id = client.get("/documents/harbour.json").get_json()["stable_id"]
    rename("harbour.md", "port.md", text)
    after = follow(client, f"/documents/{stable_id}.json").get_json()
    location = client.get(f"/passages/{before['stable_id']}").headers["Location"]

    assert before["stable_id"].startswith(stable_id)
    assert (after["id"], after["stable_id"]) == ("port", stable_id)
    assert urlsplit(location).path == "/documents/port"
    if text is HARBOUR:
        assert first_passage(client)["stable_id"] == before["stable_id"]
    for unknown in ("nonsense", "0" * 16 + "-" + "0" * 12 + "-5"):
        assert client.get(f"/passages/{unknown}").status_code == 404


def test_a_passage_whose_words_are_gone_leads_to_its_document(client, rename):
    before = first_passage(client)
    rename("harbour.md", "port.md", HARBOUR.replace("demanded", "wanted"))
    page = follow(client, f"/passages/{before['stable_id']}").text

    assert "the quote is no longer in it" in page


def test_saved_citations_and_tools_know_the_new_name(client, rename, index):
    citation = first_passage(client)["citation"]
    rename("harbour.md", "port.md", EDITED)
    quote = Quote("harbour", QUOTE, sha256=citation["sha256"])
    anchor = reanchor(quote, open_engine(Settings(index=str(index))).searcher())
    call = {"name": "fetch", "arguments": {"id": "harbour"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    fetched = client.post("/mcp", json=message).get_json()["result"]

    assert (anchor.state, anchor.document) == ("moved", "changed")
    assert anchor.citation.document_id == "port"
    assert QUOTE in fetched["structuredContent"]["text"]


def test_another_document_may_take_an_old_name(client, rename, index):
    rename("harbour.md", "port.md")
    write(index / "documents", harbour_md="# Herring\n\nHerring is smoked in Lindholm.\n")
    build_index(index)

    assert client.get("/documents/harbour.json").get_json()["title"] == "Herring"
    ids = {item["stable_id"] for item in client.get("/documents.json").get_json()["items"]}
    assert len(ids) == 3


def test_the_text_of_two_files_keeps_its_address_when_one_of_them_goes(client, index):
    write(index / "documents", port_md=HARBOUR)
    build_index(index)
    (index / "documents" / "harbour.md").unlink()
    build_index(index)

    assert client.get("/documents/harbour").headers["Location"] == "/documents/port"


def test_a_file_that_gets_its_old_name_back_has_both_addresses(client, rename):
    rename("harbour.md", "port.md")
    rename("port.md", "harbour.md")

    assert client.get("/documents/harbour").status_code == 200
    assert client.get("/documents/port").headers["Location"] == "/documents/harbour"


def test_old_names_survive_later_builds_and_only_purging_forgets_them(client, rename, index):
    rename("harbour.md", "port.md")
    rename("bridge.md", "crossing.md")
    rename("port.md", "haven.md")
    settings = Settings(index=str(index))
    engine = open_engine(settings)

    assert client.get("/documents/harbour").headers["Location"] == "/documents/haven"
    assert client.get("/documents/bridge").headers["Location"] == "/documents/crossing"

    purge = purge_documents(["harbour"], engine, settings)
    build_index(index)

    assert any("leads from harbour to haven" in note for note in purge.notes)
    assert client.get("/documents/harbour").status_code == 404
    assert client.get("/documents/port").headers["Location"] == "/documents/haven"
    names = [path for path in index.rglob("manifest.json") if b'"harbour"' in path.read_bytes()]
    live = (index / "CURRENT").read_text().strip()
    assert live not in {path.parent.name for path in names}


def test_questions_about_a_document_may_name_it_as_before(client, rename, index):
    write(
        index,
        questions_jsonl=(
            '{"question": "who demanded guarantees?", "document": "harbour",'
            ' "contains": "Elsa Moberg"}\n'
        ),
    )
    rename("harbour.md", "port.md")
    answer = client.get(f"{ASKED}&document=harbour").get_json()

    assert {passage["citation"]["document_id"] for passage in answer["passages"]} == {"port"}
    assert answer["filters"]["document"] == ["port"]
    assert client.get(f"{ASKED}&document=harbor").status_code == 422
    # The gate let the new index in.
    assert client.get("/documents/port").status_code == 200
