"""The page about what programs can call."""

from tests.web.pages.conftest import text


def test_it_shows_all_that_the_document_says(get_page, client):
    main = text(get_page("/api").find(".//main"))
    described = client.get("/openapi.json").get_json()

    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method == "servers":
                continue
            assert f"{method.upper()} {path}" in main
            assert operation["summary"] in main
    assert "at most 2000 characters" in main


def test_every_link_on_it_leads_somewhere(get_page):
    page = get_page("/api")
    anchors = {link[1:] for link in page.xpath("//main//a/@href") if link.startswith("#")}

    assert anchors
    assert anchors <= set(page.xpath("//@id"))


def test_it_brings_nothing_of_others(get_page):
    page = get_page("/api")

    assert not [src for src in page.xpath("//*/@src") if "//" in src]
    assert not page.xpath("//script[not(@src)] | //style | //@style | //@onclick")
