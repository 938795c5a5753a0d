"""The retriever of LangChain, in the real framework."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import qa

pytest.importorskip("langchain_core", reason="langchain-core is not installed: make .venv/tested")

from langchain_core.runnables import RunnableLambda

from qa.integrations.langchain import VerbatimRetriever

GUARANTEES = "who demanded guarantees?"
pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def lindholm(index):
    return qa.open_index(index)


@pytest.fixture
def retriever(lindholm):
    return VerbatimRetriever(index=lindholm, options={"limit": 2})


def test_a_document_is_a_passage_with_its_citation(retriever, lindholm):
    documents = retriever.invoke(GUARANTEES)
    answer = lindholm.ask(GUARANTEES, limit=2)
    first = documents[0]

    assert [document.page_content for document in documents] == [p.text for p in answer.passages]
    assert first.id == answer.passages[0].stable_id
    assert first.metadata["source"] == "https://gazette.example/harbour"
    assert first.metadata["answer"] == answer.passages[0].answer.text
    assert (first.metadata["verdict"], first.metadata["date"]) == ("found", "2021-12-03")
    assert lindholm.verify(first.metadata["citation"]).citations[0].state == "unchanged"


def test_metadata_are_json(retriever):
    metadata = retriever.invoke(GUARANTEES)[0].metadata

    assert json.loads(json.dumps(metadata)) == metadata


def test_there_are_no_documents_without_an_answer_unless_the_closest_are_wanted(lindholm):
    question = "boiling point of mercury in the town"
    closest = VerbatimRetriever(index=lindholm, closest=True).invoke(question)

    assert VerbatimRetriever(index=lindholm).invoke(question) == []
    assert {document.metadata["verdict"] for document in closest} == {"none"}


def test_options_are_those_of_a_question(lindholm):
    retriever = VerbatimRetriever(index=lindholm, options={"publisher": "Vesa Courier"})
    documents = retriever.invoke("council of Lindholm")

    assert {document.metadata["publisher"] for document in documents} == {"Vesa Courier"}


def test_it_is_a_part_of_a_chain_also_without_waiting(retriever):
    chain = retriever | RunnableLambda(lambda documents: documents[0].metadata["title"])

    assert chain.invoke(GUARANTEES) == "The harbour of Lindholm"
    # In a thread: a browser of other tests may have a running loop in this one.
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(lambda: asyncio.run(chain.ainvoke(GUARANTEES)))
    assert waiting.result() == "The harbour of Lindholm"
    assert chain.batch([GUARANTEES, "who opened the bridge?"]) == [
        "The harbour of Lindholm",
        "Bridge over the Vesa",
    ]
