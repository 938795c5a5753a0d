"""More expensive requests: other scripts, search operators, and parameters at their limits."""

import string
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import quote

from benchmarks.expensive_requests import Request, RequestKind, Words, get, post

_MOST = 2_000
_FORM = {"Accept": "text/html"}
_SCRIPTS = {
    "Japanese": "東京都庁舎は何年に建てられましたかカタカナの",
    "Korean": "북대서양조약기구는 무엇을 요구했습니까 ",
    "Thai": "ใครเรียกร้องการรับประกันจากสภาเมือง",
    "Arabic": "من طالب بضمانات قانونية من المجلس ",
    "Hindi": "किसने परिषद से कानूनी गारंटी मांगी ",
    "Russian": "кто потребовал гарантий от совета ",
    "mixed scripts": "aб北ทका한1。é-ß ",
    "emoji": "🙂🚀🏳️‍🌈👩‍👩‍👧 ",
    "marks alone": "?!.,;:-–—()[]{}/\\|@#$%^&*+=<>~`'\" ",
}

# What is asked of /ask, by its name.
_QUESTIONS: dict[str, Callable[[Words], str]] = {
    "one token with hyphens": lambda w: w.sample(w.common, 250).replace(" ", "-"),
    "one token with dots": lambda w: w.sample(w.common, 250).replace(" ", "."),
    "a long address": lambda w: "https://" + w.sample(w.common, 250).replace(" ", "/"),
    "one compound": lambda w: w.sample(w.common, 250).replace(" ", ""),
    "dates": lambda w: " ".join(f"{w.letters('12', 1)} May {1900 + n}" for n in range(170)),
    "years": lambda _: " ".join(str(1600 + n) for n in range(390)),
    "numbers with units": lambda w: " ".join(f"{w.letters('123456789', 3)} km" for _ in range(250)),
    "prefixes": lambda w: " ".join(f"{w.letters(string.ascii_lowercase, 2)}*" for _ in range(400)),
    "titles": lambda w: "title:" + w.sample(w.common, 150).replace(" ", " title:"),
    "alternatives": lambda w: w.sample(w.common, 160).replace(" ", " OR "),
    "brackets": lambda w: "(" * 400 + w.sample(w.common, 100) + ")" * 400,
    "words near each other": lambda w: w.sample(w.common, 150).replace(" ", " NEAR/5 "),
    "greetings": lambda _: "hello, could you please tell me " * 60,
    "denials": lambda w: " ".join(f"not {w.sample(w.common, 1)} never" for _ in range(120)),
    "parts": lambda w: " and ".join(f"when did {w.sample(w.common, 2)}" for _ in range(80)),
    "corrections": lambda w: " ".join(f"no, I meant {w.sample(w.common, 1)}." for _ in range(100)),
    "questions": lambda w: " ".join(f"Who {w.sample(w.common, 3)}?" for _ in range(80)),
    "sentences": lambda w: ". ".join(d.text[60:200] for d in w.documents[:14]),
    "a pasted passage": lambda w: w.document().text[:_MOST],
    "foreign stop words": lambda _: "der die das le la les el los il lo gli het een " * 40,
}


def _ask_requests() -> Iterator[RequestKind]:
    for name, question in _QUESTIONS.items():
        yield _ask_request(name, question)
    for name, letters in _SCRIPTS.items():
        yield _ask_request(name, partial(_letters, letters))
    yield RequestKind("GET /ask: the last of all pages", partial(_page, "relevance"))
    for sort in ("newest", "oldest"):
        yield RequestKind(f"GET /ask: the {sort} of all", partial(_page, sort))
    yield RequestKind("GET /ask: no such index", lambda w: _ask(w, ("generation", "0" * 12)))
    yield RequestKind("GET /ask: offsets in UTF-16", lambda w: _ask(w, ("offsets", "utf-16")))
    yield RequestKind("GET /ask: 24 words dropped", _drop_words)
    yield RequestKind("GET /ask: thousands of accepted types", _many_types)
    yield RequestKind("GET /ask: thousands of entity tags", _many_tags)
    yield RequestKind("POST /ask: a year of one day each", _narrow_dates)


