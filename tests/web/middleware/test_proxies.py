"""Below any path, all addresses lead back to the service: those of pages, answers and errors."""

import json

import pytest
import regex

from qa.app import create_app
from qa.errors import SettingsError
from qa.settings import Settings, settings_from_environ
from qa.web.request_schemas import parse_quotes

URL = "https://docs.example.org/kb"
# What a service has in front of it, and what each request then comes with.
MOUNTS = {
    "server": ({}, {}, {"SCRIPT_NAME": "/kb"}),
    "proxy": ({"trusted_proxies": 1}, {"X-Forwarded-Prefix": "/kb"}, {}),
    "proxy with a slash": ({"trusted_proxies": 1}, {"X-Forwarded-Prefix": "/kb/"}, {}),
    "setting": ({"url": URL}, {}, {}),
    "setting with a slash": ({"url": f"{URL}/"}, {}, {}),
    "setting before a proxy": (
        {"url": URL, "trusted_proxies": 1},
        {"X-Forwarded-Prefix": "/other"},
        {},
    ),
}
QUESTION = "?q=who+demanded+guarantees"
PAGES = [
    *("/", f"/{QUESTION}", f"/{QUESTION}&q=when", "/?q=how+many+documents+are+there", "/documents"),
    *("/documents/harbour", f"/documents/harbour{QUESTION}", "/about", "/api", "/problems"),
    *(
        "/nowhere",
        "/documents/none",
        f"/{QUESTION}&open=1.1",
        f"/{QUESTION}&generation=0123456789ab",
    ),
]
_ADDRESS = regex.compile(r'\b(?:href|src|action|cite|data-path)="(/[^"]*)"')


@pytest.fixture(params=MOUNTS)
def ask(request, index):
    """Asks a service that is mounted at /kb."""
    settings, headers, environ = MOUNTS[request.param]
    client = create_app(Settings(index=str(index), **settings)).test_client()

    def ask(path, *, accept="text/html", **options):
        merged = headers | {"Accept": accept}
        return client.open(path, headers=merged, environ_overrides=environ, **options)

    return ask


@pytest.mark.parametrize("path", PAGES)
def test_each_link_of_a_page_stays_below_the_mount(ask, path):
    addresses = _ADDRESS.findall(ask(path).get_data(as_text=True))

    assert len(addresses) > 10
    assert [each for each in addresses if not each.startswith("/kb/")] == []
    assert [each for each in addresses if each.startswith("/kb/kb")] == []


@pytest.mark.parametrize("path", [f"/{QUESTION}", "/documents", "/about"])
def test_the_canonical_address_has_the_mount_once(ask, path):
    page = ask(path).get_data(as_text=True)
    address = regex.search(r'<link rel="canonical" href="https?://[^/]+([^"]*)"', page)[1]

    assert address.startswith(f"/kb{path}")


@pytest.mark.parametrize("path", [f"/ask{QUESTION}", f"/v1/ask{QUESTION}"])
def test_citations_have_the_mount(ask, path):
    passages = ask(path).get_json()["passages"]

    assert passages
    assert {passage["citation"]["read_url"][:14] for passage in passages} == {"/kb/documents/"}


def test_what_the_collection_is_links_below_the_mount(ask):
    about = ask("/ask?q=how+many+documents+are+there").get_json()["about"]

    assert about["links"]
    assert all(link["url"].startswith("/kb/") for link in about["links"])


def test_a_saved_citation_is_read_with_the_mount_in_its_address_or_without(ask):
    url = ask(f"/ask{QUESTION}").get_json()["passages"][0]["citation"]["read_url"]
    path = url.removeprefix("/kb").partition("#")[0].replace("/documents/", "/cite/")
    (entry,) = ask(f"{path}&format=csl-json").get_json()
    address = entry["custom"]["read_url"]
    older = entry | {"custom": {"read_url": address.replace("/kb/", "/")}}
    saved = parse_quotes([entry, older])

    assert address.endswith(url)
    assert [quote.document_id for quote in saved] == ["harbour"] * 2


def test_a_citation_is_verified_with_addresses_below_the_mount(ask):
    citation = ask(f"/ask{QUESTION}").get_json()["passages"][0]["citation"]
    changed = citation | {"exact": citation["exact"].replace("Moberg", "Elm"), "sha256": ""}
    body = ask("/verify", method="POST", json={"citations": [citation, changed]}).get_json()
    same, near = body["citations"]

    assert same["citation"]["read_url"].startswith("/kb/documents/harbour?cite=")
    assert near["near"]["citation"]["read_url"].startswith("/kb/documents/")


@pytest.mark.parametrize("path", [f"/export.md{QUESTION}", f"/export.json{QUESTION}"])
def test_exports_have_the_mount_once(ask, path):
    text = ask(path).get_data(as_text=True)
    addresses = regex.findall(r"https?://(?:localhost|docs\.example\.org)(/[^\s)\"]*)", text)

    assert addresses
    assert [each for each in addresses if not regex.match(r"/kb/(?!kb)", each)] == []


