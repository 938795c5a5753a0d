"""The list of documents, as a page and as JSON."""

import datetime

import lxml.html
import pytest

from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings
from tests.web.pages.conftest import SCRIPT, controls, one, text

LINDHOLM = "The harbour of Lindholm"


def titles(page):
    return page.xpath("//tbody//a/text()")


def count_line(page):
    return text(one(page, "//div[@class='counted']/p[1]"))


def test_documents_are_listed_a_hundred_to_a_page(get_page):
    first = get_page("/documents")
    second = get_page(one(first, "//a[@rel='next']").get("href"))
    listed = [*titles(first), *titles(second)]

    assert len(titles(first)) == 100
    assert listed == sorted(listed, key=lambda title: title.lstrip("<").casefold())
    assert len(listed) == 123
    assert one(second, "//nav//a[@aria-current and contains(., '2')]") is not None
    assert count_line(second) == "123 documents, 101 to 123 shown"


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("title", "Filler 000"),
        ("newest", "The ferry"),
        ("oldest", LINDHOLM),
        ("publisher", LINDHOLM),
        ("longest", LINDHOLM),
        ("shortest", "Filler 000"),
        ("type", "Filler 000"),
    ],
)
def test_documents_can_be_sorted(get_page, sort, first):
    page = get_page(f"/documents?sort={sort}")

    assert titles(page)[0] == first
    column = {"newest": "Date", "oldest": "Date", "longest": "Words", "shortest": "Words"}
    assert text(one(page, "//th[@aria-sort]")) == column.get(sort, sort.capitalize())


def test_the_list_tells_what_is_known_of_a_document_and_leads_to_it(get_page):
    row = one(get_page("/documents?sort=newest"), "//tr[contains(., 'Lindholm')]")

    assert text(row) == f"{LINDHOLM} Northern Gazette 2021-12-03 PDF 50"
    assert get_page(row.find(".//a").get("href")).find(".//h1").text == LINDHOLM


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("title=HARBOUR", [LINDHOLM]),
        ("title=of+the+harb", [LINDHOLM]),
        ("title=harbour+ferry", []),
        ("title=%3Cscript", [f"{SCRIPT} zebras"]),
        ("publisher=Vesa+Courier", ["The ferry"]),
        ("publisher=Vesa+Courier&publisher=Northern+Gazette&sort=oldest", [LINDHOLM, "The ferry"]),
        ("publisher=vesa+courier", []),
        ("from=2022-01-01", ["The ferry"]),
        ("to=2021-12-03", [LINDHOLM]),
        ("from=2021-12-03&to=2022-03-29&title=ferry", ["The ferry"]),
        ("from=2023-01-01&to=2022-01-01", []),
    ],
)
def test_filters_leave_what_fits_all_of_them(get_page, client, query, expected):
    page = get_page(f"/documents?{query}")
    record = client.get(f"/documents.json?{query}").json

    assert titles(page) == expected
    assert [item["title"] for item in record["items"]] == expected
    assert count_line(page) == f"{len(expected)} of 123 documents"


def test_a_column_sorts_and_a_second_click_turns_it_round(get_page):
    page, sorts = get_page("/documents"), []
    for _ in range(3):
        page = get_page(one(page, "//thead//a[.='Date']").get("href"))
        sorts += [one(page, "//th[@aria-sort]").get("aria-sort")]

    assert sorts == ["descending", "ascending", "descending"]


def test_a_title_with_a_typing_error_is_found_and_that_is_said(get_page):
    page = get_page("/documents?title=Lindhlom")

    assert titles(page) == [LINDHOLM]
    assert "spelt almost alike" in text(one(page, "//p[@role='note']"))
    assert not get_page("/documents?title=Lindholm").xpath("//p[@role='note']")
    assert titles(get_page("/documents?title=xylophone")) == []


def test_each_filter_that_is_on_can_be_taken_off(get_page):
    path = "/documents?title=e&publisher=Vesa+Courier&from=2022-01-01&sort=newest"
    links = get_page(path).xpath("//ul[@class='applied']//a")

    assert {text(link): link.get("href") for link in links} == {
        "Remove the filter title has “e”": path.replace("title=e&", ""),
        "Remove the filter Vesa Courier": path.replace("publisher=Vesa+Courier&", ""),
        "Remove the filter from 1 January 2022": path.replace("&from=2022-01-01", ""),
        "all documents": "/documents?sort=newest",
    }


def test_publishers_are_counted_as_if_none_was_chosen(get_page):
    page = get_page("/documents?publisher=Vesa+Courier&publisher=Nobody&to=2022-12-31")
    labels = [text(label) for label in page.xpath("//div[@class='choices']/label")]

    assert labels == ["Northern Gazette 1", "Vesa Courier 1", "Nobody 0"]


def test_a_form_asks_for_the_list_that_is_shown(get_page, client):
    path = "/documents?title=e&publisher=Vesa+Courier&from=2022-01-01&sort=newest"
    form = one(get_page(path), "//form[@class='choose']")
    response = client.get(form.get("action"), query_string=controls(form))

    assert response.status_code == 302
    assert response.location == path


