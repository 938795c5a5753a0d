"""The component of Haystack, in the real framework."""

import pytest

import qa
from tests.conftest import BRIDGE, HARBOUR

pytest.importorskip("haystack", reason="haystack-ai is not installed: make .venv/tested")

from haystack import Pipeline
from haystack.dataclasses import ExtractedAnswer

from qa.integrations.haystack import VerbatimRetriever

GUARANTEES = "who demanded guarantees?"
pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def pipeline(index):
    """A pipeline with the component alone, on the folder of an index."""
    built = Pipeline()
    built.add_component("passages", VerbatimRetriever(str(index), {"limit": 2}))
    return built


def ask(pipeline, question, **inputs):
    return pipeline.run({"passages": {"query": question, **inputs}})["passages"]


def test_documents_are_passages_and_answers_are_sentences_with_their_places(pipeline, index):
    result = ask(pipeline, GUARANTEES)
    document, answer = result["documents"][0], result["answers"][0]
    span, inner = answer.document_offset, answer.context_offset

    assert result["verdict"] == "found"
    assert isinstance(answer, ExtractedAnswer)
    assert answer.document == document
    assert document.content[inner.start : inner.end] == answer.data
    assert answer.data.startswith("Captain Elsa Moberg demanded")
    start = document.meta["start"]
    assert (span.start - start, span.end - start) == (inner.start, inner.end)
    opened = qa.open_index(index)
    assert opened.verify(document.meta["citation"]).citations[0].state == "unchanged"


def test_there_is_nothing_without_an_answer_but_the_verdict(pipeline, index):
    question = "boiling point of mercury in the town"
    closest = VerbatimRetriever(qa.open_index(index), closest=True).run(question)

    assert ask(pipeline, question) == {"documents": [], "answers": [], "verdict": "none"}
    assert closest["documents"]
    assert closest["verdict"] == "none"


def test_earlier_questions_count(pipeline):
    turns = ["who built the harbour of Lindholm?"]
    alone, followed = (ask(pipeline, "when was it?", **t) for t in ({}, {"turns": turns}))

    assert followed["documents"][0].meta["document_id"] == "harbour"
    assert alone != followed


def test_a_pipeline_can_be_saved_and_loaded(pipeline):
    loaded = Pipeline.loads(pipeline.dumps(), allowed_modules=["qa.integrations.haystack"])

    assert ask(loaded, GUARANTEES)["documents"] == ask(pipeline, GUARANTEES)["documents"]


def test_an_open_index_cannot_be_saved(index):
    with pytest.raises(ValueError, match="give the component the folder"):
        VerbatimRetriever(qa.open_index(index)).to_dict()


def test_texts_in_memory_are_enough():
    built = qa.build_index([{"id": "a", "text": HARBOUR}, {"id": "b", "text": BRIDGE}])
    (document, *_) = VerbatimRetriever(built).run(GUARANTEES)["documents"]

    assert document.meta["document_id"] == "a"
