"""The page about what programs can call."""

from tests.web.pages.conftest import text


def test_it_shows_all_that_the_document_says(page, client):
    main = text(page("/api").find(".//main"))
    described = client.get("/openapi.json").get_json()

    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in main
            assert operation["summary"] in main
    assert "at most 2000 characters" in main


def test_every_link_on_it_leads_somewhere(page):
    found = page("/api")
    anchors = {link[1:] for link in found.xpath("//main//a/@href") if link.startswith("#")}

    assert anchors
    assert anchors <= set(found.xpath("//@id"))


def test_it_brings_nothing_of_others(page):
    found = page("/api")

    assert not [src for src in found.xpath("//*/@src") if "//" in src]
    assert not found.xpath("//script[not(@src)] | //style | //@style | //@onclick")
