"""The nastiest requests that we can think of, of every endpoint; each time in other words.

Who sends them does not send the same again: what is remembered of the last one must not help.
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
        drawn = self._random.sample(ids, min(_SAMPLE, len(ids)))
        self.documents: list[Document] = [searcher.document(id_) for id_ in drawn]
        longest = max(searcher.summaries(), key=lambda summary: summary.words)
        self.longest = searcher.document(longest.id)
        self.publishers = sorted({each.publisher or "" for each in searcher.summaries()} - {""})
        counts = Counter(word for each in self.documents for word in token_texts(each.text.lower()))
        self.little = sorted(stop_words("en") & counts.keys())
        self.common = [w for w, _ in counts.most_common(400) if w not in stop_words("en")]
        self.known = sorted(word for word in counts if word.isascii() and word.isalpha())

    def some(self, words: list[str], many: int) -> str:
        """So *many* of *words*."""
        return " ".join(self._random.choices(words, k=many))

    def unknown(self, letters: int = 9) -> str:
        """A word that is nowhere, spelt as words are."""
        return "".join(self._random.choices(string.ascii_lowercase, k=letters))

    def misspelt(self) -> str:
        """A word with a letter too many."""
        word = self._random.choice([word for word in self.known if len(word) > 7])
        at = self._random.randrange(2, len(word))
        return word[:at] + self._random.choice("qxz") + word[at:]

    def document(self) -> Document:
        """Any document."""
        return self._random.choice(self.documents)


Make = Callable[[Words], Request]


class Nasty(NamedTuple):
    """A kind of request, and how to make one of it."""

    name: str
    make: Make


# What fits into a question: QA_MAX_QUESTION.
_MOST = 2_000


# What is asked of /ask, by its name.
_QUESTIONS: dict[str, Callable[[Words], str]] = {
    "little words in quotes": lambda w: _apart(w, "", 180),
    "one little phrase often": lambda _: '"of the" ' * 220,
    "one little word often": lambda _: '"the" ' * 400,
    "little words": lambda w: w.some(w.little, 400),
    "common words": lambda w: w.some(w.common, 250),
    "known words": lambda w: w.some(w.known, 220),
    "common words in quotes": lambda w: f'"{w.some(w.common, 2)}" ' * 90,
    "a long phrase": lambda w: f'"{w.some(w.little, 380)}"',
    "exclusions": lambda w: f"who -{w.some(w.common, 190).replace(' ', ' -')}",
    "excluded phrases": lambda w: f"who {_apart(w, '-', 150)}",
    "an unknown word of 2,000 letters": lambda w: w.unknown(_MOST),
    "unknown words": lambda w: " ".join(w.unknown() for _ in range(24)),
    "long unknown words": lambda w: " ".join(w.unknown(60) for _ in range(24)),
    "misspelt words": lambda w: " ".join(w.misspelt() for _ in range(24)),
    "letters": lambda w: " ".join(w.unknown(1) for _ in range(990)),
    "numbers": lambda _: "1,1" * 660,
    "apostrophes": lambda _: "a'" * 990,
    "Chinese": lambda _: "北约普京保证" * 330,
    "combining marks": lambda _: "a" + "\u0301" * 1_900,
    "open quotation marks": lambda _: '"a “b «' * 280,
    "capitals": lambda w: w.some(w.common, 240).upper(),
}


def _apart(words: Words, sign: str, many: int) -> str:
    """So *many* different pairs of little words, with a *sign* before each."""
    return " ".join(f'{sign}"{words.some(words.little, 2)}"' for _ in range(many))


def _cut(text: str) -> str:
    return text[:_MOST]


def _asking() -> Iterator[Nasty]:
    yield from (_asked(*each) for each in _QUESTIONS.items())
    yield Nasty("POST /ask: 20 turns of unknown words", lambda w: _turns(w.unknown, 24))
    yield Nasty("POST /ask: 20 turns of misspelt words", lambda w: _turns(w.misspelt, 24))
    yield Nasty(
        "POST /ask: 20 turns of common words", lambda w: _turns(lambda: w.some(w.common, 1), 200)
    )
    yield Nasty("POST /ask: all limits at once", _limits)
    yield Nasty("POST /ask: thousands of publishers", _publishers)
    yield Nasty("POST /ask: JSON nested deeply", lambda _: _nested("/ask"))


def _asked(name: str, question: Callable[[Words], str]) -> Nasty:
    return Nasty(f"GET /ask: {name}", lambda w: get("/ask", ("q", _cut(question(w)))))


def _turns(word: Callable[[], str], many: int) -> Request:
    texts = [_cut(" ".join(word() for _ in range(many))) for _ in range(21)]
    *before, question = texts
    return post("/ask", {"question": question, "turns": [{"question": t} for t in before]})


def _limits(words: Words) -> Request:
    filters = {
        "publisher": words.publishers[:50],
        "document": [each.id for each in words.documents[:100]],
        "from": "1990-01-01",
        "to": "2030-01-01",
    }
    return post(
        "/ask",
        {
            "question": _cut(words.some(words.common, 240)),
            "limit": 50,
            "sort": "newest",
            "filters": filters,
            "drop": words.some(words.common, 24).split(),
        },
    )


def _publishers(words: Words) -> Request:
    several = [words.unknown(12) for _ in range(12_000)]
    return post(
        "/ask", {"question": words.some(words.common, 8), "filters": {"publisher": several}}
    )


def _nested(path: str) -> Request:
    return Request(path, "POST", b"[" * 200_000, {"Content-Type": "application/json"})


def _conversation(word: Callable[[], str], many: int) -> list[tuple[str, object]]:
    return [("q", " ".join(word() for _ in range(many))) for _ in range(20)]


def _lost(words: Words) -> Request:
    quoted = [f"{each.id} 0-700 {_NO_SUM}" for each in words.documents[:19]]
    quoted.append(f"{words.longest.id} 0-700 {_NO_SUM}")
    pairs = [("generation", _NO_SUM), *(("quoted", value) for value in quoted)]
    return get("/", *pairs, **_FORM)


def _conversations(path: str) -> Iterator[Nasty]:
    yield Nasty(
        f"{path}: 20 turns of unknown words",
        lambda w: get(path, *_conversation(w.unknown, 20), **_FORM),
    )
    yield Nasty(
        f"{path}: 20 turns of common words",
        lambda w: get(path, *_conversation(lambda: w.some(w.common, 1), 20), **_FORM),
    )


def _lists(path: str) -> Iterator[Nasty]:
    yield Nasty(path, lambda _: get(path, **_FORM))
    yield Nasty(
        f"{path}: a title of many words",
        lambda w: get(path, ("title", w.some(w.common, 300)), **_FORM),
    )
    yield Nasty(
        f"{path}: every publisher",
        lambda w: get(path, *(("publisher", each) for each in w.publishers[:300]), **_FORM),
    )


def _plain(path: str, method: str = "GET") -> Nasty:
    return Nasty(f"{method} {path[:30]}", lambda _: Request(path, method, headers=_FORM))


_OTHERS = (
    *("/readyz", "/livez", "/openapi.json", "/api", "/about", "/opensearch.xml", "/robots.txt"),
    *("/static/app.js", "/static/" + "../" * 2_000, "/" + "x/" * 3_000, "/documents/nowhere"),
)


def _pages() -> Iterator[Nasty]:
    for path in ("/", "/export.md", "/export.json"):
        yield from _conversations(path)
    yield Nasty("/: 20 quotes of an index that is gone", _lost)
    for path in ("/documents", "/documents.json"):
        yield from _lists(path)
    yield Nasty("/suggest", lambda w: get("/suggest", ("q", w.unknown(_MOST))))
    yield from map(_plain, _OTHERS)
    for path in ("/ask", "/static/style.css", "/documents/x"):
        yield _plain(path, "OPTIONS")


def _cited(path: str, cite: str, digest: str) -> Make:
    pairs = (("cite", cite), ("sha256", "0"), ("quote", digest))
    return lambda w: get(f"{path}/{quote(w.longest.id)}", *pairs, **_FORM)


def _copied(form: str) -> Nasty:
    def make(words: Words) -> Request:
        pairs = (("cite", f"0-{len(words.longest.text)}"), ("format", form))
        return get(f"/cite/{quote(words.longest.id)}", *pairs)

    return Nasty(f"/cite/ID: all of it as {form}", make)


def _reading() -> Iterator[Nasty]:
    for path in ("/documents", "/cite"):
        yield Nasty(f"{path}/ID: no checksum", _cited(path, "0-120000", "x"))
        for size in (8, 700, 20_000):
            name = f"{path}/ID: a checksum of {size:,} characters"
            yield Nasty(name, _cited(path, f"9-{9 + size}", _NO_SUM))
    yield Nasty("/documents/ID", lambda w: get(f"/documents/{quote(w.longest.id)}", **_FORM))
    yield Nasty("/documents/ID.json", lambda w: get(f"/documents/{quote(w.longest.id)}.json"))
    yield Nasty(
        "/documents/ID: a question of common words",
        lambda w: get(
            f"/documents/{quote(w.longest.id)}", ("q", _cut(w.some(w.common, 200))), **_FORM
        ),
    )
    yield from map(_copied, ("text", "markdown", "bibtex", "csl-json", "ris"))


def _quoted(name: str, exact: Callable[[Words, Document], str]) -> Nasty:
    """As many quotes as there may be, and as long as the body may be."""

    def make(words: Words) -> Request:
        quotes = [(each.id, exact(words, each)[:4_600]) for each in words.documents[:50]]
        several = [{"document_id": id_, "exact": text, "start": 0} for id_, text in quotes]
        return post("/verify", {"citations": several})

    return Nasty(f"/verify: 50 quotes {name}", make)


def _elsewhere(words: Words) -> Request:
    several = [{"document_id": "x", "exact": each.text[50:900]} for each in words.documents[:50]]
    return post("/verify", {"citations": several})


def _verifying() -> Iterator[Nasty]:
    yield Nasty("/verify: 50 quotes elsewhere", _elsewhere)
    yield _quoted("altered", lambda w, d: d.text[50:900].replace(" the ", " a ") + ".")
    yield _quoted("of little words", lambda w, d: w.some(w.little, 1_500))
    yield _quoted("of common words", lambda w, d: w.some(w.common, 1_000))
    yield _quoted("of known words", lambda w, d: w.some(w.known, 900))
    yield _quoted("of unknown words", lambda w, d: " ".join(w.unknown(3) for _ in range(1_200)))
    yield _quoted("of letters", lambda w, d: "a b c " * 900)
    yield _quoted("shuffled", lambda w, d: w.some(d.text.split(), 700))
    yield Nasty("/verify: a long quote of the longest", _longest_quote)
    yield Nasty("/verify: JSON nested deeply", lambda _: _nested("/verify"))


def _longest_quote(words: Words) -> Request:
    exact = words.longest.text[:95_000].replace(" the ", " a ").replace(".", "")
    one = {"document_id": words.longest.id, "exact": exact, "start": 5}
    return post("/verify", {"citations": [one, one]})


def _tool(name: str, **arguments: Any) -> Request:  # noqa: ANN401
    call = {"name": name, "arguments": arguments}
    return post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})


def _models() -> Iterator[Nasty]:
    yield Nasty("/mcp: search unknown words", lambda w: _search(w.unknown, 24))
    yield Nasty("/mcp: search common words", lambda w: _search(lambda: w.some(w.common, 1), 200))
    yield Nasty("/mcp: fetch the longest", lambda w: _tool("fetch", id=w.longest.id))
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    yield Nasty("/mcp: list the tools", lambda _: post("/mcp", listing))
    yield Nasty("/mcp: JSON nested deeply", lambda _: _nested("/mcp"))


def _search(word: Callable[[], str], many: int) -> Request:
    return _tool("search", query=_cut(" ".join(word() for _ in range(many))), limit=50)


NASTY = (*_asking(), *_pages(), *_reading(), *_verifying(), *_models())
