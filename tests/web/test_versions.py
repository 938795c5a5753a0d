"""The addresses that stay, under /v1, and which program answers there."""

import pytest

from qa import __version__
from qa.app import create_app
from qa.documents.versions import analysis_version
from qa.engines.kernel.loader import find_kernel
from qa.settings import Settings

# Programs depend on these: add to them, but take none away.
STAYING = {
    ("GET", "/v1/ask"),
    ("POST", "/v1/ask"),
    ("POST", "/v1/verify"),
    ("GET", "/v1/documents.json"),
    ("GET", "/v1/documents/<path:document_id>"),
    ("GET", "/v1/cite/<path:document_id>"),
    ("GET", "/v1/export.md"),
    ("GET", "/v1/export.json"),
    ("GET", "/v1/export.csv"),
    ("GET", "/v1/documents.csv"),
    ("GET", "/v1/suggest"),
    ("GET", "/v1/version"),
    ("POST", "/v1/mcp"),
    ("POST", "/v1/mcp/"),
}
PATHS = [
    "/ask?q=who+demanded+guarantees",
    "/documents.json?sort=newest",
    "/documents/harbour.json",
    "/cite/harbour?cite=0-100&format=ris",
    "/export.md?q=harbour",
    "/export.json?q=harbour",
    "/export.csv?q=harbour",
    "/documents.csv?sort=newest",
    "/suggest?q=bridge",
    "/version",
]


def plain(body):
    """*body* without what is of one request only."""
    if isinstance(body, dict):
        return {name: plain(value) for name, value in body.items() if name != "took_ms"}
    return [*map(plain, body)] if isinstance(body, list) else body


def test_the_addresses_under_v1_stay(app):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/v1/")]
    found = {(method, rule.rule) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}}

    assert found >= STAYING


@pytest.mark.parametrize("path", PATHS)
def test_what_is_under_v1_is_what_is_without(client, path):
    old, new = client.get(path), client.get(f"/v1{path}")

    assert (new.status_code, new.content_type) == (200, old.content_type)
    if old.is_json:
        assert plain(new.get_json()) == plain(old.get_json())
    else:
        assert new.get_data() == old.get_data()


@pytest.mark.parametrize("body", [{"question": "who demanded guarantees?"}, {"question": ""}, []])
def test_posts_are_answered_under_v1_as_without(client, body):
    old, new = client.post("/ask", json=body), client.post("/v1/ask", json=body)

    assert new.status_code == old.status_code
    assert plain(new.get_json()) == plain(old.get_json())


def test_a_token_is_asked_for_under_v1_too(index):
    client = create_app(Settings(index=str(index), token="a-long-token")).test_client()  # noqa: S106
    headers = {"Authorization": "Bearer a-long-token"}

    for path in PATHS:
        assert client.get(f"/v1{path}").status_code == 401
        assert client.get(f"/v1{path}", headers=headers).status_code == 200


def test_pages_and_health_checks_have_no_version(client):
    for path in ("/v1/", "/v1/documents", "/v1/about", "/v1/livez", "/v1/readyz", "/v1/metrics"):
        assert client.get(path).status_code == 404


def test_pages_of_the_list_stay_under_v1(tmp_path):
    from qa.documents.document import Metadata, RawBlock, build_document  # noqa: PLC0415
    from qa.engines.factory import open_engine  # noqa: PLC0415
    from qa.publishing.builder import index_documents  # noqa: PLC0415

    documents = [
        build_document(f"d{n}", "d.txt", [RawBlock("Nothing here.")], Metadata(f"Title {n}"))
        for n in range(120)
    ]
    settings = Settings(index=str(tmp_path))
    index_documents(documents, open_engine(settings), settings)
    client = create_app(settings).test_client()

    assert client.get("/v1/documents.json").get_json()["next"] == "/v1/documents.json?page=2"
    assert client.get("/documents.json").get_json()["next"] == "/documents.json?page=2"


def test_the_version_says_what_answers(client, searcher):
    manifest = searcher.manifest

    assert client.get("/v1/version").get_json() == {
        "program": __version__,
        "api": "v1",
        "engine": "whoosh",
        "kernel": "compiled" if find_kernel() else "numpy",
        "analysis": analysis_version(),
        "index": {
            "generation": manifest.name,
            "published": manifest.published_at.isoformat().replace("+00:00", "Z"),
            "documents": 2,
            "passages": manifest.passages,
            "languages": ["en"],
            "analysis": analysis_version(),
        },
    }


def test_without_an_index_there_is_a_version(tmp_path):
    body = create_app(Settings(index=str(tmp_path))).test_client().get("/v1/version").get_json()

    assert (body["program"], body["index"]) == (__version__, None)


def test_robots_are_kept_from_v1(client):
    assert "Disallow: /v1/" in client.get("/robots.txt").text
