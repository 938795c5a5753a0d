"""Web pages -> the article's blocks, and the metadata of its head."""

import pytest

from qa.documents.formats import html
from qa.errors import UnreadableFileError
from tests.documents.formats.pages import PROSE, read_page


def about(head, body=""):
    return read_page(f"<html><head>{head}</head><body>{body}<p>{PROSE}</p></body></html>")[0]


def test_an_article_is_taken_out_of_its_page():
    metadata, blocks = read_page(f"""<html><body>
        <header><nav><a href="/">Home</a> <a href="/all">All articles</a></nav></header>
        <article><h1>The harbour</h1><p>{PROSE}</p>
        <h3>Storms &amp; ice</h3><p>In <b>October</b> a <a href="x">storm</a> broke the pier.</p>
        <ul><li>Nobody was hurt in the storm.</li><li>Three ships were lost in it.</li></ul>
        <blockquote><p>“It was a terrible night,” said Moberg to the paper.</p></blockquote>
        <table><tr><th>Ship</th><th>Fate</th></tr><tr><td>Vesa</td><td>sunk off the pier</td></tr>
        </table></article>
        <aside>Read this next</aside><footer>All rights reserved</footer></body></html>""")

    assert metadata == {"title": "The harbour"}
    assert blocks == [
        (PROSE.strip(), 0),
        ("Storms & ice", 3),
        ("In October a storm broke the pier.", 0),
        ("Nobody was hurt in the storm.", 0),
        ("Three ships were lost in it.", 0),
        ("“It was a terrible night,” said Moberg to the paper.", 0),
        ("Ship: Vesa; Fate: sunk off the pier", 0),
    ]


def test_a_small_page_is_taken_whole_but_for_its_navigation():
    _, blocks = read_page("""<body><nav>Menu</nav><header>Banner</header><form>Search</form>
        <h1>A harbour</h1><h1>A pier</h1><div>Loose <i>words</i><br>and more</div>
        <table><tr><td><p>A cell that lays out.</p></td></tr></table>
        <table><tr><th>a</th><td>b</td></tr></table>
        <ul><li>one<li>two</ul>tail<p hidden>hidden</p><template>t</template>
        <script>var x</script><style>p {}</style><noscript>n</noscript>
        <aside>Aside</aside><footer>Footer</footer></body>""")

    assert blocks == [
        ("A harbour", 1),
        ("A pier", 1),
        ("Loose words and more", 0),
        ("A cell that lays out.", 0),
        ("a | b", 0),
        ("one", 0),
        ("two", 0),
        ("tail", 0),
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<html><head></head></html><body><p>The ferry.</p></body></html>",
        "<html><head></head><body></body></html><p>The ferry.</p>",
        "<html><body></body><p>The ferry.</p></html>",
    ],
)
def test_text_behind_the_end_of_the_page_is_read(page):
    assert read_page(page)[1] == [("The ferry.", 0)]


@pytest.mark.parametrize("count", [1, 9])
def test_a_page_that_is_one_form_is_read(count):
    paragraphs = "".join(f"<p>On day {n} the pool opens at dawn.</p>" for n in range(count))
    _, blocks = read_page(
        f"<form><div><h2>Opening hours</h2>{paragraphs}</div><button>Go</button></form>"
    )

    assert len(blocks) == count + 1


def test_asides_forms_and_captions_of_an_article_are_read():
    _, blocks = read_page(f"""<body><nav><a href="a">Home</a></nav><main><article><h1>Terms</h1>
        <p>{PROSE}</p><aside><p>Note: berths cost ten euros a night.</p></aside>
        <form><p>The pilot fee is forty euros.</p><input><button>Send</button></form>
        <figure><img src="p.png"><figcaption>The pier in 1902</figcaption></figure>
        <dl><dt>Berth</dt><dd>A place for one ship.</dd></dl>
        <pre><code>open gate\n  close gate</code></pre>
        <p>{PROSE} It is old.</p></article></main>
        <div class="related"><p>Ten other harbours that you will like to see.</p></div></body>""")

    assert [text for text, _ in blocks] == [
        PROSE.strip(),
        "Note: berths cost ten euros a night.",
        "The pilot fee is forty euros.",
        "The pier in 1902",
        "Berth",
        "A place for one ship.",
        "open gate",
        "close gate",
        f"{PROSE}It is old.",
    ]


