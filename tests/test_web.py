"""The pages, as a browser without JavaScript gets them."""

import datetime
import json
from collections import Counter
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import lxml.html
import pytest
from flask import render_template

from qa.app import create_app
from qa.documents import Metadata, RawBlock, Skip, document
from qa.engines import open_engine
from qa.indexing import index_documents
from qa.settings import Settings
from qa.web import web_address

BROWSER = {"Accept": "text/html"}
SCRIPT = "<script>alert(1)</script>"
HARBOUR = document(
    "old/harbour & pier",
    "old/harbour & pier.pdf",
    [
        RawBlock("Building", 3, 1),
        RawBlock(
            "The old harbour of Lindholm was built in 1874 by the engineer Karl Brandt. It took "
            "eleven years and cost four million crowns.",
            0,
            1,
        ),
        RawBlock("Captain Elsa Moberg demanded guarantees that nobody would sell the pier.", 0, 1),
        RawBlock("Storms", 6, 2),
        RawBlock("In October 1902 a storm broke the northern pier.", 0, 2),
        RawBlock("Aftermath", 2, 2),
        RawBlock("The lighthouse went dark for nine days.", 0, 2),
    ],
    Metadata(
        "The harbour of Lindholm",
        author="Ada Berg",
        publisher="Northern Gazette",
        date=datetime.date(2021, 12, 3),
        url="https://gazette.example/harbour",
        extra={"edition": "evening"},
    ),
)
HOSTILE = document(
    "hostile",
    "hostile.html",
    [RawBlock(f"A zebra said {SCRIPT} and left. The zebra & its friends came back.")],
    Metadata(f"{SCRIPT} zebras", publisher=f"Press {SCRIPT}", url="javascript:alert(1)"),
)
FERRY = document(
    "ferry",
    "ferry.txt",
    [RawBlock("The ferry over the Vesa ran for ninety years until Mayor Falk opened a bridge.")],
    Metadata("The ferry", publisher="Vesa Courier", date=datetime.date(2022, 3, 29)),
)
FILLERS = [
    document(f"filler-{n:03}", "f.csv", [RawBlock("Nothing here.")], Metadata(f"Filler {n:03}"))
    for n in range(120)
]
QUESTIONS = [
    {"question": "Who won the cup?", "verdict": "none"},
    {"question": "Which unicorns dance on Jupiter?"},
    {"question": "Who built the old harbour of Lindholm?"},
]
PATHS = [
    "/",
    "/?q=Who+built+the+harbour%3F",
    "/?q=Who+built+the+harbour%3F&q=And+what+did+it+cost%3F&publisher=Northern+Gazette",
    "/?q=harbur+festival&from=2020-01-01",
    "/?q=harbour&q=%3F%3F",
    "/?from=never",
    "/documents",
    "/documents?page=2&sort=date",
    "/documents/hostile",
    "/documents/old/harbour%20&%20pier?cite=10-220&answer=90-180",
    "/documents/nothing",
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A folder with an index of documents that make pages difficult."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    settings = Settings(index=str(folder))
    found = [HARBOUR, HOSTILE, FERRY, *FILLERS, Skip("scan.pdf", "no text in it")]
    index_documents(found, open_engine(settings), settings)
    return folder


@pytest.fixture
def page(client):
    """Get a page and parse it, checking its status."""

    def get(path, status=200):
        response = client.get(path, headers=BROWSER)

        assert response.status_code == status
        assert response.content_type == "text/html; charset=utf-8"
        return lxml.html.fromstring(response.text)

    return get


def text(element):
    """The words that an element shows, with single spaces."""
    return " ".join(element.text_content().split())


def one(page, selector):
    (found,) = page.xpath(selector)
    return found


def controls(form):
    """What a browser would send for a form as it stands."""
    return [
        (field.get("name"), field.get("value", ""))
        for field in form.xpath(".//input[@name]")
        if field.get("type") != "checkbox" or field.get("checked") is not None
    ]


def test_the_empty_page_tells_what_is_in_the_index(page):
    home = page("/")

    assert "123 documents, dated 3 December 2021 to 29 March 2022" in text(home.find(".//main"))
    assert "Northern Gazette" in text(home.find(".//main"))
    assert home.xpath("//input[@name='q' and @autofocus]")


def test_only_questions_that_are_answered_are_suggested(page):
    links = page("/").xpath("//ul[@class='try']//a")

    assert [link.text for link in links] == ["Who built the old harbour of Lindholm?"]
    assert one(page(links[0].get("href")), "//article/h2").text == links[0].text


@pytest.mark.parametrize("content", ["not JSON", "[1]", '{"no": "question"}', '{"question": "?"}'])
def test_a_broken_file_of_questions_suggests_none(tmp_path, index, content):
    (tmp_path / "CURRENT").write_bytes((index / "CURRENT").read_bytes())
    (tmp_path / "generations").symlink_to(index / "generations")
    (tmp_path / "questions.jsonl").write_text(content)
    response = create_app(Settings(index=str(tmp_path))).test_client().get("/")

    assert response.status_code == 200
    assert "Questions to try" not in response.text


def test_an_answer_quotes_and_cites(page):
    turn = one(page("/?q=Who+demanded+guarantees+about+the+pier%3F"), "//article")
    quote = turn.find(".//blockquote")

    assert text(turn.find("h2")) == "Who demanded guarantees about the pier?"
    assert one(turn, "p[contains(@class, 'verdict')]").text == "Found in 1 document"
    assert text(quote.find(".//mark[@class='answer']")).startswith("Captain Elsa Moberg demanded")
    assert "guarantees" in [mark.text for mark in quote.xpath(".//mark[@class='term']")]
    assert text(one(turn, "figure//p[@class='source']")) == (
        "The harbour of Lindholm — Northern Gazette, 3 December 2021 Building › ¶ 2 (p. 1)"
    )


def test_the_citation_opens_the_document_at_the_marked_place(page):
    turn = one(page("/?q=Who+demanded+guarantees+about+the+pier%3F"), "//article")
    quoted = text(turn.find(".//blockquote//mark[@class='answer']"))
    address = one(turn, "figure//a[starts-with(., 'Open in document')]").get("href")
    paragraph = one(page(address), f"//p[@id='{urlsplit(address).fragment}']")

    assert text(one(paragraph, ".//mark[@class='passage']/mark[@class='answer']")) == quoted


def test_the_original_opens_apart_and_says_so(page):
    turn = one(page("/?q=Who+demanded+guarantees+about+the+pier%3F"), "//article")
    link = one(turn, "figure//a[starts-with(., 'Original')]")

    assert link.get("href").startswith("https://gazette.example/harbour#:~:text=")
    assert link.get("target") == "_blank"
    assert set(link.get("rel").split()) == {"noopener", "noreferrer", "external"}
    assert "opens in a new tab" in text(link)


def test_reasons_are_given_in_words(page):
    reasons = one(page("/?q=pier+guarantees+unicorn"), "//article/figure//details")

    assert "It has 2 of the 3 words looked for: pier, guarantees." in text(reasons)
    assert "It does not have: unicorn." in text(reasons)


def test_every_question_in_the_address_is_a_turn(page):
    found = page("/?q=Who+built+the+harbour%3F&q=++&q=And+what+did+it+cost%3F")

    assert [text(h) for h in found.xpath("//article/h2")] == [
        "Who built the harbour?",
        "And what did it cost?",
    ]
    assert found.xpath("//article/h2/@id") == ["q1", "latest"]
    assert "Carried over: built, harbour" in text(found.xpath("//article")[1])
    assert found.find(".//title").text == "And what did it cost? — Found in 1 document · Verbatim"


def test_the_form_continues_the_conversation_and_keeps_the_filters(page):
    path = "/?q=harbour&q=ferry&publisher=Vesa+Courier&from=2020-01-01"
    form = one(page(path), "//form")

    assert controls(form) == [
        ("q", "harbour"),
        ("q", "ferry"),
        ("q", ""),
        ("publisher", "Vesa Courier"),
        ("from", "2020-01-01"),
        ("to", ""),
    ]
    assert form.get("action") == "/#latest"
    assert one(form, ".//a[@class='new']").get("href") == "/"


def test_each_filter_can_be_removed_by_a_link(page):
    path = "/?q=harbour&publisher=Vesa+Courier&publisher=A%26B&from=2020-01-01"
    links = page(path).xpath("//ul[@class='applied']//a")
    left = {text(a): parse_qsl(urlsplit(a.get("href")).query) for a in links}

    assert left == {
        "Remove the filter Vesa Courier": [
            ("q", "harbour"),
            ("publisher", "A&B"),
            ("from", "2020-01-01"),
        ],
        "Remove the filter A&B": [
            ("q", "harbour"),
            ("publisher", "Vesa Courier"),
            ("from", "2020-01-01"),
        ],
        "Remove the filter from 2020-01-01": [
            ("q", "harbour"),
            ("publisher", "Vesa Courier"),
            ("publisher", "A&B"),
        ],
    }


def test_links_to_other_questions_keep_the_filters(page):
    found = page("/?q=the+harbour&q=when+was+it+built&from=2020-01-01")
    link = one(found, "//a[starts-with(., 'ask without')]")

    assert parse_qsl(urlsplit(link.get("href")).query) == [
        ("q", "when was it built"),
        ("from", "2020-01-01"),
    ]


def test_no_answer_says_why(page):
    found = page("/?q=Is+there+a+lighthause+on+Jupiter%3F&from=2021-01-01")
    turn = text(one(found, "//article"))

    assert "Not found in the documents" in turn
    assert "The documents do not have the words lighthause, Jupiter." in turn
    assert "The documents are dated 3 December 2021 to 29 March 2022." in turn
    assert "Only part of the documents was looked at: from 2021-01-01" in turn


def test_a_word_spelt_otherwise_is_one_link_away(page):
    found = page("/?q=harbour&q=Was+the+Lighthause+dark+on+Jupiter%3F")
    link = one(found, "//article//a[contains(., 'Ask again with')]")

    assert parse_qsl(urlsplit(link.get("href")).query) == [
        ("q", "harbour"),
        ("q", "Was the lighthouse dark on Jupiter?"),
    ]


@pytest.mark.parametrize(
    ("path", "problem", "typed", "earlier"),
    [
        ("/?q=harbour&q=%3F%3F", "no words to look for", "??", ["harbour"]),
        ("/?q=" + "x" * 2001, "The question is too long", "x" * 2001, []),
        ("/?q=harbour&q=pier&from=never", "“From” is not a date", "pier", ["harbour"]),
        ("/?q=harbour&from=2022-01-02&to=2021-01-01", "swap the two", "harbour", []),
        ("/?from=2021-01-01&from=2021-01-02", "“from” cannot be used here", "", []),
        ("/?q=harbour&colour=red", "“colour” cannot be used here", "harbour", []),
        ("/?_scheme=javascript&endpoint=x", "“_scheme” cannot be used here", "", []),
        ("/?" + "&".join(["q=pier"] * 22), "start a new one", "pier", ["pier"] * 21),
    ],
)
def test_what_cannot_be_asked_stays_in_the_box(page, path, problem, typed, earlier):
    found = page(path, 422)
    box = one(found, "//input[@id='latest']")

    assert problem in one(found, "//form//*[@role='alert']").text
    assert box.get("value") == typed
    assert box.get("aria-describedby") == "problem"
    assert found.xpath("//input[@type='hidden']/@value") == earlier


@pytest.mark.parametrize("path", ["/?q=harbour", "/", "/documents", "/documents/ferry"])
def test_without_an_index_every_page_tells_the_operator_what_to_do(tmp_path, path):
    response = create_app(Settings(index=str(tmp_path))).test_client().get(path, headers=BROWSER)

    assert response.status_code == 503
    assert "<code>qa index</code>" in response.text


def test_scripts_in_documents_and_questions_are_text(page, client):
    paths = ["/?q=<script>zebra</script>&publisher=<script>", "/documents/hostile", "/documents"]
    pages = [client.get(path).text for path in paths]

    assert not any("<script" in body for body in pages)
    assert all("&lt;script&gt;" in body for body in pages)
    assert SCRIPT in text(one(page("/documents/hostile?cite=2-40&answer=4-30"), "//p[@id='p1']"))


@pytest.mark.parametrize("path", ["/?q=What+did+the+zebra+say%3F", "/documents/hostile"])
def test_only_web_addresses_are_linked_to(page, path):
    found = page(path)

    assert "zebra" in text(found)
    assert not found.xpath("//a[contains(@href, 'javascript')]")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example", True),
        ("HTTP://a.example", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ("http://[", False),
        ("", False),
        (None, False),
    ],
)
def test_a_web_address_is_http(url, safe):
    assert web_address(url) is safe


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


