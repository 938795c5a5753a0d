"""An operation -> examples to copy, in curl, Python and JavaScript, that work with this index."""

import json
import shlex
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from flask import Blueprint, request

from qa.documents.document import Document
from qa.errors import QAError
from qa.web.context import current_searcher, current_settings
from qa.web.openapi import VERSION_PREFIX
from qa.web.pages.index_stats import current_stats

blueprint = Blueprint("api_examples", __name__)

_QUESTION, _DOCUMENT_ID, _QUOTE_CHARACTERS = "Who said so?", "a-document", 80
_SHOWN = {
    "ask": "print(answer['verdict'], answer['passages'][0]['text'])",
    "askPosted": "print(answer['verdict'], answer['passages'][0]['text'])",
}


class CodeExample(NamedTuple):
    """An example in a language."""

    language: str
    code: str


class ExampleCall(NamedTuple):
    """A call of an operation: its address, and the body of a posted one."""

    name: str
    url: str
    body: dict[str, Any] | None = None
    is_json: bool = True


@blueprint.app_template_global()
def example_call(path: str, operation: dict[str, Any]) -> ExampleCall:
    """A call of *operation* that has an answer in this index, if there is an index.

    It is at the address that stays, where there is one.
    """
    question, document = _question(), _first_document()
    document_id = document.id if document else _DOCUMENT_ID
    pairs: dict[str, list[tuple[str, str]]] = {
        "ask": [("q", question), ("limit", "3")],
        "suggest": [("q", question[:5])],
        "documents": [("sort", "newest")],
        "documentsCsv": [("sort", "newest")],
        **{f"export{kind}": [("q", question)] for kind in ("Markdown", "Json", "Csv")},
    }
    bodies: dict[str, dict[str, Any]] = {
        "askPosted": {"question": question, "limit": 3},
        "verify": {"citations": [{"document_id": document_id, "exact": _quote(document)}]},
    }
    name = operation["operationId"]
    query = urlencode(pairs.get(name, []))
    prefix = "" if operation["tags"] == ["operation"] else VERSION_PREFIX
    root = request.url_root.rstrip("/") + prefix
    address = root + path.replace("{document_id}", quote(document_id))
    return ExampleCall(
        name,
        f"{address}?{query}" if query else address,
        bodies.get(name) or _described_body(operation),
        next(iter(operation["responses"]["200"]["content"])).endswith("json"),
    )


def _described_body(operation: dict[str, Any]) -> dict[str, Any] | None:
    """The example of a body that *operation* describes, if it takes one."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body: dict[str, Any] | None = content.get("example")
    return body


def _question() -> str:
    """A question that this index answers, where one is known."""
    with suppress(QAError):
        return next(iter(current_stats().questions), _QUESTION)
    return _QUESTION


def _first_document() -> Document | None:
    with suppress(QAError):
        searcher = current_searcher()
        return searcher.document(searcher.summaries()[0].id)
    return None


def _quote(document: Document | None) -> str:
    """The beginning of the first paragraph."""
    if document is None or not document.paragraphs:
        return "the words that were quoted"
    block = document.paragraphs[0]
    return document.text[block.start : min(block.end, block.start + _QUOTE_CHARACTERS)].strip()


@blueprint.app_template_filter()
def code_examples(call: ExampleCall) -> list[CodeExample]:
    """*call* in the languages that programs are written in, without a library of their own."""
    has_token = bool(current_settings().token)
    return [
        CodeExample("curl", _curl(call, has_token=has_token)),
        CodeExample("Python", _python(call, has_token=has_token)),
        CodeExample("JavaScript", _javascript(call, has_token=has_token)),
    ]


@blueprint.app_template_filter()
def example_value(call: ExampleCall, parameter: str) -> str:
    """What a *parameter* is in *call*; nothing where it is left out."""
    if parameter == "document_id":
        document = _first_document()
        return document.id if document else ""
    return dict(parse_qsl(urlsplit(call.url).query)).get(parameter, "")


def _headers(call: ExampleCall, *, has_token: bool) -> dict[str, str]:
    json_type = {"Content-Type": "application/json"} if call.body is not None else {}
    return json_type | ({"Authorization": "Bearer TOKEN"} if has_token else {})


def _curl(call: ExampleCall, *, has_token: bool) -> str:
    parts = ["curl"]
    for name, value in _headers(call, has_token=has_token).items():
        parts += ["-H", shlex.quote(f"{name}: {value}")]
    parts.append(shlex.quote(call.url))
    if call.body is not None:
        parts += ["-d", shlex.quote(json.dumps(call.body, ensure_ascii=False))]
    return " ".join(parts)


def _python(call: ExampleCall, *, has_token: bool) -> str:
    headers = _headers(call, has_token=has_token)
    arguments = [repr(call.url)]
    if call.body is not None:
        arguments.append(f"data=json.dumps({call.body!r}).encode()")
    if headers:
        arguments.append(f"headers={headers!r}")
    lines = [
        *(["import json"] if call.is_json else []),
        "from urllib.request import Request, urlopen",
        "",
        f"request = Request({', '.join(arguments)})",
        "with urlopen(request) as response:",
        f"    answer = {'json.load(response)' if call.is_json else 'response.read().decode()'}",
        _SHOWN.get(call.name, "print(answer)"),
    ]
    return "\n".join(lines)


def _javascript(call: ExampleCall, *, has_token: bool) -> str:
    headers = _headers(call, has_token=has_token)
    options = []
    if call.body is not None:
        options += ['method: "POST"', f"body: JSON.stringify({_as_json(call.body)})"]
    if headers:
        options.append(f"headers: {_as_json(headers)}")
    second = f", {{ {', '.join(options)} }}" if options else ""
    kind = "json" if call.is_json else "text"
    return "\n".join(
        [
            f"const response = await fetch({_as_json(call.url)}{second});",
            f"console.log(await response.{kind}());",
        ]
    )


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
