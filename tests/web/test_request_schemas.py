"""What somebody kept: the quotes in each form that we hand out, and what is none."""

import pytest

from qa.errors import InvalidCitationError
from qa.settings import Settings
from qa.web.request_schemas import (
    LIMITS,
    AskFilters,
    AskRequest,
    AskTurn,
    limit_errors,
    parse_quotes,
)

ASKED = {"q": "who demanded guarantees?"}


@pytest.fixture
def answer(client):
    return client.get("/ask", query_string=ASKED).get_json()


@pytest.fixture
def citation_record(answer):
    return answer["passages"][0]["citation"]


def test_every_form_of_a_citation_gives_the_same_quote(client, answer, citation_record):
    (quote,) = parse_quotes(citation_record)

    assert (quote.document_id, quote.exact, quote.start) == (
        "harbour",
        citation_record["exact"],
        citation_record["start"],
    )
    assert parse_quotes(answer)[0] == parse_quotes(answer["passages"])[0] == quote
    saved = client.get("/export.json", query_string=ASKED).get_json()
    assert parse_quotes(saved)[0] == quote


def test_csl_json_gives_the_words_the_place_and_the_checksum(client, citation_record):
    place = citation_record["read_url"].partition("?")[2].partition("#")[0]
    items = client.get(f"/cite/harbour?{place}&format=csl-json").get_json(force=True)
    (quote,) = parse_quotes(items)

    assert (quote.document_id, quote.exact, quote.start, quote.sha256) == (
        "harbour",
        citation_record["exact"],
        citation_record["start"],
        citation_record["sha256"],
    )


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        ("text", "needs `document_id` and `exact`"),
        ([], "no citation in it"),
        ({"passages": []}, "no citation in it"),
        ({"document_id": "x"}, "exact: Field required"),
        ({"document_id": "x", "exact": " "}, "exact"),
        ({"document_id": "x", "exact": "y", "start": "5"}, "start"),
        ({"document_id": "x", "exact": "y", "colour": 1}, "colour"),
        ([{"document_id": "x", "exact": "y"}, 5], r"Entry \[1\]"),
        ([{"id": "k", "type": "webpage", "title": "T", "note": "n"}], "has no quote"),
    ],
)
def test_what_is_no_citation_is_told(saved, words):
    with pytest.raises(InvalidCitationError, match=words):
        parse_quotes(saved)


_SMALL = Settings(
    max_limit=6, max_offset=6, max_question=6, max_turns=2, max_terms=2, max_filters=2, max_filter=3
)


def question_at(limit, size):
    """A question whose field of *limit* has this size, and no other that is large."""
    values = {"question": "q"}
    if limit.model is AskTurn:
        return values | {"turns": [{"question": "x" * size}]}
    if limit.field == "turns":
        return values | {"turns": [{"question": "x"}] * size}
    if limit.per_item:
        return values | {"filters": {limit.field: ["x" * size]}}
    value = {"maximum": size, "maxLength": "x" * size, "maxItems": ["x"] * size}[limit.keyword]
    if limit.model is AskFilters:
        return values | {"filters": {limit.field: value}}
    return values | {limit.field: value}


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_what_is_over_a_limit_is_an_error_and_nothing_else_is(limit):
    most = getattr(_SMALL, limit.setting)

    within = limit_errors(AskRequest.model_validate(question_at(limit, most)), _SMALL)
    over = limit_errors(AskRequest.model_validate(question_at(limit, most + 1)), _SMALL)

    assert within == {}
    assert [*over.values()] == [f"{most + 1} is over the limit of {most}"]
