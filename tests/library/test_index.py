"""The Python API: it asks, verifies and follows an index as the service does, without Flask."""

import datetime
import json
import subprocess
import sys
import threading

import pytest

import qa
from qa.errors import (
    DeadlineExceededError,
    DocumentNotFoundError,
    FilterError,
    GenerationNotFoundError,
    InvalidCitationError,
    NoLiveGenerationError,
    RequestError,
)
from tests.conftest import BRIDGE, HARBOUR, build_index, write

GUARANTEES = "who demanded guarantees?"


@pytest.fixture
def lindholm(index):
    """The small index, open."""
    return qa.open_index(index)


def without_time(answer):
    return answer | {"took_ms": 0}


OPTIONS = [
    ({}, ""),
    ({"publisher": "Vesa Courier"}, "&publisher=Vesa+Courier"),
    ({"publisher": ["Vesa Courier", "x"]}, "&publisher=Vesa+Courier&publisher=x"),
    ({"document": "harbour"}, "&document=harbour"),
    ({"from_": "2022-01-01"}, "&from=2022-01-01"),
    ({"to": datetime.date(2021, 12, 31)}, "&to=2021-12-31"),
    ({"sort": "newest", "limit": 1, "offset": 1}, "&sort=newest&limit=1&offset=1"),
    ({"ranges": False}, "&ranges=off"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "parameters"), OPTIONS)
def test_an_answer_is_that_of_the_http_api(lindholm, client, options, parameters):
    question = "council of Lindholm since 2020"
    answer = lindholm.ask(question, **options)
    posted = client.get(f"/v1/ask?q={question.replace(' ', '+')}{parameters}").get_json()

    assert isinstance(answer, qa.Answer)
    assert without_time(json.loads(answer.model_dump_json(by_alias=True))) == without_time(posted)


def test_turns_carry_words_unless_they_are_dropped(lindholm):
    turns = ["who built the harbour of Lindholm?"]
    followed = lindholm.ask("when was it built?", turns=turns)
    alone = lindholm.ask("when was it built?", turns=turns, drop=["harbour", "Lindholm"])

    assert "harbour" in followed.query.carried
    assert "harbour" not in alone.query.carried


def test_a_text_alone_is_a_list_of_one(lindholm):
    turn = "who built the harbour of Lindholm?"

    assert (
        lindholm.ask("when?", turns=turn).standalone
        == lindholm.ask("when?", turns=[turn]).standalone
    )


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"limit": 51}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 0}, "limit"),
        ({"offset": -1}, "offset"),
        ({"sort": "best"}, "sort"),
        ({"from_": "yesterday"}, "from"),
        ({"to": 20211231}, "to"),
        ({"turns": 5}, "turns"),
        ({"turns": ["a"] * 21}, "turns"),
        ({"turns": [None]}, "turns.0.question"),
        ({"publisher": [1]}, "publisher.0"),
        ({"publisher": "\ud800"}, "publisher.0"),
        ({"generation": "newest"}, "generation"),
    ],
)
def test_what_cannot_be_asked_is_named(lindholm, options, field):
    with pytest.raises(RequestError, match=rf"^{field}: ") as raised:
        lindholm.ask(GUARANTEES, **options)

    assert raised.value.field == field


@pytest.mark.parametrize("question", ["", None, 7, "x" * 2001])
def test_a_question_that_is_none_is_refused(lindholm, question):
    with pytest.raises(RequestError, match=r"^question: "):
        lindholm.ask(question)


def test_limits_are_those_of_the_settings(index):
    patient = qa.open_index(index, settings=qa.Settings(max_limit=80))

    assert patient.ask(GUARANTEES, limit=80).passages


def test_filters_that_contradict_the_index_are_errors(lindholm):
    with pytest.raises(DocumentNotFoundError, match="'tower'"):
        lindholm.ask(GUARANTEES, document="tower")
    with pytest.raises(FilterError, match="swap the two"):
        lindholm.ask(GUARANTEES, from_="2022-01-01", to="2021-01-01")
    with pytest.raises(GenerationNotFoundError):
        lindholm.ask(GUARANTEES, generation="0" * 12)


