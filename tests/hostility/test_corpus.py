"""Hostile questions, headers and bodies before the whole app: no failure, no markup given back.

By default a part of the corpus; all of its ten thousand with `--full`.
"""

import json
import random
from urllib.parse import quote, urlencode

import pytest

from qa.app import create_app
from qa.settings import Settings
from tests.hostility.markup import MARKED, MARKUP, assert_harmless, markup_of

SYNTAX = [
    *("AND", "OR", "NOT", "*", "?", "~2", "^9", "[1 TO 2]", "title:x", "+", "-", "--", '"', '""'),
    *("(", ")", "\\", "/", "%", "%00", "\x00", "\r\n", "\ud800", "\u202e", "\u0301" * 40, "\ufeff"),
    *('"old harbour"~5', "har*", "before:2022", "-(", "type:md", "publisher:", '"~3', " OR "),
    *("; DROP TABLE x", "../../etc/passwd", "${7*7}", "$(id)", "`id`", "{{7*7}}", "%n%s", "\u2028"),
    *("a" * 300, "9" * 300, "\N{GRINNING FACE}" * 50, "İ", "ß", "ﬃ", "𝔘", "กขค", "北约", "العربية"),
]
WORDS = ["harbour", "who", "Moberg", "guarantees", "the", "council", "1874", "Vesa", "what"]
NAMES = [
    *("q", "limit", "sort", "from", "to", "publisher", "document", "drop", "generation", "cite"),
    *("answer", "sha256", "page", "title", "format", "x", "q[]", "__proto__", ""),
]
PATHS = [
    *(
        "/",
        "/ask",
        "/documents",
        "/documents.json",
        "/documents/harbour",
        "/documents/harbour.json",
    ),
    *("/suggest", "/cite/harbour", "/about", "/opensearch.xml", "/export.md", "/export.json"),
    *("/v1/ask", "/export.csv", "/documents.csv", "/version", "/problems/busy", "/problems/x"),
    *("/api", "/openapi.json", "/robots.txt", "/readyz", "/metrics", "/nowhere"),
]
HEADERS = [
    *("Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "If-None-Match"),
    *("If-Modified-Since", "Origin", "Range", "Referer", "User-Agent", "X-Forwarded-For"),
    *("X-Forwarded-Host", "X-Request-ID", "MCP-Protocol-Version", "Mcp-Method", "Content-Length"),
]


class Hostile:
    """Draws requests; the same for the same number."""

    def __init__(self, number):
        self.random = random.Random(number)

    def text(self):
        pieces = self.random.choices([*MARKUP, *SYNTAX, *WORDS], k=self.random.randint(0, 6))
        if self.random.random() < 0.2:
            pieces.append("".join(map(chr, self.random.choices(range(0x3000), k=20))))
        return self.random.choice(["", " ", "\t"]).join(pieces)

    def value(self, depth=0):
        kind = self.random.randint(0, 7 if depth < 3 else 4)
        if kind <= 2:
            return self.text()
        if kind <= 4:
            return self.random.choice([None, True, -1, 0, 5, 5.5, 1e308, 10**30, "2021-12-03"])
        if kind == 5:
            return [self.value(depth + 1) for _ in range(self.random.randint(0, 4))]
        return {self.name(): self.value(depth + 1) for _ in range(self.random.randint(0, 4))}

    def name(self):
        names = ["question", "filters", "turns", "citations", "exact", "params", *NAMES]
        return self.random.choice([*names, self.text()])

    def headers(self):
        headers = {}
        for name in self.random.choices(HEADERS, k=self.random.randint(0, 3)):
            text = self.text().encode("latin-1", "ignore").decode("latin-1")
            headers[name] = "".join(c for c in text if c not in "\r\n\x00")
        headers.pop("Content-Length", None)
        return headers

    def body(self):
        if self.random.random() < 0.2:
            return bytes(self.random.choices(range(256), k=self.random.randint(0, 200)))
        body = {"question": self.text(), self.name(): self.value()}
        called = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {
                "name": self.random.choice(["search", "fetch", self.text()]),
                "arguments": {"query": self.text(), "id": self.text()},
            },
        }
        value = self.random.choice([body, called, self.value()])
        text = json.dumps(value)
        cut = len(text) if self.random.random() < 0.8 else self.random.randint(0, len(text))
        return text[:cut].encode()

    def request(self):
        headers = self.headers()
        if self.random.random() < 0.4:
            path = self.random.choice(["/ask", "/verify", "/mcp", *PATHS])
            if self.random.random() < 0.8:
                headers["Content-Type"] = "application/json"
            return {"method": "POST", "path": path, "data": self.body(), "headers": headers}
        pairs = [(self.random.choice(NAMES), self.text()) for _ in range(self.random.randint(0, 4))]
        query = urlencode(pairs, errors="surrogatepass")
        path = self.random.choice(PATHS)
        if self.random.random() < 0.1:
            path += "/" + quote(self.text(), errors="replace")
        headers.setdefault("Accept", self.random.choice(["text/html", "application/json", "*/*"]))
        # In full, or two slashes at its beginning would be read as before the name of a host.
        address = f"http://localhost{path}"
        return {"method": "GET", "path": address, "query_string": query, "headers": headers}


@pytest.fixture
def app(index):
    """The app, which tells an error of its own as a user would see it."""
    app = create_app(Settings(index=str(index)))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


def test_no_hostile_request_fails_or_comes_back_as_markup(client, full):
    for number in range(10_000 if full else 400):
        request = Hostile(number).request()
        with client.open(**request) as response:
            label = (number, request)
            assert_harmless(response.status_code, response.headers, response.get_data(), label)


@pytest.mark.parametrize("piece", [piece for piece in MARKUP if piece.startswith("<")])
def test_markup_that_came_back_would_be_seen(piece):
    assert [part for part in markup_of(f"<p>a {piece} b</p>") if MARKED in part]


def test_the_corpus_reaches_what_it_is_for(client):
    statuses = set()
    for number in range(400):
        with client.open(**Hostile(number).request()) as response:
            statuses.add((response.status_code, response.mimetype))

    assert {(200, "text/html"), (200, "application/json")} <= statuses
    assert {400, 404, 415, 422} <= {status for status, _ in statuses}
