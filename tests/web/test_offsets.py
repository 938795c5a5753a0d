"""Offsets in UTF-16 code units, on request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings
from qa.web.offsets import build_shift

TEXTS = [
    "😀 Smileys came first. 𝔘nd then: the harbour 🚢🚢 of Lindholm was built in 1874. 👩‍🚀 End.",
    "The harbour of Lindholm is old. 🙂 The harbour of Lindholm is also 🏚️ small.",
]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = Settings(index=str(tmp_path_factory.mktemp("emoji")))
    document = build_document(
        "emoji", "emoji.txt", [*map(RawBlock, TEXTS)], Metadata("🚢 Harbours")
    )
    index_documents([document], open_engine(settings), settings)
    return create_app(settings).test_client()


def cut(text, start, end):
    """What JavaScript's `text.slice(start, end)` gives."""
    units = text.encode("utf-16-le")
    return units[2 * start : 2 * end].decode("utf-16-le")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.integers(0, 40))
def test_an_offset_counts_the_code_units_before_it(text, offset):
    offset = min(offset, len(text))

    assert build_shift(text)(offset) == len(text[:offset].encode("utf-16-le")) // 2


@pytest.mark.parametrize("posted", [True, False])
def test_offsets_of_an_answer_are_code_units_on_request(client, posted):
    asked = {"offsets": "utf-16"}
    question = "when was the harbour of Lindholm built?"
    plain = client.get("/ask", query_string={"q": question}).get_json()
    body = (
        client.post("/v1/ask", json={"question": question} | asked).get_json()
        if posted
        else client.get("/v1/ask", query_string={"q": question} | asked).get_json()
    )
    text = client.get("/documents/emoji.json").get_json()["text"]

    assert (body["offsets"], plain.get("offsets")) == ("utf-16", None)
    assert body["passages"]
    for passage, before in zip(body["passages"], plain["passages"], strict=True):
        citation, answer = passage["citation"], passage["answer"]
        assert cut(text, citation["start"], citation["end"]) == citation["exact"]
        assert cut(passage["text"], answer["start"], answer["end"]) == answer["text"]
        assert [cut(passage["text"], *mark) for mark in passage["marks"]] == [
            before["text"][start:end] for start, end in before["marks"]
        ]
        assert citation["read_url"] == before["citation"]["read_url"]
    assert body["passages"][0]["citation"]["end"] > plain["passages"][0]["citation"]["end"]


def test_blocks_of_a_document_are_code_units_on_request(client):
    plain = client.get("/documents/emoji.json").get_json()
    body = client.get("/v1/documents/emoji.json?offsets=utf-16").get_json()

    assert (body["offsets"], plain.get("offsets")) == ("utf-16", None)
    for block, before in zip(body["blocks"], plain["blocks"], strict=True):
        expected = plain["text"][before["start"] : before["end"]]
        assert cut(body["text"], block["start"], block["end"]) == expected
    assert body["blocks"][-1]["end"] > plain["blocks"][-1]["end"]


def test_in_a_batch_each_question_has_its_own(client):
    questions = [{"question": "harbour", "offsets": unit} for unit in ("utf-16", "code-points")]
    first, second = client.post("/v1/ask", json={"questions": questions}).get_json()["answers"]

    assert (first["offsets"], second.get("offsets")) == ("utf-16", None)


@pytest.mark.parametrize(
    "path",
    [
        "/ask?q=x&offsets=bytes",
        "/ask?q=x&offsets=utf-16&offsets=utf-16",
        "/documents/emoji.json?offsets=",
        "/documents/emoji.json?offsets=utf-16&offsets=utf-16",
    ],
)
def test_what_offsets_cannot_count_is_refused(client, path):
    response = client.get(path)

    assert response.status_code == 422
    assert response.get_json()["errors"][0]["pointer"] == "#/offsets"
