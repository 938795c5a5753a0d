"""Judgements of answers: asked for only where they are stored, and stored as the index has it."""

import json
import os

import lxml.html
import pytest

from qa.app import create_app
from qa.errors import FeedbackError
from qa.publishing import feedback as storing
from qa.settings import Settings
from tests.web.pages.conftest import BROWSER

QUESTION = "Who demanded guarantees?"
PATH = f"/?q=Lindholm&q={QUESTION}"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "judgements.jsonl"


@pytest.fixture
def client(index, path):
    return create_app(Settings(index=str(index), feedback=str(path))).test_client()


def fields_of(client, url=PATH):
    """What the browser sends with the form of a page, but for the button."""
    (form,) = lxml.html.fromstring(client.get(url, headers=BROWSER).text).xpath(
        "//form[@class='feedback']"
    )
    values = [(field.get("name"), field.get("value")) for field in form.xpath(".//input")]

    assert form.get("action") == "/feedback"
    return values


def send(client, fields, right="yes", **headers):
    data = {}
    for name, value in [*fields, ("right", right)]:
        data.setdefault(name, []).append(value)
    return client.post("/feedback", data=data, headers=BROWSER | headers)


def test_nobody_is_asked_where_nothing_is_stored(index, path):
    client = create_app(Settings(index=str(index))).test_client()

    assert "feedback" not in client.get(PATH, headers=BROWSER).text
    assert client.post("/feedback", data={"q": QUESTION}).status_code == 404


@pytest.mark.parametrize("right", ["yes", "no"])
def test_a_judgement_is_one_line_with_the_text_of_the_index(client, path, right):
    page = send(client, fields_of(client), right)
    (line,) = path.read_text().splitlines()
    row = json.loads(line)

    assert page.status_code == 200
    assert "Thank you" in page.text
    assert (row["question"], row["turns"]) == (QUESTION, ["Lindholm"])
    assert row["document"] == "old/harbour & pier"
    assert row["contains"] == [
        "Captain Elsa Moberg demanded guarantees that nobody would sell the pier."
    ]
    assert row["right"] is (right == "yes")
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_the_page_leads_back_to_the_answer(client):
    links = lxml.html.fromstring(send(client, fields_of(client)).text).xpath("//main//a/@href")

    assert client.get(links[0]).status_code == 200
    assert links[0].startswith("/?q=Lindholm&q=Who")


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("q", None, 422),
        ("q", "x" * 3000, 422),
        ("start", "-1", 422),
        ("start", "x", 422),
        ("start", "99999999", 422),
        ("end", "", 422),
        ("end", "9" * 5000, 422),
        ("document", "nothing", 404),
        ("document", "../../etc/passwd", 404),
        ("index", "000000000000", 410),
        ("index", "../x", 422),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_stored(client, path, name, value, status):
    fields = [field for field in fields_of(client) if field[0] != name]
    response = send(client, [*fields, *([(name, value)] if value is not None else [])])

    assert response.status_code == status
    assert path.read_text() == ""


def test_a_judgement_is_yes_or_no(client, path):
    assert send(client, fields_of(client), "perhaps").status_code == 422
    assert path.read_text() == ""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "null"}, 200),
    ],
)
def test_only_own_pages_make_browsers_judge(client, path, headers, status):
    assert send(client, fields_of(client), **headers).status_code == status
    assert len(path.read_text().splitlines()) == (status == 200)


def test_a_full_file_gets_no_more(client, path, monkeypatch):
    fields = fields_of(client)
    send(client, fields)
    content = path.read_text()
    monkeypatch.setattr(storing, "_MAX_BYTES", len(content) + 10)
    response = send(client, fields)

    assert response.status_code == 503
    assert "could not be stored" in response.text
    assert str(path) not in response.text
    assert path.read_text() == content


def test_a_line_that_does_not_fit_on_the_disk_leaves_no_part_of_it(client, path, monkeypatch):
    fields = fields_of(client)
    send(client, fields)
    content = path.read_text()
    write = os.write
    monkeypatch.setattr(
        storing.os, "write", lambda descriptor, data: write(descriptor, data[: len(data) // 2])
    )

    assert send(client, fields).status_code == 503
    monkeypatch.undo()
    assert path.read_text() == content


def test_a_file_that_cannot_be_written_stops_the_service_from_starting(index, tmp_path):
    for path in (tmp_path, tmp_path / "missing" / "judgements.jsonl"):
        with pytest.raises(FeedbackError, match="QA_FEEDBACK"):
            create_app(Settings(index=str(index), feedback=str(path)))
