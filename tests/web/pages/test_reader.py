"""The reader page."""

import itertools
from urllib.parse import parse_qsl, urlsplit

import lxml.html
import pytest

from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings
from tests.web.pages.conftest import BROWSER, HARBOUR, controls, one, text

STORMS = "/documents/old/harbour%20&%20pier"
# Each year has words of its own; three of them say something of lanterns.
LANTERNS = {
    1890: "A lantern was lit on the pier by the keeper.",
    1895: "The keeper bought a second lantern and lit it when boats came late.",
    1901: "Who broke the lantern of the harbour was never found out.",
}
LOG = build_document(
    "log",
    "log.txt",
    [
        block
        for year in range(1890, 1902)
        for block in (
            RawBlock(f"The year {year}", 1),
            RawBlock(" ".join(f"w{year}x{n}" for n in range(70)) + "."),
            RawBlock(LANTERNS.get(year, f"Nothing of {year} was written down.")),
        )
    ],
    Metadata("The keeper's log", url="https://log.example/"),
)
LONG = build_document(
    "long",
    "long.txt",
    [
        *itertools.chain.from_iterable(
            [RawBlock(f"Chapter {n}", 1), RawBlock(f"Section {n}", 2), RawBlock(f"Text {n}.")]
            for n in range(100)
        ),
    ],
    Metadata("Long"),
)


@pytest.fixture(scope="module")
def get_reader_page(tmp_path_factory):
    """Get a page over the log and the long document."""
    settings = Settings(index=str(tmp_path_factory.mktemp("reader")))
    other = build_document("other", "o.txt", [RawBlock("A lantern hung here.")], Metadata("Other"))
    index_documents([LOG, LONG, other], open_engine(settings), settings)
    client = create_app(settings).test_client()
    return lambda path: lxml.html.fromstring(client.get(path, headers=BROWSER).text)


def test_the_reader_shows_the_whole_document(get_page):
    page = get_page("/documents/old/harbour%20&%20pier")
    blocks = one(page, "//div[@class='text']").getchildren()

    assert [(block.tag, block.get("id")) for block in blocks] == [
        ("p", "p-1"),
        ("h2", "s1"),
        ("p", "p1"),
        ("p", "p2"),
        ("p", "p-2"),
        ("h3", "s2"),
        ("p", "p3"),
        ("h2", "s3"),
        ("p", "p4"),
    ]
    assert [text(p) for p in page.xpath("//p[@class='page']")] == ["Page 1", "Page 2"]
    assert all(HARBOUR.text[b.start : b.end] in text(page) for b in HARBOUR.blocks)
    assert not page.xpath("//mark")


def test_the_reader_tells_where_the_document_is_from(get_page):
    page = get_page("/documents/old/harbour%20&%20pier")
    about = text(one(page, "//details[@class='about']"))

    assert text(one(page, "//p[@class='byline']")) == (
        "Ada Berg Northern Gazette 3 December 2021 Original of this document"
    )
    assert one(page, "//p[@class='byline']//a").get("rel") == "noopener noreferrer external"
    assert "edition evening" in about
    assert "old/harbour & pier.pdf" in about
    assert HARBOUR.sha256 in about
    assert "50 words, 4 paragraphs, 3 passages" in about


def test_marks_that_cross_paragraphs_are_cut_at_their_borders(get_page):
    start, end = HARBOUR.text.index("It took"), HARBOUR.text.index(" that nobody")
    answer = HARBOUR.text.index("cost four"), HARBOUR.text.index(" demanded")
    path = f"/documents/old/harbour%20&%20pier?cite={start}-{end}&answer={answer[0]}-{answer[1]}"
    page = get_page(path)

    assert ["".join(m.itertext()) for m in page.xpath("//mark[@class='passage']")] == [
        "It took eleven years and cost four million crowns.",
        "Captain Elsa Moberg demanded guarantees",
    ]
    assert [m.text for m in page.xpath("//mark[@class='passage']/mark[@class='answer']")] == [
        "cost four million crowns.",
        "Captain Elsa Moberg",
    ]
    assert one(page, "//a[@class='jump']").get("href") == "#cited"
    assert one(page, "//mark[@id='cited']").text == "cost four million crowns."


@pytest.mark.parametrize(
    "query",
    ["cite=3-20&sha256=000000000000", "cite=3-99999", "cite=3-20&answer=4-99999", "sha256=é"],
)
def test_a_citation_of_another_text_marks_nothing_and_says_so(get_page, query):
    page = get_page(f"/documents/ferry?{query}")

    assert "has changed since it was cited" in one(page, "//main//*[@role='status']").text
    assert not page.xpath("//mark")


@pytest.mark.parametrize(
    "value", ["x", "3", "3-", "-3", "9-3", "3-3", "1-2-3", "٣-٩", "1-" + "9" * 50]
)
@pytest.mark.parametrize("name", ["cite", "answer"])
def test_a_malformed_citation_is_refused(get_page, name, value):
    page = get_page(f"/documents/ferry?{name}={value}", 422)

    assert f"{name}: {value!r} is not a stretch of text" in text(page)


