"""Messages of the protocol: what is refused, which revisions are spoken, whose scripts may ask."""

import pytest

from qa.app import create_app
from qa.settings import Settings
from qa.web.mcp import HANDSHAKE_VERSIONS, MODERN_VERSIONS

META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSIONS[0],
    "io.modelcontextprotocol/clientCapabilities": {},
}


def post(client, method, parameters=None, version=MODERN_VERSIONS[0], **headers):
    """The status and the answer to a message of today's revision, its headers as they must be."""
    parameters = {"_meta": META | {next(iter(META)): version}} | (parameters or {})
    defaults = {"MCP-Protocol-Version": version, "Mcp-Method": method}
    if "name" in parameters:
        defaults["Mcp-Name"] = parameters["name"]
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    response = client.post("/mcp", json=message, headers=defaults | headers)
    return response.status_code, response.get_json()


def test_results_say_that_they_are_whole_and_how_long_they_stay(client):
    _, discovered = post(client, "server/discover")
    _, listed = post(client, "tools/list")

    for answer in (discovered, listed):
        result = answer["result"]
        assert result["resultType"] == "complete"
        assert (result["ttlMs"] > 0, result["cacheScope"]) == (True, "public")
        assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "verbatim"
    assert MODERN_VERSIONS[0] in discovered["result"]["supportedVersions"]


def test_tools_are_listed_in_the_same_words_each_time(client):
    assert post(client, "tools/list") == post(client, "tools/list")


@pytest.mark.parametrize(
    ("method", "parameters", "headers", "status", "code"),
    [
        ("tools/list", {}, {"Mcp-Method": "tools/call"}, 400, -32020),
        ("tools/list", {}, {"MCP-Protocol-Version": "2025-11-25"}, 400, -32020),
        ("tools/call", {"name": "search"}, {"Mcp-Name": "fetch"}, 400, -32020),
        ("tools/call", {"name": "remove"}, {}, 400, -32602),
        ("tools/list", {"_meta": {}}, {}, 400, -32602),
        ("initialize", {}, {}, 404, -32601),
        ("resources/list", {}, {}, 404, -32601),
    ],
)
def test_a_message_that_contradicts_itself_is_refused(
    client, method, parameters, headers, status, code
):
    answer_code, body = post(client, method, parameters, **headers)

    assert (answer_code, body["error"]["code"]) == (status, code)


def test_a_revision_that_is_not_spoken_is_told_which_are(client):
    status, body = post(client, "tools/list", version="2031-01-01")

    assert (status, body["error"]["code"]) == (400, -32022)
    assert MODERN_VERSIONS[0] in body["error"]["data"]["supported"]
    older = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert client.post("/mcp", json=older, headers={"MCP-Protocol-Version": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", -32700),
        ("[" * 50_000, -32700),
        ("[]", -32600),
        ('"x"', -32600),
        ('{"id": 1, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', -32602),
        ('{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": []}}', -32602),
    ],
)
def test_what_is_no_message_is_refused(client, body, code):
    response = client.post("/mcp", data=body, content_type="application/json")

    assert (response.status_code, response.get_json()["error"]["code"]) == (400, code)


def test_notifications_are_taken_without_an_answer(client):
    message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    response = client.post("/mcp", json=message)

    assert (response.status_code, response.get_data()) == (202, b"")


@pytest.mark.parametrize("version", HANDSHAKE_VERSIONS)
def test_older_clients_get_the_revision_that_they_ask_for(client, version):
    parameters = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "x"}}
    message = {"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": parameters}
    body = client.post("/mcp", json=message).get_json()

    assert (body["id"], body["result"]["protocolVersion"]) == ("a", version)
    assert "Mcp-Session-Id" not in client.post("/mcp", json=message).headers


def test_there_is_no_stream_to_open(client):
    assert client.get("/mcp").status_code == 405
    assert client.delete("/mcp").status_code == 405


NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@pytest.mark.parametrize(
    ("origin", "allowed", "status"),
    [
        ("http://localhost", (), 202),
        ("http://localhost:8000", (), 202),
        ("http://127.0.0.1:8000", (), 202),
        ("http://[::1]:8000", (), 202),
        ("https://evil.example", (), 403),
        ("http://localhost.evil.example", (), 403),
        ("http://localhost@evil.example", (), 403),
        ("http://evil.example/localhost", (), 403),
        ("http://[", (), 403),
        ("localhost", (), 403),
        ("null", (), 403),
        ("https://a.example", ("https://a.example",), 202),
        ("https://evil.example", ("https://a.example",), 403),
        ("https://a.example", ("*",), 202),
    ],
)
def test_scripts_of_other_sites_may_not_ask(index, origin, allowed, status):
    client = create_app(Settings(index=str(index), cors_origins=allowed)).test_client()

    assert client.post("/mcp", json=NOTIFICATION, headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize(
    ("host", "trusted", "origin", "status"),
    [
        # A name that an attacker has led here: the request says the same of itself twice.
        ("evil.example", (), "http://evil.example", 403),
        ("192.168.1.9:8000", (), "http://192.168.1.9:8000", 403),
        # A proxy that speaks TLS need not say so.
        ("a.example", ("a.example",), "https://a.example", 202),
        ("a.example", ("a.example",), "https://b.example", 403),
        ("a.example", ("a.example",), "http://localhost", 403),
        ("b.a.example", (".a.example",), "https://c.a.example:8443", 202),
    ],
)
def test_an_origin_is_ours_if_its_host_is_trusted(index, host, trusted, origin, status):
    settings = Settings(index=str(index), host="0.0.0.0", trusted_hosts=trusted)  # noqa: S104
    client = create_app(settings).test_client()
    headers = {"Host": host, "Origin": origin}

    assert client.post("/mcp", json=NOTIFICATION, headers=headers).status_code == status


def test_a_long_document_is_fetched_in_pieces(client, searcher, monkeypatch):
    monkeypatch.setattr("qa.web.mcp_tools._CHUNK_CHARACTERS", 100)
    text, start = "", 0
    while start is not None:
        call = {"name": "fetch", "arguments": {"id": "harbour", "start": start}}
        _, body = post(client, "tools/call", call)
        piece = body["result"]["structuredContent"]
        text += piece["text"]
        start = piece["metadata"]["next_start"]

    assert text == searcher.document("harbour").text