def test_the_lead_and_the_gallery_of_an_article_are_read():
    _, blocks = read_page(f"""<body><main><article><h1>Terms</h1><p>A storm, and what it took.</p>
        <div class="text"><p>{PROSE}</p><p>{PROSE} It is old.</p></div>
        <section class="gallery"><figure><img src="a.png"><figcaption>The pier in 1902</figcaption>
        </figure></section><p>Read more about the town.</p></article></main></body>""")

    assert [text for text, _ in blocks if text[0] in "AT"] == [
        "A storm, and what it took.",
        PROSE.strip(),
        f"{PROSE}It is old.",
        "The pier in 1902",
    ]


def test_lines_of_code_stay_apart():
    assert read_page("<pre>make clean  # all\nmake install</pre><p>Done.</p>")[1] == [
        ("make clean # all", 0),
        ("make install", 0),
        ("Done.", 0),
    ]


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("<tr><th>Tree<th>Planted<th>Lost<tr><td>Oak<td><td>12",
         ["Tree: Oak; Planted: ; Lost: 12"]),
        ("<tr><td>Tree<td>Lost<tr><td>Elm<td>3<tr><td>Oak<td>12",
         ["Tree: Elm; Lost: 3", "Tree: Oak; Lost: 12"]),
        ("<tr><td>Ann<td><td>Mate<tr><td>Bo<td>12<td>Cook", ["Ann | | Mate", "Bo | 12 | Cook"]),
        ("<tr><th rowspan=2>Tree<th colspan=2>Lost<tr><th>Storm<th>Frost<tr><td>Oak<td>1<td>2",
         ["Tree: Oak; Lost Storm: 1; Lost Frost: 2"]),
        ("<tr><th>Year<th>Ship<tr><td rowspan=2>1902<td>Vesa<tr><td>Orm",
         ["Year: 1902; Ship: Vesa", "Year: 1902; Ship: Orm"]),
        ("<caption>Trees</caption><tr><th colspan=2>All<tr><th>Tree<th>Lost<tr><td>Oak<td>1",
         ["Trees", "All", "Tree: Oak; Lost: 1"]),
        ("<tr><td>Oak<td rowspan=999999999 colspan=999999999>x" + "<tr>" * 3, ["Oak | x"]),
    ],
)  # fmt: skip
def test_rows_keep_their_columns_and_the_names_of_these(table, rows):
    texts = [text for text, _ in read_page(f"<table>{table}</table>")[1]]

    assert texts[: len(rows)] == rows


def test_lines_of_chinese_and_japanese_are_joined_without_a_space():
    assert read_page("<p>この港の事務\n  所は九時に<br>開きます。</p>")[1] == [
        ("この港の事務所は九時に 開きます。", 0)
    ]


def test_all_authors_are_named():
    head = '<meta name="author" content="Ann Bell"><meta name="author" content="Bo Lee">'

    assert about(head)["author"] == "Ann Bell, Bo Lee"


def test_a_heading_that_repeats_the_title_is_left_out():
    metadata, blocks = read_page(
        "<title>The harbour | Gazette</title><h1>The  harbour</h1><p>Built.</p>"
    )

    assert metadata["title"] == "The harbour"
    assert blocks == [("Built.", 0)]


@pytest.mark.parametrize(
    ("head", "field", "value"),
    [
        ('<meta property="og:title" content="T"><title>T - Site</title>', "title", "T"),
        ("<title>Only this</title>", "title", "Only this"),
        ('<meta property="og:site_name" content="Gazette">', "publisher", "Gazette"),
        ('<meta name="author" content="Ann Bell">', "author", "Ann Bell"),
        ('<meta property="article:author" content="https://a.example/ann">', "author", None),
        ('<meta property="article:published_time" content="2021-12-03T10:00Z">', "date",
         "2021-12-03T10:00Z"),
        ('<meta name="DC.date" content="soon"><meta name="pubdate" content="2021-12-03">', "date",
         "2021-12-03"),
        ('<link rel="canonical" href="https://a.example/b">', "url", "https://a.example/b"),
        ('<meta property="og:url" content="https://a.example/c">', "url", "https://a.example/c"),
        ('<meta name="digests" content="A speech">', "digests", "A speech"),
        ('<meta name="viewport" content="width=1">', "viewport", None),
        ('<meta name="twitter:card" content="summary">', "twitter:card", None),
    ],
)  # fmt: skip
def test_the_head_gives_metadata(head, field, value):
    assert about(head).get(field) == value


