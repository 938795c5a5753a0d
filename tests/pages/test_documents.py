"""The list of documents."""

import pytest

from tests.pages.conftest import SCRIPT, one, text


def test_documents_are_listed_a_hundred_to_a_page(page):
    first = page("/documents")
    second = page(one(first, "//a[@rel='next']").get("href"))
    titles = [*first.xpath("//tbody//a/text()"), *second.xpath("//tbody//a/text()")]

    assert len(first.xpath("//tbody/tr")) == 100
    assert titles == sorted(titles)
    assert len(titles) == 123
    assert one(second, "//nav//a[@aria-current and contains(., '2')]") is not None


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("title", f"{SCRIPT} zebras"),
        ("date", "The ferry"),
        ("publisher", "The harbour of Lindholm"),
    ],
)
def test_documents_can_be_sorted(page, sort, first):
    found = page(f"/documents?sort={sort}")

    assert found.xpath("//tbody//a")[0].text == first
    assert text(one(found, "//p[@class='sorts']/a[@aria-current]")) == sort


def test_the_list_tells_what_is_known_of_a_document_and_leads_to_it(page):
    row = one(page("/documents?sort=date"), "//tr[contains(., 'Lindholm')]")

    assert text(row) == "The harbour of Lindholm Northern Gazette 2021-12-03 50 words"
    assert page(row.find(".//a").get("href")).find(".//h1").text == "The harbour of Lindholm"


def test_files_left_out_are_listed_with_the_reason(page):
    assert text(one(page("/documents"), "//dl[@class='skipped']")) == "scan.pdf no text in it"


@pytest.mark.parametrize(
    "query",
    ["sort=size", "page=0", "page=3", "page=x", "page=-1", "page=1.0", "page=" + "9" * 5000],
)
def test_a_list_that_does_not_exist_is_refused(page, query):
    name = query.partition("=")[0]

    assert f"{name}:" in text(page(f"/documents?{query}", 422).find(".//main"))
