"""The types of problems: codes that stay, each with a page."""

from http import HTTPStatus

import pytest

from qa import errors
from qa.app import create_app
from qa.errors import DocumentNotFoundError, GenerationError, NoLiveGenerationError
from qa.settings import Settings
from qa.web.problems import PROBLEM_TYPES, problem_type_of, status_of
from tests.test_docs import PAGES

# Programs depend on these: add to them, but take none away.
CODES = {
    "malformed-request": 400,
    "token-required": 401,
    "forbidden": 403,
    "not-found": 404,
    "document-not-found": 404,
    "method-not-allowed": 405,
    "timed-out": 408,
    "index-gone": 410,
    "too-large": 413,
    "address-too-long": 414,
    "unsupported-media-type": 415,
    "expectation-failed": 417,
    "invalid-value": 422,
    "rate-limited": 429,
    "headers-too-long": 431,
    "internal-error": 500,
    "feedback-not-stored": 503,
    "no-index": 503,
    "index-damaged": 503,
    "index-unreadable": 503,
    "out-of-time": 503,
    "busy": 503,
}


def test_the_codes_stay():
    assert {code: each.status.value for code, each in PROBLEM_TYPES.items()} == CODES


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DocumentNotFoundError("x"), "document-not-found"),
        (NoLiveGenerationError("x"), "no-index"),
        (errors.CorruptIndexError("x"), "index-damaged"),
        (errors.AuthenticationError("x"), "index-unreadable"),
        (GenerationError("x"), "index-unreadable"),
        (errors.DeadlineExceededError("x"), "out-of-time"),
        (errors.QuestionError("x"), "invalid-value"),
        (errors.GenerationNotFoundError("x"), "index-gone"),
        (errors.SettingsError("x"), "internal-error"),
    ],
)
def test_each_error_has_the_type_with_its_status(error, code):
    status = status_of(error)
    problem_type = problem_type_of(status, error)

    assert problem_type
    assert (problem_type.code, problem_type.status) == (code, status)


def test_a_status_without_a_type_has_none():
    assert problem_type_of(HTTPStatus.IM_A_TEAPOT) is None


@pytest.mark.parametrize("code", CODES)
def test_each_type_has_a_page_at_its_address(client, code):
    page = client.get(f"/problems/{code}", headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert f"<h1><code>{code}</code></h1>" in page.text
    assert str(CODES[code]) in page.text


def test_one_page_has_all_types(client):
    page = client.get("/problems").text

    assert all(f'href="/problems/{code}"' in page for code in CODES)


def test_no_page_is_made_for_another_type(client):
    assert client.get("/problems/boredom").status_code == 404


def test_problems_are_explained_to_who_has_no_token(index):
    client = create_app(Settings(index=str(index), token="a-long-token")).test_client()  # noqa: S106
    refused = client.get("/ask?q=x").get_json()
    page = client.get(refused["type"])

    assert refused["code"] == "token-required"
    assert page.status_code == 200
    assert "documents, 2021" not in page.text


def test_under_a_prefix_the_type_leads_to_the_page(client):
    problem = client.get("/ask?q=", environ_overrides={"SCRIPT_NAME": "/kb"}).get_json()

    assert problem["type"] == "/kb/problems/invalid-value"


def test_the_documentation_lists_all_codes():
    section = PAGES["docs/api.md"].partition("\n## Errors")[2].partition("\n## ")[0]

    assert {code for code in CODES if f"`{code}`" in section} == {*CODES}
