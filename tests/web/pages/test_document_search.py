"""A browser's own search box and its description; what robots may fetch."""

import lxml.etree

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


def test_robots_read_documents_and_ask_nothing(client):
    lines = client.get("/robots.txt").text.splitlines()

    assert lines[0] == "User-agent: *"
    assert {"Disallow: /?", "Disallow: /ask"} < set(lines)
    assert "Disallow: /" not in lines