@pytest.mark.parametrize("path", ["/documents.json", "/v1/documents.json"])
def test_lists_lead_below_the_mount(ask, path):
    documents = ask(path).get_json()["items"]

    assert len(documents) == 2
    assert all(each["read_url"].startswith("/kb/documents/") for each in documents)


def test_problems_have_the_address_of_their_type_below_the_mount(ask):
    assert ask("/ask?q=", accept="*/*").get_json()["type"].startswith("/kb/problems/")


def test_the_search_of_browsers_is_below_the_mount(ask):
    description = ask("/opensearch.xml").get_data(as_text=True)

    assert description.count("/kb/") == 4
    suggested = json.loads(ask("/suggest?q=har").get_data())[3]
    assert suggested
    assert all(regex.match(r"https?://[^/]+/kb/(?!kb)", each) for each in suggested)


def test_the_description_of_calls_has_the_mount(ask):
    servers = ask("/openapi.json").get_json()["servers"]

    assert {each["url"] for each in servers} == {"/kb", "/kb/v1"}


def test_the_mount_without_its_slash_leads_to_the_page(index):
    client = create_app(Settings(index=str(index), url=URL)).test_client()
    response = client.get("/kb?q=a+b", headers={"Host": "docs.example.org"})

    assert response.status_code == 308
    assert response.headers["Location"] == "/kb/?q=a+b"


def test_a_proxy_may_leave_the_path_of_the_setting_in_or_not(index):
    client = create_app(Settings(index=str(index), url=URL)).test_client()
    pages = [client.get(path).get_data() for path in ("/documents", "/kb/documents")]

    assert pages[0] == pages[1]
    assert client.get("/kbx").status_code == 404
    assert client.get("/livez").status_code == client.get("/kb/livez").status_code == 200


@pytest.mark.parametrize("host", ["docs.example.org", "docs.example.org:443", "localhost"])
def test_the_host_of_the_setting_is_answered_to(index, host):
    client = create_app(Settings(index=str(index), url=URL)).test_client()

    assert client.get("/about", headers={"Host": host}).status_code == 200
    assert client.get("/about", headers={"Host": "evil.example"}).status_code == 400


def test_without_trusted_proxies_nobody_moves_the_mount(index):
    client = create_app(Settings(index=str(index))).test_client()
    page = client.get("/about", headers={"X-Forwarded-Prefix": "/kb"}).get_data(as_text=True)

    assert '="/kb' not in page


@pytest.mark.parametrize("prefix", ["kb", "//evil.example", "/a//b", "/..", "/<x>", "/a?b", "/"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_prefix_that_is_no_path_is_refused_and_is_in_no_link(index, prefix, accept):
    client = create_app(Settings(index=str(index), trusted_proxies=1)).test_client()
    response = client.get("/about", headers={"X-Forwarded-Prefix": prefix, "Accept": accept})
    text = response.get_data(as_text=True)

    if prefix.strip("/"):
        assert response.status_code == 400
        assert "X-Forwarded-Prefix is no path" in text
    assert not regex.search(r'"(?:href|src|type)"?[:=] ?"(?!/[a-z]|about:|http)', text)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        *(("https", "https"), ("HTTPS", "https"), ("http", "http"), ("ftp", "http")),
        *(("http://evil.example", "http"), ("//evil.example", "http"), ("\\evil", "http")),
    ],
)
def test_a_scheme_that_is_none_is_in_no_address(index, scheme, expected):
    client = create_app(Settings(index=str(index), trusted_proxies=1)).test_client()
    headers = {"X-Forwarded-Proto": scheme}

    location = client.get("/documents//harbour", headers=headers).headers["Location"]

    assert location == f"{expected}://localhost/documents/harbour"


def test_pages_at_another_mount_are_others(index):
    client = create_app(Settings(index=str(index), trusted_proxies=1)).test_client()
    etags = {
        client.get("/about", headers={"X-Forwarded-Prefix": prefix}).headers["ETag"]
        for prefix in ("/", "/kb", "/docs")
    }

    assert len(etags) == 3


@pytest.mark.parametrize("path", ["documents", "ask", "v1", "static/x"])
def test_the_service_has_none_of_its_own_paths_as_its_mount(index, path):
    with pytest.raises(SettingsError, match="is a path of the service itself; use another one"):
        create_app(Settings(index=str(index), url=f"https://example.org/{path}"))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "example.org",
            "ftp://example.org",
            "https://",
            "https://a b/",
            "https://u:p@example.org",
        ),
        *("https://example.org/?q", "https://example.org/#x", "https://example.org:99999"),
        *("https://example.org//kb", "https://example.org/../kb", "https://example.org/k%62"),
        *("https://bücher.example", "https://example.org\n", "https://example.org:0", "/kb"),
    ],
)
def test_an_address_that_is_none_is_refused_when_settings_are_read(url):
    with pytest.raises(SettingsError, match=r"QA_URL=.* is no address such as https://example"):
        settings_from_environ({"QA_URL": url})


@pytest.mark.parametrize("url", [URL, "http://localhost:8000", "https://[::1]:8443/a/b-c/", ""])
def test_an_address_is_read(url):
    assert settings_from_environ({"QA_URL": url}).url == url
