"""A conversation as a file to keep."""

import datetime
from urllib.parse import urlencode, urlsplit

import lxml.html
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qa.analysis.tokenizer import Span
from qa.answers.answer import AnswerPassage, MarkedSentence
from qa.web.pages.common import quote_paragraphs
from qa.web.pages.export import _bold_answer, _escape_heading
from tests.web.pages.conftest import SCRIPT, text

ASKED = "q=Who+built+the+old+harbour+of+Lindholm%3F&q=What+did+it+cost%3F&q=unicorns+on+Jupiter"


def render(markdown):
    return lxml.html.fromstring(MarkdownIt().render(markdown))


def test_a_file_has_the_turns_and_quotes_of_the_page(client, get_page):
    page = get_page(f"/?{ASKED}")
    file = render(client.get(f"/export.md?{ASKED}").text)
    record = client.get(f"/export.json?{ASKED}").json
    questions = [text(element) for element in page.xpath("//article/h2")]
    # Each turn in full, as it was when it was the last; what refuses has no answer to quote.
    full = [get_page("/?" + "&".join(ASKED.split("&")[: count + 1])) for count in range(3)]
    quotes = [
        text(element)
        for last in full
        for element in last.xpath("//article[last()][not(div[@class='why'])]/*[not(self::section)]")
        for element in element.xpath("descendant-or-self::blockquote")
    ]

    assert [text(element).partition(". ")[2] for element in file.xpath("//h2")] == questions
    assert [turn["question"] for turn in record["turns"]] == questions
    assert [text(element) for element in file.xpath("//blockquote")] == quotes
    assert [
        " ".join(passage["text"].split())
        for turn in record["turns"]
        for passage in turn["passages"]
    ] == quotes
    for verdict in page.xpath("//p[starts-with(@class, 'verdict')]"):
        assert file.xpath(f"//strong[.='{text(verdict)}.']")


def test_a_file_names_the_part_of_a_question_that_has_no_answer(client):
    asked = "q=Who+built+the+old+harbour+and+who+discovered+Jupiter%3F"
    (turn,) = client.get(f"/export.json?{asked}").json["turns"]

    assert [part["verdict"] for part in turn["parts"]] == ["found", "none"]
    assert "“who discovered Jupiter?” has no clear answer" in client.get(f"/export.md?{asked}").text


def test_a_file_of_a_long_conversation_links_to_its_earlier_questions(client):
    query = urlencode([("q", f"Who [built] harbour {number}?") for number in range(12)])
    links = render(client.get(f"/export.md?{query}").text).xpath("//p[contains(., 'Earlier')]/a")
    record = client.get(f"/export.json?{query}").json

    assert [text(link) for link in links] == [f"Who [built] harbour {n}?" for n in range(4)]
    assert record["earlier"] == [
        {"question": text(link), "address": link.get("href")} for link in links
    ]
    assert [turn["question"] for turn in record["turns"]] == [
        f"Who [built] harbour {n}?" for n in range(4, 12)
    ]


def test_a_file_tells_when_and_of_what_it_was_asked(client):
    now = datetime.datetime.now(datetime.UTC)
    paragraph = render(client.get(f"/export.md?{ASKED}").text).find(".//p")
    record = client.get(f"/export.json?{ASKED}").json

    assert f"on {now.day} {now:%B %Y} of 123 documents, index {record['generation']}." in text(
        paragraph
    )
    assert record["address"] == paragraph.find("a").get("href") == f"http://localhost/?{ASKED}#q3"
    assert record["accessed"] == now.date().isoformat()


def test_every_quote_has_an_address_that_opens_it(client, get_page):
    record = client.get(f"/export.json?{ASKED}").json
    links = render(client.get(f"/export.md?{ASKED}").text).xpath("//a[.='Read']/@href")
    addresses = [p["citation"]["address"] for turn in record["turns"] for p in turn["passages"]]

    assert addresses
    # The Markdown escapes what would end a link.
    assert len(links) == len(addresses)
    for address in {*links, *addresses}:
        parts = urlsplit(address)
        assert get_page(f"{parts.path}?{parts.query}").xpath("//mark")


