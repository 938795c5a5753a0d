"""The most expensive requests that we know, of every endpoint; each time in other words.

Who sends them does not send the same again: what is cached of the last one must not help.
"""

import json
import random
import string
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from qa.analysis.languages import stop_words
from qa.analysis.tokenizer import token_texts
from qa.documents.document import Document
from qa.engines.base import Searcher

_SAMPLE = 300
_FORM = {"Accept": "text/html"}
_NO_SUM = "0123456789ab"


@dataclass(frozen=True)
class Request:
    """A request as a client sends it."""

    path: str
    method: str = "GET"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def post(path: str, values: object, **headers: str) -> Request:
    """A request with *values* as JSON."""
    body = json.dumps(values).encode()
    return Request(path, "POST", body, {"Content-Type": "application/json"} | headers)


def get(path: str, *pairs: tuple[str, object], **headers: str) -> Request:
    """A request with *pairs* in its address."""
    return Request(f"{path}?{urlencode(pairs)}" if pairs else path, headers=headers)


class Words:
    """Words of an index, and some that it does not have; drawn anew each time."""

    def __init__(self, searcher: Searcher, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        ids = [summary.id for summary in searcher.summaries()]
        sample = self._random.sample(ids, min(_SAMPLE, len(ids)))
        self.documents: list[Document] = [searcher.document(id_) for id_ in sample]
        longest = max(searcher.summaries(), key=lambda summary: summary.words)
        self.longest = searcher.document(longest.id)
        self.publishers = sorted({s.publisher or "" for s in searcher.summaries()} - {""})
        self._stable_id = searcher.manifest.renames.stable_id
        counts = Counter(word for d in self.documents for word in token_texts(d.text.lower()))
        self.stop_words = sorted(stop_words("en") & counts.keys())
        self.common = [w for w, _ in counts.most_common(400) if w not in stop_words("en")]
        self.known = sorted(word for word in counts if word.isascii() and word.isalpha())

    def sample(self, words: list[str], count: int) -> str:
        """So many of *words*, some perhaps more than once."""
        return " ".join(self._random.choices(words, k=count))

    def unknown_word(self, letters: int = 9) -> str:
        """A word that is nowhere, spelt as words are."""
        return "".join(self._random.choices(string.ascii_lowercase, k=letters))

    def letters(self, letters: str, count: int) -> str:
        """So many of *letters*, without spaces."""
        return "".join(self._random.choices(letters, k=count))

    def misspelt_word(self) -> str:
        """A word with a letter too many."""
        word = self._random.choice([word for word in self.known if len(word) > 7])
        at = self._random.randrange(2, len(word))
        return word[:at] + self._random.choice("qxz") + word[at:]

    def stable_id(self, id_: str) -> str:
        """The id of a document that survives a rename."""
        return self._stable_id(id_)

    def document(self) -> Document:
        """Any document."""
        return self._random.choice(self.documents)


Make = Callable[[Words], Request]


class RequestKind(NamedTuple):
    """A kind of request, how to make one of it, and as how many questions a limit counts it."""

    name: str
    make: Make
    questions: int = 1


# What fits into a question: QA_MAX_QUESTION.
_MOST = 2_000
_HAN = "北约普京保证要求拒绝他再次提出国家"


# What is asked of /ask, by its name.
_QUESTIONS: dict[str, Callable[[Words], str]] = {
    "stop words in quotes": lambda w: _quoted_pairs(w, "", 180),
    "one phrase of stop words often": lambda _: '"of the" ' * 220,
    "one stop word often": lambda _: '"the" ' * 400,
    "stop words": lambda w: w.sample(w.stop_words, 400),
    "common words": lambda w: w.sample(w.common, 250),
    "known words": lambda w: w.sample(w.known, 220),
    "common words in quotes": lambda w: f'"{w.sample(w.common, 2)}" ' * 90,
    "a long phrase": lambda w: f'"{w.sample(w.stop_words, 380)}"',
    "exclusions": lambda w: f"who -{w.sample(w.common, 190).replace(' ', ' -')}",
    "excluded phrases": lambda w: f"who {_quoted_pairs(w, '-', 150)}",
    "an unknown word of 2,000 letters": lambda w: w.unknown_word(_MOST),
    "unknown words": lambda w: " ".join(w.unknown_word() for _ in range(24)),
    "long unknown words": lambda w: " ".join(w.unknown_word(60) for _ in range(24)),
    "misspelt words": lambda w: " ".join(w.misspelt_word() for _ in range(24)),
    "letters": lambda w: " ".join(w.unknown_word(1) for _ in range(990)),
    "numbers": lambda _: "1,1" * 660,
    "apostrophes": lambda _: "a'" * 990,
    "Chinese": lambda w: w.letters(_HAN, _MOST),
    "combining marks": lambda _: "a" + "\u0301" * 1_900,
    "open quotation marks": lambda _: '"a “b «' * 280,
    "capitals": lambda w: w.sample(w.common, 240).upper(),
}


def _quoted_pairs(words: Words, sign: str, count: int) -> str:
    """So many different pairs of stop words, with a *sign* before each."""
    return " ".join(f'{sign}"{words.sample(words.stop_words, 2)}"' for _ in range(count))


def _truncate(text: str) -> str:
    return text[:_MOST]


def _ask_requests() -> Iterator[RequestKind]:
    yield from (_ask_request(*item) for item in _QUESTIONS.items())
    yield RequestKind(
        "POST /ask: 20 turns of unknown words", lambda w: _with_turns(w.unknown_word, 24)
    )
    yield RequestKind(
        "POST /ask: 20 turns of misspelt words", lambda w: _with_turns(w.misspelt_word, 24)
    )
    yield RequestKind(
        "POST /ask: 20 turns of common words",
        lambda w: _with_turns(lambda: w.sample(w.common, 1), 200),
    )
    yield RequestKind(
        "POST /ask: 20 turns of abbreviations",
        lambda w: _with_turns(lambda: f"{w.unknown_word(1).upper()}.S.A.", 280),
    )
    yield RequestKind("POST /ask: all limits at once", _at_all_limits)
    yield RequestKind("POST /ask: thousands of publishers", _many_publishers)
    yield RequestKind("POST /ask: JSON nested deeply", lambda _: _nested_json("/ask"))


def _ask_request(name: str, question: Callable[[Words], str]) -> RequestKind:
    return RequestKind(f"GET /ask: {name}", lambda w: get("/ask", ("q", _truncate(question(w)))))


def _with_turns(word: Callable[[], str], count: int) -> Request:
    texts = [_truncate(" ".join(word() for _ in range(count))) for _ in range(21)]
    *before, question = texts
    return post("/ask", {"question": question, "turns": [{"question": t} for t in before]})


def _at_all_limits(words: Words) -> Request:
    filters = {
        "publisher": words.publishers[:50],
        "document": [d.id for d in words.documents[:100]],
        "from": "1990-01-01",
        "to": "2030-01-01",
    }
    return post(
        "/ask",
        {
            "question": _truncate(words.sample(words.common, 240)),
            "limit": 50,
            "sort": "newest",
            "filters": filters,
            "drop": words.sample(words.common, 24).split(),
        },
    )


def _many_publishers(words: Words) -> Request:
    publishers = [words.unknown_word(12) for _ in range(12_000)]
    return post(
        "/ask", {"question": words.sample(words.common, 8), "filters": {"publisher": publishers}}
    )


def _nested_json(path: str) -> Request:
    return Request(path, "POST", b"[" * 200_000, {"Content-Type": "application/json"})


def _turn_pairs(word: Callable[[], str], count: int) -> list[tuple[str, object]]:
    return [("q", " ".join(word() for _ in range(count))) for _ in range(20)]


def _quotes_of_missing_index(words: Words) -> Request:
    values = [f"{d.id} 0-700 {_NO_SUM}" for d in words.documents[:19]]
    values.append(f"{words.longest.id} 0-700 {_NO_SUM}")
    pairs = [("generation", _NO_SUM), *(("quoted", value) for value in values)]
    return get("/", *pairs, **_FORM)


def _conversation_pages(path: str) -> Iterator[RequestKind]:
    yield RequestKind(
        f"{path}: 20 turns of unknown words",
        lambda w: get(path, *_turn_pairs(w.unknown_word, 20), **_FORM),
    )
    yield RequestKind(
        f"{path}: 20 turns of common words",
        lambda w: get(path, *_turn_pairs(lambda: w.sample(w.common, 1), 20), **_FORM),
    )


def _document_lists(path: str) -> Iterator[RequestKind]:
    yield RequestKind(path, lambda _: get(path, **_FORM))
    yield RequestKind(
        f"{path}: a title of many words",
        lambda w: get(path, ("title", w.sample(w.common, 300)), **_FORM),
    )
    yield RequestKind(
        f"{path}: every publisher",
        lambda w: get(path, *(("publisher", p) for p in w.publishers[:300]), **_FORM),
    )


def _simple(path: str, method: str = "GET") -> RequestKind:
    return RequestKind(f"{method} {path[:30]}", lambda _: Request(path, method, headers=_FORM))


_SIMPLE_PATHS = (
    *("/readyz", "/livez", "/openapi.json", "/api", "/about", "/opensearch.xml", "/robots.txt"),
    *("/static/app.js", "/static/" + "../" * 2_000, "/" + "x/" * 3_000, "/documents/nowhere"),
)


def _page_requests() -> Iterator[RequestKind]:
    for path in ("/", "/export.md", "/export.json"):
        yield from _conversation_pages(path)
    yield RequestKind("/: 20 quotes of an index that is gone", _quotes_of_missing_index)
    for path in ("/documents", "/documents.json"):
        yield from _document_lists(path)
    yield RequestKind("/suggest", lambda w: get("/suggest", ("q", w.unknown_word(_MOST))))
    yield from map(_simple, _SIMPLE_PATHS)
    for path in ("/ask", "/static/style.css", "/documents/x"):
        yield _simple(path, "OPTIONS")


def _citation_link(path: str, cite: str, digest: str) -> Make:
    pairs = (("cite", cite), ("sha256", "0"), ("quote", digest))
    return lambda w: get(f"{path}/{quote(w.longest.id)}", *pairs, **_FORM)


def _citation_format(form: str) -> RequestKind:
    def make(words: Words) -> Request:
        pairs = (("cite", f"0-{len(words.longest.text)}"), ("format", form))
        return get(f"/cite/{quote(words.longest.id)}", *pairs)

    return RequestKind(f"/cite/ID: all of it as {form}", make)


def _document_requests() -> Iterator[RequestKind]:
    for path in ("/documents", "/cite"):
        yield RequestKind(f"{path}/ID: no checksum", _citation_link(path, "0-120000", "x"))
        for size in (8, 700, 20_000):
            name = f"{path}/ID: a checksum of {size:,} characters"
            yield RequestKind(name, _citation_link(path, f"9-{9 + size}", _NO_SUM))
    yield RequestKind("/documents/ID", lambda w: get(f"/documents/{quote(w.longest.id)}", **_FORM))
    yield RequestKind("/documents/ID.json", lambda w: get(f"/documents/{quote(w.longest.id)}.json"))
    yield RequestKind(
        "/documents/ID: a question of common words",
        lambda w: get(
            f"/documents/{quote(w.longest.id)}", ("q", _truncate(w.sample(w.common, 200))), **_FORM
        ),
    )
    yield from map(_citation_format, ("text", "markdown", "bibtex", "csl-json", "ris"))


def _verify_quotes(name: str, exact: Callable[[Words, Document], str]) -> RequestKind:
    """As many quotes as there may be, and as long as the body may be."""

    def make(words: Words) -> Request:
        quotes = [(d.id, exact(words, d)[:4_600]) for d in words.documents[:50]]
        citations = [{"document_id": id_, "exact": text, "start": 0} for id_, text in quotes]
        return post("/verify", {"citations": citations})

    return RequestKind(f"/verify: 50 quotes {name}", make)


def _quotes_elsewhere(words: Words) -> Request:
    citations = [{"document_id": "x", "exact": d.text[50:900]} for d in words.documents[:50]]
    return post("/verify", {"citations": citations})


def _verify_requests() -> Iterator[RequestKind]:
    yield RequestKind("/verify: 50 quotes elsewhere", _quotes_elsewhere)
    yield _verify_quotes("altered", lambda w, d: d.text[50:900].replace(" the ", " a ") + ".")
    yield _verify_quotes("of stop words", lambda w, d: w.sample(w.stop_words, 1_500))
    yield _verify_quotes("of common words", lambda w, d: w.sample(w.common, 1_000))
    yield _verify_quotes("of known words", lambda w, d: w.sample(w.known, 900))
    yield _verify_quotes(
        "of unknown words", lambda w, d: " ".join(w.unknown_word(3) for _ in range(1_200))
    )
    yield _verify_quotes("of letters", lambda w, d: "a b c " * 900)
    yield _verify_quotes("shuffled", lambda w, d: w.sample(d.text.split(), 700))
    yield RequestKind("/verify: a long quote of the longest", _longest_quote)
    yield RequestKind("/verify: JSON nested deeply", lambda _: _nested_json("/verify"))


def _longest_quote(words: Words) -> Request:
    exact = words.longest.text[:95_000].replace(" the ", " a ").replace(".", "")
    citation = {"document_id": words.longest.id, "exact": exact, "start": 5}
    return post("/verify", {"citations": [citation, citation]})


def _call_tool(name: str, **arguments: Any) -> Request:  # noqa: ANN401
    call = {"name": name, "arguments": arguments}
    return post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})


def _mcp_requests() -> Iterator[RequestKind]:
    yield RequestKind("/mcp: search unknown words", lambda w: _search_tool(w.unknown_word, 24))
    yield RequestKind(
        "/mcp: search common words", lambda w: _search_tool(lambda: w.sample(w.common, 1), 200)
    )
    yield RequestKind("/mcp: fetch the longest", lambda w: _call_tool("fetch", id=w.longest.id))
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    yield RequestKind("/mcp: list the tools", lambda _: post("/mcp", listing))
    yield RequestKind("/mcp: JSON nested deeply", lambda _: _nested_json("/mcp"))


def _search_tool(word: Callable[[], str], count: int) -> Request:
    return _call_tool("search", query=_truncate(" ".join(word() for _ in range(count))), limit=50)


EXPENSIVE = (
    *_ask_requests(),
    *_page_requests(),
    *_document_requests(),
    *_verify_requests(),
    *_mcp_requests(),
)
