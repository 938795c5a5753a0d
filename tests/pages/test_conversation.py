"""The conversation page."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from qa.app import create_app
from qa.settings import Settings
from tests.pages.conftest import controls, one, text


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
