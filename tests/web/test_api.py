"""/ask as the contract has it, and the shape of every error."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qa.app import create_app
from qa.settings import Settings
from qa.web.middleware.access import SECURITY_HEADERS
from qa.web.problems import PROBLEM_TYPES

ASKED = "who demanded legal guarantees from the council?"


def test_get_answers_with_the_contract(client, searcher):
    body = client.get("/ask", query_string={"q": ASKED}).get_json()
    first = body["passages"][0]

    assert list(body) == [
        "question", "standalone", "verdict", "confidence", "passages", "total", "offset",
        "sort", "facets", "query", "filters", "none", "partial", "about", "generation", "took_ms",
    ]  # fmt: skip
    assert list(first) == [
        "rank", "text", "score", "answer", "marks", "reasons", "citation", "stable_id",
    ]  # fmt: skip
    assert list(first["citation"]) == [
        "document_id", "title", "publisher", "date", "url", "section", "paragraph", "page", "place",
        "start", "end", "exact", "prefix", "suffix", "sha256", "read_url", "fragment_url",
    ]  # fmt: skip
    assert body["question"] == body["standalone"] == ASKED
    assert body["verdict"] == "found"
    assert body["query"] == {
        "used": ["demanded", "legal", "guarantees", "council"],
        "ignored": ["who", "from", "the"],
        "corrected": {},
        "carried": [],
        "expanded": {},
    }
    assert body["filters"] == {"publisher": [], "from": None, "to": None}
    assert body["none"] is None
    assert body["generation"] == searcher.manifest.name


def test_offsets_are_code_points_of_the_document(client, searcher):
    first = client.get("/ask", query_string={"q": ASKED}).get_json()["passages"][0]
    cited = first["citation"]
    text = searcher.document(cited["document_id"]).text

    assert text[cited["start"] : cited["end"]] == cited["exact"] == first["text"]
    assert first["text"][first["answer"]["start"] : first["answer"]["end"]].startswith(
        "Captain Elsa Moberg demanded legal guarantees"
    )
    assert "guarantees" in [first["text"][start:end] for start, end in first["marks"]]
    assert (cited["title"], cited["publisher"]) == ("The harbour of Lindholm", "Northern Gazette")
    assert (cited["date"], cited["paragraph"]) == ("2021-12-03", 2)
    assert cited["fragment_url"].startswith("https://gazette.example/harbour#:~:text=Captain")


def test_the_read_address_opens_the_document_at_the_marked_sentence(client):
    first = client.get("/ask", query_string={"q": ASKED}).get_json()["passages"][0]
    page = client.get(first["citation"]["read_url"].partition("#")[0]).get_data(as_text=True)

    assert '<mark class="answer"' in page
    assert 'id="p2"' in page


def test_post_and_get_answer_alike(client):
    posted = client.post("/ask", json={"question": ASKED, "limit": 2, "turns": []}).get_json()
    got = client.get("/ask", query_string={"q": ASKED, "limit": 2}).get_json()
    del posted["took_ms"], got["took_ms"]

    assert posted == got


def test_an_answer_is_the_same_bytes_each_time(client):
    def parameters():
        body = client.get("/ask", query_string={"q": ASKED}).get_json()
        del body["took_ms"]
        return json.dumps(body)

    assert len({parameters() for _ in range(5)}) == 1


def test_no_answer_is_an_answer(client):
    response = client.get("/ask", query_string={"q": "boiling point of mercuri"})
    body = response.get_json()

    assert response.status_code == 200
    assert (body["verdict"], body["passages"], body["total"]) == ("none", [], 0)
    assert body["none"]["missing"] == ["boiling", "point", "mercuri"]
    assert body["none"]["span"] == ["2021-12-03", "2022-03-29"]
    assert list(body["none"]) == ["missing", "near", "span", "apart", "filters"]


def test_passages_come_whatever_the_verdict(client):
    body = client.get(
        "/ask", query_string={"q": "which unicorn sold granite to the mermaids?"}
    ).get_json()

    assert body["verdict"] == "none"
    assert body["passages"][0]["reasons"]["matched"] == ["granite"]
    assert body["total"] >= len(body["passages"]) > 0


def test_facets_count_the_passages_that_match(client):
    body = client.get("/ask", query_string={"q": "council Lindholm"}).get_json()
    facets = {name: [tuple(f.values()) for f in facet] for name, facet in body["facets"].items()}

    assert body["total"] == sum(count for _, count in facets["type"])
    assert set(facets) == {"publisher", "year", "type"}
    assert {name for name, _ in facets["publisher"]} == {"Northern Gazette", "Vesa Courier"}
    assert {year for year, _ in facets["year"]} == {2021, 2022}


def test_a_filter_counts_only_what_passes_it(client):
    parameters = {"q": "council Lindholm", "publisher": "vesa courier"}
    body = client.get("/ask", query_string=parameters).get_json()

    assert [f["value"] for f in body["facets"]["publisher"]] == ["Vesa Courier"]
    assert body["total"] == body["facets"]["publisher"][0]["count"]


@pytest.mark.parametrize("sort", ["relevance", "newest", "oldest"])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_all_passages_that_match_are_paged_through_in_one_order(client, sort, limit):
    parameters = {"q": "words of the report on the council of Lindholm", "sort": sort}
    whole = client.get("/ask", query_string=parameters | {"limit": 50}).get_json()
    pages = []
    for offset in range(0, whole["total"] + 2, limit):
        query = parameters | {"limit": limit, "offset": offset}
        body = client.get("/ask", query_string=query).get_json()
        assert (body["offset"], body["verdict"]) == (offset, whole["verdict"])
        pages += body["passages"]
        if not body["passages"]:
            break

    assert pages[:50] == whole["passages"]
    assert [p["rank"] for p in pages] == [*range(1, len(pages) + 1)]


def test_the_latest_on_a_topic_comes_newest_first(client):
    body = client.get("/ask", query_string={"q": "latest news about the council"}).get_json()
    dates = [passage["citation"]["date"] for passage in body["passages"]]

    assert body["sort"] == "newest"
    assert body["query"]["ignored"][:3] == ["latest", "news", "about"]
    assert dates == sorted(dates, reverse=True)


def test_a_period_in_words_is_told_and_can_be_taken_off(client):
    question = {"q": "what did the council of Lindholm do in December 2021?"}
    body = client.get("/ask", query_string=question).get_json()
    without = client.get("/ask", query_string=question | {"ranges": "off"}).get_json()

    assert body["range"] == {
        "text": "in December 2021",
        "from": "2021-12-01",
        "to": "2021-12-31",
        "sort": None,
        "applied": True,
        "detail": "",
    }
    assert {passage["citation"]["date"][:7] for passage in body["passages"]} == {"2021-12"}
    assert "range" not in without
    assert without["total"] > body["total"]
    assert client.get("/ask", query_string=question | {"ranges": "no"}).status_code == 422


def test_a_misspelt_word_is_told_its_nearest_and_never_replaced(client):
    body = client.get("/ask", query_string={"q": "garantees"}).get_json()

    assert body["none"]["near"] == ["guarantees"]
    assert body["query"]["used"] == ["garantees"]


def test_filters_are_kept_and_told(client):
    parameters = {"q": "council of Lindholm", "publisher": "Vesa Courier", "from": "2022-01-01"}
    body = client.get("/ask", query_string=parameters).get_json()

    assert {p["citation"]["document_id"] for p in body["passages"]} == {"bridge"}
    assert body["filters"] == {"publisher": ["Vesa Courier"], "from": "2022-01-01", "to": None}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_one_document_can_be_asked_alone(client, method):
    question = "council of Lindholm harbour"
    if method == "GET":
        response = client.get(f"/ask?q={question}&document=bridge&document=")
    else:
        parameters = {"question": question, "filters": {"document": ["bridge"]}}
        response = client.post("/ask", json=parameters)
    body = response.get_json()

    assert {p["citation"]["document_id"] for p in body["passages"]} == {"bridge"}
    assert body["filters"]["document"] == ["bridge"]


def test_earlier_questions_are_turns(client):
    posted = client.post(
        "/ask", json={"question": "why?", "turns": [{"question": "who demanded guarantees?"}]}
    ).get_json()
    got = client.get("/ask?q=who+demanded+guarantees%3F&q=why%3F").get_json()

    assert posted["query"]["carried"] == got["query"]["carried"] == ["demanded", "guarantees"]


def test_a_carried_word_can_be_dropped(client):
    turns = [{"question": "who demanded guarantees?"}]
    posted = client.post(
        "/ask", json={"question": "why?", "turns": turns, "drop": ["Demanded"]}
    ).get_json()
    got = client.get("/ask?q=who+demanded+guarantees%3F&q=why%3F&drop=Demanded&drop=").get_json()

    assert posted["query"]["carried"] == got["query"]["carried"] == ["guarantees"]


def is_problem(response, status):
    body = response.get_json(force=True)

    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert body["type"] == f"/problems/{body['code']}"
    assert body["status"] == status == PROBLEM_TYPES[body["code"]].status
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/question"),
        ({"question": ""}, "#/question"),
        ({"question": "?!…"}, "#/question"),
        ({"question": 7}, "#/question"),
        ({"question": "a" * 10_000}, "#/question"),
        ({"question": "x", "limit": 0}, "#/limit"),
        ({"question": "x", "limit": 10_000}, "#/limit"),
        ({"question": "x", "limit": "5"}, "#/limit"),
        ({"question": "x", "limits": 5}, "#/limits"),
        ({"question": "x", "filters": {"author": "y"}}, "#/filters/author"),
        ({"question": "x", "filters": {"from": "yesterday"}}, "#/filters/from"),
        ({"question": "x", "filters": {"from": "2022-01-02", "to": "2022-01-01"}}, "#/from"),
        ({"question": "x", "filters": {"document": ["nothing"]}}, "#/filters/document"),
        ({"question": "x", "filters": {"document": ["y"] * 101}}, "#/filters/document"),
        ({"question": "x", "filters": {"document": ["\ud800"]}}, "#/filters/document/0"),
        ({"question": "x", "filters": {"publisher": ["\ud800"]}}, "#/filters/publisher/0"),
        ({"question": "x", "turns": ["y"]}, "#/turns/0"),
        ({"question": "x", "turns": [{"question": "y"}] * 99}, "#/turns"),
        ({"question": "x", "drop": "y"}, "#/drop"),
        ({"question": "x", "drop": [7]}, "#/drop/0"),
        ({"question": "x", "drop": ["y" * 1000]}, "#/drop/0"),
        ({"question": "x", "drop": ["y"] * 99}, "#/drop"),
        ([], "#/body"),
        ("x", "#/body"),
        ({"question": "x", "filters": {"to": 0}}, "#/filters/to"),
        ({"question": "x", "filters": {"to": "1640995200"}}, "#/filters/to"),
    ],
)
def test_a_wrong_value_is_named(client, body, pointer):
    problem = is_problem(client.post("/ask", json=body), 422)

    assert pointer in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "#/question"),
        ("q=", "#/question"),
        ("q=x&limit=many", "#/limit"),
        ("q=x&sort=size", "#/sort"),
        ("q=x&sort=newest&sort=oldest", "#/sort"),
        ("q=x&limit=-1", "#/limit"),
        ("q=x&limit=1&limit=2", "#/limit"),
        ("q=x&sort=date", "#/sort"),
        ("q=x&from=2022-13-01", "#/filters/from"),
        ("q=x&document=nothing", "#/filters/document"),
        ("q=x&question=y", "#/question"),
        ("q=x&drop=" + "y" * 1000, "#/drop/0"),
    ],
)
def test_a_wrong_parameter_is_named(client, query, pointer):
    problem = is_problem(client.get(f"/ask?{query}"), 422)

    assert pointer in [error["pointer"] for error in problem["errors"]]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"data": "{", "content_type": "application/json"}, 400),
        ({"data": b"\xff", "content_type": "application/json"}, 400),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400),
        ({"data": "q=x", "content_type": "application/x-www-form-urlencoded"}, 415),
        ({"data": "{}"}, 415),
        ({"json": {"question": "x" * 1_000_000}}, 413),
        ({"method": "DELETE"}, 405),
    ],
)
def test_every_error_has_one_shape(client, request_, status):
    is_problem(client.open("/ask", **({"method": "POST"} | request_)), status)


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "The body is empty; send a JSON object."),
        (b"{", "property name enclosed in double quotes at line 1, column 2."),
        (b'{"question": "x"', "Expecting ',' delimiter at line 1, column 17."),
        (b"{'question': 'x'}", "enclosed in double quotes at line 1, column 2."),
        (b'{"question": "x"}}', "Extra data at line 1, column 18."),
        (b'{\n "question": x}', "Expecting value at line 2, column 14."),
        (b'{"question": "a\tb"}', "Invalid control character at at line 1, column 16."),
        (b"who asked?", "Expecting value at line 1, column 1."),
        (b'{"question": "\xff"}', "byte 14 is no UTF-8."),
        (b"[" * 100_000, "The JSON is nested too deeply."),
    ],
)
@pytest.mark.parametrize("path", ["/ask", "/verify"])
def test_what_is_wrong_with_a_body_that_is_no_json_is_said(client, path, data, detail):
    problem = is_problem(client.post(path, data=data, content_type="application/json"), 400)

    assert problem["code"] == "malformed-request"
    assert problem["detail"].endswith(detail)


def test_an_unexpected_error_tells_nothing_of_itself(app, client, monkeypatch):
    monkeypatch.setattr(app.extensions["qa"], "engine", None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    problem = is_problem(client.get("/ask?q=x"), 500)

    assert "NoneType" not in json.dumps(problem)


@pytest.mark.parametrize("name", ["x", "0123456789ab\n", "ABCDEF012345", "../../etc/pas"])
def test_a_name_that_no_generation_has_is_refused(client, name):
    for response in (
        client.get("/ask", query_string={"q": ASKED, "generation": name}),
        client.post("/ask", json={"question": ASKED, "generation": name}),
    ):
        assert is_problem(response, 422)["errors"][0]["pointer"] == "#/generation"


def test_a_generation_that_is_not_kept_is_gone(client):
    for response in (
        client.get("/ask", query_string={"q": ASKED, "generation": "0123456789ab"}),
        client.post("/ask", json={"question": ASKED, "generation": "0123456789ab"}),
        client.get("/documents?generation=0123456789ab"),
    ):
        assert "ask without it" in is_problem(response, 410)["detail"]


def test_a_generation_can_be_named_in_a_post(client, searcher):
    name = searcher.manifest.name
    body = client.post("/ask", json={"question": ASKED, "generation": name}).get_json()

    assert (body["generation"], body["verdict"]) == (name, "found")


def test_without_an_index_questions_get_503_and_the_process_lives(tmp_path):
    client = create_app(Settings(index=str(tmp_path))).test_client()
    problem = is_problem(client.get("/ask?q=x"), 503)

    assert "qa index" in problem["detail"]
    assert client.get("/ask?q=x").headers["Retry-After"]
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_ready_means_that_a_search_works(client, searcher):
    assert client.get("/readyz").get_json() == {
        "status": "ok",
        "generation": searcher.manifest.name,
    }


@pytest.mark.parametrize("path", ["/", "/ask?q=x", "/documents", "/nowhere", "/livez"])
def test_every_response_is_locked_down(client, path):
    headers = client.get(path).headers

    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(question=st.text(st.characters(), max_size=60))
def test_any_string_posted_is_answered_or_refused(client, question):
    data = json.dumps({"question": question})
    response = client.post("/ask", data=data, content_type="application/json")

    assert response.status_code in {200, 422}
    assert response.get_json(force=True)