def test_the_reader_shows_the_whole_document(page):
    found = page("/documents/old/harbour%20&%20pier")
    blocks = one(found, "//div[@class='text']").getchildren()

    assert [(block.tag, block.get("id")) for block in blocks] == [
        ("p", None),
        ("h2", None),
        ("p", "p1"),
        ("p", "p2"),
        ("p", None),
        ("h3", None),
        ("p", "p3"),
        ("h2", None),
        ("p", "p4"),
    ]
    assert [text(p) for p in found.xpath("//p[@class='page']")] == ["Page 1", "Page 2"]
    assert all(HARBOUR.text[b.start : b.end] in text(found) for b in HARBOUR.blocks)
    assert not found.xpath("//mark")


def test_the_reader_tells_where_the_document_is_from(page):
    found = page("/documents/old/harbour%20&%20pier")
    about = text(one(found, "//details[@class='about']"))

    assert text(one(found, "//p[@class='byline']")) == (
        "Ada Berg Northern Gazette 3 December 2021 Original of this document"
    )
    assert one(found, "//p[@class='byline']//a").get("rel") == "noopener noreferrer external"
    assert "edition evening" in about
    assert "old/harbour & pier.pdf" in about
    assert HARBOUR.sha256 in about


def test_marks_that_cross_paragraphs_are_cut_at_their_borders(page):
    start, end = HARBOUR.text.index("It took"), HARBOUR.text.index(" that nobody")
    answer = HARBOUR.text.index("cost four"), HARBOUR.text.index(" demanded")
    path = f"/documents/old/harbour%20&%20pier?cite={start}-{end}&answer={answer[0]}-{answer[1]}"
    found = page(path)

    assert ["".join(m.itertext()) for m in found.xpath("//mark[@class='passage']")] == [
        "It took eleven years and cost four million crowns.",
        "Captain Elsa Moberg demanded guarantees",
    ]
    assert [m.text for m in found.xpath("//mark[@class='passage']/mark[@class='answer']")] == [
        "cost four million crowns.",
        "Captain Elsa Moberg",
    ]
    assert one(found, "//p[@class='jump']/a").get("href") == "#p1"


