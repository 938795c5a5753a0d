"""What Hypothesis sends: any headers, any bodies, any bytes, most of them almost right."""

import base64
import json
import re

from hypothesis import strategies as st

from tests.hostility.markup import MARKUP

TOKEN = "a-token-of-some-length"  # noqa: S105 - of a test
HOST = "docs.example.org"
ORIGIN = "https://a.example"
_ARGUMENTS = {
    "filename": "style.css",
    "document_id": "harbour",
    "code": "no-index",
    "passage_id": "0123456789abcdef-0123456789ab-40",
}

# Names that a piece of code here, or below it, looks at.
_LOOKED_AT = [
    *("Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization"),
    *("Cache-Control", "Connection", "Content-Length", "Content-Type", "Cookie", "Date", "Expect"),
    *("Forwarded", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range"),
    *("If-Unmodified-Since", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id"),
    *("Origin", "Range", "Referer", "TE", "Traceparent", "Trailer", "Transfer-Encoding"),
    *("Upgrade", "User-Agent"),
    *("Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix"),
    *("X-Forwarded-Proto", "X-HTTP-Method-Override", "X-Request-ID", "X-Requested-With"),
    *("Access-Control-Request-Method", "Access-Control-Request-Headers", "Sec-Fetch-Site"),
]
_PIECES = [
    *("*/*", "text/html", "application/json;q=0.5", "text/html;q=x", ";q=", "q=1e999", "level=1"),
    *(
        "*",
        '"tag"',
        'W/"tag"',
        'W/"',
        "bytes=0-1",
        "bytes=-",
        "bytes=9-1,0-0",
        "bytes=0-" + "9" * 30,
    ),
    *(
        "en",
        "en-GB;q=0.9",
        "zz-" + "a" * 90,
        "Bearer",
        f"Bearer {TOKEN}",
        "Basic",
        "Basic Zg==",
        "Basic =",
    ),
    *("Basic " + base64.b64encode(b"\xff:\xff").decode(), "Digest a=b, c", "Bearer \xff"),
    *("192.0.2.1", "::1", "2001:db8::1%eth0", "[::1]:99", "unknown", "999.1.1.1", "1.2.3.4:5"),
    *(HOST, f"{HOST}:99999", "a:b:c", "[", "xn--", "\xe4.example", ".", "-", "localhost:", "@"),
    *(ORIGIN, "null", "https://", "http", "https,http", "javascript", "a=b; c=d", "a=", "=b", ";;"),
    *("close", "keep-alive", "upgrade", "h2c", "100-continue", "trailers", "chunked", "identity"),
    *("0", "5", "-1", "5, 5", "1e3", "9" * 25, "\xb2", "gzip", "utf-8", "multipart/form-data"),
    *(
        "boundary=",
        'boundary="',
        "charset=utf-7",
        "charset=\xff",
        "charset=none",
        "application/json",
    ),
    *("2026-07-28", "2025-06-18", "2024-11-05", "tools/call", "search", "POST", "content-type"),
    *("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Oct 99999 99:99:99", "Thu, 1 Jan 0000 00:00:00"),
    *("\t", "\x01", "\x7f", "\x85", "\xa0", '"', "\\", "%0d%0aSet-Cookie: a=b", "=?utf-8?q?=3C?="),
    *("a" * 9000, "," * 5000, ";" * 5000, "(" * 3000, "a=b;" * 2000, "en," * 2000, '"' * 3001),
    *MARKUP,
]
_TOKENS = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}", fullmatch=True)
_LATIN = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30)
_JOINS = st.sampled_from(["", " ", ", ", ",", ";", "; ", "=", ":"])

names = st.sampled_from(["Accept", "Authorization", "Host", "If-None-Match", *_LOOKED_AT]) | _TOKENS
values = st.builds(
    lambda join, pieces: join.join(pieces).encode("latin-1", "replace").decode("latin-1"),
    _JOINS,
    st.lists(st.sampled_from(_PIECES) | _LATIN, min_size=1, max_size=3),
)
headers = st.lists(st.tuples(names, values), max_size=6)

methods = st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "POST"]) | st.sampled_from(
    ["PUT", "DELETE", "TRACE", "CONNECT", "PATCH", "PROPFIND"]
)


def paths(app):
    """The path of every route of *app*, and of none."""
    rules = (str(rule) for rule in app.url_map.iter_rules())
    paths = {re.sub(r"<.*?(\w+)>", lambda match: _ARGUMENTS[match[1]], rule) for rule in rules}
    return [*sorted(paths), "/documents/harbour.json", "/nowhere"]


def post_paths(app):
    """The path of every route of *app* that takes a body."""
    return sorted(str(rule) for rule in app.url_map.iter_rules() if "POST" in rule.methods)


