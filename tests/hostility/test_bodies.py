"""Any body of any kind to every route that takes one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import create_environ, run_wsgi_app

from qa.app import create_app
from qa.settings import Settings
from tests.hostility.markup import assert_harmless
from tests.hostility.strategies import (
    bodies,
    content_types,
    headers,
    messages,
    mirror_headers,
    post_paths,
)

PATHS = ["/ask", "/mcp", "/mcp/", "/verify"]
# These take what a form sends.
FORM_PATHS = ["/feedback"]


def environ_of(path, body, kind, headers):
    environ = create_environ(path, "http://localhost", method="POST", data=body)
    environ["CONTENT_TYPE"] = kind
    return environ | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers}


def status_of(app, path, body, kind="application/json", headers=()):
    """The status of an answer that does no harm."""
    environ = environ_of(path, body, kind, headers)
    chunks, status, response_headers = run_wsgi_app(app, environ, buffered=True)
    code = int(status.split()[0])
    assert_harmless(code, Headers(response_headers), b"".join(chunks), (path, body, kind, headers))
    return code


@pytest.mark.parametrize("path", PATHS)
def test_what_is_almost_right_does_no_harm(apps, path, limit_examples):
    statuses = set()

    @limit_examples(75)
    @given(st.sampled_from(apps[:2]), messages(path))
    def holds(app, body):
        statuses.add(status_of(app, path, body, headers=mirror_headers(body)))

    holds()

    assert {200, 400 if path.startswith("/mcp") else 422} <= statuses


@pytest.mark.parametrize("path", PATHS)
def test_no_body_of_any_kind_does_harm(apps, path, limit_examples):
    statuses = set()

    @limit_examples(75)
    @given(st.sampled_from(apps[:2]), bodies(path), content_types, headers)
    def holds(app, body, kind, fields):
        statuses.add(status_of(app, path, body, kind, fields))

    holds()

    assert {400, 415} <= statuses


@pytest.mark.parametrize("path", FORM_PATHS)
def test_no_form_of_any_kind_does_harm(index, tmp_path, path, limit_examples):
    settings = Settings(index=str(index), feedback=str(tmp_path / "feedback.jsonl"))
    app = create_app(settings)
    statuses = set()

    @limit_examples(75)
    @given(st.binary(max_size=200), content_types, headers)
    def holds(body, kind, fields):
        statuses.add(status_of(app, path, body, kind, fields))

    holds()

    assert statuses <= set(range(400, 500))
    assert statuses


def test_these_are_all_that_take_one(index):
    # What is under /v1 is the same.
    staying = [f"/v1{path}" for path in PATHS]

    paths = post_paths(create_app(Settings(index=str(index))))

    assert paths == sorted([*PATHS, *staying, *FORM_PATHS])