def test_an_unknown_document_is_not_found(get_page):
    page = get_page("/documents/nothing/here", 404)

    assert "nothing/here" in text(page.find(".//main"))
    assert page.xpath("//main//a[@href='/documents']")


def test_an_answer_outside_the_passage_is_refused(get_page):
    assert "answer: it is not inside" in text(
        get_page("/documents/ferry?cite=3-20&answer=4-30", 422)
    )


def test_the_first_mark_is_where_a_link_arrives(get_page):
    page = get_page("/documents/ferry?cite=4-40")

    assert one(page, "//mark[@id='cited']").get("class") == "passage"
    assert not get_page("/documents/ferry").xpath("//a[@class='jump']")


def test_the_place_that_is_open_can_be_cited(get_page, client):
    menu = one(get_page(f"{STORMS}?cite=40-60"), "//article//details[@class='cite']")

    assert HARBOUR.text[40:60] in client.get(menu.xpath(".//a/@href")[0]).text
    assert "of the document" not in text(menu)


def test_a_document_with_few_headings_needs_no_outline(get_page):
    assert not get_page("/documents/ferry").xpath("//nav[@aria-label='Outline']")


def test_the_outline_leads_to_every_heading(get_page):
    page = get_page(STORMS)
    links = page.xpath("//nav[@aria-label='Outline']//a")

    assert [text(link) for link in links] == ["Building", "Storms", "Aftermath"]
    assert [page.get_element_by_id(a.get("href")[1:]).tag for a in links] == ["h2", "h3", "h2"]


def test_a_long_outline_shows_the_outermost_headings(get_reader_page):
    links = get_reader_page("/documents/long").xpath("//nav[@aria-label='Outline']//a")

    assert [text(link) for link in links] == [f"Chapter {n}" for n in range(100)]


def lanterns(reading):
    """The reader page as the answer to a question opens it."""
    answer = reading("/?q=Who+lit+a+lantern+on+the+pier%3F&document=log")
    return one(answer, "(//article//a[starts-with(., 'Open in document')])[1]").get("href")


def test_matches_of_the_question_can_be_stepped_through(get_reader_page):
    path = lanterns(get_reader_page)
    page = get_reader_page(path)
    addresses = []
    while page.xpath("//nav[@class='matches']/a[@rel='prev']"):
        page = get_reader_page(one(page, "//nav[@class='matches']/a[@rel='prev']").get("href"))
    while True:
        addresses.append(
            (text(one(page, "//nav[@class='matches']/p")), text(one(page, "//mark[@id]")))
        )
        following = page.xpath("//nav[@class='matches']/a[@rel='next']")
        if not following:
            break
        page = get_reader_page(following[0].get("href"))

    assert [place for place, _ in addresses] == [
        f"Match {n} of {len(addresses)}" for n in range(1, len(addresses) + 1)
    ]
    assert [marked for _, marked in addresses] == list(LANTERNS.values())


def test_a_match_leads_back_to_the_answer(get_reader_page):
    page = get_reader_page(lanterns(get_reader_page))
    back = one(page, "//nav[@class='matches']/a[@class='back']")

    assert back.get("href") == "/?q=Who+lit+a+lantern+on+the+pier%3F&document=log#q1"
    assert "Who lit a lantern on the pier?" in text(back)


def test_between_matches_the_nearest_are_offered(get_reader_page):
    middle = LOG.text.index("w1897x1 ")
    page = get_reader_page(f"/documents/log?cite={middle}-{middle + 7}&q=who+lit+a+lantern")
    links = {rel: one(page, f"//nav[@class='matches']/a[@rel='{rel}']") for rel in ("prev", "next")}
    cited = {
        rel: dict(parse_qsl(urlsplit(a.get("href")).query))["cite"] for rel, a in links.items()
    }

    assert int(cited["prev"].split("-")[0]) < middle < int(cited["next"].split("-")[0])
    assert "matches" in text(one(page, "//nav[@class='matches']/p"))


@pytest.mark.parametrize("query", ["q=%3F%3F", "q=lantern&from=never", "q=" + "x" * 3000])
def test_a_question_that_cannot_be_asked_still_leads_back(get_reader_page, query):
    page = get_reader_page(f"/documents/log?{query}")

    assert one(page, "//nav[@class='matches']/a").get("class") == "back"


def test_without_a_question_there_are_no_matches(get_page):
    assert not get_page("/documents/ferry").xpath("//nav[@class='matches']")


def test_a_long_conversation_is_left_out_of_the_address(get_page):
    questions = "&".join(
        f"q=Who+demanded+guarantees+of+the+pier+{n}+{'x' * 400}" for n in range(19)
    )
    answers = get_page(f"/?{questions}&q=Who+demanded+guarantees+about+the+pier%3F")
    links = answers.xpath("//article[last()]//a[starts-with(., 'Open in document')]/@href")

    assert links
    assert all("q=" not in urlsplit(link).query for link in links)