@pytest.mark.parametrize(
    "query",
    ["cite=3-20&sha256=000000000000", "cite=3-99999", "cite=3-20&answer=4-99999", "sha256=é"],
)
def test_a_citation_of_another_text_marks_nothing_and_says_so(page, query):
    found = page(f"/documents/ferry?{query}")

    assert "has changed since it was cited" in one(found, "//*[@role='status']").text
    assert not found.xpath("//mark")


@pytest.mark.parametrize(
    "value", ["x", "3", "3-", "-3", "9-3", "3-3", "1-2-3", "٣-٩", "1-" + "9" * 50]
)
@pytest.mark.parametrize("name", ["cite", "answer"])
def test_a_malformed_citation_is_refused(page, name, value):
    found = page(f"/documents/ferry?{name}={value}", 422)

    assert f"{name}: {value!r} is not a stretch of text" in text(found)


def test_an_unknown_document_is_not_found(page):
    found = page("/documents/nothing/here", 404)

    assert "nothing/here" in text(found.find(".//main"))
    assert found.xpath("//main//a[@href='/documents']")


def test_the_error_page_shows_what_it_is_given(app):
    with app.test_request_context("/"):
        shown = render_template("error.html", status=418, title="I'm a teapot", detail="<b> `x` y")

    assert "<h1>I&#39;m a teapot</h1>" in shown
    assert "&lt;b&gt; <code>x</code> y" in shown


