"""The models of the contract and the settings' limits -> the OpenAPI 3.1 document."""

from typing import Any, NamedTuple

from flask import Blueprint, Response, current_app, jsonify, render_template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from qa import __version__
from qa.settings import Settings
from qa.web.api import settings
from qa.web.schemas.requests import LIMITS, Asked, AskedFilters, Saved, VerifiedBody
from qa.web.schemas.responses import (
    AnswerBody,
    DocumentBody,
    DocumentsBody,
    HealthBody,
    ProblemBody,
    SuggestionsBody,
)

Schema = dict[str, Any]

_JSON, _PROBLEM = "application/json", "application/problem+json"
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
    answer: type[BaseModel] | Schema
    media: str = _JSON
    method: str = "get"
    parameters: tuple[Schema, ...] = ()
    body: type[BaseModel] | None = None
    # Whether what comes back is tagged with the generation, and 304 to who has it.
    tagged: bool = True
    # Whether the read token is not asked for.
    open: bool = False


def _query(name: str, schema: Schema, description: str, *, required: bool = False) -> Schema:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema,
    }


def _text(longest: int) -> Schema:
    return {"type": "string", "maxLength": longest}


_GENERATION = {"type": "string", "pattern": "^[0-9a-f]{12}$"}
_PINNED = _query("generation", _GENERATION, "The index to ask, by name; else the live one.")


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
            body=Asked,
            tagged=False,
        ),
        Operation(
            "/verify",
            "verify",
            "Say of saved citations what became of them: unchanged, moved, or gone",
            VerifiedBody,
            method="post",
            body=Saved,
            tagged=False,
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
            parameters=(_DOCUMENT_ID, _PINNED),
        ),
        Operation(
            "/suggest",
            "suggest",
            "Questions to try and titles that begin with what is typed (OpenSearch suggestions)",
            SuggestionsBody,
            media="application/x-suggestions+json",
            parameters=(_query("q", _text(settings.max_question), "What is typed."),),
        ),
        Operation("/openapi.json", "openapi", "This document", {"type": "object"}, tagged=False),
        Operation(
            "/metrics",
            "metrics",
            "Counts and times of requests (Prometheus)",
            {"type": "string"},
            media="text/plain",
            tagged=False,
        ),
        Operation("/livez", "livez", "The process runs", HealthBody, tagged=False, open=True),
        Operation("/readyz", "readyz", "A search works", HealthBody, tagged=False, open=True),
    ]


def _ask_parameters(settings: Settings) -> tuple[Schema, ...]:
    """The fields of a posted question as parameters of an address."""
    models = _schemas(settings)
    asked = models["Asked"]["properties"]
    filters = models["AskedFilters"]["properties"]
    questions = {
        "type": "array",
        "minItems": 1,
        "maxItems": settings.max_turns + 1,
        "items": _bare(asked["question"]),
    }
    return (
        _query("q", questions, "The question; others before it are turns.", required=True),
        *(
            _query(name, _bare(schema), schema["description"])
            for name, schema in (asked | filters).items()
            if name not in {"question", "turns", "filters"}
        ),
    )


def _list_parameters(settings: Settings) -> tuple[Schema, ...]:
    filters = _schemas(settings)["AskedFilters"]["properties"]
    sort = {"enum": ["title", "newest", "oldest", "publisher", "longest", "shortest"]}
    return (
        _query("title", _text(settings.max_filter), "Only with these words in the title."),
        *(
            _query(name, _bare(filters[name]), filters[name]["description"])
            for name in ("publisher", "from", "to")
        ),
        _query("sort", sort | {"type": "string", "default": "title"}, "The order of the list."),
        _query("page", {"type": "integer", "minimum": 1, "default": 1}, "The page, from 1."),
        _PINNED,
    )


def _bare(schema: Schema) -> Schema:
    """*schema* without what a parameter says itself, and without null, which none can be."""
    kept = {key: value for key, value in schema.items() if key not in {"description", "title"}}
    choices = [each for each in kept.pop("anyOf", []) if each != {"type": "null"}]
    kept = {key: value for key, value in kept.items() if key != "default" or value is not None}
    return kept | choices[0] if choices else kept


def _schemas(settings: Settings) -> dict[str, Schema]:
    """The schemas of all models by name, with the limits that *settings* sets."""
    sent: list[type[BaseModel]] = [Asked, AskedFilters, Saved]
    told: list[type[BaseModel]] = [
        AnswerBody,
        DocumentBody,
        DocumentsBody,
        HealthBody,
        ProblemBody,
        SuggestionsBody,
        VerifiedBody,
    ]
    _, found = models_json_schema(
        [(model, "validation") for model in sent] + [(model, "serialization") for model in told],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Schema] = found["$defs"]
    for limit in LIMITS:
        field = schemas[limit.model.__name__]["properties"][limit.field]
        field = field["items"] if limit.each else field
        field[limit.keyword] = getattr(settings, limit.setting)
    return schemas


def document(settings: Settings) -> Schema:
    """The OpenAPI document of a service with these *settings*."""
    paths: dict[str, Schema] = {}
    for operation in operations(settings):
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    components: Schema = {"schemas": _schemas(settings)}
    found: Schema = {
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
        found["security"] = [{"token": []}]
    return found


def _described(operation: Operation) -> Schema:
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            "200": {
                "description": "OK",
                "content": {operation.media: {"schema": _schema(operation.answer)}},
            },
            "default": {
                "description": "An error",
                "content": {_PROBLEM: {"schema": _schema(ProblemBody)}},
            },
        },
    }
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {_JSON: {"schema": _schema(operation.body)}},
        }
    if operation.tagged:
        described["responses"]["304"] = {"description": "What was had before is still so"}
    if operation.open:
        described["security"] = []
    return described


def _schema(answer: type[BaseModel] | Schema) -> Schema:
    if isinstance(answer, dict):
        return answer
    return {"$ref": _REFERENCE.format(model=answer.__name__)}


blueprint = Blueprint("programs", __name__)


def _document() -> dict[str, Any]:
    """The document, made once: settings never change."""
    kept = current_app.extensions
    if "qa.openapi" not in kept:
        kept["qa.openapi"] = document(settings())
    found: dict[str, Any] = kept["qa.openapi"]
    return found


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Describe all that programs can call (OpenAPI 3.1)."""
    return jsonify(_document())


@blueprint.get("/api")
def show() -> str:
    """Show what programs can call."""
    return render_template("api.html", api=_document())


@blueprint.app_template_filter()
def kind(schema: dict[str, Any]) -> str:
    """A JSON schema in a word or two; `#Name` for one of the document's own."""
    if "$ref" in schema:
        return "#" + str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return ", ".join(str(each) for each in schema.get("enum", [schema.get("const")]))
    if "prefixItems" in schema:
        return "[" + ", ".join(kind(each) for each in schema["prefixItems"]) + "]"
    if "items" in schema:
        return f"list of {kind(schema['items'])}"
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
def bounds(schema: dict[str, Any]) -> str:
    """What a JSON schema limits its values to, in words."""
    said = [words.format(schema[key]) for key, words in _BOUNDS.items() if key in schema]
    return ", ".join(said)