def test_linked_data_give_what_the_head_leaves_out():
    metadata = about("""<script type="application/ld+json">{broken</script>
        <script type="application/ld+json">[{"@graph": [{"@type": "WebSite", "name": "W"},
        {"@type": "NewsArticle", "headline": "H", "datePublished": "2021-12-03",
        "author": [{"name": "Ann"}], "publisher": {"name": "Gazette"}, "inLanguage": "de"}]}]
        </script>""")

    assert metadata == {
        "title": "H",
        "author": [{"name": "Ann"}],
        "publisher": {"name": "Gazette"},
        "date": "2021-12-03",
        "language": "de",
    }


def test_the_language_is_the_pages():
    assert read_page(f'<html lang="pl"><p>{PROSE}</p>')[0] == {"language": "pl"}


@pytest.mark.parametrize(
    ("body", "date"),
    [
        ('<main><time datetime="2021-12-03">x</time><time datetime="1999-01-01">y</time></main>',
         "2021-12-03"),
        ('<time datetime="2021-12-03">x</time>', "2021-12-03"),
        ('<time datetime="2021-12-03">x</time><time datetime="1999-01-01">y</time>', None),
        ('<time datetime="10:30">x</time>', None),
    ],
)  # fmt: skip
def test_a_time_element_dates_a_page_if_it_is_clear_which(body, date):
    assert about("", body).get("date") == date


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="windows-1251">', "cp1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">', "koi8-r"),
        ('<?xml version="1.0" encoding="windows-1251"?>', "cp1251"),
        ("", "utf-8"),
        ("", "utf-16"),
        ('<meta charset="iso-8859-5">', "utf-8-sig"),
        ('<meta charset="made-up">', "utf-8"),
    ],
)
def test_the_encoding_is_the_declared_one_or_found_out(declaration, encoding):
    page = f"{declaration}<p>Гавань построили в 1874 году.</p>"

    assert read_page(page.encode(encoding))[1] == [("Гавань построили в 1874 году.", 0)]


def test_a_page_with_bytes_that_are_no_text_is_read_as_browsers_read_it():
    page = (
        b"<HTML><META content=x\x07\x00\x02\x80\xc2l\x07"
        + b"\x00\x01\x02" * 90
        + b"><p>The caf\xe9 is open.</p>"
    )

    assert read_page(page)[1] == [("The café is open.", 0)]


def test_quotes_of_windows_declared_as_latin_1_are_quotes():
    page = '<meta charset="iso-8859-1"><p>“Never” – again</p>'.encode("cp1252")

    assert read_page(page)[1] == [("“Never” – again", 0)]


@pytest.mark.parametrize("page", ["", "<!-- nothing -->", " \n"])
def test_a_page_without_elements_has_no_text(page):
    with pytest.raises(UnreadableFileError, match="no text"):
        read_page(page)


@pytest.mark.parametrize("page", ["<html></html>", "<frameset></frameset>", "<p>&nbsp;</p>"])
def test_an_empty_page_has_no_blocks(page):
    assert read_page(page)[1] == []


