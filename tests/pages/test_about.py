"""The page about the service."""

from qa.engines import open_engine
from qa.settings import Settings
from tests.pages.conftest import text


def test_it_tells_what_the_index_holds(page, index):
    main = text(page("/about").find(".//main"))

    assert "123 documents, dated 3 December 2021 to 29 March 2022" in main
    manifest = open_engine(Settings(index=str(index))).searcher().manifest
    assert f"Passages {manifest.passages}" in main
    assert manifest.name in main
    assert "Files left out 1, with the reasons" in main


def test_it_lists_the_keys(page):
    found = page("/about")

    assert found.xpath("//h2[@id='keys']/following-sibling::dl[@class='keys']")


def test_its_example_is_answered(page, client):
    (link,) = page("/about").xpath("//a[code = '/ask']/@href")

    assert client.get(link).get_json()["verdict"] == "found"