def test_what_is_empty_or_of_others_leaves_the_address(client):
    response = client.get("/documents?title=+&utm_source=x&publisher=Vesa+Courier&page=1")

    assert response.location == "/documents?publisher=Vesa+Courier"


def test_robots_follow_the_plain_list_alone(get_page):
    robots = "//meta[@name='robots']/@content"

    for path in ("/documents", "/documents?page=2"):
        assert not get_page(path).xpath(robots)
    for path in ("/documents?sort=newest", "/documents?title=e", "/documents?from=2020-01-01"):
        assert get_page(path).xpath(robots) == ["noindex, nofollow"]


def test_dates_are_bars_that_lead_to_what_they_count(get_page):
    page = get_page("/documents")
    bars = page.xpath("//ol[@class='bars']/li")
    link = bars[0].find("a").get("href")

    assert [text(bar) for bar in bars] == [
        "December 2021 1 documentDec 2021",
        "January 2022 0 documents Jan 2022".replace(" Jan", "Jan"),
        "February 2022 0 documentsFeb 2022",
        "March 2022 1 documentMar 2022",
    ]
    assert link == "/documents?from=2021-12-01&to=2021-12-31"
    assert titles(get_page(link)) == [LINDHOLM]
    assert text(one(page, "//section[@class='over-time']/p")) == "121 without a date."
    assert not get_page(link).xpath("//ol[@class='bars']")


def test_a_list_without_documents_says_so_and_offers_all(get_page):
    page = get_page("/documents?title=unicorn&sort=newest")

    assert one(page, "//main//a[.='all documents']").get("href") == "/documents?sort=newest"
    assert not page.xpath("//table")


def test_files_left_out_are_listed_with_the_reason(get_page):
    assert text(one(get_page("/documents"), "//section[@id='skipped']//details")) == (
        "no text in it 1 scan.pdf"
    )


def test_the_record_is_the_list(client):
    record = client.get("/documents.json?sort=oldest").json

    assert record["items"][0] == {
        "id": "old/harbour & pier",
        "stable_id": record["items"][0]["stable_id"],
        "title": LINDHOLM,
        "publisher": "Northern Gazette",
        "date": "2021-12-03",
        "words": 50,
        "passages": 3,
        "source": "old/harbour & pier.pdf",
        "sha256": record["items"][0]["sha256"],
        "read_url": "/documents/old/harbour%20&%20pier",
        "type": "pdf",
        "omissions": [],
    }
    assert (record["documents"], record["found"], record["pages"]) == (123, 123, 2)
    assert record["publishers"][0] == {"name": "Northern Gazette", "documents": 1}
    assert record["periods"][0] == {"from": "2021-12-01", "to": "2021-12-31", "documents": 1}
    assert record["undated"] == 121
    assert record["skipped"] == [{"source": "scan.pdf", "reason": "no text in it"}]


def test_the_record_leads_from_page_to_page(client):
    first = client.get("/documents.json?title=filler&sort=newest").json
    second = client.get(first["next"]).json

    assert (first["previous"], second["next"]) == (None, None)
    assert client.get(second["previous"]).json == first
    assert len({item["id"] for item in first["items"] + second["items"]}) == 120


def test_a_list_pinned_to_a_generation_stays_with_it(get_page, client):
    name = client.get("/documents.json").json["generation"]
    page = get_page(f"/documents?generation={name}")

    for link in page.xpath("//p[@class='sorts']/a | //nav[@class='pages']/a"):
        assert f"generation={name}" in link.get("href")
    assert client.get("/documents.json?generation=0123456789ab").status_code == 410


@pytest.mark.parametrize("path", ["/documents", "/documents.json"])
@pytest.mark.parametrize(
    "query",
    [
        "sort=size",
        "sort=newest&sort=oldest",
        "page=0",
        "page=3",
        "page=x",
        "page=-1",
        "page=1.0",
        "page=" + "9" * 5000,
        "from=never",
        "to=2021-02-30",
        "from=20210203",
    ],
)
def test_a_list_that_does_not_exist_is_refused(get_page, client, path, query):
    name = query.partition("=")[0]
    if path == "/documents":
        assert f"{name}:" in text(get_page(f"{path}?{query}", 422).find(".//main"))
    else:
        response = client.get(f"{path}?{query}")

        assert response.status_code == 422
        assert response.content_type == "application/problem+json"
        assert response.json["errors"][0]["pointer"] == f"#/{name}"


def test_the_record_refuses_what_it_does_not_know(client):
    response = client.get("/documents.json?limit=5")

    assert response.status_code == 422
    assert "there are title, publisher" in response.json["detail"]


def test_a_list_of_one_document_has_nothing_to_compare(tmp_path):
    settings = Settings(index=str(tmp_path))
    about = Metadata("Alone", publisher="P", date=datetime.date(2020, 1, 1))
    only = build_document("a", "a.txt", [RawBlock("A single line of text.")], about)
    index_documents([only], open_engine(settings), settings)
    html = create_app(settings).test_client().get("/documents").text

    assert text(lxml.html.fromstring(html).find(".//table/caption")) == (
        "Documents by title, 1 to 1 of 1"
    )
    assert not any(part in html for part in ("Sort by", 'class="bars"', 'type="checkbox" name'))
