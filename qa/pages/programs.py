"""What programs can call: the OpenAPI document, and the same for people to read."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template

from qa.api import settings
from qa.contract.openapi import document

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
