"""The log: a line of JSON for each request, without questions unless they are wanted."""

import json
import logging

import pytest

from qa.app import create_app
from qa.settings import Settings
from qa.web.middleware.request_log import JsonFormatter, hash_question

ASKED = "Who demanded guarantees?"


def lines_of(index, caplog, **settings):
    """What is logged of a question."""
    client = create_app(Settings(index=str(index), **settings)).test_client()
    with caplog.at_level(logging.INFO, logger="qa.requests"):
        response = client.get("/ask", query_string={"q": ASKED}, headers={"X-Request-ID": "r-1"})
    return response, [json.loads(JsonFormatter().format(record)) for record in caplog.records]


def test_each_request_has_a_line(index, caplog, searcher):
    response, (line,) = lines_of(index, caplog)

    assert line["message"] == "request"
    assert (line["request_id"], line["method"], line["status"]) == ("r-1", "GET", 200)
    assert (line["verdict"], line["generation"]) == ("found", searcher.manifest.name)
    assert line["ms"] > 0
    assert response.headers["X-Request-ID"] == "r-1"


@pytest.mark.parametrize("path", ["/ask", "/", "/documents/harbour"])
@pytest.mark.parametrize("logged", ["0", "hash"])
def test_questions_are_not_logged_unless_they_are_wanted(index, caplog, path, logged):
    client = create_app(Settings(index=str(index), log_questions=logged)).test_client()
    with caplog.at_level(logging.DEBUG):
        client.get(path, query_string={"q": ASKED})
        client.post("/ask", json={"question": ASKED})
        client.get(path, query_string={"q": ASKED, "limit": "guarantees"})
        client.get(path, query_string={"q": "?!guarantees?!" * 1000})

    assert caplog.records
    assert "guarantees" not in "".join(JsonFormatter().format(record) for record in caplog.records)


def test_questions_that_are_wanted_are_logged(index, caplog):
    _, (line,) = lines_of(index, caplog, log_questions="1")

    assert line["question"] == ASKED


def test_a_hash_tells_nothing_but_that_it_is_the_same(index, caplog):
    _, (line,) = lines_of(index, caplog, log_questions="hash")

    assert line["question_hash"] == hash_question("who  DEMANDED guarantees?")
    assert line["question_hash"] != hash_question("who demanded the guarantees?")


TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "is_valid"),
    [
        (f"00-{TRACE}-{PARENT}-01", True),
        (f" 00-{TRACE}-{PARENT}-00 ", True),
        (f"cc-{TRACE}-{PARENT}-01", True),
        (f"cc-{TRACE}-{PARENT}-01-what-the-future-has", True),
        (f"00-{TRACE}-{PARENT}-01-more", False),
        (f"ff-{TRACE}-{PARENT}-01", False),
        (f"00-{TRACE.upper()}-{PARENT}-01", False),
        (f"00-{'0' * 32}-{PARENT}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE}-{PARENT}", False),
        (f"00-{TRACE[:-1]}-{PARENT}-01", False),
        (f'00-{TRACE}-{PARENT}-01"}}', False),
        ("", False),
    ],
)
def test_the_trace_that_a_request_belongs_to_is_logged(index, caplog, header, is_valid):
    client = create_app(Settings(index=str(index))).test_client()
    with caplog.at_level(logging.INFO, logger="qa.requests"):
        response = client.get("/livez", headers={"traceparent": header})
    (line,) = [json.loads(JsonFormatter().format(record)) for record in caplog.records]

    assert response.status_code == 200
    assert (line.get("trace_id"), line.get("parent_id")) == (
        (TRACE, PARENT) if is_valid else (None, None)
    )


@pytest.mark.parametrize("request_id", ["", "x" * 100, "a\tb", '"} {"level": "error'])
def test_an_id_that_could_forge_a_line_is_replaced(client, request_id):
    response_id = client.get("/livez", headers={"X-Request-ID": request_id}).headers["X-Request-ID"]

    assert response_id != request_id
    assert len(response_id) == 32


def test_errors_have_a_line_with_what_happened(caplog):
    try:
        raise ValueError("no\nway")
    except ValueError:
        with caplog.at_level(logging.ERROR):
            logging.getLogger("qa.x").exception("It failed")
    text = JsonFormatter().format(caplog.records[0])

    assert "\n" not in text
    assert json.loads(text)["exception"].endswith("ValueError: no\nway")


def test_nothing_in_a_line_is_obeyed_by_a_terminal():
    hostile = "\x1b]0;owned\x07\x9b31m\u202e\udce9\u2028"
    record = logging.LogRecord("qa", logging.ERROR, "", 0, "%s is gone", (hostile,), None)
    line = JsonFormatter().format(record)

    assert not set(hostile) - set("]0;owned31m") & set(line)
    assert json.loads(line)["message"] == f"{hostile} is gone"
