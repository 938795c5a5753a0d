"""Tags of answers: the same for the same address over the same generation, compared before work."""

import pytest

from qa.app import create_app
from qa.engines.factory import open_engine
from qa.settings import Settings
from qa.web import api
from tests.conftest import BRIDGE, build_index, write
from tests.counted_deadline import CountedDeadline, set_deadline

ASK = "/ask?q=who+demanded+guarantees%3F"
PATHS = [ASK, "/?q=who+demanded+guarantees%3F", "/", "/documents", "/documents/harbour", "/about"]


@pytest.fixture
def index(own_index):
    """A folder with an index of two documents, which tests may change."""
    return own_index


def rebuild(index):
    """Build another generation; the name of the one before."""
    before = (index / "CURRENT").read_text().strip()
    write(index / "documents", bridge_md=BRIDGE + "One more sentence.")
    build_index(index)
    return before


def tag(client, path, **headers):
    response = client.get(path, headers={"Accept": "text/html", **headers})

    assert response.status_code == 200
    return response.headers["ETag"]


@pytest.mark.parametrize("path", PATHS)
def test_what_follows_the_index_is_tagged_with_the_generation(client, index, path):
    response = client.get(path, headers={"Accept": "text/html"})
    name = (index / "CURRENT").read_text().strip()

    assert response.headers["ETag"].startswith(f'W/"{name}-')
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert tag(client, path) == response.headers["ETag"]


def test_each_address_has_a_tag_of_its_own(client):
    assert len({tag(client, path) for path in PATHS}) == len(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_who_has_it_gets_no_body_and_nothing_is_asked(client, monkeypatch, path):
    old_tag = tag(client, path)
    monkeypatch.setattr(api, "ask", lambda *_, **__: pytest.fail("asked"))
    response = client.get(path, headers={"If-None-Match": f'"x", {old_tag}'})

    assert (response.status_code, response.data) == (304, b"")
    assert response.headers["ETag"] == old_tag
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_a_new_generation_has_new_tags(client, index):
    old_tag = tag(client, ASK)
    rebuild(index)
    response = client.get(ASK, headers={"If-None-Match": old_tag})

    assert response.status_code == 200
    assert response.headers["ETag"] != old_tag


def test_other_settings_have_other_tags(client, index):
    other = create_app(Settings(index=str(index), found=0.9)).test_client()

    assert tag(client, ASK) != tag(other, ASK)


def test_other_synonyms_have_other_tags_once_they_are_in_the_index(client, index):
    old_tag = tag(client, ASK)
    (index / "synonyms.txt").write_text("demanded, insisted on")
    assert tag(client, ASK) == old_tag
    build_index(index)

    assert tag(client, ASK) != old_tag


def test_what_is_pinned_stays_fresh_while_it_is_kept(client, index):
    before = rebuild(index)
    pinned = client.get(f"{ASK}&generation={before}")

    assert pinned.json["generation"] == before
    assert pinned.headers["Cache-Control"] == "private, max-age=86400"
    assert pinned.headers["ETag"].startswith(f'W/"{before}-')


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/static/style.css", "/ask?q="])
def test_what_does_not_follow_it_is_not_tagged_with_it(client, index, path):
    response = client.get(path)
    name = (index / "CURRENT").read_text().strip()
    response.close()

    assert name not in response.headers.get("ETag", "")


def test_an_answer_to_a_post_is_not_tagged(client):
    assert "ETag" not in client.post("/ask", json={"question": "who demanded guarantees?"}).headers


def test_without_an_index_a_tag_does_no_harm(tmp_path):
    client = create_app(Settings(index=str(tmp_path))).test_client()

    assert client.get(ASK, headers={"If-None-Match": '"x"'}).status_code == 503


def test_a_request_is_answered_from_one_generation_whatever_happens_meanwhile(index, monkeypatch):
    client = create_app(Settings(index=str(index))).test_client()
    real, generations = api.ask, []

    def ask(searcher, *arguments, **options):
        if len(generations) == 1:
            rebuild(index)
        generations.append(searcher.manifest.name)
        return real(searcher, *arguments, **options)

    monkeypatch.setattr(api, "ask", ask)
    page = client.get("/?q=who+demanded+guarantees%3F&q=who+opened+the+bridge%3F&q=when%3F")
    live = open_engine(Settings(index=str(index))).searcher().manifest.name

    assert page.status_code == 200
    assert len(generations) == 3
    assert set(generations) == {generations[0]}
    assert live != generations[0]
    assert f"index {generations[0][:6]}" in page.text


@pytest.mark.parametrize("path", [ASK, "/?q=who+demanded+guarantees%3F"])
def test_an_answer_that_was_cut_short_is_not_kept(index, path, monkeypatch):
    client = create_app(Settings(index=str(index), recent_answers=0)).test_client()
    responses = []
    for most in range(60):
        set_deadline(monkeypatch, CountedDeadline(max_looks=most))
        responses.append(client.get(path))
    cut = [
        response for response in responses if response.headers.get("Cache-Control") == "no-store"
    ]

    assert responses[0].status_code == 503
    assert responses[-1].headers["ETag"]
    assert {response.status_code for response in cut} == {200}
    assert not any("ETag" in response.headers for response in (*cut, responses[0]))
