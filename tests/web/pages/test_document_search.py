"""A browser's own search box: description, suggestions; and what robots may fetch."""

import lxml.etree
import pytest

NAMES = {"o": "http://a9.com/-/spec/opensearch/1.1/"}


def test_the_search_is_described_for_browsers(client, get_page):
    link = get_page("/about").xpath("//link[@rel='search']")[0]
    response = client.get(link.get("href"))
    description = lxml.etree.fromstring(response.data)
    templates = {
        url.get("type"): url.get("template") for url in description.findall("o:Url", NAMES)
    }

    assert link.get("type") == response.mimetype == "application/opensearchdescription+xml"
    assert len(description.findtext("o:ShortName", namespaces=NAMES)) <= 16
    assert templates["text/html"] == "http://localhost/?q={searchTerms}"
    assert templates["application/x-suggestions+json"] == "http://localhost/suggest?q={searchTerms}"


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("who b", ["Who built the old harbour of Lindholm?"]),
        ("HARB", ["Who built the old harbour of Lindholm?", "The harbour of Lindholm"]),
        (
            "the ",
            ["The ferry", "The harbour of Lindholm", "Who built the old harbour of Lindholm?"],
        ),
        ("arbour", []),
        ("", []),
    ],
)
def test_what_begins_so_is_suggested(client, typed, texts):
    response = client.get("/suggest", query_string={"q": typed})
    typed_text, suggestions, _, addresses = response.get_json()

    assert response.content_type == "application/x-suggestions+json"
    assert typed_text == typed.strip()
    assert suggestions == texts
    assert [client.get(address).status_code for address in addresses] == [200] * len(texts)


def test_no_more_is_suggested_than_a_list_shows(client):
    assert len(client.get("/suggest?q=fill").get_json()[1]) == 8


def test_robots_read_documents_and_ask_nothing(client):
    lines = client.get("/robots.txt").text.splitlines()

    assert lines[0] == "User-agent: *"
    assert {"Disallow: /?", "Disallow: /ask"} < set(lines)
    assert "Disallow: /" not in lines