def test_without_time_there_is_an_error_and_no_answer(lindholm):
    with pytest.raises(DeadlineExceededError):
        lindholm.ask(GUARANTEES, timeout=0)


def test_an_index_that_is_not_there_is_an_error_that_says_how_to_build_it(tmp_path):
    with pytest.raises(NoLiveGenerationError, match=f"qa index --index {tmp_path}"):
        qa.open_index(tmp_path)


def test_the_index_of_a_folder_is_asked_in_one_call(index):
    answer = qa.ask(GUARANTEES, index, limit=1)

    assert answer.passages[0].citation.document_id == "harbour"
    assert qa.ask(GUARANTEES, qa.open_index(index), limit=1).passages == answer.passages


def test_the_next_question_is_answered_from_a_new_generation(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    build_index(tmp_path)
    opened = qa.open_index(tmp_path)
    before = opened.version
    write(tmp_path / "documents", bridge_md=BRIDGE)
    build_index(tmp_path)
    answer = opened.ask("who opened the bridge?")

    assert answer.passages[0].citation.document_id == "bridge"
    assert answer.generation == opened.version.generation != before.generation
    assert (before.documents, opened.version.documents) == (1, 2)
    assert opened.ask(GUARANTEES, generation=before.generation).generation == before.generation


def test_what_was_skipped_is_told_with_reasons(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR, odd_xyz="?")
    build_index(tmp_path)
    ((source, reason),) = qa.open_index(tmp_path).skips

    assert source == "odd.xyz"
    assert reason


def test_threads_share_an_index_and_get_the_same_answers(lindholm):
    questions = [GUARANTEES, "who opened the bridge?", "when did the storm break the pier?"] * 4
    expected = [lindholm.ask(question).passages for question in questions]
    answers = [None] * len(questions)

    def ask(number):
        answers[number] = lindholm.ask(questions[number]).passages

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(questions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == expected


def test_citations_are_verified_in_any_form_in_which_they_are_saved(lindholm):
    answer = lindholm.ask(GUARANTEES, limit=1)
    (passage,) = answer.passages
    saved = json.loads(answer.model_dump_json(by_alias=True))
    forms = [answer, passage, passage.citation, [passage.citation], saved]
    verifications = [lindholm.verify(form) for form in forms]

    assert [v.citations[0].state for v in verifications] == ["unchanged"] * len(forms)
    assert isinstance(verifications[0], qa.Verification)


def test_a_quote_that_is_gone_is_said_to_be(lindholm):
    quote = {"document_id": "harbour", "exact": "Nobody ever said such words here."}

    assert lindholm.verify(quote).citations[0].state == "gone"


@pytest.mark.parametrize("saved", [[], {}, None, 3, "text", {"document_id": "harbour"}])
def test_what_is_no_citation_is_refused(lindholm, saved):
    with pytest.raises(InvalidCitationError):
        lindholm.verify(saved)


def test_asking_needs_neither_a_server_nor_what_builds_an_index(index):
    source = (
        "import sys, qa;"
        f"print(qa.ask({GUARANTEES!r}, {str(index)!r}).verdict);"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, check=True
    )
    verdict, *loaded = result.stdout.split()

    assert verdict == "found"
    assert not {"flask", "werkzeug", "gunicorn", "click", "pebble", "trafilatura"} & set(loaded)


def test_building_and_evaluating_need_no_server():
    source = (
        "import sys, qa; qa.build_index; qa.Question; import qa.library.evaluation;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )

    assert not {"flask", "werkzeug", "gunicorn", "click"} & set(result.stdout.split())


@pytest.mark.parametrize("name", qa.__all__)
def test_every_public_name_is_there_and_explained(name):
    value = getattr(qa, name)

    assert name in dir(qa)
    assert name == "__version__" or value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'answers_all'"):
        qa.answers_all  # noqa: B018 - it is looked up