def _ask_request(name: str, question: Callable[[Words], str]) -> RequestKind:
    return RequestKind(f"GET /ask: {name}", lambda w: get("/ask", ("q", question(w)[:_MOST])))


def _letters(letters: str, words: Words) -> str:
    return words.letters(letters, _MOST)


def _constant(text: str, _words: Words) -> str:
    return text


def _ask(words: Words, *pairs: tuple[str, object], **headers: str) -> Request:
    return get("/ask", ("q", words.sample(words.common, 40)), *pairs, **headers)


def _page(sort: str, words: Words) -> Request:
    return _ask(words, ("sort", sort), ("limit", 50), ("offset", 900))


def _drop_words(words: Words) -> Request:
    turns = [("q", words.sample(words.common, 24)) for _ in range(20)]
    return get("/ask", *turns, *(("drop", word) for word in turns[0][1].split()))


def _many_types(words: Words) -> Request:
    return _ask(words, Accept=",".join(f"text/x{n};q=0.{n % 10}" for n in range(500)))


def _many_tags(words: Words) -> Request:
    return _ask(words, **{"If-None-Match": ",".join(f'"{n}"' for n in range(900))})


def _narrow_dates(words: Words) -> Request:
    filters = {"from": "2023-01-01", "to": "2023-12-31", "publisher": words.publishers[:100]}
    question = words.sample(words.common, 200)[:_MOST]
    return post("/ask", {"question": question, "filters": filters, "sort": "oldest"})


def _document_page(**parameters: Callable[[Words], object]) -> Callable[[Words], Request]:
    def make(words: Words) -> Request:
        pairs = [(name, value(words)) for name, value in parameters.items()]
        return get(f"/documents/{quote(words.longest.id)}", *pairs, **_FORM)

    return make


def _document_requests() -> Iterator[RequestKind]:
    for name, text in (("a letter", "e"), ("a space and a letter", " a"), ("a full stop", ".")):
        make = _document_page(find=partial(_constant, text))
        yield RequestKind(f"/documents/ID: find {name}", make)
    yield RequestKind("/documents/ID: find a long text", _document_page(find=_longest_text))
    yield RequestKind("/documents/ID: everything at once", _everything)
    for path in ("/documents", "/documents.csv", "/documents.json"):
        yield RequestKind(f"{path}: the last page, by length", partial(_list, path))
        yield RequestKind(f"{path}: a title of one letter", partial(_list_by_title, path))


def _longest_text(words: Words) -> str:
    return words.longest.text[:990]


def _everything(words: Words) -> Request:
    pairs = [("find", "a"), ("cite", "0-9000"), ("answer", "10-8000"), ("sha256", "0")]
    turns = [("q", words.sample(words.common, 12)) for _ in range(20)]
    path = f"/documents/{quote(words.longest.id)}"
    return get(path, *pairs, ("quote", "0123456789ab"), *turns, **_FORM)


def _list(path: str, _words: Words) -> Request:
    page = [] if path.endswith("csv") else [("page", 30)]
    return get(path, ("sort", "longest"), *page, **_FORM)


def _list_by_title(path: str, _words: Words) -> Request:
    return get(path, ("title", "e"), ("from", "1900-01-01"), ("to", "2100-01-01"), **_FORM)


def _page_requests() -> Iterator[RequestKind]:
    yield RequestKind("/export.csv: 20 turns of common words", _table)
    yield RequestKind("/: 20 turns, two documents, five quotes", _open_everything)
    for path in ("/", "/export.md", "/export.json", "/export.csv"):
        yield RequestKind(f"{path}: 20 turns of 50 passages", partial(_many_passages, path))
    yield RequestKind("/: a hundred publishers", _filter)
    yield RequestKind("/: options set by a form", _form)
    yield RequestKind("/: 20 quotes of 20,000 characters", _long_quotes)
    for name, text in (
        ("misspelt words", _misspell),
        ("Chinese", partial(_constant, "北约普京" * 50)),
    ):
        yield RequestKind(f"/suggest: {name}", partial(_suggest, text))


