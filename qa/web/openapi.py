"""The routes, their models and the settings' limits -> the OpenAPI 3.1 document."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from qa import __version__
from qa.index.generations import GENERATION_NAME
from qa.settings import Settings
from qa.web.context import (
    Operation,
    RouteOptions,
    Schema,
    app_state,
    options_of,
    route_options,
)
from qa.web.request_schemas import LIMITS
from qa.web.response_schemas import ProblemBody

_JSON, _PROBLEM_JSON = "application/json", "application/problem+json"
_REFERENCE = "#/components/schemas/{model}"
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def query_parameter(
    name: str, schema: Schema, description: str, *, required: bool = False
) -> Schema:
    """A parameter of the query string."""
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema,
    }


def string_schema(longest: int) -> Schema:
    """A text of at most so many characters."""
    return {"type": "string", "maxLength": longest}


_GENERATION = {"type": "string", "pattern": f"^{GENERATION_NAME.pattern}$"}
GENERATION_PARAMETER = query_parameter(
    "generation", _GENERATION, "The index to ask, by name; else the live one."
)


DOCUMENT_ID_PARAMETER: Schema = {
    "name": "document_id",
    "in": "path",
    "required": True,
    "description": "The id of a document, as citations have it; it may have slashes in it.",
    "schema": {"type": "string", "minLength": 1},
}


def field_parameters(fields: dict[str, Schema]) -> Iterator[Schema]:
    """The fields of a model as parameters of an address."""
    for name, schema in fields.items():
        yield query_parameter(name, parameter_schema(schema), schema["description"])


def parameter_schema(schema: Schema) -> Schema:
    """*schema* without what a parameter says itself, and without null, which none can be."""
    bare = {key: value for key, value in schema.items() if key not in {"description", "title"}}
    choices = [choice for choice in bare.pop("anyOf", []) if choice != {"type": "null"}]
    bare = {key: value for key, value in bare.items() if key != "default" or value is not None}
    return bare | choices[0] if choices else bare


def init_openapi(app: Flask) -> None:
    """Raise RuntimeError where a route of *app* that gives JSON is not described."""
    for rule in app.url_map.iter_rules():
        options = options_of(app, rule.endpoint)
        is_for_programs = options.is_json or rule.rule.endswith(".json")
        if is_for_programs and options.is_described and not options.operation:
            raise RuntimeError(f"The route {rule.rule} has no operation for OpenAPI; declare it.")


# The groups of operations.
TAGS = {
    "questions": "Ask, and get the passages that answer.",
    "documents": "What is in the index.",
    "citations": "Cite passages, keep conversations, and find saved quotes again.",
    "language models": "The Model Context Protocol.",
    "operation": "For load balancers, monitoring and clients that look around.",
}
VERSION_PREFIX = "/v1"
_TWIN_SUFFIX = "_v1"


def init_versions(app: Flask) -> None:
    """Have every operation of *app* for programs under /v1 as well, by an endpoint of its own.

    So addresses are made of the plain endpoints only.
    """
    for rule in [*app.url_map.iter_rules()]:
        operation = options_of(app, rule.endpoint).operation
        if operation and operation.is_versioned:
            app.add_url_rule(
                f"{VERSION_PREFIX}{rule.rule}",
                endpoint=rule.endpoint + _TWIN_SUFFIX,
                view_func=app.view_functions[rule.endpoint],
                methods=(rule.methods or set()) - {"HEAD", "OPTIONS"},
            )


def plain_endpoint(endpoint: str) -> str:
    """*endpoint* as it is called without /v1."""
    return endpoint.removesuffix(_TWIN_SUFFIX)


class _Route(NamedTuple):
    """An operation, and where and how it is called."""

    path: str
    method: str
    options: RouteOptions
    operation: Operation


def _iter_routes(app: Flask) -> Iterator[_Route]:
    """The routes of *app* that are described."""
    for rule in app.url_map.iter_rules():
        options = options_of(app, rule.endpoint)
        is_twin = rule.endpoint.endswith(_TWIN_SUFFIX) or rule.rule.endswith("/")
        if options.operation and not is_twin:
            path = options.operation.path or _CONVERTER.sub(r"{\1}", rule.rule)
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            yield _Route(path, method.lower(), options, options.operation)


def _build_schemas(routes: Iterable[_Route], settings: Settings) -> dict[str, Schema]:
    """The schemas of all models of *routes* by name, with the limits that *settings* sets."""
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for _, _, _, operation in routes:
        if operation.body:
            models[operation.body, "validation"] = None
        if isinstance(operation.response, type):
            models[operation.response, "serialization"] = None
    models[ProblemBody, "serialization"] = None
    _, definitions = models_json_schema([*models], ref_template=_REFERENCE)
    schemas: dict[str, Schema] = definitions["$defs"]
    for limit in LIMITS:
        field = schemas[limit.model.__name__]["properties"][limit.field]
        field = field["items"] if limit.per_item else field
        field[limit.keyword] = getattr(settings, limit.setting)
    return schemas


def build_openapi_document(app: Flask) -> Schema:
    """The OpenAPI document of *app*, from its routes and settings."""
    settings, routes = app_state(app).settings, [*_iter_routes(app)]
    schemas = _build_schemas(routes, settings)
    paths: dict[str, Schema] = {}
    for route in routes:
        parameters = route.operation.parameters(settings, schemas)
        paths.setdefault(route.path, {})[route.method] = _build_operation(route, parameters)
    for schema in schemas.values():
        _remove_defaults(schema)
        _write_tuples_as_lists(schema)
    components: Schema = {
        "schemas": schemas,
        "securitySchemes": {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "The token that the operator set with QA_TOKEN, if there is one.",
            }
        },
    }
    document: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "Verbatim",
            "version": __version__,
            "summary": "Ask a folder of documents; get the passages that answer, word for word.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": components,
        # Without a token, any request is let in; that it may have one harms nothing.
        "security": [{"token": []}] if settings.token else [{}, {"token": []}],
    }
    return document


def _remove_defaults(schema: Schema) -> None:
    """Say in words what is assumed where a field of *schema* is missing, not by the keyword.

    Generators take a field with a default for one that is always there (openapi-typescript), or
    always send it (openapi-python-client), which would keep the default of one version for good.
    """
    for field in schema.get("properties", {}).values():
        default = field.pop("default", None)
        if isinstance(default, str | int | float) and not isinstance(default, bool) and default:
            field["description"] = f"{field.get('description', '')} By default {default}.".strip()


def _write_tuples_as_lists(schema: Any) -> None:  # noqa: ANN401 - any part of a schema
    """Describe tuples of one type within *schema* by `items`, which says the same.

    With `prefixItems` openapi-fetch takes an answer for another type than the document names.
    """
    if isinstance(schema, dict):
        first, *others = schema.get("prefixItems", [None])
        item = {"type": first["type"]} if first and "type" in first else None
        if item and all(other.get("type") == item["type"] for other in others):
            schema["items"] = item
            del schema["prefixItems"]
        schema = [*schema.values()]
    for part in schema if isinstance(schema, list) else []:
        _write_tuples_as_lists(part)


def _with_servers(document: Schema, root: str) -> Schema:
    """*document* with the addresses that operations are at, for a service mounted at *root*."""
    plain = {"url": root or "/", "description": "Today's addresses, which may change."}
    versioned = {"url": f"{root}{VERSION_PREFIX}", "description": "Addresses that stay."}
    paths = {
        path: item if _is_versioned(item) else {**item, "servers": [plain]}
        for path, item in document["paths"].items()
    }
    return {**document, "servers": [versioned, plain], "paths": paths}


def _is_versioned(path_item: Schema) -> bool:
    return any(operation["tags"] != ["operation"] for operation in path_item.values())


def _build_operation(route: _Route, parameters: list[Schema]) -> Schema:
    operation = route.operation
    problem = {_PROBLEM_JSON: {"schema": _schema_or_reference(ProblemBody)}}
    response: Schema = {
        operation.media_type: {"schema": _schema_or_reference(operation.response)},
        **{media: {"schema": schema} for media, schema in operation.other_media.items()},
    }
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": {
            "200": {"description": "OK", "content": response},
            "default": {"description": "An error", "content": problem},
        },
    }
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        body: Schema = {_JSON: {"schema": _schema_or_reference(operation.body)}}
        if operation.example:
            body[_JSON]["example"] = operation.example
        described["requestBody"] = {"required": True, "content": body}
    if route.method == "get" and route.options.is_cached:
        described["responses"]["304"] = {"description": "What was had before is still so"}
    if "{document_id}" in route.path:
        described["responses"]["302"] = {"description": "Its file was renamed: see Location"}
    if route.options.is_public:
        described["security"] = []
    return described


def _schema_or_reference(model: type[BaseModel] | Schema) -> Schema:
    if isinstance(model, dict):
        return model
    return {"$ref": _REFERENCE.format(model=model.__name__)}


blueprint = Blueprint("programs", __name__)


def _openapi_document() -> dict[str, Any]:
    """The document, made once: settings never change."""
    state = app_state()
    if state.openapi is None:
        state.openapi = build_openapi_document(current_app)
    return state.openapi


@blueprint.get("/openapi.json")
@route_options(
    is_cached=False, operation=Operation("openapi", "The OpenAPI description", {"type": "object"})
)
def openapi() -> Response:
    """Describe all that programs can call (OpenAPI 3.1)."""
    return jsonify(_with_servers(_openapi_document(), request.script_root))


@blueprint.get("/api")
def show() -> str:
    """Show what programs can call."""
    return render_template("api.html", api=_openapi_document())


@blueprint.app_template_filter()
def schema_type(schema: dict[str, Any]) -> str:
    """A JSON schema in a word or two; `#Name` for one of the document's own."""
    if "$ref" in schema:
        return "#" + str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(schema_type(choice) for choice in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if "prefixItems" in schema:
        return "[" + ", ".join(schema_type(item) for item in schema["prefixItems"]) + "]"
    if "items" in schema:
        return f"list of {schema_type(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "anything"))


_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "pattern": "matching {}",
}


@blueprint.app_template_filter()
def schema_limits(schema: dict[str, Any]) -> str:
    """What a JSON schema limits its values to, in words."""
    limits = [phrase.format(schema[key]) for key, phrase in _BOUNDS.items() if key in schema]
    return ", ".join(limits)