def test_a_question_can_be_asked_within_the_document(get_page):
    form = one(get_page("/documents/ferry"), "//form[@class='within']")

    assert form.get("action") == "/#q1"
    assert controls(form) == [("document", "ferry"), ("q", "")]


def test_the_json_of_a_document_holds_all_of_it(client):
    body = client.get(f"{STORMS}.json").get_json()

    assert body["text"] == HARBOUR.text
    assert body["sha256"] == HARBOUR.sha256
    assert (body["title"], body["author"]) == ("The harbour of Lindholm", "Ada Berg")
    assert (body["publisher"], body["date"]) == ("Northern Gazette", "2021-12-03")
    assert (body["url"], body["language"]) == ("https://gazette.example/harbour", "en")
    assert (body["words"], body["passages"]) == (50, 3)
    assert body["extra"] == {"edition": "evening"}
    assert body["source"] == "old/harbour & pier.pdf"
    assert [(b["level"], b["paragraph"], b["page"]) for b in body["blocks"]] == [
        (3, None, 1), (0, 1, 1), (0, 2, 1), (6, None, 2), (0, 3, 2), (2, None, 2), (0, 4, 2)
    ]  # fmt: skip
    assert [body["text"][b["start"] : b["end"]] for b in body["blocks"]][3] == "Storms"


def test_a_document_whose_name_ends_in_json_is_read(tmp_path):
    settings = Settings(index=str(tmp_path))
    named = build_document("a.json", "a.json.txt", [RawBlock("Some words.")], Metadata("A"))
    index_documents([named], open_engine(settings), settings)
    client = create_app(settings).test_client()

    assert "<h1" in client.get("/documents/a.json").text
    assert client.get("/documents/a.json.json").get_json()["id"] == "a.json"


def test_the_json_of_an_unknown_document_is_a_problem(client):
    response = client.get("/documents/nothing.json", headers=BROWSER)

    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


@pytest.fixture
def in_parts(monkeypatch):
    """Show four blocks of a document at once."""
    monkeypatch.setattr("qa.web.pages.reader._PART", 4)


def visible_ids(page):
    return page.xpath("//div[@class='text']/*[@id]/@id")


def test_a_document_that_is_too_long_for_a_page_is_shown_in_parts(get_reader_page, in_parts):
    path, ids, parts = "/documents/long?q=text", [], 0
    while path:
        page = get_reader_page(path)
        ids += visible_ids(page)
        parts += 1
        path = next(iter(page.xpath("(//p[@class='parts']/a[@rel='next'])[1]/@href")), None)

    assert parts == 75
    assert "Part 75 of 75" in text(page)
    assert ("q", "text") in parse_qsl(urlsplit(page.xpath("//p[@class='parts']/a/@href")[0]).query)
    assert ids == [id_ for n in range(1, 101) for id_ in (f"s{2 * n - 1}", f"s{2 * n}", f"p{n}")]


def test_the_part_with_what_is_cited_is_shown(get_reader_page, in_parts):
    start = LONG.text.index("Text 50.")
    page = get_reader_page(f"/documents/long?cite={start}-{start + 8}")

    assert "p51" in visible_ids(page)
    assert text(one(page, "//mark")) == "Text 50."


@pytest.mark.parametrize("part", ["0", "76", "x", "-1", "1" * 12])
def test_a_part_that_is_not_there_is_refused(get_reader_page, in_parts, part):
    assert "leave it out" in text(get_reader_page(f"/documents/long?part={part}"))


def test_a_short_document_has_no_parts(get_reader_page):
    assert not get_reader_page("/documents/long").xpath("//p[@class='parts']")


def test_words_are_found_in_a_document_and_their_paragraphs_linked(get_page):
    page = get_page("/documents/old/harbour%20&%20pier?find=PIER")
    marks = page.xpath("//mark[@class='found']/text()")
    line = text(one(page, "//p[@class='found']"))

    assert marks == ["pier", "pier"]
    assert line == "2 places with “PIER”, in paragraphs 2, 3."
    for link in page.xpath("//p[@class='found']/a/@href"):
        assert get_page(link.partition("#")[0]).xpath(f"//*[@id='{link.partition('#')[2]}']")


def test_words_that_a_document_has_not_are_said_to_be_missing(get_page):
    line = text(one(get_page("/documents/ferry?find=(unicorn"), "//p[@class='found']"))

    assert "“(unicorn” is not in this document" in line


def test_what_is_to_be_found_may_not_be_too_long(client):
    assert client.get(f"/documents/ferry?find={'x' * 1001}").status_code == 422
    assert client.get("/documents/ferry?find=+").status_code == 200


def test_pages_are_linked_to(get_page):
    page = get_page("/documents/old/harbour%20&%20pier")
    links = page.xpath("//details[contains(@class, 'places')]//a")

    assert [(text(link), link.get("href")) for link in links] == [
        ("p. 1", "#p-1"),
        ("p. 2", "#p-2"),
    ]
