"""Questions with operators, as programs and readers see them: how they were understood, and links.

What they mean is tested in tests/engines/test_operators.py.
"""

import json
from urllib.parse import parse_qs, urlsplit

import lxml.html
import pytest

BROWSER = {"Accept": "text/html"}


def ask(client, question, **parameters):
    return client.get("/ask", query_string={"q": question, **parameters}).get_json()


def page_of(client, *questions, **parameters):
    response = client.get("/", query_string={"q": [*questions], **parameters}, headers=BROWSER)

    assert response.status_code == 200
    return lxml.html.fromstring(response.get_data(as_text=True))


def strip_of(page):
    (strip,) = page.xpath("//article[last()]//ul[@class='words']")
    return strip


@pytest.mark.parametrize(
    ("question", "operator"),
    [
        (
            "title:harbour council",
            {
                "kind": "title",
                "text": "title:harbour",
                "meaning": "documents with “harbour” in the title",
                "excluded": False,
            },
        ),
        (
            "-publisher:gazette council",
            {
                "kind": "publisher",
                "text": "-publisher:gazette",
                "meaning": "documents from Northern Gazette",
                "excluded": True,
                "words": ["Northern Gazette"],
            },
        ),
        (
            "before:2022-03-29 council",
            {
                "kind": "before",
                "text": "before:2022-03-29",
                "meaning": "documents dated before 29 March 2022",
                "excluded": False,
            },
        ),
        (
            "after:2021-12 council",
            {
                "kind": "after",
                "text": "after:2021-12",
                "meaning": "documents dated after December 2021",
                "excluded": False,
            },
        ),
        (
            "type:md council",
            {"kind": "type", "text": "type:md", "meaning": "files of type md", "excluded": False},
        ),
        (
            "ferry OR pier",
            {"kind": "or", "text": "ferry OR pier", "meaning": "ferry or pier", "excluded": False},
        ),
        (
            "engineer* bridge",
            {
                "kind": "prefix",
                "text": "engineer*",
                "meaning": "words that begin with “engineer” (engineer or engineers)",
                "excluded": False,
                "words": ["engineer", "engineers"],
            },
        ),
        (
            '"council costs"~6',
            {
                "kind": "near",
                "text": '"council costs"~6',
                "meaning": "“council costs” in any order, with at most 6 other words in between",
                "excluded": False,
            },
        ),
    ],
)
def test_programs_are_told_how_an_operator_was_understood(client, question, operator):
    body = ask(client, question)

    assert body["question"] == body["standalone"] == question
    assert body["query"]["operators"] == [operator]


@pytest.mark.parametrize(
    ("operator", "meaning"),
    [
        ("(title:harbour OR ferry)", "documents with “harbour” in the title, or ferry"),
        ('"council costs"~1', "“council costs” in any order, with at most 1 other word in between"),
    ],
)
def test_the_meaning_of_an_operator_reads_well(client, operator, meaning):
    answer = client.get("/ask", query_string={"q": f"Moberg {operator}"}).get_json()

    assert [each["meaning"] for each in answer["query"]["operators"]] == [meaning]


def test_without_operators_nothing_is_said_of_them(client):
    body = ask(client, "what does the title: of the council say, at 3:1?")

    assert "operators" not in body["query"]


def test_operators_are_no_words_that_are_looked_for(client):
    body = ask(client, "title:harbour type:md before:2022 who demanded guarantees?")

    assert body["query"]["used"] == ["demanded", "guarantees"]
    assert body["verdict"] == "found"


def test_an_operator_does_not_ask_about_the_collection(client):
    assert ask(client, "what documents do you have?")["about"]
    assert ask(client, "what documents do you have? type:md")["about"] is None


def test_filters_of_the_address_hold_too(client):
    harbour = ask(client, "council -title:bridge", publisher="Northern Gazette")
    nothing = ask(client, "council title:bridge", publisher="Northern Gazette")

    assert {p["citation"]["document_id"] for p in harbour["passages"]} == {"harbour"}
    assert nothing["passages"] == []


def test_the_strip_shows_operators_with_a_way_to_ask_without_each(client):
    page = page_of(client, 'title:harbour council OR pier "old harbour"~3')
    links = strip_of(page).xpath(".//li[starts-with(normalize-space(), 'Only')]//a")
    without = [parse_qs(urlsplit(link.get("href")).query)["q"] for link in links]

    assert [link.text.strip() for link in links] == [
        "documents with “harbour” in the title",
        "council or pier",
        "“old harbour” in any order, with at most 3 other words in between",
    ]
    assert without == [
        ['council OR pier "old harbour"~3'],
        ['title:harbour council pier "old harbour"~3'],
        ["title:harbour council OR pier old harbour"],
    ]


def test_what_is_excluded_is_said_to_be(client):
    strip = strip_of(page_of(client, "council -title:bridge"))

    assert "not documents with “bridge” in the title" in strip.text_content()


def test_the_only_operator_cannot_be_taken_off_without_a_word(client):
    strip = strip_of(page_of(client, "engineer*"))
    (item,) = strip.xpath(".//li[starts-with(normalize-space(), 'Only')]")

    assert "words that begin with “engineer”" in item.text_content()
    assert not item.xpath(".//a")


def test_an_operator_that_narrows_is_taken_off_with_its_turn(client):
    page = page_of(client, "who paid the council?", "title:bridge")
    (link,) = strip_of(page).xpath(".//li[starts-with(normalize-space(), 'Only')]//a")

    assert parse_qs(urlsplit(link.get("href")).query)["q"] == ["who paid the council?"]


def test_the_box_has_a_list_of_operators(client):
    page = page_of(client, "council")
    (button,) = page.xpath("//form//button[.='Search operators']")
    details = page.get_element_by_id(button.get("popovertarget"))

    for typed in ("title:", "publisher:", "before:", "after:", "type:", " OR ", "*", "~5"):
        assert typed in details.text_content()


def test_a_question_with_quotation_marks_in_an_operator_only_offers_nothing_without(client):
    page = page_of(client, 'title:"nothing like it" council')

    assert "without the quotation marks" not in page.text_content()
    assert "There are no documents with “nothing like it” in the title." in page.text_content()


def test_exports_say_how_operators_were_understood(client):
    query = {"q": "council type:md before:2022"}
    markdown = client.get("/export.md", query_string=query).get_data(as_text=True)
    record = json.loads(client.get("/export.json", query_string=query).data)
    operators = record["turns"][0]["query"]["operators"]

    assert "Only files of type md, documents dated before 2022." in markdown
    assert [operator["text"] for operator in operators] == ["type:md", "before:2022"]


def test_a_permanent_link_keeps_the_operators(client):
    question = 'title:harbour "council money"~9 -type:pdf'
    page = page_of(client, question)
    (link,) = page.xpath("//a[normalize-space()='Copy link']")
    again = lxml.html.fromstring(client.get(link.get("href"), headers=BROWSER).data)

    assert parse_qs(urlsplit(link.get("href")).query)["q"] == [question]
    assert strip_of(again).text_content() == strip_of(page).text_content()
    assert [q.text_content() for q in again.xpath("//blockquote")] == [
        q.text_content() for q in page.xpath("//blockquote")
    ]
