"""The conversation page."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from qa.app import create_app
from qa.settings import Settings
from tests.web.pages.conftest import BROWSER, controls, one, text


def test_the_empty_page_tells_what_is_in_the_index(get_page):
    home = get_page("/")

    assert "123 documents, dated 3 December 2021 to 29 March 2022" in text(home.find(".//main"))
    assert "Northern Gazette" in text(home.find(".//main"))
    assert home.xpath("//textarea[@name='q' and @autofocus]")


def test_only_questions_that_are_answered_are_suggested(get_page):
    links = get_page("/").xpath("//ul[@class='try']//a")

    assert [link.text for link in links] == ["Who built the old harbour of Lindholm?"]
    assert one(get_page(links[0].get("href")), "//article/h2").text == links[0].text


@pytest.mark.parametrize("content", ["not JSON", "[1]", '{"no": "question"}', '{"question": "?"}'])
def test_a_broken_file_of_questions_suggests_none(tmp_path, index, content):
    (tmp_path / "CURRENT").write_bytes((index / "CURRENT").read_bytes())
    (tmp_path / "generations").symlink_to(index / "generations")
    (tmp_path / "questions.jsonl").write_text(content)
    response = create_app(Settings(index=str(tmp_path))).test_client().get("/")

    assert response.status_code == 200
    assert "Try asking" not in response.text


def test_an_answer_quotes_and_cites(get_page):
    turn = one(get_page("/?q=Who+demanded+guarantees+about+the+pier%3F"), "//article")
    quote = turn.find(".//blockquote")

    assert text(turn.find("h2")) == "Who demanded guarantees about the pier?"
    assert one(turn, "p[contains(@class, 'verdict')]").text == "Found in 1 document"
    assert text(quote.find(".//mark[@class='answer']")).startswith("Captain Elsa Moberg demanded")
    assert "guarantees" in [mark.text for mark in quote.xpath(".//mark[@class='term']")]
    assert text(one(turn, "figure//p[@class='source']")) == (
        "1 The harbour of Lindholm Northern Gazette, 3 December 2021 · Building › ¶ 2 (p. 1)"
    )


def test_the_citation_opens_the_document_at_the_marked_place(get_page):
    turn = one(get_page("/?q=Who+demanded+guarantees+about+the+pier%3F"), "//article")
    quoted = text(turn.find(".//blockquote//mark[@class='answer']"))
    address = one(turn, "figure//a[starts-with(., 'Open in document')]").get("href")
    anchor, _, directive = urlsplit(address).fragment.partition(":~:")
    paragraph = one(get_page(address), f"//p[@id='{anchor}']")

    assert text(one(paragraph, ".//mark[@class='passage']/mark[@class='answer']")) == quoted
    assert directive == f"text={quote(quoted)}"


def test_the_original_opens_apart_and_says_so(get_page):
    turn = one(get_page("/?q=Who+demanded+guarantees+about+the+pier%3F"), "//article")
    link = one(turn, "figure//a[starts-with(., 'Original')]")

    assert link.get("href").startswith("https://gazette.example/harbour#:~:text=")
    assert link.get("target") == "_blank"
    assert set(link.get("rel").split()) == {"noopener", "noreferrer", "external"}
    assert "new tab" in text(link)


def test_reasons_are_given_in_words(get_page):
    reasons = one(
        get_page("/?q=pier+guarantees+unicorn"), "//article/figure//details[@class='reasons']"
    )

    assert "2 of 3 words: pier, guarantees; not unicorn" in text(reasons)


def test_every_question_in_the_address_is_a_turn(get_page):
    page = get_page("/?q=Who+built+the+harbour%3F&q=And+what+did+it+cost%3F")

    assert [text(h) for h in page.xpath("//article/h2")] == [
        "Who built the harbour?",
        "And what did it cost?",
    ]
    assert page.xpath("//article/h2/@id") == ["q1", "q2"]
    assert "From earlier questions built: leave it out harbour" in text(page.xpath("//article")[1])
    assert page.find(".//title").text == "And what did it cost? — Found in 1 document · Verbatim"


def test_a_long_conversation_leads_back_to_its_earlier_questions(get_page, client):
    questions = [f"Who built harbour {number}?" for number in range(12)]
    page = get_page("/?" + urlencode([("q", question) for question in questions]))
    buttons = page.xpath("//details[summary='4 earlier questions']//button")

    assert [text(h) for h in page.xpath("//article/h2")] == questions[4:]
    assert [text(button) for button in buttons] == questions[:4]
    fields = [*controls(one(page, "//main//form")), ("back", buttons[1].get("value"))]
    earlier = get_page(follow(client, "/?" + urlencode(fields)))
    assert [text(h) for h in earlier.xpath("//article/h2")] == questions[:2]


def test_long_questions_are_answered_fewer_at_a_time_but_the_last_always_is(get_page):
    questions = [f"Who built harbour {number}, {'and when ' * 25}?" for number in range(9)]
    page = get_page("/?" + urlencode([("q", question) for question in questions]))

    assert [text(h) for h in page.xpath("//article/h2")] == questions[-3:]
    assert [text(b) for b in page.xpath("//details[@class='earlier']//button")] == questions[:-3]
    longest = f"Who built the harbour, {'and when ' * 130}?"
    page = get_page("/?" + urlencode([("q", "Who?"), ("q", longest)]))
    assert [text(h) for h in page.xpath("//article/h2")] == [longest]


def test_the_form_continues_the_conversation_and_keeps_the_filters(get_page):
    path = "/?q=harbour&q=ferry&publisher=Vesa+Courier&from=2020-01-01"
    form = one(get_page(path), "//main//form")

    assert controls(form) == [
        ("q", "harbour"),
        ("q", "ferry"),
        ("q", ""),
        ("publisher", "Vesa Courier"),
        ("from", "2020-01-01"),
        ("to", ""),
    ]
    assert form.get("action") == "/#q3"
    assert one(form, ".//a[. = 'New conversation']").get("href") == "/"


def press(client, page, button):
    """The address that a button of the form to ask in leads to."""
    fields = [*controls(one(page, "//main//form")), (button.get("name"), button.get("value"))]
    return follow(client, "/?" + urlencode(fields))


def follow(client, path):
    response = client.get(path, headers=BROWSER)

    assert response.status_code == 302
    return response.headers["Location"]


def test_each_filter_can_be_removed_by_a_button(get_page, client):
    path = "/?q=harbour&publisher=Vesa+Courier&publisher=A%26B&from=2020-01-01"
    page = get_page(path)
    buttons = page.xpath("//ul[@class='applied']//button")
    remaining = {
        text(button): parse_qsl(urlsplit(press(client, page, button)).query) for button in buttons
    }

    assert remaining == {
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


def test_a_document_asked_alone_is_named_and_stays(get_page, client):
    page = get_page("/?q=who+opened+a+bridge&document=ferry")
    button = one(page, "//ul[@class='applied']//button")

    assert text(button) == "Remove the filter in “The ferry”"
    assert press(client, page, button) == "/?q=who+opened+a+bridge#q1"
    assert ("document", "ferry") in controls(one(page, "//form[@class='composer']"))


def test_a_document_that_is_not_there_cannot_be_asked(get_page, client):
    page = get_page("/?q=harbour&document=nothing", 422)
    button = one(page, "//form[@class='composer']//ul[@class='applied']//button")

    assert "The document cannot be asked: No document 'nothing'" in text(page)
    assert press(client, page, button) == "/?q=harbour#q1"


@pytest.mark.parametrize(
    ("dates", "options"),
    [
        ("from=2021", "from=2021-01-01"),
        ("to=2020", "to=2020-12-31"),
        ("from=2020-02&to=2020/2", "from=2020-02-01&to=2020-02-29"),
        ("from=2021-06-03", "from=2021-06-03"),
    ],
)
def test_a_year_or_a_month_stands_for_its_days(client, dates, options):
    response = client.get(f"/?q=harbour&{dates}", headers=BROWSER)
    place = response.headers.get("Location", f"/?q=harbour&{dates}")

    assert place.partition("#")[0] == f"/?q=harbour&{options}"


@pytest.mark.parametrize("change", ["sort=newest", "from=2021-01-01&to=2021-12-31", ""])
def test_what_is_being_typed_stays_when_a_filter_is_set(get_page, client, change):
    path = f"/?q=harbour&q=and+the+old+p&publisher=Vesa+Courier&{urlencode({'set': change})}"
    page = get_page(follow(client, path))

    assert [text(h) for h in page.xpath("//article/h2")] == ["harbour"]
    assert one(page, "//textarea").text == "and the old p"
    assert ("publisher", "Vesa Courier") in controls(one(page, "//main//form"))


def test_a_refused_question_stays_when_a_filter_is_set(get_page, client):
    path = "/?q=harbour&q=Do+unicorns+sleep%3F&publisher=Vesa+Courier"
    page = get_page(path)
    button = one(page, "//button[@name='set'][.='Apply']")

    assert press(client, page, button) == f"{path}#q2"


def test_links_to_other_questions_keep_the_filters(get_page):
    found = get_page("/?q=the+old+harbour&q=when+was+it+built&from=2020-01-01")
    link = one(found, "//a[. = 'ask without them']")
    first, *_, last = parse_qsl(urlsplit(link.get("href")).query)

    assert (first, last) == (("q", "the old harbour"), ("from", "2020-01-01"))


def test_an_address_has_one_form(client):
    untidy = "/?utm_source=letter&from=&q=+Who%20built%0D%0Ait%3F&q=+&publisher=&sort=relevance&to="
    tidied = client.get(untidy, headers=BROWSER)

    assert tidied.status_code == 302
    assert tidied.headers["Location"] == "/?q=Who+built+it%3F#q1"
    assert client.get(tidied.headers["Location"], headers=BROWSER).status_code == 200


def test_a_question_that_is_refused_is_back_in_the_box(get_page):
    page = get_page("/?q=harbour&q=Do+unicorns+sleep%3F")
    form = one(page, "//main//form")

    assert [value for name, value in controls(form) if name == "q"] == [
        "harbour",
        "Do unicorns sleep?",
    ]
    assert ("refused", "Do unicorns sleep?") in controls(form)
    assert one(page, "//textarea").text == "Do unicorns sleep?"
    assert form.get("action") == "/#q2"


def test_every_passage_has_its_source_in_view(get_page):
    page = get_page("/?q=harbour+ferry+bridge+pier")
    first = one(page, "//article/figure//p[@class='source']")
    cards = page.xpath("//article/ol[@class='cards']/li")

    assert {"Vesa Courier", "Northern Gazette"} == {
        source.xpath(".//bdi")[0].text for source in (first, cards[0].find("p"))
    }
    for number, card in enumerate(cards, 2):
        link = one(card, "h4/a")
        assert text(link.find("span")) == str(number)
        assert get_page(link.get("href")).find(".//mark") is not None


def test_passages_can_be_sorted_by_date(get_page, client):
    found = get_page("/?q=harbour+ferry+bridge+pier")
    buttons = found.xpath("//p[@class='sorts']/button")
    pages = {button.text: get_page(press(client, found, button)) for button in buttons}
    firsts = {sort: text(page.xpath("//article//cite")[0]) for sort, page in pages.items()}

    assert [button.get("aria-current") for button in buttons] == ["true", None, None]
    assert firsts["newest"] == "The ferry"
    assert firsts["oldest"] == "The harbour of Lindholm"
    current = "//p[@class='sorts']/button[@aria-current]"
    assert one(pages["newest"], current).text == "newest"
    assert ("sort", "newest") in controls(one(pages["newest"], "//main//form"))


def test_the_passages_of_this_result_are_counted(get_page, client):
    page = get_page("/?q=pier+ferry")
    filters = one(page, "//section[@id='filters']")
    bars = filters.xpath(".//ol[@class='timeline']//button")

    assert "Northern Gazette 2" in text(filters)
    assert [bar.get("title") for bar in bars] == ["2021: 2 passages", "2022: 1 passage"]
    assert press(client, page, bars[1]) == "/?q=pier+ferry&from=2022-01-01&to=2022-12-31#q1"


def test_a_shared_link_tells_question_and_answer(get_page):
    page = get_page("/?q=Who+demanded+guarantees+about+the+pier%3F")
    properties = {
        m.get("property") or m.get("name"): m.get("content") for m in page.xpath("//meta")
    }

    assert properties["og:title"] == "Who demanded guarantees about the pier?"
    assert properties["og:description"].startswith("“Captain Elsa Moberg demanded guarantees")
    assert properties["robots"] == "noindex, nofollow"
    assert one(page, "//link[@rel='canonical']/@href").endswith(
        "/?q=Who+demanded+guarantees+about+the+pier%3F"
    )


@pytest.mark.parametrize(
    ("path", "problem", "typed", "earlier"),
    [
        ("/?q=harbour&q=%3F%3F", "no words to search for", "??", ["harbour"]),
        ("/?q=" + "x" * 2001, "The question is too long", "x" * 2001, []),
        ("/?q=harbour&q=pier&from=never", "“From” is not a date", "pier", ["harbour"]),
        ("/?q=harbour&from=2022-01-02&to=2021-01-01", "swap the two", "harbour", []),
        ("/?q=harbour&sort=size", "“sort” cannot be used here", "harbour", []),
        ("/?q=%3F%3F&q=harbour", "no words to search for", "??", []),
        ("/?limit=many", "“limit” cannot be used here", "", []),
    ],
)
def test_what_cannot_be_asked_stays_in_the_box(get_page, path, problem, typed, earlier):
    page = get_page(path, 422)
    box = one(page, "//textarea")

    assert problem in one(page, "//form//*[@role='alert']").text
    assert (box.text or "") == typed
    assert box.get("id") == f"q{len(earlier) + 1}"
    assert box.get("aria-describedby") == "problem"
    assert page.xpath("//input[@name='q']/@value") == earlier


def test_a_conversation_may_be_long(get_page):
    questions = [f"Who built harbour {number}?" for number in range(60)]
    page = get_page("/?" + urlencode([("q", question) for question in questions]))

    assert [text(h) for h in page.xpath("//article/h2")] == questions[-8:]
    assert page.xpath("//input[@name='q']/@value") == questions


def test_of_a_very_long_conversation_the_last_questions_stay_in_the_address(get_page):
    questions = [f"Who built the very old harbour {'x' * 40} {number}?" for number in range(90)]
    page = get_page("/?" + urlencode([("q", question) for question in questions]))
    earlier = page.xpath("//input[@name='q']/@value")

    assert earlier == questions[-len(earlier) :]
    assert 5_000 < len(urlencode([("q", question) for question in earlier])) <= 6_000


@pytest.mark.parametrize("name", ["publisher", "document"])
def test_too_many_filters_are_told_in_words_and_taken_off_at_once(get_page, client, name):
    path = "/?q=harbour" + "".join(f"&{name}=x{number}" for number in range(600))
    page = get_page(path, 422)
    (off,) = page.xpath("//ul[@class='applied']//button")

    assert f"The {name} cannot be asked: 600 is over the limit of 100." in text(page)
    assert text(off).endswith("600 filters")
    assert {*parse_qsl(off.get("value"), keep_blank_values=True)} >= {(name, "")}
    assert len(client.get(path, headers=BROWSER).data) < 150_000


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/documents?" + "&publisher=x" * 101, "101 is over the limit of 100"),
        ("/documents?publisher=" + "x" * 1001, "1,001 is over the limit of 1,000"),
        ("/documents?title=" + "x" * 1001, "1,001 is over the limit of 1,000"),
        ("/?q=harbour&publisher=" + "x" * 1001, "1,001 is over the limit of 1,000"),
        ("/?q=harbour&q=why" + "".join(f"&drop=x{n}" for n in range(25)), "over the limit of 24"),
    ],
)
def test_a_page_says_what_an_address_has_too_much_of(get_page, path, message):
    assert message in text(get_page(path, 422))


def filters_of(page):
    """The filters that are on, each with what takes it off."""
    chips = page.xpath("//article//ul[@class='applied']//button")
    return {text(chip).removeprefix("Remove the filter "): chip.get("value") for chip in chips}


def test_a_period_in_words_is_a_filter_that_one_click_removes(get_page):
    address = "/?q=What+did+the+council+of+Lindholm+do+in+December+2021%3F"

    assert filters_of(get_page(address)) == {"in December 2021": "ranges=off"}
    without = get_page(f"{address}&ranges=off")
    assert filters_of(without) == {"dates in words: off": "ranges="}
    assert ("ranges", "off") in controls(one(without, "//main//form[@id='ask']"))


def test_it_says_why_a_period_does_not_count_without_a_click(get_page):
    details = one(get_page("/?q=Who+built+the+harbour+in+1999%3F"), "//details[@class='searched']")

    assert "“in 1999” does not limit the answer" in text(details)
    assert "open" in details.attrib


def test_an_order_in_words_is_undone_by_its_chip_and_by_the_order_of_relevance(get_page):
    address = "/?q=latest+news+about+Lindholm"
    page = get_page(address)
    relevance = one(page, "//p[@class='sorts']/button[.='relevance']")
    current = one(get_page(f"{address}&ranges=off"), "//p[@class='sorts']/button[@aria-current]")

    assert filters_of(page) == {"newest first": "ranges=off"}
    assert relevance.get("value") == "sort=relevance&ranges=off"
    assert current.text == "relevance"
