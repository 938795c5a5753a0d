"""One deadline for a request: wherever it passes, there is a part of the answer or an error."""

import time

import pytest

import qa.app
import qa.web.api
from qa.analysis.deadline import NO_DEADLINE
from qa.analysis.tokenizer import tokenize
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.factory import open_engine
from qa.errors import DeadlineExceededError
from qa.queries.followup import carryover as conversation
from qa.queries.followup.carryover import resolve_followup
from qa.web.context import HEAD_READ, AnswerCache, current_deadline
from tests.conftest import PATIENT, build_index, write
from tests.counted_deadline import CountedDeadline, set_deadline

BUDGET = PATIENT["budget_ms"] / 1000
LATE = {HEAD_READ: time.monotonic() - 3600}
QUESTIONS_AND_TURNS = [
    ("What did NATO promise Ukraine and Georgia at the Bucharest summit?", ()),
    ("When did they meet?", ("What did NATO promise Ukraine and Georgia?", "Who is Putin?")),
    ('"of the" -"in the" Putin demanded guarantes', ()),
    ("Which xylophones did Stoltenburg tune?", ("Who plays the piano?",)),
]


def outcome(live, settings, question_and_turns, deadline):
    question, turns = question_and_turns
    try:
        answer = ask(live, settings, question, AskOptions(turns), deadline)
    except DeadlineExceededError:
        return "late"
    return "partial" if answer.partial else "whole"


@pytest.mark.parametrize("question_and_turns", QUESTIONS_AND_TURNS)
def test_a_deadline_that_passes_anywhere_leaves_an_error_or_a_part(sample, question_and_turns):
    live = open_engine(sample).searcher()
    conversation._states = type(conversation._states)(64)
    whole = CountedDeadline(max_looks=10_000)
    assert outcome(live, sample, question_and_turns, whole) == "whole"
    outcomes = []
    for most in range(len(whole.looks) + 1):
        conversation._states = type(conversation._states)(64)
        deadline = CountedDeadline(max_looks=most)
        outcomes.append(outcome(live, sample, question_and_turns, deadline))
        # Once it has passed, hardly anything goes on.
        assert len(deadline.looks) - most < 40

    assert outcomes[0] == "late"
    assert outcomes[-1] == "whole"
    assert outcomes == sorted(outcomes)


def test_without_a_deadline_nothing_is_cut_short(sample):
    live = open_engine(sample).searcher()

    assert {
        outcome(live, sample, question_and_turns, NO_DEADLINE)
        for question_and_turns in QUESTIONS_AND_TURNS
    } == {"whole"}


@pytest.mark.parametrize(
    "path",
    [
        "/ask?q=who+demanded+guarantees",
        "/?q=who+demanded+guarantees",
        "/export.md?q=who+demanded+guarantees",
        "/export.json?q=who+demanded+guarantees",
        "/documents?title=harbour",
        "/documents.json",
        "/readyz",
    ],
)
def test_what_comes_too_late_to_be_answered_is_503(app, path):
    response = app.test_client().get(path, environ_overrides=LATE)

    assert response.status_code == 503
    assert b"QA_BUDGET_MS" in response.data
    assert response.headers["Retry-After"]


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/suggest?q=harbour", "/documents/harbour"])
def test_what_takes_no_time_is_there_at_any_time(app, path):
    assert app.test_client().get(path, environ_overrides=LATE).status_code == 200


def test_a_reader_page_goes_without_the_matches_that_there_is_no_time_for(app):
    page = app.test_client().get(
        "/documents/harbour?q=who+demanded+guarantees", environ_overrides=LATE
    )

    assert page.status_code == 200
    assert "Elsa Moberg demanded" in page.text


def test_tools_are_under_the_same_deadline(app):
    call = {"name": "search", "arguments": {"query": "who demanded guarantees?"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    response = app.test_client().post("/mcp", json=message, environ_overrides=LATE)

    assert response.status_code == 503


def test_a_request_has_one_deadline_counted_from_its_head(app):
    with app.test_request_context("/", environ_overrides=LATE):
        assert current_deadline().moment == pytest.approx(LATE[HEAD_READ] + BUDGET)
        assert current_deadline() is current_deadline()


def test_under_another_server_time_runs_from_when_the_app_sees_the_request(app):
    before = time.monotonic()
    with app.test_request_context("/"):
        app.preprocess_request()

        assert before + BUDGET <= current_deadline().moment <= time.monotonic() + BUDGET


def test_turns_share_the_time_and_those_in_time_are_shown(app, monkeypatch):
    client = app.test_client()
    query = "q=who+built+the+harbour&q=who+opened+the+bridge&q=who+demanded+guarantees"
    client.get(f"/?{query}")
    app.extensions["qa"].answers = AnswerCache(0)
    conversation._states = type(conversation._states)(64)
    pages = []
    for most in range(400):
        deadline = CountedDeadline(max_looks=most)
        set_deadline(monkeypatch, deadline)
        pages.append(client.get(f"/?{query}"))
        if pages[-1].status_code == 200 and len(deadline.looks) <= most:
            break
    some = [page for page in pages if page.status_code == 503 and "Karl Brandt" in page.text]

    assert pages[0].status_code == 503
    assert pages[-1].status_code == 200
    assert some
    assert all("QA_BUDGET_MS" in page.text for page in some)


def test_half_a_conversation_is_not_exported(app, monkeypatch):
    app.extensions["qa"].answers = AnswerCache(0)
    query = "q=who+built+the+harbour&q=who+opened+the+bridge"
    statuses = set()
    for most in range(0, 60, 3):
        set_deadline(monkeypatch, CountedDeadline(max_looks=most))
        response = app.test_client().get(f"/export.json?{query}")
        statuses.add(response.status_code)
        if response.status_code == 200:
            assert len(response.get_json()["turns"]) == 2

    assert statuses <= {200, 503}


def test_each_turn_of_a_conversation_is_read_once(monkeypatch):
    conversation._states = type(conversation._states)(64)
    turns = [f"Who built harbour number {n}?" for n in range(12)]
    analyzed = []
    choose = conversation.choose_carried_stems
    monkeypatch.setattr(
        conversation,
        "choose_carried_stems",
        lambda memory, turn, *more: analyzed.append(turn.text) or choose(memory, turn, *more),
    )
    for count in range(len(turns)):
        resolve_followup(turns[count], turns[:count])

    # Once as the question, once as what was spoken of.
    assert sorted(analyzed) == sorted([*turns[1:], *turns[:-1]])


def test_readiness_reads_the_beginning_of_a_short_document(tmp_path, monkeypatch):
    long = "\n\n".join(f"The harbour number {n} was built by hand." for n in range(2000))
    write(tmp_path / "documents", a_md=long, b_md=long.replace("hand", "ferry"))
    app = qa.app.create_app(build_index(tmp_path))
    texts = []
    monkeypatch.setattr(
        qa.web.api, "tokenize", lambda text: texts.append(len(text)) or tokenize(text)
    )

    assert app.test_client().get("/readyz").status_code == 200
    assert sum(texts) <= 1000
