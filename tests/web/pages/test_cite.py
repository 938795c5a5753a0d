"""The addresses that give a citation in each format."""

import datetime
import json
from urllib.parse import urlsplit

import bibtexparser
import pytest
import rispy

from qa.answers.answer import quote_checksum
from qa.answers.citation_formats import FORMATS
from tests.web.pages.conftest import HARBOUR, one, text

ID = "old/harbour%20&%20pier"
START = HARBOUR.text.index("Captain")
END = HARBOUR.text.index("Storms") - 2
PLACE = f"/cite/{ID}?cite={START}-{END}&answer={START}-{END}&sha256={HARBOUR.sha256[:12]}"
QUOTE = "Captain Elsa Moberg demanded guarantees that nobody would sell the pier."


def types(response):
    return response.content_type, response.headers.get("Content-Disposition", "shown")


@pytest.mark.parametrize(
    ("name", "content_type", "ending"),
    [
        ("text", "text/plain; charset=utf-8", None),
        ("markdown", "text/markdown; charset=utf-8", None),
        ("bibtex", "application/x-bibtex; charset=utf-8", "bib"),
        ("csl-json", "application/vnd.citationstyles.csl+json; charset=utf-8", "json"),
        ("ris", "application/x-research-info-systems; charset=utf-8", "ris"),
    ],
)
def test_each_format_has_its_type_and_a_name_to_be_saved_under(client, name, content_type, ending):
    response = client.get(f"{PLACE}&format={name}")

    assert response.status_code == 200
    assert response.content_type == content_type
    saved_as = response.headers.get("Content-Disposition", "")
    assert not saved_as if ending is None else saved_as.endswith(f".{ending}")
    assert QUOTE in response.text


def test_programs_can_read_what_they_are_given(client):
    (entry,) = bibtexparser.parse_string(client.get(f"{PLACE}&format=bibtex").text).entries
    (record,) = rispy.loads(client.get(f"{PLACE}&format=ris").text)
    (item,) = json.loads(client.get(f"{PLACE}&format=csl-json").text)

    assert entry.key == record["id"] == item["id"]
    assert entry["author"] == "Berg, Ada"


def test_a_citation_says_where_and_when_it_was_read(client):
    body = client.get(PLACE).text
    today = datetime.datetime.now(datetime.UTC)

    assert f"http://localhost/documents/old/harbour%20%26%20pier?cite={START}-{END}&answer=" in body
    assert f"Read {today.day} {today:%B %Y}, index " in body


def test_a_whole_document_can_be_cited(client):
    body = client.get(f"/cite/{ID}").text

    assert body.startswith("Ada Berg, “The harbour of Lindholm”, Northern Gazette, 3 December")
    assert "http://localhost/documents/old/harbour%20&%20pier\n" in body


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("cite=9-3", "cite: '9-3' is not a stretch of text"),
        ("cite=3-99999", "the document does not have this place"),
        ("cite=3-20&sha256=000000000000", "the document does not have this place"),
        ("cite=30-60&answer=20-40", "answer: it is not inside"),
        ("cite=3-20&format=word", "format: 'word' is not one of text, markdown"),
        ("cite=3-20&colour=red", "colour: there is no such parameter"),
    ],
)
def test_what_cannot_be_cited_is_refused_with_the_reason(client, query, reason):
    response = client.get(f"/cite/{ID}?{query}")

    assert response.status_code == 422
    assert reason in response.json["detail"]


def test_a_stretch_longer_than_any_passage_is_not_written_in_a_format(client, monkeypatch):
    monkeypatch.setattr("qa.web.pages.cite._MAX_CITED", 20)

    assert client.get("/cite/ferry?cite=0-20").status_code == 200
    response = client.get("/cite/ferry?cite=0-21")
    assert response.status_code == 422
    assert "longer than 20 characters" in response.get_json()["errors"][0]["detail"]
    assert client.get("/cite/ferry").status_code == 200


def test_a_document_that_is_not_there_cannot_be_cited(client):
    assert client.get("/cite/nothing").status_code == 404


def test_an_answer_offers_its_citation_in_every_format(get_page, client):
    turn = one(get_page("/?q=Who+demanded+guarantees+about+the+pier%3F"), "//article")
    menu = one(turn, "figure//details[@class='cite']")
    links = menu.xpath(".//a")

    assert text(menu.find("summary")) == "Cite passage 1"
    assert [text(link) for link in links] == [form.label for form in FORMATS.values()]
    assert all(QUOTE in client.get(link.get("href")).text for link in links)
    assert all(urlsplit(link.get("href")).path.startswith("/cite/") for link in links)


def test_the_checksum_of_a_quote_has_a_second_name_for_programs(client):
    checksum = quote_checksum(HARBOUR.text[START:END])
    elsewhere = f"/cite/{ID}?cite={START + 7}-{END + 7}&sha256=0000"

    body = client.get(f"{elsewhere}&quote_sha256={checksum}").text

    assert QUOTE in body
    assert body == client.get(f"{elsewhere}&quote={checksum}").text
