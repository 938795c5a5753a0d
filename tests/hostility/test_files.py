"""Hostile addresses with every method: no file outside is opened, nobody learns what is there.

The interpreter itself says what is opened (an audit hook), whoever opens it.
"""

import contextlib
import itertools
import os
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import create_environ, run_wsgi_app

from qa.app import create_app, template_folder
from qa.settings import Settings
from qa.web.static_files import STATIC, static_files
from tests.hostility.markup import assert_harmless

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "BREW")
PREFIXES = ("/static/", "/documents/", "/cite/", "/export.md/", "/export.json?q=x&generation=")
# What of a secret's path climbs out, where {up} and {path} stand for the way there.
SHAPES = (
    "{up}{path}",
    "/{path}",
    "//{path}",
    "./{up}{path}",
    "app.js/{up}{path}",
    "app.js/../{up}{path}",
    "harbour/{up}{path}",
    "{up}{path}%00.js",
    "{up}{path}.json",
    "%00{path}",
    "%2e%2e%2f{dots}{path}",
    "..%5c{path}",
    "..\\..\\{path}",
    "....//....//{path}",
    "..;/..;/{path}",
    "%c0%ae%c0%ae/{path}",
    "%252e%252e%252f{path}",
    "file://{path}",
    "{up}{path}?v=",
    "{up}{path}?v={sum}",
    "{path}?v={sum}",
    "x?sha256={sum}&quote={sum}&cite=0-9",
    "x?generation=../../{path}",
    "x?format=../../{path}",
    "{up}{path}#app.js",
)
VERSION = static_files()["app.js"].version
TARGETS = ("secret.txt", "nothing.txt")
LIBRARIES = (Path(sys.prefix), Path(sys.base_prefix), Path(os.__file__).parent)

_opened: list[str] = []
_watching = False


def _watch(event, arguments):
    if _watching and event in {"open", "os.listdir", "os.scandir"}:
        place = arguments[0]
        if isinstance(place, (str, bytes, os.PathLike)):
            _opened.append(os.fsdecode(place))


sys.addaudithook(_watch)


@contextlib.contextmanager
def record_opened_files():
    """What is opened meanwhile."""
    global _watching  # noqa: PLW0603 - a hook cannot be taken out again
    _opened.clear()
    _watching = True
    try:
        yield _opened
    finally:
        _watching = False


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """A folder outside with a secret, which is what attackers look for."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.txt").write_text("the word is zebrafish")
    return folder


def addresses(folder, target):
    """All hostile addresses of a *target* in the *folder*, be it there or not."""
    path = str(folder / target).lstrip("/")
    for prefix, shape in itertools.product(PREFIXES, SHAPES):
        filled = {"path": path, "up": "../" * 12, "dots": "..%2f" * 12, "sum": VERSION}
        yield prefix + shape.format(**filled)


def environ_of(address, method, **headers):
    """The request as a server hands it on that leaves every address as it is."""
    path, _, query = address.partition("?")
    environ = create_environ("/", "http://localhost", method=method, headers=headers)
    return environ | {
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": address,
    }


def answer(app, address, method, **headers):
    """The status, the headers and the body of an answer."""
    chunks, status, fields = run_wsgi_app(
        app, environ_of(address, method, **headers), buffered=True
    )
    return int(status.split()[0]), Headers(fields), b"".join(chunks)


@pytest.fixture(scope="module", params=["open", "locked"])
def app(request, index):
    """One for all, and one with the read token and scripts of other sites."""
    locked = {"token": "a-token-of-some-length", "cors_origins": ("https://a.example",)}
    return create_app(Settings(index=str(index), **(locked if request.param == "locked" else {})))


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_no_address_opens_a_file_outside(app, index, outside, accept):
    inside = (index, STATIC.parent, template_folder(), *LIBRARIES)
    tried = 0
    with record_opened_files() as opened_files:
        for address, method in itertools.product(addresses(outside, "secret.txt"), METHODS):
            status, headers, body = answer(app, address, method, Accept=accept)
            tried += 1
            assert status < 500, (method, address)
            assert b"zebrafish" not in body, (method, address)
            assert method != "OPTIONS" or body == b"", address
            assert_harmless(status, headers, body, (address, method))
    strange = [
        path for path in opened_files if not any(Path(path).is_relative_to(f) for f in inside)
    ]

    assert tried == len(PREFIXES) * len(SHAPES) * len(METHODS)
    assert strange == []
    assert not any("static" in Path(path).parts for path in opened_files)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nobody_learns_whether_a_file_is_there(app, outside, accept):
    existing, missing = TARGETS
    pairs = zip(addresses(outside, existing), addresses(outside, missing), strict=True)
    for (first, second), method in itertools.product(pairs, METHODS):
        responses = [answer(app, address, method, Accept=accept) for address in (first, second)]
        statuses = [(status, headers.get("Cache-Control")) for status, headers, _ in responses]

        assert statuses[0] == statuses[1], (method, first)
        body = responses[0][2].replace(existing.encode(), missing.encode())
        assert body == responses[1][2], (method, first)


@pytest.mark.parametrize(
    "address", ["/dev/zero", "/dev/stdin", "/proc/self/environ", "/etc/passwd"]
)
@pytest.mark.parametrize("method", METHODS)
def test_what_never_ends_is_never_read(app, address, method):
    with record_opened_files() as opened_files:
        status, _, body = answer(app, f"/static/{'../' * 12}{address.lstrip('/')}?v=", method)

    assert status < 500
    assert not any(path.startswith(("/dev", "/proc", "/etc")) for path in opened_files)
    assert b"root:" not in body


def test_only_what_is_in_the_folder_is_a_static_file():
    names = {path.name for path in STATIC.iterdir() if path.is_file()}

    assert {*static_files()} == names | {"app.js", "pages.css", "style.css"}


def test_a_static_file_is_the_one_that_was_there_at_the_start(index, monkeypatch, tmp_path):
    (tmp_path / "a.txt").write_text("as it was")
    monkeypatch.setattr("qa.web.static_files.STATIC", tmp_path)
    app = create_app(Settings(index=str(index)))
    (tmp_path / "a.txt").write_text("as it became")
    (tmp_path / "b.txt").write_text("came later")

    with record_opened_files() as opened_files:
        first, later = answer(app, "/static/a.txt", "GET"), answer(app, "/static/b.txt", "GET")

    assert (first[0], first[2]) == (200, b"as it was")
    assert later[0] == 404
    assert not any(str(tmp_path) in path for path in opened_files)


def test_the_hook_sees_what_is_opened(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    with record_opened_files() as opened_files:
        (tmp_path / "a.txt").read_bytes()

    assert opened_files == [str(tmp_path / "a.txt")]
