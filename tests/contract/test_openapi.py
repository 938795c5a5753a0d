"""The OpenAPI document: what it says is what is served, with the limits of the settings."""

import pytest

from qa.app import create_app
from qa.contract.openapi import document
from qa.settings import Settings

# What people read, and browsers.
PAGES = {
    "/",
    "/about",
    "/api",
    "/cite/{document_id}",
    "/documents",
    "/documents/{document_id}",
    "/export.json",
    "/export.md",
    # A protocol of its own.
    "/mcp",
    "/opensearch.xml",
    "/robots.txt",
    "/static/<path:filename>",
}


@pytest.fixture
def described(client):
    return client.get("/openapi.json").get_json()


def test_it_says_which_version_it_is(described):
    assert described["openapi"].startswith("3.1")


def test_every_reference_leads_somewhere(described):
    def references(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    found = set(references(described))

    assert found
    schemas = described["components"]["schemas"]
    assert {name.removeprefix("#/components/schemas/") for name in found} <= set(schemas)


def test_every_route_for_programs_is_in_it(app, described):
    routes = {
        str(rule).replace("<path:document_id>", "{document_id}")
        for rule in app.url_map.iter_rules()
    }

    assert routes - PAGES == set(described["paths"]) - {"/documents/{document_id}.json"}


def test_limits_are_those_of_the_settings(index):
    settings = Settings(index=str(index), max_question=77, max_turns=3, max_limit=9, max_terms=5)
    found = document(settings)
    asked = found["components"]["schemas"]["Asked"]["properties"]
    (questions, limit, *_) = found["paths"]["/ask"]["get"]["parameters"]

    assert asked["question"]["maxLength"] == 77
    assert asked["turns"]["maxItems"] == 3
    assert asked["drop"]["maxItems"] == 5
    assert (limit["name"], limit["schema"]["maximum"]) == ("limit", 9)
    assert questions["schema"]["maxItems"] == 4
    assert questions["schema"]["items"]["maxLength"] == 77


@pytest.mark.parametrize(
    ("field", "value", "most"),
    [
        ("question", "x" * 78, 77),
        ("turns", [{"question": "x"}] * 4, 3),
        ("turns", [{"question": "x" * 78}], 77),
        ("limit", 10, 9),
        ("drop", ["x"] * 6, 5),
    ],
)
def test_what_is_over_a_stated_limit_is_refused_by_name(index, field, value, most):
    settings = Settings(index=str(index), max_question=77, max_turns=3, max_limit=9, max_terms=5)
    client = create_app(settings).test_client()
    response = client.post("/ask", json={"question": "harbour"} | {field: value})

    assert response.status_code == 422
    (error,) = response.get_json()["errors"]
    assert error["detail"].endswith(f"the most is {most}")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"question": ""}, "#/question"),
        ({"question": "", "generation": "0" * 12}, "#/question"),
    ],
)
def test_an_empty_question_is_refused_before_anything_is_looked_for(client, asked, field):
    response = client.post("/ask", json=asked)

    assert response.status_code == 422
    assert [e["pointer"] for e in response.get_json()["errors"]] == [field]


@pytest.mark.parametrize(("name", "field"), [("document", "filters/document"), ("drop", "drop")])
def test_empty_values_count_among_the_most_that_may_be_sent(client, name, field):
    response = client.get("/ask?q=harbour" + f"&{name}=" * 101)

    assert response.status_code == 422
    assert response.get_json()["errors"][0]["pointer"] == f"#/{field}"
    assert client.get(f"/ask?q=harbour&{name}=").status_code == 200
