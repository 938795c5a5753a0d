"""Documents and conversations as tables."""

import csv
import io
import json

import pytest
from flask import url_for

from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings

# Ids that an address, or the table, writes otherwise.
UNUSUAL_IDS = ["a, b", 'c "d"', "e/f é?", "g&h=#", "-i"]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)"]


def rows_of(response):
    assert response.status_code == 200
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    return [*csv.DictReader(io.StringIO(response.get_data(as_text=True), newline=""))]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """An index of documents whose titles and texts a spreadsheet would calculate, and of many."""
    documents = [
        build_document(f"f{n}", "f.txt", [RawBlock(f'{sign} zebra, "quoted"')], Metadata(sign))
        for n, sign in enumerate(FORMULAS)
    ]
    documents += [
        build_document(f"d{n}", "d.csv", [RawBlock("Nothing here.")], Metadata(f"Title {n}"))
        for n in range(150)
    ]
    documents += [
        build_document(id_, "u.txt", [RawBlock(f"Nothing in {n}.")], Metadata(f"Unusual, {n}"))
        for n, id_ in enumerate(UNUSUAL_IDS)
    ]
    settings = Settings(index=str(tmp_path_factory.mktemp("hostile")))
    index_documents(documents, open_engine(settings), settings)
    return create_app(settings).test_client()


def test_a_conversation_is_a_table_of_its_passages(client, searcher):
    query = {"q": ["who demanded guarantees?", "and who built the harbour?"], "limit": 2}
    rows = rows_of(client.get("/export.csv", query_string=query))
    record = json.loads(client.get("/export.json", query_string=query).data)
    passages = [passage for turn in record["turns"] for passage in turn["passages"]]

    assert [row["text"] for row in rows] == [passage["text"] for passage in passages]
    assert [row["address"] for row in rows] == [p["citation"]["address"] for p in passages]
    assert {row["turn"] for row in rows} == {"1", "2"}
    for row in rows:
        text = searcher.document(row["document_id"]).text
        assert text[int(row["start"]) : int(row["end"])] == row["text"]
        assert row["answer"] in row["text"]
        assert row["generation"] == searcher.manifest.name


@pytest.mark.parametrize(
    ("question", "text"), [("boiling point of mercury", ""), ("what documents do you have?", "2")]
)
def test_a_question_without_a_passage_has_a_row(client, searcher, question, text):
    (row,) = rows_of(client.get("/export.csv", query_string={"q": question}))

    assert (row["question"], row["verdict"], row["rank"]) == (question, "none", "")
    assert text in row["text"]
    assert bool(row["text"]) == bool(text)
    assert row["generation"] == searcher.manifest.name


def test_all_documents_are_in_the_table(hostile):
    rows = rows_of(hostile.get("/documents.csv"))

    assert len(rows) == 154 + len(UNUSUAL_IDS)
    assert {row["type"] for row in rows} == {"txt", "csv"}


@pytest.mark.parametrize("options", [[], ["generation"]])
def test_each_row_has_the_address_of_its_document(hostile, options):
    generation = hostile.get("/version").json["index"]["generation"]
    pin = dict.fromkeys(options, generation)
    rows = rows_of(hostile.get("/documents.csv", query_string={"title": "unusual"} | pin))
    with hostile.application.test_request_context():
        addresses = {
            id_: url_for("reader.show", document_id=id_, _external=True, **pin)
            for id_ in UNUSUAL_IDS
        }

    assert {row["id"].removeprefix("'"): row["address"] for row in rows} == addresses
    for row in rows:
        assert row["title"] in hostile.get(row["address"]).text


def test_a_table_that_is_too_large_to_keep_is_the_same(hostile, monkeypatch):
    table = hostile.get("/documents.csv").data
    monkeypatch.setattr("qa.web.pages.document_list._MAX_ROW_BYTES", 1000)
    app = create_app(Settings(index=hostile.application.extensions["qa"].settings.index))

    assert [app.test_client().get("/documents.csv").data for _ in range(2)] == [table, table]


def test_the_table_has_the_documents_that_are_asked_for(client):
    query = {"publisher": "Northern Gazette", "from": "2021-01-01"}
    (row,) = rows_of(client.get("/documents.csv", query_string=query))

    assert (row["id"], row["title"]) == ("harbour", "The harbour of Lindholm")
    assert row["date"] == "2021-12-03"
    assert client.get("/documents.csv?sort=newest").text.index("bridge") < 200


@pytest.mark.parametrize("parameter", ["page=1", "colour=red", "from=yesterday", "sort=best"])
def test_what_the_table_cannot_have_is_refused(client, parameter):
    response = client.get(f"/documents.csv?{parameter}")

    assert response.status_code == 422
    assert response.content_type == "application/problem+json"


def test_a_spreadsheet_calculates_nothing(hostile):
    titles = {row["title"] for row in rows_of(hostile.get("/documents.csv"))}
    passages = rows_of(hostile.get("/export.csv?q=zebra"))

    assert {f"'{sign}" for sign in FORMULAS} <= titles
    assert {row["text"] for row in passages} == {f''''{s} zebra, "quoted"''' for s in FORMULAS}