def status_of(path):
    if path.endswith("nothing"):
        return 404
    return 422 if "never" in path or "%3F%3F" in path else 200


@pytest.mark.parametrize("path", PATHS)
def test_every_identifier_is_given_once_and_every_reference_has_its_target(page, path):
    found = page(path, status_of(path))
    ids = Counter(found.xpath("//@id"))
    references = [
        *found.xpath("//@aria-labelledby"),
        *found.xpath("//@aria-describedby"),
        *found.xpath("//label/@for"),
        *(href[1:] for href in found.xpath("//a/@href[starts-with(., '#')]")),
    ]

    assert ids.most_common(1)[0][1] == 1
    assert set(references) <= set(ids)


@pytest.mark.parametrize("path", PATHS)
def test_headings_follow_one_another(page, path):
    found = page(path, status_of(path))
    levels = [int(h.tag[1]) for h in found.xpath("//h1 | //h2 | //h3 | //h4 | //h5 | //h6")]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", PATHS)
def test_every_control_has_a_label(page, path):
    found = page(path, status_of(path))
    fields = found.xpath("//input[not(@type='hidden')]")
    labelled = found.xpath("//label/@for")

    assert all(
        field.get("id") in labelled or text(next(field.iterancestors("label"))) for field in fields
    )
    assert all(text(button) for button in found.xpath("//button | //summary | //nav//a"))
    assert all(text(a) or a.get("aria-label") for a in found.xpath("//a"))


@pytest.mark.parametrize("path", PATHS)
def test_no_page_needs_a_script_or_an_inline_style(page, path):
    found = page(path, status_of(path))

    assert not found.xpath("//script | //style | //@style | //@*[starts-with(name(), 'on')]")
    assert {urlsplit(url).netloc for url in found.xpath("//link/@href | //img/@src")} == {""}


@pytest.mark.parametrize("path", PATHS)
def test_the_footer_names_the_index(page, path):
    footer = text(page(path, status_of(path)).find(".//footer[@class='site']"))

    assert footer.startswith("123 documents, 2021-12-03 – 2022-03-29 · index ")


@pytest.mark.parametrize("name", ["style.css", "favicon.svg"])
def test_static_files_are_served_and_small(client, name):
    with client.get(f"/static/{name}") as response:
        assert response.status_code == 200
        assert len(response.data) < 12_000
