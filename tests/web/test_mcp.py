"""The Model Context Protocol at /mcp, with the reference client before a real `qa serve`."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from qa.web.mcp import HANDSHAKE_VERSIONS, MODERN_VERSIONS
from tests.conftest import run_service


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
