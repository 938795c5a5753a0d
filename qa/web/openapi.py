"""The models of the contract and the settings' limits -> the OpenAPI 3.1 document."""

from typing import Any, NamedTuple

from flask import Blueprint, Response, jsonify, render_template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from qa import __version__
from qa.settings import Settings
from qa.web.context import app_state
from qa.web.schemas.requests import LIMITS, AskFilters, AskRequest, VerificationBody, VerifyRequest
from qa.web.schemas.responses import (
    AnswerBody,
    DocumentBody,
    DocumentsBody,
    HealthBody,
    ProblemBody,
    SuggestionsBody,
)

Schema = dict[str, Any]

_JSON, _PROBLEM_JSON = "application/json", "application/problem+json"
_REFERENCE = "#/components/schemas/{model}"
_DOCUMENT_ID: Schema = {
    "name": "document_id",
    "in": "path",
    "required": True,
    "description": "The id of a document, as citations have it; it may have slashes in it.",
    "schema": {"type": "string", "minLength": 1},
}


class Operation(NamedTuple):
    """What can be called: where, what for, and what comes back."""

    path: str
    name: str
    summary: str
    response: type[BaseModel] | Schema
    media_type: str = _JSON
    method: str = "get"
    parameters: tuple[Schema, ...] = ()
    body: type[BaseModel] | None = None
    # Whether what comes back is tagged with the generation, and 304 to who has it.
    has_etag: bool = True
    # Whether the read token is not asked for.
    public: bool = False


def _query_parameter(
    name: str, schema: Schema, description: str, *, required: bool = False
) -> Schema:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema,
    }


def _string_schema(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest}


_GENERATION = {"type": "string", "pattern": "^[0-9a-f]{12}$"}
_GENERATION_PARAMETER = _query_parameter(
    "generation", _GENERATION, "The index to ask, by name; else the live one."
)


def operations(settings: Settings) -> list[Operation]:
    """All that programs can call."""
    return [
        Operation(
            "/ask", "ask", "Answer a question", AnswerBody, parameters=_ask_parameters(settings)
        ),
        Operation(
            "/ask",
            "askPosted",
            "Answer a question that is posted",
            AnswerBody,
            method="post",
            body=AskRequest,
            has_etag=False,
        ),
        Operation(
            "/verify",
            "verify",
            "Say of saved citations what became of them: unchanged, moved, or gone",
            VerificationBody,
            method="post",
            body=VerifyRequest,
            has_etag=False,
        ),
        Operation(
            "/documents.json",
            "documents",
            "The list of documents, a page of it",
            DocumentsBody,
            parameters=_list_parameters(settings),
        ),
        Operation(
            "/documents/{document_id}.json",
            "document",
            "A whole document",
            DocumentBody,
            parameters=(_DOCUMENT_ID, _GENERATION_PARAMETER),
        ),
        Operation(
            "/suggest",
            "suggest",
            "Questions to try and titles that begin with what is typed (OpenSearch suggestions)",
            SuggestionsBody,
            media_type="application/x-suggestions+json",
            parameters=(
                _query_parameter("q", _string_schema(settings.max_question), "What is typed."),
            ),
        ),
        Operation("/openapi.json", "openapi", "This document", {"type": "object"}, has_etag=False),
        Operation(
            "/metrics",
            "metrics",
            "Counts and times of requests (Prometheus)",
            {"type": "string"},
            media_type="text/plain",
            has_etag=False,
        ),
        Operation("/livez", "livez", "The process runs", HealthBody, has_etag=False, public=True),
        Operation("/readyz", "readyz", "A search works", HealthBody, has_etag=False, public=True),
    ]


def _ask_parameters(settings: Settings) -> tuple[Schema, ...]:
    """The fields of a posted question as parameters of an address."""
    schemas = _build_schemas(settings)
    ask_properties = schemas["AskRequest"]["properties"]
    filters = schemas["AskFilters"]["properties"]
    questions = {
        "type": "array",
        "minItems": 1,
        "maxItems": settings.max_turns + 1,
        "items": _parameter_schema(ask_properties["question"]),
    }
    return (
        _query_parameter(
            "q", questions, "The question; others before it are turns.", required=True
        ),
        *(
            _query_parameter(name, _parameter_schema(schema), schema["description"])
            for name, schema in (ask_properties | filters).items()
            if name not in {"question", "turns", "filters"}
        ),
    )


