"""The Model Context Protocol at /mcp, with the reference client before a real `qa serve`."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from qa.app import create_app
from qa.settings import Settings
from qa.web.mcp import HANDSHAKE_VERSIONS, MODERN_VERSIONS
from tests.conftest import run_service

META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSIONS[0],
    "io.modelcontextprotocol/clientCapabilities": {},
}


@pytest.fixture(scope="module")
def address(index):
    """The address of the protocol at a running service."""
    with run_service(index) as (host, port):
        yield f"http://{host}:{port}/mcp"


def with_client(address, mode, use):
    """What *use* gives for a connected client of the reference kind."""

    async def run():
        async with Client(streamable_http_client(address), mode=mode) as client:
            return await use(client)

    # In a thread of its own: a browser's driver may have left a loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(run(), timeout=60)).result()


MODES = ["auto", "legacy", MODERN_VERSIONS[0]]


@pytest.mark.parametrize("mode", MODES)
def test_the_reference_client_lists_the_tools(address, mode):
    async def use(client):
        return await client.list_tools(), client.protocol_version

    listed, version = with_client(address, mode, use)

    assert [tool.name for tool in listed.tools] == ["fetch", "list_documents", "search"]
    assert version == (HANDSHAKE_VERSIONS[0] if mode == "legacy" else MODERN_VERSIONS[0])
    for tool in listed.tools:
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object"


@pytest.mark.parametrize("mode", MODES)
def test_what_the_reference_client_finds_stands_in_the_document(address, mode, searcher):
    async def use(client):
        search_result = await client.call_tool("search", {"query": "who demanded guarantees?"})
        first = search_result.structured_content["results"][0]
        fetch_result = await client.call_tool("fetch", {"id": first["id"]})
        return search_result, first, fetch_result

    search_result, first, fetch_result = with_client(address, mode, use)
    text = searcher.document(first["document_id"]).text
    place = fetch_result.structured_content["metadata"]

    assert not search_result.is_error
    assert json.loads(search_result.content[0].text) == search_result.structured_content
    assert text[first["start"] : first["end"]] == first["text"]
    assert "Captain Elsa Moberg" in first["answer"]
    assert search_result.structured_content["generation"] == searcher.manifest.name
    assert first["url"].startswith(address.removesuffix("/mcp") + "/documents/harbour?")
    assert fetch_result.structured_content["text"] == text[place["start"] : place["end"]] == text
    assert place["sha256"] == first["sha256"]
    assert place["next_start"] is None


def test_without_an_answer_nothing_is_to_be_made_up(address):
    async def use(client):
        return await client.call_tool("search", {"query": "boiling point of mercury"})

    content = with_client(address, "auto", use).structured_content

    assert (content["verdict"], content["results"]) == ("none", [])
    assert "mercury" in content["missing"]


def test_a_part_of_a_query_without_an_answer_is_named(address):
    query = "Who built the old harbour and who discovered Jupiter?"

    async def use(client):
        return await client.call_tool("search", {"query": query})

    found = with_client(address, "auto", use).structured_content

    assert found["verdict"] == "found"
    assert found["unanswered"] == ["who discovered Jupiter?"]


def call(address, name, **arguments):
    """What the reference client gets of a tool, which its own check of the schema has passed."""

    async def use(client):
        await client.list_tools()
        return await client.call_tool(name, arguments)

    result = with_client(address, "auto", use)

    assert not result.is_error, result.content
    return result.structured_content


def document_ids_in(content):
    return {result["document_id"] for result in content["results"]}


@pytest.mark.parametrize("query", ["harbour", "Lindholm", "harbour council", "the council"])
def test_a_topic_is_found(address, query):
    content = call(address, "search", query=query)

    assert content["verdict"] in {"found", "weak"}
    assert content["results"][0]["verdict"] == content["verdict"]
    assert content["missing"] == []


def test_what_only_comes_close_is_said_to(address):
    content = call(address, "search", query="who painted the lighthouse of Lindholm yellow?")

    assert content["verdict"] == "none"
    assert {result["verdict"] for result in content["results"]} == {"closest"}
    assert {"painted", "yellow"} <= {*content["missing"]}


def test_only_what_answers_is_not_merely_close(address):
    content = call(address, "search", query="who demanded legal guarantees from the council?")
    rest = call(
        address, "search", query="who demanded legal guarantees from the council?", offset=1
    )

    assert [result["verdict"] for result in content["results"]] == ["found", "closest"]
    assert [result["verdict"] for result in rest["results"]] == ["closest"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"harbour", "bridge"}),
        ({"publisher": ["Vesa Courier"]}, {"bridge"}),
        ({"publisher": ["Vesa Courier", "Northern Gazette"]}, {"harbour", "bridge"}),
        ({"document": ["harbour"]}, {"harbour"}),
        ({"from": "2022-01-01"}, {"bridge"}),
        ({"to": "2021-12-31"}, {"harbour"}),
        ({"from": "2022-03-29", "to": "2022-03-29"}, {"bridge"}),
        ({"from": "2023-01-01"}, set()),
    ],
)
def test_filters_and_dates_limit_the_results(address, filters, expected):
    assert (
        document_ids_in(call(address, "search", query="the council of Lindholm", **filters))
        == expected
    )


def test_operators_limit_the_results(address):
    assert document_ids_in(call(address, "search", query="council before:2022")) == {"harbour"}


@pytest.mark.parametrize(("sort", "first"), [("newest", "bridge"), ("oldest", "harbour")])
def test_results_are_ordered_by_date(address, sort, first):
    content = call(address, "search", query="the council of Lindholm", sort=sort)

    assert content["results"][0]["document_id"] == first


def test_a_query_may_refer_to_earlier_ones(address):
    turns = ["who opened the bridge over the Vesa?"]
    content = call(address, "search", query="and how long is it?", turns=turns)

    assert "310 metres" in content["results"][0]["answer"]


def test_results_are_paged_through(address):
    pages = [
        call(address, "search", query="the council of Lindholm", limit=1, offset=n)
        for n in range(4)
    ]
    ids = [result["id"] for page in pages for result in page["results"]]
    whole = call(address, "search", query="the council of Lindholm")

    assert ids == [result["id"] for result in whole["results"]]
    assert {page["total"] for page in pages} == {whole["total"]}


def test_documents_are_listed(address, searcher):
    content = call(address, "list_documents")
    bridge, harbour = content["documents"]

    assert (content["total"], content["page"], content["pages"]) == (2, 1, 1)
    assert content["publishers"] == {"Northern Gazette": 1, "Vesa Courier": 1}
    assert content["generation"] == searcher.manifest.name
    assert (bridge["id"], harbour["title"]) == ("bridge", "The harbour of Lindholm")
    assert (harbour["date"], harbour["type"]) == ("2021-12-03", "md")
    assert harbour["url"] == address.removesuffix("/mcp") + "/documents/harbour"
    assert call(address, "fetch", id=bridge["id"])["title"] == "Bridge over the Vesa"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"title": "bridge vesa"}, ["bridge"]),
        ({"title": "lighthouse"}, []),
        ({"publisher": ["Northern Gazette"]}, ["harbour"]),
        ({"from": "2022-01-01"}, ["bridge"]),
        ({"to": "2021-12-31"}, ["harbour"]),
        ({"sort": "oldest"}, ["harbour", "bridge"]),
        ({"sort": "newest", "page": 1}, ["bridge", "harbour"]),
    ],
)
def test_listed_documents_are_filtered_and_ordered(address, arguments, expected):
    content = call(address, "list_documents", **arguments)

    assert [document["id"] for document in content["documents"]] == expected


@pytest.mark.parametrize("mode", MODES)
def test_the_address_may_end_with_a_slash(address, mode):
    async def use(client):
        return await client.call_tool("search", {"query": "who demanded guarantees?"})

    assert with_client(f"{address}/", mode, use).structured_content["verdict"] == "found"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_with_a_slash_there_is_no_stream_either(client, method):
    assert client.open("/mcp/", method=method).status_code == 405


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("search", {}, "query"),
        ("search", {"query": "?!"}, "no words"),
        ("search", {"query": "x" * 5000}, "over the limit of 2,000"),
        ("search", {"query": "harbour", "limit": 1000}, "over the limit of 50"),
        ("search", {"query": "harbour", "publisher": "x"}, "publisher"),
        ("search", {"query": "harbour", "from": "yesterday"}, "from: "),
        ("search", {"query": "harbour", "from": "2022-01-01", "to": "2021-01-01"}, "swap the two"),
        ("search", {"query": "harbour", "document": ["nothing"]}, "No document 'nothing'"),
        ("search", {"query": "harbour", "sort": "best"}, "sort: "),
        ("search", {"query": "harbour", "turns": ["x" * 5000]}, "turns.0.query"),
        ("search", {"query": "harbour", "generation": "0123456789ab"}, "0123456789ab"),
        ("search", {"query": "harbour", "colour": "red"}, "colour"),
        ("list_documents", {"page": 2}, "the last page is 1"),
        ("list_documents", {"page": 0}, "page"),
        ("list_documents", {"from": "2021"}, "such as 2021-12-03"),
        ("list_documents", {"sort": "best"}, "sort"),
        ("list_documents", {"title": "x" * 5000}, "title"),
        ("fetch", {"id": "nothing"}, "search first"),
        ("fetch", {"id": "harbour", "start": -1}, "start"),
    ],
)
def test_a_model_is_told_what_is_wrong_with_what_it_asks(address, name, arguments, message):
    async def use(client):
        return await client.call_tool(name, arguments)

    result = with_client(address, "auto", use)

    assert result.is_error
    assert message in result.content[0].text


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
