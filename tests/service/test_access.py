"""Who may ask: the read token, trusted hosts and proxies, other sites; headers on all of it."""

import base64
import json

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from qa.app import create_app
from qa.service.access import HEADERS
from qa.settings import Settings

TOKEN = "a-token-of-some-length"  # noqa: S105 - of a test
PATHS = ["/", "/ask?q=harbour", "/documents", "/documents/harbour.json", "/openapi.json", "/api"]
BROWSER = {"Accept": "text/html"}


def client_with(index, **settings):
    return create_app(Settings(index=str(index), **settings)).test_client()


@pytest.fixture
def locked(index):
    """The app over the small index, with a read token."""
    return client_with(index, token=TOKEN)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("sent", [None, "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", "Basic é"])
def test_without_the_token_nothing_is_told(locked, path, sent):
    response = locked.get(path, headers={"Authorization": sent} if sent else {})

    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Lindholm" not in response.get_data(as_text=True)
    assert TOKEN not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", PATHS)
def test_with_the_token_all_is_as_without_one(locked, path):
    assert locked.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_browser_asks_for_the_token_as_a_password(locked):
    refused = locked.get("/", headers=BROWSER)
    password = base64.b64encode(f"anyone:{TOKEN}".encode()).decode()

    assert 'Basic realm="Verbatim documents"' in ", ".join(
        refused.headers.getlist("WWW-Authenticate")
    )
    assert "<h1>" in refused.get_data(as_text=True)
    let_in = locked.get("/", headers=BROWSER | {"Authorization": f"Basic {password}"})
    assert let_in.status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_load_balancers_need_no_token(locked, path):
    assert locked.get(path).status_code == 200


def test_a_tag_gets_nothing_past_the_token(locked):
    tag = locked.get("/ask?q=harbour", headers={"Authorization": f"Bearer {TOKEN}"}).headers["ETag"]

    assert locked.get("/ask?q=harbour", headers={"If-None-Match": tag}).status_code == 401


def test_the_description_asks_for_the_token(index, locked):
    described = locked.get("/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}).get_json()

    assert described["security"] == [{"token": []}]
    assert described["paths"]["/livez"]["get"]["security"] == []
    assert "security" not in client_with(index).get("/openapi.json").get_json()


@pytest.mark.parametrize(("host", "status"), [("a.example", 200), ("b.example", 400)])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_only_trusted_hosts_are_answered(index, host, status, accept):
    client = client_with(index, trusted_hosts=("a.example", ".c.example"))
    response = client.get("/about", headers={"Host": host, "Accept": accept})

    assert response.status_code == status
    assert client.get("/about", headers={"Host": "x.c.example"}).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize("host", ["xn--", "a b", "<b>", "a/b", "u@a.example", "[", "\xe4.example"])
def test_what_is_no_host_is_refused(index, host, accept):
    app = create_app(Settings(index=str(index)))
    for path in ("/about", "/opensearch.xml", "/livez"):
        environ = create_environ(path, environ_overrides={"HTTP_HOST": host, "HTTP_ACCEPT": accept})
        body, status, _ = run_wsgi_app(app, environ, buffered=True)

        assert status == "400 BAD REQUEST"
        assert json.loads(b"".join(body))["status"] == 400


@pytest.mark.parametrize("host", ["a.example", "127.0.0.1:8000", "[::1]:99", "xn--4ca.de"])
def test_hosts_may_have_any_name(index, host):
    assert client_with(index).get("/about", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("proxies", "root"), [(0, "http://localhost/"), (1, "https://a.example/")])
def test_what_is_forwarded_is_believed_as_far_as_proxies_are_trusted(index, proxies, root):
    client = client_with(index, trusted_proxies=proxies)
    forwarded = {"X-Forwarded-Host": "evil.example, a.example", "X-Forwarded-Proto": "https"}
    response = client.get("/opensearch.xml", headers=forwarded)

    assert f'template="{root}?q=' in response.get_data(as_text=True)
    assert ("Strict-Transport-Security" in response.headers) == (proxies == 1)


def test_no_other_site_may_ask_unless_it_is_told(index):
    asked = {"Origin": "https://a.example"}
    closed = client_with(index).get("/ask?q=harbour", headers=asked)
    opened = client_with(index, cors_origins=("https://a.example",))
    allowed = opened.get("/ask?q=harbour", headers=asked)
    other = opened.get("/ask?q=harbour", headers={"Origin": "https://b.example"})

    assert "Access-Control-Allow-Origin" not in closed.headers
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Origin" in other.headers["Vary"]


def test_all_sites_may_ask_where_all_are_told(index):
    client = client_with(index, cors_origins=("*",))
    response = client.get("/ask?q=harbour", headers={"Origin": "https://b.example"})

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_browser_that_asks_first_is_told_what_it_may_send(index):
    client = client_with(index, cors_origins=("https://a.example",), token=TOKEN)
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    response = client.options("/ask", headers=asked)

    assert (response.status_code, response.get_data()) == (204, b"")
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", ["/", "/ask?q=x", "/documents", "/nowhere", "/livez", "/api"])
def test_every_response_is_locked_down(client, path):
    headers = client.get(path).headers

    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "unsafe" not in headers["Content-Security-Policy"]
