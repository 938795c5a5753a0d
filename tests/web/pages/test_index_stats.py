"""The facts of a generation: questions that it answers."""

import json

import pytest

from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings
from qa.web.pages.index_stats import iter_sample_questions, select_answered

BERG = build_document(
    "berg",
    "berg.txt",
    [RawBlock("The pier was cold. Ada Berg, the mayor of Lindholm, opened it in 1874 by herself.")],
    Metadata("Opened"),
)
FERRY = build_document(
    "ferry",
    "ferry.txt",
    [RawBlock("The Vesa ferry is a wooden boat that carries forty people. It leaves at noon.")],
    Metadata("Boats"),
)
WHY = build_document(
    "why",
    "why.txt",
    [RawBlock("Lindholm lost its lighthouse because the council had sold the rock under it.")],
    Metadata("Why did Lindholm lose its lighthouse?"),
)


@pytest.fixture
def suggest(tmp_path):
    """The questions to try of an index of documents, and of the operator's questions."""

    def index_and_suggest(*documents, operator_questions=()):
        settings = Settings(index=str(tmp_path))
        (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, operator_questions)))
        index_documents(documents, open_engine(settings), settings)
        live = open_engine(settings).searcher()
        return select_answered(live, settings, iter_sample_questions(live, settings), 3)

    return index_and_suggest


def test_questions_are_found_in_the_documents(suggest):
    assert suggest(BERG, FERRY, WHY) == (
        "Why did Lindholm lose its lighthouse?",
        "Who is Ada Berg?",
        "What is the Vesa ferry?",
    )


def test_the_operators_questions_come_first_and_each_from_another_document(suggest):
    questions = [
        {"question": "Who opened the pier?"},
        {"question": "When did Ada Berg open the pier?"},
        {"question": "What is a unicorn?"},
        {"question": "Who sold the rock?"},
    ]

    assert suggest(BERG, FERRY, WHY, operator_questions=questions) == (
        "Who opened the pier?",
        "Who sold the rock?",
    )
