"""POST /verify and `qa verify`: what became of saved citations."""

import io
import json

import pytest
from click.testing import CliRunner

from qa.app import create_app
from qa.cli import main
from qa.settings import Settings
from qa.web.request_schemas import SavedCitation
from tests.conftest import HARBOUR, build_index, write

LATER = HARBOUR.replace("The old harbour", "Lindholm has two.\n\nThe old harbour")
ASKED = "/ask?q=who+demanded+guarantees%3F&limit=1"


@pytest.fixture
def index(own_index):
    """A folder with an index of two documents, which tests may change."""
    return own_index


@pytest.fixture
def answer(client):
    return client.get(ASKED).get_json()


def first_citation(saved):
    return saved["passages"][0]["citation"]


def rebuild(index, text):
    write(index / "documents", harbour_md=text)
    build_index(index)


def verify(index, saved, *options):
    arguments = ["verify", "-", "--index", str(index), *options]
    text = saved if isinstance(saved, str) else json.dumps(saved)
    return CliRunner().invoke(main, arguments, input=io.BytesIO(text.encode()))


def test_a_posted_citation_is_looked_for(client, index, answer):
    body = client.post("/verify", json={"citations": [first_citation(answer)]}).get_json()
    (citation,) = body["citations"]

    assert body["generation"] == answer["generation"]
    assert list(citation) == ["quote", "state", "document", "citation", "near"]
    assert (citation["state"], citation["document"]) == ("unchanged", "unchanged")
    assert citation["citation"]["read_url"].startswith("/documents/harbour?")
    assert (
        citation["quote"]["exact"]
        == citation["citation"]["exact"]
        == first_citation(answer)["exact"]
    )


def test_what_there_is_no_time_for_is_left_for_another_request(client, answer, monkeypatch):
    missing = first_citation(answer) | {
        "exact": "Captain Elsa Moberg demanded a legal pier from the council."
    }
    monkeypatch.setattr("qa.answers.quote_search._MAX_STEPS", 400)
    body = client.post("/verify", json={"citations": [missing] * 50}).get_json()

    assert body["partial"]
    assert [result["state"] for result in body["citations"]] == ["gone"] * 2


@pytest.mark.parametrize("length", [6_000, 95_000])
def test_one_long_quote_is_looked_for(client, answer, length):
    missing = first_citation(answer) | {"exact": ("A legal pier was sold. " * 5_000)[:length]}
    response = client.post("/verify", json={"citations": [missing]})

    assert response.status_code == 200
    assert response.get_json()["citations"][0]["state"] == "gone"


def test_where_there_is_no_time_at_all_nothing_is_said(client, answer):
    response = client.post(
        "/verify",
        json={"citations": [first_citation(answer) | {"start": 0}]},
        environ_overrides=LATE,
    )

    assert response.status_code == 503
    assert "takes longer" in response.get_json()["detail"]


# A request whose head was read long ago.
LATE = {"qa.head_read": -1e9}


def test_the_command_takes_its_time(index, answer, monkeypatch):
    monkeypatch.setattr("qa.answers.quote_search._MAX_STEPS", 0)
    rebuild(index, LATER)

    assert not json.loads(verify(index, answer, "--json").stdout)["partial"]


TEXTS = [
    name for name, field in SavedCitation.model_fields.items() if "str" in str(field.annotation)
]


@pytest.mark.parametrize("field", TEXTS)
def test_half_a_character_is_refused_by_name(client, answer, field):
    response = client.post(
        "/verify", json={"citations": [first_citation(answer) | {field: "\ud800"}]}
    )

    assert response.status_code == 422
    assert [error["pointer"] for error in response.get_json()["errors"]] == [
        f"#/citations/0/{field}"
    ]


@pytest.mark.parametrize(
    ("text", "state", "code"),
    [
        (HARBOUR + "\nMore was said later.", "unchanged", 0),
        (LATER, "moved", 4),
        (HARBOUR.replace("legal guarantees", "promises"), "gone", 5),
    ],
)
def test_the_command_and_the_service_say_the_same(client, index, answer, text, state, code):
    rebuild(index, text)
    posted = client.post("/verify", json={"citations": [first_citation(answer)]}).get_json()
    printed = verify(index, answer, "--json")

    assert json.loads(printed.stdout) == posted
    assert posted["citations"][0]["state"] == state
    assert printed.exit_code == code
    assert (posted["citations"][0]["near"] is not None) == (state == "gone")


def test_the_command_tells_people_where_it_is(index, answer):
    rebuild(index, LATER)
    output = verify(index, answer).stdout

    assert output.startswith("moved: “")
    assert "the document harbour has changed" in output
    assert "now at The harbour of Lindholm, ¶ " in output

    rebuild(index, HARBOUR.replace("legal guarantees", "promises"))
    output = verify(index, answer).stdout

    assert output.startswith("gone: “")
    assert "% of it at The harbour of Lindholm" in output
    assert "demanded promises from the council" in output


@pytest.mark.parametrize(("answer", "words"), [("{", "is no JSON"), ("5", "no citation")])
def test_the_command_says_what_it_cannot_read(index, answer, words):
    result = verify(index, answer)

    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("posted", "field"),
    [
        ({}, "citations"),
        ({"citations": []}, "citations"),
        ({"citations": [{"exact": "x"}]}, "citations/0/document_id"),
        ({"citations": [{"document_id": "x", "exact": "x", "start": -1}]}, "citations/0/start"),
        ({"citations": [{"document_id": "x", "exact": "x"}] * 51}, "citations"),
        ({"citations": [], "more": 1}, "citations"),
        ([], "body"),
    ],
)
def test_wrong_values_are_refused_by_name(client, posted, field):
    response = client.post("/verify", json=posted)

    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    assert response.get_json()["errors"][0]["pointer"] == f"#/{field}"


def test_without_an_index_it_is_not_ready(tmp_path):
    client = create_app(Settings(index=str(tmp_path / "none"))).test_client()
    posted = {"citations": [{"document_id": "x", "exact": "x"}]}

    assert client.post("/verify", json=posted).status_code == 503
    assert client.post("/verify", data="{").status_code in {400, 415}
    assert client.get("/verify").status_code == 405
