"""The least that answers questions over HTTP: a Flask app on tantivy, and one on stock Whoosh.

    gunicorn "benchmarks.minimal:create_app('tantivy', FOLDER)"

Each gives the texts of the best five passages; nothing is ranked again, marked or cited.
"""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import local

from flask import Flask, Response, jsonify, request

_TOP = 5
# Not looked for, as Whoosh has it by default.
_STOP_WORDS: frozenset[str] = import_module("whoosh.analysis").STOP_WORDS

Search = Callable[[str], list[str]]


def content_words(question: str) -> list[str]:
    """What to look for."""
    return [word for word in re.findall(r"\w+", question.lower()) if word not in _STOP_WORDS]


def tantivy(folder: Path) -> Search:
    """A search with tantivy's thread query parser."""
    index = import_module("tantivy").Index.open(str(folder))
    searcher = index.searcher()

    def search(question: str) -> list[str]:
        query = index.parse_query(" ".join(content_words(question)), ["text"])
        hits = searcher.search(query, _TOP, count=False).hits
        return [searcher.doc(address)["text"][0] for _, address in hits]

    return search


def whoosh(folder: Path) -> Search:
    """A search with stock Whoosh; a searcher for each thread, since they cannot share one."""
    index = import_module("whoosh.index").open_dir(str(folder))
    parsing = import_module("whoosh.qparser")
    parser = parsing.QueryParser("text", index.schema, group=parsing.OrGroup)
    thread = local()

    def search(question: str) -> list[str]:
        if not hasattr(thread, "searcher"):
            thread.searcher = index.searcher()
        hits = thread.searcher.search(parser.parse(" ".join(content_words(question))), limit=_TOP)
        return [hit["text"] for hit in hits]

    return search


ENGINES = {"tantivy": tantivy, "whoosh3": whoosh}


def create_app(engine: str, folder: str) -> Flask:
    """The app over the index in *folder*."""
    app = Flask("minimal")
    search: list[Search] = []

    @app.get("/ask")
    def ask() -> Response:
        # Opened by the worker that asks it.
        if not search:
            search.append(ENGINES[engine](Path(folder)))
        return jsonify(question=request.args["q"], passages=search[0](request.args["q"]))

    return app