def _list_parameters(settings: Settings) -> tuple[Schema, ...]:
    filters = _build_schemas(settings)["AskFilters"]["properties"]
    sort = {"enum": ["title", "newest", "oldest", "publisher", "longest", "shortest"]}
    return (
        _query_parameter(
            "title", _string_schema(settings.max_filter), "Only with these words in the title."
        ),
        *(
            _query_parameter(name, _parameter_schema(filters[name]), filters[name]["description"])
            for name in ("publisher", "from", "to")
        ),
        _query_parameter(
            "sort", sort | {"type": "string", "default": "title"}, "The order of the list."
        ),
        _query_parameter(
            "page", {"type": "integer", "minimum": 1, "default": 1}, "The page, from 1."
        ),
        _GENERATION_PARAMETER,
    )


def _parameter_schema(schema: Schema) -> Schema:
    """*schema* without what a parameter says itself, and without null, which none can be."""
    bare = {key: value for key, value in schema.items() if key not in {"description", "title"}}
    choices = [choice for choice in bare.pop("anyOf", []) if choice != {"type": "null"}]
    bare = {key: value for key, value in bare.items() if key != "default" or value is not None}
    return bare | choices[0] if choices else bare


def _build_schemas(settings: Settings) -> dict[str, Schema]:
    """The schemas of all models by name, with the limits that *settings* sets."""
    request_models: list[type[BaseModel]] = [AskRequest, AskFilters, VerifyRequest]
    response_models: list[type[BaseModel]] = [
        AnswerBody,
        DocumentBody,
        DocumentsBody,
        HealthBody,
        ProblemBody,
        SuggestionsBody,
        VerificationBody,
    ]
    _, definitions = models_json_schema(
        [(model, "validation") for model in request_models]
        + [(model, "serialization") for model in response_models],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Schema] = definitions["$defs"]
    for limit in LIMITS:
        field = schemas[limit.model.__name__]["properties"][limit.field]
        field = field["items"] if limit.each else field
        field[limit.keyword] = getattr(settings, limit.setting)
    return schemas


def build_openapi_document(settings: Settings) -> Schema:
    """The OpenAPI document of a service with these *settings*."""
    paths: dict[str, Schema] = {}
    for operation in operations(settings):
        paths.setdefault(operation.path, {})[operation.method] = _build_operation(operation)
    components: Schema = {"schemas": _build_schemas(settings)}
    document: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "Verbatim",
            "version": __version__,
            "summary": "Ask a folder of documents; get the passages that answer, word for word.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": components,
    }
    if settings.token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _build_operation(operation: Operation) -> Schema:
    operation_object: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            "200": {
                "description": "OK",
                "content": {
                    operation.media_type: {"schema": _schema_or_reference(operation.response)}
                },
            },
            "default": {
                "description": "An error",
                "content": {_PROBLEM_JSON: {"schema": _schema_or_reference(ProblemBody)}},
            },
        },
    }
    if operation.parameters:
        operation_object["parameters"] = list(operation.parameters)
    if operation.body:
        operation_object["requestBody"] = {
            "required": True,
            "content": {_JSON: {"schema": _schema_or_reference(operation.body)}},
        }
    if operation.has_etag:
        operation_object["responses"]["304"] = {"description": "What was had before is still so"}
    if operation.public:
        operation_object["security"] = []
    return operation_object


def _schema_or_reference(model: type[BaseModel] | Schema) -> Schema:
    if isinstance(model, dict):
        return model
    return {"$ref": _REFERENCE.format(model=model.__name__)}


blueprint = Blueprint("programs", __name__)


def _openapi_document() -> dict[str, Any]:
    """The document, made once: settings never change."""
    state = app_state()
    if state.openapi is None:
        state.openapi = build_openapi_document(state.settings)
    return state.openapi


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Describe all that programs can call (OpenAPI 3.1)."""
    return jsonify(_openapi_document())


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
