"""The OpenAPI document: what it says is what is served, with the limits of the settings."""

import pytest

from qa.app import create_app
from qa.settings import Settings
from qa.web.context import RouteOptions, options_of
from qa.web.openapi import build_openapi_document, init_openapi

# What people read, and browsers.
PAGES = {
    "/",
    "/about",
    "/api",
    "/documents",
    "/documents/{document_id}",
    "/feedback",
    "/mcp/",
    "/opensearch.xml",
    "/passages/<passage_id>",
    "/problems",
    "/problems/<code>",
    "/robots.txt",
    "/static/<path:filename>",
}


@pytest.fixture
def specification(client):
    return client.get("/openapi.json").get_json()


def test_it_says_which_version_it_is(specification):
    assert specification["openapi"].startswith("3.1")


def operations(specification):
    for path, item in specification["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                yield path, method, operation


def test_operations_are_at_addresses_that_stay_or_at_todays(specification, client):
    versioned, plain = specification["servers"]
    mounted = client.get("/openapi.json", environ_overrides={"SCRIPT_NAME": "/kb"}).get_json()

    assert (versioned["url"], plain["url"]) == ("/v1", "/")
    assert [server["url"] for server in mounted["servers"]] == ["/kb/v1", "/kb"]
    for path, method, _ in operations(specification):
        servers = specification["paths"][path].get("servers", [versioned])
        address = f"{servers[0]['url'].rstrip('/')}{path}".replace("{document_id}", "harbour")
        assert client.open(address, method=method.upper()).status_code not in {404, 405}, address


def test_each_operation_has_a_name_of_its_own_and_a_known_tag(specification):
    described = [operation for _, _, operation in operations(specification)]
    tags = {tag["name"] for tag in specification["tags"]}

    assert len({operation["operationId"] for operation in described}) == len(described)
    assert {tag for operation in described for tag in operation["tags"]} == tags
    assert all(tag["description"] for tag in specification["tags"])


@pytest.mark.parametrize("token", ["", "a-token-of-some-length"])
def test_the_token_is_described_and_asked_for_where_there_is_one(index, token):
    document = build_openapi_document(create_app(Settings(index=str(index), token=token)))
    scheme = document["components"]["securitySchemes"]["token"]

    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert ({} in document["security"]) == (not token)
    assert {"token": []} in document["security"]
    assert document["paths"]["/livez"]["get"]["security"] == []


def test_each_body_has_an_example_that_is_accepted(specification, client):
    bodies = [
        (path, operation["requestBody"]["content"]["application/json"])
        for path, _, operation in operations(specification)
        if "requestBody" in operation
    ]

    assert {path for path, _ in bodies} == {"/ask", "/verify", "/mcp"}
    for path, body in bodies:
        assert client.post(path, json=body["example"]).status_code == 200, path


def test_every_reference_leads_somewhere(specification):
    def references(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    targets = set(references(specification))

    assert targets
    schemas = specification["components"]["schemas"]
    assert {name.removeprefix("#/components/schemas/") for name in targets} <= set(schemas)


def test_every_route_for_programs_is_in_it(app, specification):
    routes = {
        str(rule).replace("<path:document_id>", "{document_id}")
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/v1/")
    }

    assert routes - PAGES == set(specification["paths"]) - {"/documents/{document_id}.json"}


def test_a_route_for_programs_that_is_not_described_stops_the_start(index):
    app = create_app(Settings(index=str(index)))
    app.add_url_rule("/new.json", "new", lambda: "{}")

    with pytest.raises(RuntimeError, match=r"/new\.json has no operation"):
        init_openapi(app)


# What applies to a route where it is not the usual.
OPTIONS = {
    "/livez": {"is_public", "is_uncached", "is_unlimited", "is_json"},
    "/readyz": {"is_public", "is_uncached", "is_unlimited", "is_json"},
    "/metrics": {"is_uncached", "is_unlimited", "is_json"},
    "/ask": {"is_json"},
    "/verify": {"is_json"},
    "/suggest": {"is_json", "is_uncounted"},
    "/mcp": {"is_json"},
    "/mcp/": {"is_json"},
    "/feedback": {"is_uncached"},
    "/openapi.json": {"is_uncached"},
    "/version": {"is_json", "is_uncached"},
    "/problems": {"is_public", "is_uncached"},
    "/problems/<code>": {"is_public", "is_uncached"},
    "/cite/<path:document_id>": {"is_uncached"},
    "/export.md": {"is_uncached"},
    "/export.csv": {"is_uncached"},
    "/documents.csv": {"is_json"},
    "/skipped.csv": {"is_json"},
    "/export.json": {"is_uncached"},
}


def flags_of(options: RouteOptions):
    flags = {
        "is_public": options.is_public,
        "is_uncached": not options.is_cached,
        "is_unlimited": not options.is_limited,
        "is_json": options.is_json,
        "is_uncounted": not options.is_counted,
    }
    return {name for name, is_set in flags.items() if is_set}


def test_what_applies_to_each_route_is_what_is_written_here(app):
    rules = [*app.url_map.iter_rules()]

    assert {rule.rule for rule in rules} >= set(OPTIONS)
    for rule in rules:
        plain = rule.rule.removeprefix("/v1")
        assert flags_of(options_of(app, rule.endpoint)) == OPTIONS.get(plain, set()), rule


LIMITED = {"max_question": 77, "max_turns": 3, "max_limit": 9, "max_terms": 5}
LIMITED |= {"max_filters": 6, "max_filter": 30}


def test_limits_are_those_of_the_settings(index):
    settings = Settings(index=str(index), **LIMITED)
    document = build_openapi_document(create_app(settings))
    properties = document["components"]["schemas"]["AskRequest"]["properties"]
    (questions, limit, *_) = document["paths"]["/ask"]["get"]["parameters"]

    assert properties["question"]["maxLength"] == 77
    assert properties["turns"]["maxItems"] == 3
    assert properties["drop"]["maxItems"] == 5
    assert (limit["name"], limit["schema"]["maximum"]) == ("limit", 9)
    assert questions["schema"]["maxItems"] == 4
    assert questions["schema"]["items"]["maxLength"] == 77


def test_limits_of_filters_are_those_of_the_settings_wherever_they_are_sent(index):
    document = build_openapi_document(create_app(Settings(index=str(index), **LIMITED)))
    filters = document["components"]["schemas"]["AskFilters"]["properties"]
    schemas = {
        (path, parameter["name"]): parameter["schema"]
        for path in ("/ask", "/documents.json", "/suggest")
        for parameter in document["paths"][path]["get"]["parameters"]
    }
    names = [*((p, "publisher") for p in ("/ask", "/documents.json")), ("/ask", "document")]

    for schema in (filters["publisher"], filters["document"], *map(schemas.get, names)):
        assert (schema["maxItems"], schema["items"]["maxLength"]) == (6, 30)
    assert schemas["/documents.json", "title"]["maxLength"] == 30
    assert schemas["/suggest", "q"]["maxLength"] == 77


@pytest.mark.parametrize(
    ("field", "value", "most"),
    [
        ("question", "x" * 78, 77),
        ("turns", [{"question": "x"}] * 4, 3),
        ("turns", [{"question": "x" * 78}], 77),
        ("limit", 10, 9),
        ("drop", ["x"] * 6, 5),
        ("filters", {"publisher": ["x"] * 7}, 6),
        ("filters", {"document": ["harbour"] * 7}, 6),
        ("filters", {"publisher": ["x", "x" * 31]}, 30),
        ("filters", {"document": ["harbour", "x" * 31]}, 30),
    ],
)
def test_what_is_over_a_stated_limit_is_refused_by_name(index, field, value, most):
    client = create_app(Settings(index=str(index), **LIMITED)).test_client()
    response = client.post("/ask", json={"question": "harbour"} | {field: value})

    assert response.status_code == 422
    (error,) = response.get_json()["errors"]
    assert error["pointer"].startswith(f"#/{field}")
    assert error["detail"].endswith(f"over the limit of {most}")


@pytest.mark.parametrize(
    ("path", "field", "most"),
    [
        ("/ask?q=harbour" + "&publisher=x" * 7, "filters/publisher", 6),
        ("/ask?q=harbour&publisher=x&publisher=" + "x" * 31, "filters/publisher/1", 30),
        ("/ask?q=harbour&document=" + "x" * 31, "filters/document/0", 30),
        ("/ask?q=harbour&q=x&drop=" + "&drop=x" * 5, "drop", 5),
        ("/ask?q=" + "x" * 78 + "&q=harbour", "turns/0/question", 77),
        ("/documents.json?" + "&publisher=x" * 7, "publisher", 6),
        ("/documents.json?publisher=" + "x" * 31, "publisher/0", 30),
        ("/documents.json?title=" + "x" * 31, "title", 30),
        ("/suggest?q=" + "x" * 78, "q", 77),
    ],
)
def test_what_an_address_has_too_much_of_is_refused_by_name(index, path, field, most):
    client = create_app(Settings(index=str(index), **LIMITED)).test_client()
    response = client.get(path)

    assert response.status_code == 422
    (error,) = response.get_json()["errors"]
    assert error["pointer"] == f"#/{field}"
    assert error["detail"].endswith(f"over the limit of {most}")


@pytest.mark.parametrize(
    "body",
    [
        {"drop": [7] * 50_000},
        {"turns": [7] * 50_000},
        {"filters": {"publisher": [7] * 30_000, "document": [7] * 30_000}},
        {str(number): 0 for number in range(20_000)},
        {"filters": {str(number): 0 for number in range(20_000)}},
    ],
)
def test_a_body_that_is_all_wrong_is_told_in_a_few_lines(client, body):
    response = client.post("/ask", json={"question": "harbour"} | body)

    assert response.status_code == 422
    assert len(response.get_json()["errors"]) <= 20
    assert len(response.data) < 10_000


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"question": ""}, "#/question"),
        ({"question": "", "generation": "0" * 12}, "#/question"),
    ],
)
def test_an_empty_question_is_refused_before_anything_is_looked_for(client, body, field):
    response = client.post("/ask", json=body)

    assert response.status_code == 422
    assert [e["pointer"] for e in response.get_json()["errors"]] == [field]


@pytest.mark.parametrize(("name", "field"), [("document", "filters/document"), ("drop", "drop")])
def test_empty_values_count_among_the_most_that_may_be_sent(client, name, field):
    response = client.get("/ask?q=harbour" + f"&{name}=" * 101)

    assert response.status_code == 422
    assert response.get_json()["errors"][0]["pointer"] == f"#/{field}"
    assert client.get(f"/ask?q=harbour&{name}=").status_code == 200


def parts(schema):
    """*schema*, and all dictionaries in it."""
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    for part in schema if isinstance(schema, list) else []:
        yield from parts(part)


def test_a_default_of_a_field_is_said_in_words(specification):
    schemas = specification["components"]["schemas"]
    fields = [
        field for schema in schemas.values() for field in schema.get("properties", {}).values()
    ]

    assert not [field for field in fields if "default" in field]
    assert schemas["AskRequest"]["properties"]["limit"]["description"].endswith("By default 5.")


def test_a_span_is_a_list_of_two_numbers(specification):
    span = specification["components"]["schemas"]["Span"]

    assert (span["items"], span["minItems"], span["maxItems"]) == ({"type": "integer"}, 2, 2)
    assert not [part for part in parts(specification) if "prefixItems" in part]
