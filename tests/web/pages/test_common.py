"""What holds for every page."""

import gzip
from collections import Counter
from itertools import pairwise
from urllib.parse import urlencode, urlsplit

import pytest
from flask import render_template

from qa.app import create_app
from qa.settings import Settings
from qa.web.pages.common import is_web_url
from tests.web.pages.conftest import BROWSER, SCRIPT, one, text

PATHS = [
    "/",
    "/?q=Who+built+the+harbour%3F",
    "/?q=Who+built+the+harbour%3F&q=And+what+did+it+cost%3F&publisher=Northern+Gazette",
    "/?q=harbur+festival&from=2020-01-01",
    "/?q=harbour&q=%3F%3F",
    "/?from=never",
    "/documents",
    "/documents?page=2&sort=newest",
    "/documents/hostile",
    "/documents/old/harbour%20&%20pier?cite=10-220&answer=90-180",
    "/documents/nothing",
    "/about",
]


@pytest.mark.parametrize("path", ["/?q=harbour", "/", "/documents", "/documents/ferry"])
def test_without_an_index_every_page_tells_the_operator_what_to_do(tmp_path, path):
    response = create_app(Settings(index=str(tmp_path))).test_client().get(path, headers=BROWSER)

    assert response.status_code == 503
    assert "<code>qa index</code>" in response.text


def test_scripts_in_documents_and_questions_are_text(get_page, client):
    paths = ["/?q=<script>zebra</script>&publisher=<script>", "/documents/hostile", "/documents"]
    pages = [client.get(path).text for path in paths]

    assert not any("<script>" in body for body in pages)
    assert all("&lt;script&gt;" in body for body in pages)
    assert SCRIPT in text(
        one(get_page("/documents/hostile?cite=2-40&answer=4-30"), "//p[@id='p1']")
    )


@pytest.mark.parametrize("path", ["/?q=What+did+the+zebra+say%3F", "/documents/hostile"])
def test_only_web_addresses_are_linked_to(get_page, path):
    page = get_page(path)

    assert "zebra" in text(page)
    assert not page.xpath("//a[contains(@href, 'javascript')]")


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
    assert is_web_url(url) is safe


def test_the_error_page_shows_what_it_is_given(app):
    with app.test_request_context("/"):
        html = render_template("error.html", status=418, title="I'm a teapot", detail="<b> `x` y")

    assert "<h1>I&#39;m a teapot</h1>" in html
    assert "&lt;b&gt; <code>x</code> y" in html


def status_of(path):
    if path.endswith("nothing"):
        return 404
    return 422 if "never" in path or "%3F%3F" in path else 200


@pytest.mark.parametrize("path", PATHS)
def test_every_identifier_is_given_once_and_every_reference_has_its_target(get_page, path):
    page = get_page(path, status_of(path))
    ids = Counter(page.xpath("//@id"))
    references = [
        *page.xpath("//@aria-labelledby"),
        *page.xpath("//@aria-describedby"),
        *page.xpath("//label/@for"),
        *(href[1:] for href in page.xpath("//a/@href[starts-with(., '#')]")),
    ]

    assert ids.most_common(1)[0][1] == 1
    assert set(references) <= set(ids)


@pytest.mark.parametrize("path", PATHS)
def test_headings_follow_one_another(get_page, path):
    page = get_page(path, status_of(path))
    levels = [int(h.tag[1]) for h in page.xpath("//h1 | //h2 | //h3 | //h4 | //h5 | //h6")]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", PATHS)
def test_every_control_has_a_label(get_page, path):
    page = get_page(path, status_of(path))
    fields = page.xpath("//input[not(@type='hidden')] | //textarea")
    labelled = page.xpath("//label/@for")

    assert all(
        field.get("id") in labelled or text(next(field.iterancestors("label"))) for field in fields
    )
    assert all(text(button) for button in page.xpath("//button | //summary | //nav//a"))
    assert all(text(a) or a.get("aria-label") for a in page.xpath("//a"))


@pytest.mark.parametrize("path", PATHS)
def test_no_page_needs_a_script_or_an_inline_style(get_page, path):
    page = get_page(path, status_of(path))

    assert not page.xpath(
        "//script[not(@src)] | //style | //@style | //@*[starts-with(name(), 'on')]"
    )
    assert one(page, "//script").get("src").startswith("/static/app.js?v=")
    assert {
        urlsplit(url).netloc for url in page.xpath("//link[not(@rel='canonical')]/@href | //@src")
    } == {""}


@pytest.mark.parametrize("path", PATHS)
def test_the_footer_names_the_index(get_page, path):
    footer = text(get_page(path, status_of(path)).find(".//footer[@class='site']"))

    assert footer.startswith("123 documents, 2021-12-03 – 2022-03-29 · index ")


@pytest.fixture
def static_size(client):
    """What all that a page loads weighs on its way, as browsers ask for it."""
    sizes = []
    for name in ("style.css", "pages.css", "app.js", "favicon.svg"):
        with client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"}) as response:
            assert response.status_code == 200
            sizes.append(len(response.data))
    return sum(sizes)


def test_static_files_are_kept_until_they_change(get_page, client):
    page = get_page("/about")
    addresses = page.xpath("//script/@src | //link[@rel='stylesheet' or @rel='icon']/@href")
    responses = [
        client.get(address) for address in [*addresses, "/static/app.js?v=0", "/static/app.js"]
    ]
    lives = [response.headers["Cache-Control"] for response in responses]
    for response in responses:
        response.close()

    assert lives == ["public, max-age=31536000, immutable"] * 4 + ["no-cache"] * 2


def test_static_files_are_a_third_of_what_a_page_may_weigh(static_size):
    assert static_size < 20_000


def test_who_does_not_ask_for_gzip_gets_the_same_file(client):
    plain = client.get("/static/app.js")
    packed = client.get("/static/app.js", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] == packed.headers["ETag"]


QUESTIONS = [
    "Who built the old harbour of Lindholm?",
    "What did it cost?",
    "Who demanded guarantees?",
    "What did a zebra say?",
    "Who opened the bridge over the Vesa?",
    "And when?",
    "Which unicorns dance on Jupiter?",
    "When did a storm break the northern pier?",
]


@pytest.mark.parametrize(
    ("path", "documents"),
    [
        ("/documents", "//tbody//a | //tbody/tr/td[1]"),
        ("/?" + urlencode([("q", question) for question in QUESTIONS]), "//blockquote"),
    ],
)
def test_a_long_page_is_light_without_what_documents_say(
    get_page, client, static_size, path, documents
):
    text_size = sum(
        len(element.text_content().encode()) for element in get_page(path).xpath(documents)
    )
    size = len(client.get(path, headers=BROWSER).data)

    assert size - text_size + static_size < 60_000