def _turns(words: Words) -> list[tuple[str, object]]:
    return [("q", words.sample(words.common, 20)) for _ in range(20)]


def _misspell(words: Words) -> str:
    return " ".join(words.misspelt_word() for _ in range(12))


def _suggest(text: Callable[[Words], str], words: Words) -> Request:
    return get("/suggest", ("q", text(words)))


def _table(words: Words) -> Request:
    return get("/export.csv", *_turns(words))


def _open_everything(words: Words) -> Request:
    around = [("around", rank) for rank in range(1, 6)]
    pairs = [*_turns(words), ("limit", 50), ("open", "19.1"), ("open", "20.2"), *around]
    return get("/", *pairs, **_FORM)


def _many_passages(path: str, words: Words) -> Request:
    return get(path, *_turns(words), ("limit", 50), **_FORM)


def _filter(words: Words) -> Request:
    publishers = [("publisher", name) for name in words.publishers[:100]]
    return get("/", ("q", words.sample(words.common, 40)), *publishers, **_FORM)


def _form(words: Words) -> Request:
    options = "&".join(f"publisher={word}" for word in words.sample(words.common, 100).split())
    return get("/", *_turns(words), ("set", options), ("draft", "a " * 900), **_FORM)


def _long_quotes(words: Words) -> Request:
    values = [f"{words.longest.id} {n}-{n + 20_000} 0123456789ab" for n in range(20)]
    pairs = [("generation", "0" * 12), *(("quoted", value) for value in values)]
    return get("/", *pairs, **_FORM)


def _tool_requests() -> Iterator[RequestKind]:
    yield RequestKind("/mcp: list documents by title", lambda w: _list_tool(w, 250))
    yield RequestKind(
        "/mcp: list documents by one letter", lambda _: _call("list_documents", title="e")
    )
    yield RequestKind("/mcp: search after 20 turns", _search_tool)
    yield RequestKind(
        "/mcp: fetch far behind", lambda w: _call("fetch", id=w.longest.id, start=90_000)
    )


def _call(name: str, **arguments: object) -> Request:
    call = {"name": name, "arguments": arguments}
    return post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})


def _list_tool(words: Words, count: int) -> Request:
    return _call("list_documents", title=words.sample(words.common, count)[:990], sort="longest")


def _search_tool(words: Words) -> Request:
    turns = [words.sample(words.common, 24) for _ in range(20)]
    query = words.sample(words.common, 200)[:_MOST]
    return _call("search", query=query, turns=turns, limit=50, sort="newest")


def _batch_requests() -> Iterator[RequestKind]:
    """Fifty questions at once, which count as fifty."""
    kinds: dict[str, Callable[[Words], dict[str, object]]] = {
        "of misspelt words": lambda w: {"question": _misspell(w)},
        "of common words, 50 passages each": lambda w: {
            "question": w.sample(w.common, 24),
            "limit": 50,
        },
        "with offsets in UTF-16": lambda w: {
            "question": w.sample(w.common, 8),
            "offsets": "utf-16",
            "limit": 50,
        },
    }
    for name, question in kinds.items():
        yield RequestKind(f"POST /ask: 50 {name}", partial(_batch, question), 50)


def _batch(question: Callable[[Words], dict[str, object]], words: Words) -> Request:
    return post("/ask", {"questions": [question(words) for _ in range(50)]})


def _quote_requests() -> Iterator[RequestKind]:
    yield RequestKind("/verify: 50 quotes of the longest, altered", _altered_quotes)
    yield RequestKind("/verify: 50 of one word with its context", _frequent_quotes)
    yield RequestKind("/verify: 50 quotes in capitals", _capital_quotes)
    # As many characters as fit, each of which takes up to 12 bytes.
    for name, size in (("mixed scripts", 720), ("Japanese", 720), ("emoji", 380)):
        yield RequestKind(f"/verify: 50 quotes of {name}", partial(_foreign_quotes, name, size))
    yield RequestKind("/passages/ID: 20,000 characters", _lost_passage)