# Surrogates too, which JSON can spell; NaN too, which some write.
_TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(
    [*MARKUP, "harbour", "who demanded guarantees", "2021-12-03", "search", "fetch", "a" * 3000]
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 1 << 63, 0, 1, 5, 50])
    | st.floats()
    | _TEXTS
)
anything = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def _almost(needed, **fields):
    """An object with what is *needed* and some of *fields*, or with one that is anything."""
    valid = st.fixed_dictionaries(needed, optional=fields)
    names = st.sampled_from([*needed, *fields]) | _TEXTS
    wrong = st.builds(lambda fields, name, value: fields | {name: value}, valid, names, anything)
    return valid | valid | wrong


_OPERATORS = st.sampled_from(
    [
        *("title:harbour", "publisher:", "before:2022", "after:0000-00", "type:md", "type:\0"),
        *("OR", "har*", '"old harbour"~5', '""~9', "-(", ")", "(a OR b)", '"', "~", "*"),
        "title:*",
    ]
)
_SEARCHES = st.lists(_OPERATORS | _TEXTS, max_size=8).map(" ".join)
_FILTERS = _almost(
    {"from": st.just("2021-01-01"), "to": st.just("2022-01-01")},
    publisher=st.lists(_TEXTS, max_size=2),
    document=st.lists(st.just("harbour") | _TEXTS, max_size=2),
)
_QUESTION = _almost(
    {"question": _TEXTS | _SEARCHES},
    limit=st.integers(1, 9),
    sort=st.just("newest"),
    offsets=st.just("utf-16"),
    filters=_FILTERS,
    turns=st.lists(_almost({"question": _TEXTS}), max_size=3),
    drop=st.lists(_TEXTS, max_size=2),
)
_QUESTIONS = _QUESTION | _almost({"questions": st.lists(_QUESTION, max_size=3)})
_CITATION = _almost(
    {"document_id": st.just("harbour"), "exact": st.just("old harbour of") | _TEXTS},
    prefix=_TEXTS,
    suffix=_TEXTS,
    start=st.integers(),
    end=st.integers(),
    sha256=_TEXTS,
)
_VERIFY = _almost({"citations": st.lists(_CITATION, max_size=3)})
_META = "io.modelcontextprotocol/"
_VERSIONS = st.sampled_from(["2026-07-28", "2025-06-18"])
_ENVELOPE = _almost({f"{_META}protocolVersion": _VERSIONS, f"{_META}clientCapabilities": anything})
_PARAMETERS = _almost(
    {
        "name": st.sampled_from(["search", "fetch", "list_documents"]),
        "arguments": _almost({"query": _TEXTS}, limit=st.just(3), turns=st.lists(_TEXTS))
        | _almost({"title": _TEXTS}, page=st.integers(), publisher=st.lists(_TEXTS, max_size=2))
        | _almost({"id": st.just("harbour")}, start=st.integers()),
    },
    _meta=_ENVELOPE,
    protocolVersion=_VERSIONS,
)
_METHODS = ["tools/call", "tools/call", "tools/list", "initialize", "ping", "server/discover"]
_MESSAGE = _almost(
    {
        "jsonrpc": st.just("2.0"),
        "id": st.integers(0, 9),
        "method": st.sampled_from(_METHODS),
        "params": _PARAMETERS,
    }
)
_CONTENT = {"/ask": _QUESTIONS, "/mcp": _MESSAGE, "/mcp/": _MESSAGE, "/verify": _VERIFY}
_ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "utf-32-be"])
_NESTED = st.builds(
    lambda opening, times: opening * times,
    st.sampled_from([b"[", b'{"a":', b'[{"question":', b"[[],"]),
    st.sampled_from([900, 20_000]),
)
_NUMERALS = st.sampled_from([b"9" * 5000, b'{"question": ' + b"9" * 5000 + b"}", b"-", b"1e99999"])


def _encode(value, encoding="utf-8", cut=None):
    return json.dumps(value).encode(encoding, "surrogatepass")[:cut]


def messages(path):
    """What *path* takes, or almost that."""
    return _CONTENT[path].map(_encode)


def bodies(path):
    """Any JSON, in any encoding, whole or not; any bytes."""
    values = _CONTENT[path] | anything
    cut = st.none() | st.integers(0, 99)
    return st.builds(_encode, values, _ENCODINGS, cut) | st.binary() | _NESTED | _NUMERALS


_JSON = st.just("application/json")
content_types = st.one_of(
    *(_JSON, _JSON, _JSON, values),
    st.sampled_from(
        [
            *("", "text/plain", "application/x-www-form-urlencoded", "application/ld+json"),
            *("multipart/form-data; boundary=x", "multipart/form-data", "APPLICATION/JSON"),
            *("application/json; charset=utf-16", "application/json;charset=\xff", "text/html"),
        ]
    ),
)


def mirror_headers(body):
    """The headers that say what a message says, as far as it is one."""
    try:
        message = json.loads(body)
        version = message["params"]["_meta"][f"{_META}protocolVersion"]
        headers = {"MCP-Protocol-Version": version, "Mcp-Method": message["method"]}
        headers["Mcp-Name"] = message["params"]["name"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return [
        (name, value.encode("latin-1", "replace").decode("latin-1"))
        for name, value in headers.items()
        if isinstance(value, str)
    ]
