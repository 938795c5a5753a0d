"""A request is dispatched as Flask would dispatch it, in fewer steps."""

from io import BytesIO

import pytest
from flask import Request, Response
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.test import create_environ

from qa.app import create_app
from qa.settings import Settings
from qa.web.dispatch import EnvironRequest
from qa.web.json_responses import JsonResponse

_PATHS = ("/ask", "//ask", "/documents/a%20b", "/ümlaut", "", "/")
_HOSTS = ("localhost", "localhost:80", "LOCALHOST:8000", "[::1]:8000", "a b", "x" * 70, "")
_QUERIES = (
    "",
    "q=who+built%20it%3F",
    "q=%2520%%20x%C3%20%c3%a9",
    "q=a&q=b&&empty=&flag",
    "q=%FF",
    "generation=",
)
_ATTRIBUTES = ("method", "scheme", "server", "root_path", "path", "query_string", "remote_addr")


def environ_of(path="/ask", host="localhost", query="", **others):
    environ = create_environ(path, query_string=query)
    return environ | {"HTTP_HOST": host, "PATH_INFO": path.encode().decode("latin-1")} | others


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("host", _HOSTS)
@pytest.mark.parametrize("mount", ["", "/kb", "/kb/", "/kö"])
def test_a_request_is_read_from_the_environment_as_flask_reads_it(path, host, mount):
    environ = environ_of(path, host, SCRIPT_NAME=mount.encode().decode("latin-1"))

    ours, flasks = EnvironRequest(environ), Request(environ)

    for name in (*_ATTRIBUTES, "host", "url", "is_secure", "is_json"):
        assert getattr(ours, name) == getattr(flasks, name), name
    assert [*ours.headers] == [*flasks.headers]


@pytest.mark.parametrize("port", ["8000", "", "socket", None])
def test_the_address_of_the_server_is_read_as_flask_reads_it(port):
    environ = environ_of(SERVER_NAME="/run/socket", SERVER_PORT=port)

    assert EnvironRequest(environ).server == Request(environ).server


@pytest.mark.parametrize("query", _QUERIES)
def test_a_query_string_is_parsed_as_flask_parses_it(query):
    environ = environ_of(query=query) | {"QUERY_STRING": query}

    assert EnvironRequest(environ).args == Request(environ).args


@pytest.mark.parametrize("mimetype", ["application/json", "application/json; charset=utf-8", "a/b"])
def test_a_body_is_json_if_its_type_says_so(mimetype):
    environ = environ_of(CONTENT_TYPE=mimetype)

    assert EnvironRequest(environ).is_json is Request(environ).is_json


def body_or_error(kind, body, length, **others):
    environ = environ_of(**others, **{"wsgi.input": BytesIO(body), "CONTENT_LENGTH": length})
    request = kind(environ)
    request.max_content_length = 10
    try:
        return request.get_data()
    except HTTPException as error:
        return type(error)


@given(body=st.binary(max_size=14), length=st.integers(0, 14), is_terminated=st.booleans())
def test_a_body_is_read_as_flask_reads_it(body, length, is_terminated):
    others = {"wsgi.input_terminated": True} if is_terminated else {}

    ours = body_or_error(EnvironRequest, body, str(length), **others)

    assert ours == body_or_error(Request, body, str(length), **others)


def test_a_body_over_the_limit_is_refused():
    assert body_or_error(EnvironRequest, b"12345678901", "11") is RequestEntityTooLarge


def test_a_body_is_read_once():
    request = EnvironRequest(environ_of(**{"wsgi.input": BytesIO(b"[1]"), "CONTENT_LENGTH": "3"}))

    assert request.get_data() == request.get_data() == b"[1]"
    assert request.get_data(as_text=True) == "[1]"


def our_outcome(app, environ):
    with app.request_context(environ) as context:
        request = context.request
        return request.url_rule, request.view_args, type(request.routing_exception)


def flask_outcome(app, environ):
    adapter = app.url_map.bind_to_environ(environ, subdomain="")
    try:
        return (*adapter.match(return_rule=True), type(None))
    except HTTPException as error:
        return None, None, type(error)


def test_each_path_has_the_rule_that_flask_matches(app):
    rules = [rule for rule in app.url_map.iter_rules() if not rule.arguments]

    for rule in rules:
        for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE", "get"):
            environ = environ_of(rule.rule, REQUEST_METHOD=method)
            assert our_outcome(app, environ) == flask_outcome(app, environ), (rule, method)


@pytest.mark.parametrize("path", ["//ask", "/ask/", "/nothing", "/documents", "/documents/x", ""])
@pytest.mark.parametrize(
    "others", [{}, {"HTTP_CONNECTION": "upgrade", "HTTP_UPGRADE": "websocket"}]
)
def test_other_paths_and_protocols_are_matched_by_flask(app, path, others):
    environ = environ_of(path, **others)

    assert our_outcome(app, environ) == flask_outcome(app, environ)


def test_a_host_that_no_address_can_have_is_refused(index):
    client = create_app(Settings(index=str(index), host="::")).test_client()

    response = client.get("/livez", headers={"Host": "x" * 64 + ".example"})

    assert response.status_code == 400


def test_nothing_is_registered_that_is_not_called(app):
    functions = (app.before_request_funcs, app.after_request_funcs)

    assert all({*by_blueprint} == {None} for by_blueprint in functions)
    assert not any(app.url_value_preprocessors.values())
    assert not app.teardown_request_funcs
    assert not app.teardown_appcontext_funcs


def test_nested_requests_have_their_own_contexts(app):
    with app.test_request_context("/livez") as outer:
        assert app.test_client().get("/livez").status_code == 200
        with app.test_request_context("/about") as inner:
            assert inner.request.path == "/about"
        assert outer.request.path == "/livez"
        assert app.url_for("api.livez") == "/livez"


@pytest.mark.parametrize("body", [b"", b"{}", b'{"long": "' + b"x" * 1000 + b'"}'])
def test_a_response_of_json_is_what_flask_makes_of_it(body):
    ours, flasks = JsonResponse(body), Response(body, content_type="application/json")

    for environ in (environ_of(), environ_of(REQUEST_METHOD="HEAD")):
        found = [[*part] for part in ours.get_wsgi_response(environ)]

        assert found == [[*part] for part in flasks.get_wsgi_response(environ)]
