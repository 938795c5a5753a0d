"""Who may ask: the read token, trusted hosts and proxies, other sites; headers on all of it."""

import base64
import json
from http.client import HTTPConnection

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from qa.app import create_app
from qa.settings import Settings
from qa.web.middleware.access import SECURITY_HEADERS
from tests.conftest import run_service

TOKEN = "a-token-of-some-length"  # noqa: S105 - of a test
PATHS = ["/", "/ask?q=harbour", "/documents", "/documents/harbour.json", "/openapi.json", "/api"]
BROWSER = {"Accept": "text/html"}
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound here
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "PATCH", "BREW")


def client_with(index, **settings):
    return create_app(Settings(index=str(index), **settings)).test_client()


@pytest.fixture
def token_client(index):
    """The app over the small index, with a read token."""
    return client_with(index, token=TOKEN)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers", [None, "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", "Basic é"]
)
def test_without_the_token_nothing_is_told(token_client, path, headers):
    response = token_client.get(path, headers={"Authorization": headers} if headers else {})

    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Lindholm" not in response.get_data(as_text=True)
    assert TOKEN not in response.get_data(as_text=True)


@pytest.mark.parametrize("path", PATHS)
def test_with_the_token_all_is_as_without_one(token_client, path):
    assert token_client.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_browser_asks_for_the_token_as_a_password(token_client):
    refused = token_client.get("/", headers=BROWSER)
    password = base64.b64encode(f"anyone:{TOKEN}".encode()).decode()

    assert 'Basic realm="Verbatim documents"' in ", ".join(
        refused.headers.getlist("WWW-Authenticate")
    )
    assert "<h1>" in refused.get_data(as_text=True)
    let_in = token_client.get("/", headers=BROWSER | {"Authorization": f"Basic {password}"})
    assert let_in.status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_load_balancers_need_no_token(token_client, path):
    assert token_client.get(path).status_code == 200


def test_a_tag_gets_nothing_past_the_token(token_client):
    tag = token_client.get("/ask?q=harbour", headers={"Authorization": f"Bearer {TOKEN}"}).headers[
        "ETag"
    ]

    assert token_client.get("/ask?q=harbour", headers={"If-None-Match": tag}).status_code == 401


def test_the_description_asks_for_the_token(index, token_client):
    described = token_client.get(
        "/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"}
    ).get_json()

    assert described["security"] == [{"token": []}]
    assert described["paths"]["/livez"]["get"]["security"] == []
    assert {} in client_with(index).get("/openapi.json").get_json()["security"]


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
def test_a_service_for_a_network_answers_to_any_name(index, host):
    client = client_with(index, host=EVERYWHERE)

    assert client.get("/about", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("bound", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LocalHost:8000", "localhost.", "a.b.localhost:1", "127.0.0.1:8000"),
        *("127.200.3.4", "127.0.0.1.:8000", "[::1]", "[::1]:8000", "[0:0:0:0:0:0:0:1]:80"),
        "[::ffff:127.0.0.1]:8000",
    ],
)
def test_a_service_for_this_machine_answers_to_all_its_names(index, bound, host):
    client = client_with(index, host=bound)

    assert client.get("/about", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "localhost.evil.example", "evil-localhost"),
        *("127.0.0.1.evil.example", "127.1", "0.0.0.0:8000", "192.168.1.9", "10.0.0.1:8000"),
        *("[::]", "[fe80::1]", "[::ffff:10.0.0.1]:8000", "localhost..", ".localhost."),
        *("localhost.evil.example.:8000", "2130706433", "0x7f000001", "verbatim"),
    ],
)
@pytest.mark.parametrize("path", ["/about", "/livez", "/mcp", "/static/app.js", "/nowhere"])
def test_a_service_for_this_machine_answers_to_no_other_name(index, host, path):
    client = client_with(index)
    responses = [client.open(path, method=name, headers={"Host": host}) for name in METHODS]

    assert {response.status_code for response in responses} == {400}
    assert "QA_TRUSTED_HOSTS" in client.get(path, headers={"Host": host}).json["detail"]


def test_what_a_page_forwards_itself_does_not_make_its_name_ours(index):
    client = client_with(index, trusted_proxies=1, trusted_hosts=("a.example",))
    statuses = [
        client.get("/about", headers={"Host": host, "X-Forwarded-Host": "a.example"}).status_code
        for host in ("evil.example:8000", "127.0.0.1:8000", "a.example", "localhost")
    ]

    assert statuses == [400, 200, 200, 200]


