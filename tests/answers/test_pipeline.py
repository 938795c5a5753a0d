"""From a question to an answer: real documents, real questions, and hostile ones."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qa.analysis.sentences import split_sentences
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.factory import open_engine
from qa.errors import RequestError
from qa.publishing.builder import index_folder
from qa.settings import Settings
from tests.conftest import ROOT, SAMPLE, load_questions

REAL = ROOT.parent / "shared" / "documents"
REAL_QUESTIONS = load_questions(REAL / "questions.jsonl") if REAL.is_dir() else []
SAMPLE_QUESTIONS = load_questions(SAMPLE.parent / "questions.jsonl")
needs_real = pytest.mark.skipif(not REAL_QUESTIONS, reason="the two real documents are not here")

HOSTILE = [
    "a" * 10_000,
    "?!…",
    "who is the of",
    "put\x00in",
    "put\ud800in",
    "北约向乌克兰承诺了什么？",
    "<script>alert(1)</script> NATO",
    'title:NATO AND (guarantee* OR "open door" NOT x) [1 TO 2] ~ ^',
    "'; DROP TABLE documents; --",
    "-",
    '"',
    "\u202eOTAN",
    "🙂" * 50,
]


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Settings over an index of the two real documents."""
    settings = Settings(index=str(tmp_path_factory.mktemp("real")), documents=str(REAL))
    index_folder(Path(REAL), open_engine(settings), settings)
    return settings


def ask_live(settings, question):
    return ask(open_engine(settings).searcher(), settings, question)


def beside(passage):
    """The marked sentence with those before and behind it."""
    spans = split_sentences(passage.text)
    at = next(i for i, s in enumerate(spans) if s.start == passage.answer.start)
    return passage.text[spans[max(0, at - 1)].start : spans[min(len(spans) - 1, at + 1)].end]


def check(settings, case):
    answer = ask_live(settings, case["question"])
    if case.get("verdict") == "none":
        assert answer.verdict == "none"
        return
    first = answer.passages[0]

    assert first.citation.document_id == case["document"]
    for words in case["contains"]:
        assert words in beside(first)


@needs_real
@pytest.mark.parametrize("case", REAL_QUESTIONS, ids=lambda case: case["question"])
def test_the_real_documents_answer(real, case):
    check(real, case)


@pytest.mark.parametrize("case", SAMPLE_QUESTIONS, ids=lambda case: case["question"])
def test_the_sample_corpus_answers(sample, case):
    check(sample, case)


def test_the_sample_has_enough_questions():
    assert len(SAMPLE_QUESTIONS) >= 20
    assert sum(case.get("verdict") == "none" for case in SAMPLE_QUESTIONS) >= 5


@pytest.mark.parametrize("question", HOSTILE, ids=lambda q: ascii(q[:20]))
def test_a_hostile_question_is_answered_or_refused(sample, question):
    try:
        answer = ask_live(sample, question)
    except RequestError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
        return

    assert answer.verdict in {"found", "weak", "none"}


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(question=st.text(max_size=80) | st.text("NATO Putin\"'-?*()&", max_size=40))
def test_any_question_gets_quotes_that_stand_in_their_documents(sample, question):
    searcher = open_engine(sample).searcher()
    try:
        answer = ask(searcher, sample, question)
    except RequestError:
        return

    for passage in answer.passages:
        text = searcher.document(passage.citation.document_id).text
        assert text[passage.citation.start : passage.citation.end] == passage.citation.exact
        assert passage.citation.exact == passage.text
        for start, end in passage.marks:
            assert passage.text[start:end].strip()


def test_a_misspelt_word_is_told_with_its_nearest(sample):
    answer = ask_live(sample, "Who is Stoltenburg Xylophone?")

    assert answer.verdict == "none"
    assert "Xylophone" in answer.none.missing
    assert answer.none.span[0] < answer.none.span[1]


def test_a_follow_up_finds_what_it_points_back_to(sample):
    searcher = open_engine(sample).searcher()
    turns = ["What did NATO promise Ukraine and Georgia at the Bucharest summit?"]
    answer = ask(searcher, sample, "When did they meet?", AskOptions(turns=tuple(turns)))

    assert "Bucharest" in answer.query.carried
    assert answer.passages[0].citation.document_id == "bucharest-summit-2008"


def test_the_same_question_gets_the_same_answer(sample):
    one = ask_live(sample, "what guarantees did Putin demand?")
    two = ask_live(sample, "what guarantees did Putin demand?")

    assert one.passages == two.passages
    assert one.confidence == two.confidence


TOOLS = """name,size,price,stock
Rope blue,10 m,14.90,33
Anchor big,12 kg,119.00,2
Fender,30 cm,9.95,51
"""
CREW = """name,room,phone,text
Ada Moss,214,4471,Looks after the boilers and the lifts of both houses.
Ben Roe,309,4488,Orders the paper and sends out the yearly letter.
"""
POOL = {"data": [{"id": "7", "attributes": {"pool": "Northern baths", "closed": "Tuesday"}}]}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Settings over an index of tables."""
    home = tmp_path_factory.mktemp("rows")
    (home / "documents").mkdir()
    (home / "documents" / "tools.csv").write_text(TOOLS)
    (home / "documents" / "crew.csv").write_text(CREW)
    (home / "documents" / "pools.json").write_text(json.dumps(POOL))
    settings = Settings(index=str(home))
    index_folder(settings.documents_folder, open_engine(settings), settings)
    return settings


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("how much is the fender?", "9.95"),
        ("price of the big anchor", "119.00"),
        ("phone of Ada Moss", "4471"),
        ("who sits in room 309?", "Ben Roe"),
        ("9.95", "Fender"),
        ("when are the northern baths closed?", "Tuesday"),
    ],
)
def test_every_column_of_a_row_is_searched_and_quoted(rows, question, value):
    first = ask_live(rows, question).passages[0]

    assert first.answer is not None
    assert value in first.answer.text
