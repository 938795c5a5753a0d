"""Hooks of schemathesis: what the schema cannot say makes of a right request one to be answered.

Names of documents and generations are among those that there are, no range of dates ends before it
begins, and a question has a word.  What is wrong on purpose stays as it is.
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
    if (
        "document_id" in (case.path_parameters or {})
        and len(case.path_parameters["document_id"]) % 2
    ):
        case.path_parameters["document_id"] = DOCUMENT
    for asked in (case.query, case.body):
        if isinstance(asked, dict):
            _possible(asked)
            if isinstance(asked.get("filters"), dict):
                _possible(asked["filters"])
    return case


def _short(query):
    """An address has room for some kilobytes, however its parameters share them."""
    for name, values in query.items():
        if isinstance(values, list):
            query[name] = [str(value)[:60] for value in values[-5:]]


def _possible(asked):
    if asked.get("generation"):
        asked["generation"] = LIVE
    if asked.get("page"):
        asked["page"] = 1
    if asked.get("document"):
        asked["document"] = [DOCUMENT]
    if isinstance(asked.get("question"), str):
        asked["question"] = _with_a_word(asked["question"])
    if isinstance(asked.get("q"), list) and asked["q"]:
        asked["q"] = [*asked["q"][:-1], _with_a_word(asked["q"][-1])]
    if asked.get("from") and asked.get("to") and asked["from"] > asked["to"]:
        asked["from"], asked["to"] = asked["to"], asked["from"]


def _with_a_word(question):
    return f"harbour {question}"[:2000]
