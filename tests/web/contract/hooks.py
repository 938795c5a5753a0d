"""Hooks of schemathesis: what the schema cannot say makes of a right request one to be answered.

Names of documents and generations are among those that there are, no range of dates ends before it
begins, no stretch of text either, and a question has a word.  What is wrong on purpose stays as it
is.
"""

import json
import os
from urllib.request import urlopen

import schemathesis
from schemathesis import GenerationMode

ADDRESS = os.environ["SERVED_AT"]
DOCUMENT = os.environ["SERVED_DOCUMENT"]


def _live():
    with urlopen(f"{ADDRESS}/readyz") as response:
        return json.load(response)["generation"]


LIVE = _live()


@schemathesis.hook
def map_case(context, case):
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return case
    if case.method == "GET" and "q" in (case.query or {}):
        _short(case.query)
        if "/export." in case.path and isinstance(case.query["q"], list):
            # Each question is answered.
            case.query["q"] = [_with_a_word(question) for question in case.query["q"]]
    if (
        "document_id" in (case.path_parameters or {})
        and len(case.path_parameters["document_id"]) % 2
    ):
        case.path_parameters["document_id"] = DOCUMENT
    for values in (case.query, case.body):
        if isinstance(values, dict):
            _possible(values)
            if isinstance(values.get("filters"), dict):
                _possible(values["filters"])
    return case


def _short(query):
    """An address has room for some kilobytes, however its parameters share them."""
    for name, values in query.items():
        if isinstance(values, list):
            query[name] = [str(value)[:60] for value in values[-5:]]


def _possible(values):
    if values.get("generation"):
        values["generation"] = LIVE
    if values.get("page"):
        values["page"] = 1
    for name, span in (("cite", "0-40"), ("answer", "4-17")):
        if values.get(name):
            values[name] = span
    for name in ("sha256", "quote"):
        # Of another text, which is not there.
        values.pop(name, None)
    if values.get("document"):
        values["document"] = [DOCUMENT]
    if isinstance(values.get("question"), str):
        values["question"] = _with_a_word(values["question"])
    if isinstance(values.get("q"), list) and values["q"]:
        values["q"] = [*values["q"][:-1], _with_a_word(values["q"][-1])]
    if values.get("from") and values.get("to") and values["from"] > values["to"]:
        values["from"], values["to"] = values["to"], values["from"]


def _with_a_word(question):
    return f"harbour {question}"[:2000]