@pytest.mark.parametrize(
    ("page", "items"),
    [
        ("<ol><li>Fill it.<li>Light it.</ol>", ["1. Fill it.", "2. Light it."]),
        ("<ol start=3><li>A.<li value=7>B.<li>C.</ol>", ["3. A.", "7. B.", "8. C."]),
        ("<ol reversed><li>Gold<li>Silver</ol>", ["2. Gold", "1. Silver"]),
        ("<ol type=a><li>Gold<li>Silver</ol>", ["a. Gold", "b. Silver"]),
        ('<ol style="list-style: upper-roman"><li>Gold<li>Silver</ol>', ["I. Gold", "II. Silver"]),
        ("<ol><li><p>Fill it.</p><p>To the brim.</p><li><ul><li>Now</ul></ol>",
         ["1. Fill it.", "To the brim.", "2. Now"]),
        ("<ol><li><li>Light it.</ol><p>Done.</p>", ["2. Light it.", "Done."]),
        ("<ol><li hidden>No.<li>Light it.</ol>", ["1. Light it."]),
        ("<ul><li>Gold</ul><li>Tin", ["Gold", "Tin"]),
        ('<ol style="list-style-type: none"><li>Gold</ol>', ["Gold"]),
        ("<style>.x { list-style: none }</style><ol class=x><li>Gold</ol>", ["Gold"]),
        ("<ol start=-1e9 type=q><li value=--5>Gold</ol>", ["1. Gold"]),
        ("<table><tr><td>How<td><ol><li>Fill<li>Light</ol></table>", ["How | 1. Fill 2. Light"]),
    ],
)  # fmt: skip
def test_items_of_a_list_are_quoted_with_the_numbers_that_browsers_show(page, items):
    assert [text for text, _ in read_page(f"<body>{page}</body>")[1]] == items


def test_a_numbered_list_in_an_article_is_part_of_it():
    steps = [f"{PROSE.strip()} That is step {name}." for name in ("one", "two")]
    page = f"<article><p>{PROSE}</p><ol>{''.join(f'<li>{step}' for step in steps)}</ol></article>"

    assert [text for text, _ in read_page(page)[1][1:]] == [f"1. {steps[0]}", f"2. {steps[1]}"]


@pytest.mark.parametrize(
    ("media", "omissions"),
    [
        ("<img src=a.png>", ("a picture",)),
        ("<figure><img src=a.png><figcaption>A pier</figcaption></figure><img>", ("2 pictures",)),
        ("<picture><source><img src=a.png></picture>", ("a picture",)),
        ("<img src=a.png width=16><img width=1px height=1px>", ()),
        ("<svg><text>Ships</text></svg><svg><path/></svg>", ("a picture",)),
        ("<video></video><iframe></iframe><object><img></object>",
         ("a video", "an embedded page", "an embedded object")),
        ("<nav><img src=logo.png></nav><div hidden><img></div><noscript><img></noscript>", ()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("prose", ["The pier is long.", PROSE * 2])
def test_pictures_and_the_like_are_counted(media, omissions, prose):
    page = f"<img src=banner.png width=20><article><p>{prose}</p>{media}<p>{prose}</p></article>"

    assert html.read_html(page.encode()).omissions == omissions


@pytest.mark.parametrize(
    "heading", ["<h1>The harbour closes</h1>", "<h3>The harbour closes early in May</h3>"]
)
def test_the_lead_between_the_heading_and_an_article_is_read(heading):
    page = f"""<title>The harbour closes early in May - Gazette</title>
        <div><p>Subscribe to the paper that all harbours of the coast read.</p>{heading}
        <div class="teaser">After a hundred and fifty years the harbour closes its gates.</div>
        <div><a href=x>Ann Bell writes about the sea and about harbours.</a></div>
        <div>Share this on all your other pages and networks now</div></div>
        <div class="text"><p>{PROSE}</p><p>{PROSE}</p></div>"""
    read = [text for text, _ in read_page(page)[1]]

    assert "After a hundred and fifty years the harbour closes its gates." in read
    assert not any(text.startswith(("Subscribe", "Ann Bell", "Share")) for text in read)


def test_a_large_page_keeps_what_a_plain_rule_hides():
    paragraphs = "<p>The harbour was built in 1874.</p><p class='x'>Hidden words.</p>" * 3000
    rules = "<style>.x{display:none} p ~ p ~ p{display:none}</style>"
    text = "\n".join(block.text for block in html.read_html(f"{rules}{paragraphs}".encode()).blocks)

    assert "harbour" in text
    assert "Hidden" not in text