@pytest.mark.parametrize("forwarded", ["evil.example", "a.example", "localhost, evil.example"])
def test_names_that_a_proxy_forwards_are_to_be_known_too(index, forwarded):
    client = client_with(index, trusted_proxies=1)
    headers = {"Host": "127.0.0.1:8000", "X-Forwarded-Host": forwarded}

    assert client.get("/about", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("trusted", "hosts"),
    [
        ("A.Example.", ["a.example", "A.EXAMPLE.:8000"]),
        ("::1", ["[::1]:8000", "[0:0::1]"]),
        ("[2001:db8::1]", ["[2001:DB8:0::1]:8000"]),
        ("\xe4.example", ["xn--4ca.example"]),
        (".a.example", ["a.example", "b.a.example."]),
    ],
)
def test_a_name_is_trusted_in_all_its_forms(index, trusted, hosts):
    client = client_with(index, trusted_hosts=(trusted,))

    for host in hosts:
        assert client.get("/about", headers={"Host": host}).status_code == 200
    for host in ("xa.example", "b.example", "[::2]", "localhost"):
        assert client.get("/about", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(("proxies", "root"), [(0, "http://localhost/"), (1, "https://a.example/")])
def test_what_is_forwarded_is_believed_as_far_as_proxies_are_trusted(index, proxies, root):
    client = client_with(index, host=EVERYWHERE, trusted_proxies=proxies)
    forwarded = {"X-Forwarded-Host": "evil.example, a.example", "X-Forwarded-Proto": "https"}
    response = client.get("/opensearch.xml", headers=forwarded)

    assert f'template="{root}?q=' in response.get_data(as_text=True)
    assert ("Strict-Transport-Security" in response.headers) == (proxies == 1)


def test_no_other_site_may_ask_unless_it_is_told(index):
    headers = {"Origin": "https://a.example"}
    closed = client_with(index).get("/ask?q=harbour", headers=headers)
    open_client = client_with(index, cors_origins=("https://a.example",))
    allowed = open_client.get("/ask?q=harbour", headers=headers)
    other = open_client.get("/ask?q=harbour", headers={"Origin": "https://b.example"})

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
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    response = client.options("/ask", headers=headers)

    assert (response.status_code, response.get_data()) == (204, b"")
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert response.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]


PREFLIGHT = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize(
    ("origins", "lacking", "status"),
    [
        (("https://a.example",), None, 204),
        (("*",), None, 204),
        (("https://a.example",), "Origin", 401),
        (("https://a.example",), "Access-Control-Request-Method", 401),
        (("https://b.example",), None, 401),
        ((), None, 401),
    ],
)
@pytest.mark.parametrize("path", ["/ask", "/static/app.js", "/documents/harbour", "/nowhere"])
def test_only_a_browser_that_may_ask_needs_no_token_for_options(
    index, origins, lacking, status, path
):
    client = client_with(index, cors_origins=origins, token=TOKEN)
    headers = {name: value for name, value in PREFLIGHT.items() if name != lacking}
    response = client.options(path, headers=headers)

    assert (response.status_code, response.get_data()) == (status, b"")
    assert ("Access-Control-Allow-Methods" in response.headers) == (status == 204)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_without_the_token_a_health_check_can_only_be_read(token_client, path):
    statuses = {name: token_client.open(path, method=name).status_code for name in METHODS}

    assert {name for name, status in statuses.items() if status == 200} == {"GET", "HEAD"}
    assert {*statuses.values()} == {200, 401}


def test_who_is_refused_is_told_nothing_of_the_index(token_client):
    refused = token_client.get("/", headers=BROWSER).get_data(as_text=True)
    let_in = token_client.get("/nowhere", headers=BROWSER | {"Authorization": f"Bearer {TOKEN}"})

    assert "documents, 2021" in let_in.get_data(as_text=True)
    assert "2021" not in refused
    assert "See all documents" not in refused


@pytest.mark.parametrize("path", ["/", "/ask?q=x", "/documents", "/nowhere", "/livez", "/api"])
def test_every_response_is_locked_down(client, path):
    headers = client.get(path).headers

    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_a_real_service_on_this_machine_is_not_led_to_by_another_name(index):
    with run_service(index, trusted_hosts="") as address:
        statuses = []
        for host in ("evil.example:8000", "localhost:8000", "127.0.0.1"):
            connection = HTTPConnection(*address)
            connection.request("GET", "/ask?q=harbour", headers={"Host": host})
            statuses.append(connection.getresponse().status)
            connection.close()

    assert statuses == [400, 200, 200]
