"""Any headers before every route of the app, as any server could hand them on."""

from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import create_environ, run_wsgi_app

from tests.hostility.markup import MARKUP, assert_harmless
from tests.hostility.strategies import HOST, TOKEN, headers, methods, paths

_QUESTIONS = st.sampled_from(["", "who demanded guarantees?", "and when?", *MARKUP])


def environ_of(path, method, question, headers):
    """What a server makes of a request: repeated headers are joined, as WSGI wants it."""
    environ = create_environ(path, f"http://{HOST}", query_string={"q": question}, method=method)
    environ["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    fields = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        fields[key] = f"{fields[key]},{value}" if key in fields else value
    return environ | fields


def test_no_header_makes_it_fail_or_comes_back(apps, limit_examples):
    statuses = set()

    @limit_examples(300)
    @given(st.sampled_from(apps), st.sampled_from(paths(apps[0])), methods, _QUESTIONS, headers)
    # Of many paths few take a body, so that chance alone rarely sends them one of a wrong type.
    @example(apps[0], "/verify", "POST", "", [("Content-Type", "text/plain")])
    def holds(app, path, method, question, pairs):
        environ = environ_of(path, method, question, pairs)
        chunks, status, response_headers = run_wsgi_app(app, environ, buffered=True)
        code = int(status.split()[0])
        statuses.add(code)
        assert_harmless(code, Headers(response_headers), b"".join(chunks), (path, method, pairs))

    holds()

    assert {200, 400, 404, 405, 415} <= statuses