def _altered_quotes(words: Words) -> Request:
    """Parts of one long document, each without some of its words."""
    id_, text = words.longest.id, words.longest.text
    starts = range(0, 50 * 1_500, 1_500)
    quotes = [text[start : start + 4_000].replace(" a", "").replace(" i", " o") for start in starts]
    return post("/verify", {"citations": [{"document_id": id_, "exact": q} for q in quotes]})


def _frequent_quotes(words: Words) -> Request:
    id_, text = words.longest.id, words.longest.text
    citation = {"document_id": id_, "prefix": text[:2_000], "suffix": text[-2_000:], "start": 9}
    word = words.sample(words.stop_words, 1)
    return post("/verify", {"citations": [citation | {"exact": word} for _ in range(50)]})


def _capital_quotes(words: Words) -> Request:
    quotes = [(d.id, d.text[100:4_600].upper()) for d in words.documents[:50]]
    return post("/verify", {"citations": [{"document_id": i, "exact": q} for i, q in quotes]})


def _foreign_quotes(script: str, size: int, words: Words) -> Request:
    ids = [document.id for document in words.documents[:50]]
    quotes = [(id_, words.letters(_SCRIPTS[script], size)) for id_ in ids]
    return post("/verify", {"citations": [{"document_id": i, "exact": q} for i, q in quotes]})


def _lost_passage(words: Words) -> Request:
    listing = words.stable_id(words.longest.id)
    return get(f"/passages/{listing}-0123456789ab-20000", **_FORM)


def _list_requests() -> Iterator[RequestKind]:
    yield RequestKind("/documents: a title of misspelt words", _misspelt_title)
    yield RequestKind("/: a hundred documents", _filter_documents)
    yield RequestKind("/ask: thousands of parameters", _many_parameters)
    yield RequestKind("/feedback: thousands of fields", _many_fields)
    yield RequestKind("/suggest: beginnings of words", _beginnings)
    yield RequestKind("/documents/ID.json: offsets in UTF-16", _record_in_utf16)
    yield RequestKind("/mcp: search within a hundred documents", _narrow_search)
    yield RequestKind("GET /skipped.csv", lambda _: get("/skipped.csv"))
    yield RequestKind("GET /problems", lambda _: get("/problems", **_FORM))


def _misspelt_title(words: Words) -> Request:
    return get("/documents", ("title", _misspell(words)), **_FORM)


def _filter_documents(words: Words) -> Request:
    ids = [("document", document.id) for document in words.documents[:100]]
    return get("/", ("q", words.sample(words.common, 40)), *ids, **_FORM)


def _many_parameters(words: Words) -> Request:
    return get("/ask", ("q", words.sample(words.common, 8)), *((f"x{n}", 1) for n in range(900)))


def _many_fields(_words: Words) -> Request:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request("/feedback", "POST", b"q=a&" * 60_000, form)


def _beginnings(words: Words) -> Request:
    return get("/suggest", ("q", " ".join(words.letters("abcst", 1) for _ in range(900))))


def _record_in_utf16(words: Words) -> Request:
    return get(f"/documents/{quote(words.longest.id)}.json", ("offsets", "utf-16"))


def _narrow_search(words: Words) -> Request:
    query, ids = words.sample(words.common, 200)[:_MOST], [d.id for d in words.documents[:100]]
    dates = {"from": "1990-01-01", "to": "2030-01-01"}
    return _call("search", query=query, document=ids, limit=50, **dates)


UNUSUAL = (
    *_ask_requests(),
    *_document_requests(),
    *_page_requests(),
    *_tool_requests(),
    *_batch_requests(),
    *_quote_requests(),
    *_list_requests(),
)
