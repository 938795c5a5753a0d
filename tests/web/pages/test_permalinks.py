"""Pages pinned to an index: they stay with it while it is kept, and say what became of it after."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from qa.engines.factory import open_engine
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, build_index, write
from tests.web.pages.conftest import controls, one, text

ASKED = "/?q=who+demanded+guarantees%3F"
LATER = HARBOUR.replace("The old harbour", "Lindholm has two.\n\nThe old harbour")
OTHER = HARBOUR.replace("legal guarantees", "promises")


@pytest.fixture
def index(own_index):
    """A folder with an index of two documents, which tests may change."""
    return own_index


@pytest.fixture
def rebuild(index):
    """Rebuild with other documents; the one before is kept, or pruned."""

    def change(pruned=True, **texts):
        for path in (index / "documents").iterdir():
            path.unlink()
        write(index / "documents", **texts)
        build_index(index)
        if pruned:
            open_engine(Settings(index=str(index))).prune(1)

    return change


@pytest.fixture
def link(get_page):
    """The link to the answers as they are."""
    return one(get_page(ASKED), "//a[.='Copy link']").get("href")


def live(index):
    return (index / "CURRENT").read_text().strip()


def reader(get_page, link):
    """The address of the reader page that the first answer of a pinned page opens."""
    return one(get_page(link), "(//a[starts-with(., 'Open in document')])[1]").get("href")


def test_the_link_names_the_index_and_what_was_quoted(index, link):
    values = dict(parse_qsl(urlsplit(link).query))

    assert values["q"] == "who demanded guarantees?"
    assert values["generation"] == live(index)
    assert values["quoted"].startswith("harbour ")


def test_while_it_is_kept_the_link_shows_what_was_quoted(get_page, rebuild, link, index):
    name = live(index)
    rebuild(harbour_md=OTHER, pruned=False)
    page = get_page(link)

    assert "legal guarantees" in text(one(page, "//main"))
    assert name[:6] in text(one(page, "//footer[@class='site']"))
    assert not page.xpath("//section[@class='lost']")


def test_every_link_of_a_pinned_page_stays_with_the_index(get_page, rebuild, link, index):
    name = live(index)
    rebuild(harbour_md=OTHER, pruned=False)
    for address in (link, reader(get_page, link)):
        page = get_page(address)
        links = [
            href.get("href")
            for href in page.xpath("//main//a[@href]")
            if href.get("href").startswith(("/?", "/documents/", "/cite/", "/export"))
            and "as of index" not in text(href)
            and href.text != "JSON"
        ]

        assert links
        assert [href for href in links if f"generation={name}" not in href] == []
        for form in page.xpath("//main//form"):
            assert ("generation", name) in controls(form)


def test_the_index_is_told_among_the_filters_and_can_be_left(get_page, rebuild, link):
    rebuild(harbour_md=OTHER, pruned=False)
    button = one(get_page(link), "//button[contains(., 'saved version of')]")

    assert button.get("value") == "generation="
    assert "promises" in text(one(get_page(ASKED), "//main"))


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        ({"harbour_md": HARBOUR, "ferry_md": "The ferry is gone."}, "unchanged"),
        ({"harbour_md": LATER, "bridge_md": BRIDGE}, "moved"),
        ({"harbour_md": OTHER, "bridge_md": BRIDGE}, "gone"),
        ({"bridge_md": BRIDGE + "More."}, "gone"),
    ],
)
def test_once_it_is_pruned_each_quote_is_looked_for(get_page, rebuild, link, texts, state):
    rebuild(**texts)
    lost = one(get_page(link), "//section[@class='lost']")

    assert "This saved version is no longer available" in text(lost)
    assert [item.get("class") for item in lost.xpath(".//li")] == [state]
    assert state in text(lost)
    for href in lost.xpath(".//a/@href"):
        marks = get_page(href).xpath("//mark[@class='passage']")
        assert "Captain Elsa Moberg" in " ".join(map(text, marks))


def test_links_of_what_is_asked_instead_lead_to_the_live_index(get_page, rebuild, link):
    rebuild(harbour_md=LATER)

    assert not [href for href in get_page(link).xpath("//main//a/@href") if "generation=" in href][
        1:
    ]


def test_nonsense_for_a_quote_says_nothing(get_page, rebuild, link):
    rebuild(harbour_md=LATER)
    page = get_page(f"{link.partition('&quoted')[0]}&quoted=harbour&quoted=x+9-3+000000000000")

    assert [item.get("class") for item in page.xpath("//section[@class='lost']//li")] == ["gone"]


@pytest.mark.parametrize(
    ("texts", "message", "marked"),
    [
        ({"harbour_md": HARBOUR, "ferry_md": "Gone."}, "The quote is unchanged.", True),
        ({"harbour_md": HARBOUR + "More."}, "the quote is unchanged.", True),
        ({"harbour_md": LATER}, "the quote has moved, and is highlighted", True),
        ({"harbour_md": OTHER}, "the quote is no longer in it, and nothing is highlighted.", False),
    ],
)
def test_the_reader_says_what_became_of_the_passage(
    get_page, rebuild, link, texts, message, marked
):
    name, address = dict(parse_qsl(urlsplit(link).query))["generation"], reader(get_page, link)
    rebuild(**texts)
    page = get_page(address)
    notice = text(one(page, "//p[@class='notice']"))

    assert f"The saved version {name[:6]} is no longer available" in notice
    assert message in notice
    marks = [text(mark) for mark in page.xpath("//mark[@id='cited']")]
    assert any("Elsa Moberg demanded" in mark for mark in marks) == marked


def test_the_reader_of_a_renamed_document_is_at_its_new_name(get_page, rebuild, client, link):
    address = reader(get_page, link)
    rebuild(port_md=HARBOUR)
    response = client.get(address)

    assert response.status_code == 302
    assert "/documents/port?" in response.location
    page = get_page(response.location)
    assert "The quote is unchanged." in text(one(page, "//p[@class='notice']"))


def test_a_link_that_is_not_pinned_is_found_again_too(get_page, rebuild, client):
    cited = client.get(f"/ask{ASKED[1:]}").get_json()["passages"][0]["citation"]
    rebuild(harbour_md=LATER)
    page = get_page(cited["read_url"])

    assert text(one(page, "//p[@class='notice']")).startswith("This document has changed since")
    assert "Elsa Moberg" in text(one(page, "//mark[@id='cited']"))


def test_a_document_that_is_gone_is_told_with_its_index(get_page, rebuild, link, index):
    name, address = live(index), reader(get_page, link)
    rebuild(bridge_md=BRIDGE + "More.")

    assert f"The saved version {name[:6]}, which had it, is no longer available" in text(
        get_page(address, 404)
    )


def test_programs_get_410(rebuild, link, index, client):
    name = live(index)
    rebuild(harbour_md=LATER)

    for path in (f"/ask{ASKED[1:]}", "/documents/harbour.json?", "/documents.json?"):
        response = client.get(f"{path}&generation={name}")
        assert response.status_code == 410
        assert response.content_type == "application/problem+json"


def test_what_there_is_no_time_to_look_for_is_not_called_gone(get_page, rebuild, link, monkeypatch):
    monkeypatch.setattr("qa.answers.quote_search._PAGE_STEPS", 0)
    rebuild(harbour_md=LATER, bridge_md=BRIDGE)
    lost = one(get_page(link), "//section[@class='lost']")

    assert [item.get("class") for item in lost.xpath(".//li")] == ["unknown"]
    assert "there was no time to check this quote" in text(lost)


def test_a_reader_says_that_there_was_no_time_to_look(get_page, rebuild, link, monkeypatch):
    address = reader(get_page, link)
    rebuild(harbour_md=LATER, bridge_md=BRIDGE)
    monkeypatch.setattr("qa.answers.quote_search._PAGE_STEPS", 0)
    page = get_page(address)

    assert "there was no time to find the quote" in text(page)
    assert not page.xpath("//mark")