def test_an_answer_is_that_of_ask(client):
    query = (
        "q=Who+built+the+harbour%3F&q=What+did+it+cost%3F&drop=harbour&publisher=Northern+Gazette"
    )
    answer = client.get(f"/ask?{query}").json
    del answer["took_ms"]
    last = client.get(f"/export.json?{query}").json["turns"][-1]
    for passage in last["passages"]:
        del passage["citation"]["address"]

    assert last == answer


def test_filters_are_told(client):
    markdown = client.get("/export.md?q=harbour&publisher=Northern+Gazette&sort=newest").text

    assert "Limited to publisher Northern Gazette, sort newest." in markdown


def test_what_documents_say_stays_text(client):
    markdown = client.get("/export.md?q=What+did+a+zebra+say%3F").text
    file = render(markdown)

    assert not file.xpath("//script")
    assert SCRIPT in text(file.find(".//blockquote"))
    assert all(not href.startswith("javascript") for href in file.xpath("//@href"))


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
@example("#")
@example("Why #")
@example("Is C ##")
@example("Is it C#")
@example("\\#")
def test_a_question_is_a_heading_whatever_it_looks_like(question):
    html = render(f"## 1. {_escape_heading(question)}\n\nmore")

    assert html.findtext(".//p") == "more"
    assert html.find(".//h2").text_content() == f"1. {question}"


@given(st.lists(st.sampled_from(["a*", "**b", "_c_", "# d", "1. e", "- f", "“g.”", "。下", "~~h"])))
def test_a_marked_sentence_changes_no_text(parts):
    whole = " ".join(["x", *parts, "y"])
    for start in range(len(whole)):
        sentence = MarkedSentence(start, len(whole) - 1, whole[start:-1])
        passage = AnswerPassage(1, whole, 0, sentence, (Span(0, 1),), None, None)
        (paragraph,) = quote_paragraphs(passage)

        assert text(render(f"> {_bold_answer(paragraph)}")) == whole


def test_a_file_is_named_after_the_first_question(client):
    named = {
        "q=Who+built+it%3F&q=why%3F": "who-built-it",
        "q=%E5%8C%97%E7%BA%A6": "conversation",
        f"q={'long+' * 40}": "-".join(["long"] * 12),
    }

    for query, name in named.items():
        for ending in ("md", "json"):
            response = client.get(f"/export.{ending}?{query}")
            assert (
                response.headers["Content-Disposition"] == f"attachment; filename={name}.{ending}"
            )


def test_a_file_is_of_its_day(client):
    assert "ETag" not in client.get(f"/export.md?{ASKED}").headers


def test_the_page_leads_to_the_files_of_the_same_conversation(get_page, client):
    path = f"/?{ASKED}&publisher=Northern+Gazette&sort=newest"
    links = get_page(path).xpath("//p[@class='keep']//a[contains(@href, 'export')]/@href")

    assert links == [path.replace("/?", f"/export.{ending}?") for ending in ("md", "json", "csv")]
    assert all(client.get(link).status_code == 200 for link in links)
    assert not get_page("/").xpath("//a[contains(@href, 'export')]")


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "q: it is missing"),
        ("q=harbour&colour=red", "colour: there is no such parameter"),
        ("q=harbour&q=%3F%3F", "q: "),
        (f"drop={'x' * 61}&q=harbour", "drop: it is longer than 60 characters"),
        ("q=harbour&from=never", "q: “From” is not a date"),
    ],
)
def test_what_cannot_be_asked_is_not_written(client, query, detail):
    response = client.get(f"/export.json?{query}")

    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    assert response.json["detail"].startswith(detail)
