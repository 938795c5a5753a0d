"""Any headers before every route of the app, as any server could hand them on."""

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import create_environ, run_wsgi_app

from tests.hostility.markup import MARKUP, assert_harmless
from tests.hostility.strategies import HOST, TOKEN, headers, methods, paths

_QUESTIONS = st.sampled_from(["", "who demanded guarantees?", "and when?", *MARKUP])


def environ_of(path, method, question, sent):
    """What a server makes of a request: repeated headers are joined, as WSGI wants it."""
    environ = create_environ(path, f"http://{HOST}", query_string={"q": question}, method=method)
    environ["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
    given = {}
    for name, value in sent:
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        given[key] = f"{given[key]},{value}" if key in given else value
    return environ | given


def test_no_header_makes_it_fail_or_comes_back(apps, trying):
    seen = set()

    @trying(600)
    @given(st.sampled_from(apps), st.sampled_from(paths(apps[0])), methods, _QUESTIONS, headers)
    def holds(app, path, method, question, sent):
        environ = environ_of(path, method, question, sent)
        chunks, status, found = run_wsgi_app(app, environ, buffered=True)
        code = int(status.split()[0])
        seen.add(code)
        assert_harmless(code, Headers(found), b"".join(chunks), (path, method, sent))

    holds()

    assert {200, 400, 404, 405, 415} <= seen
