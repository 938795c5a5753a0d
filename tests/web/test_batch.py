"""Several questions in one request."""

import pytest

from qa.analysis.deadline import Deadline
from qa.app import create_app
from qa.settings import Settings
from qa.web import context
from qa.web.request_schemas import MAX_BATCH

ASKED = "who demanded legal guarantees?"


def post(client, *questions, path="/v1/ask"):
    return client.post(path, json={"questions": [*questions]})


def without_time(answer):
    return {name: value for name, value in answer.items() if name != "took_ms"}


@pytest.mark.parametrize("path", ["/v1/ask", "/ask"])
def test_each_question_is_answered_as_it_would_be_alone(client, path):
    questions = [
        {"question": ASKED, "limit": 1},
        {"question": "and when?", "turns": [{"question": "who opened the bridge?"}]},
        {"question": "council", "filters": {"publisher": ["Vesa Courier"]}, "sort": "newest"},
        {"question": "boiling point of mercury"},
        {"question": "what documents do you have?"},
    ]
    batch = post(client, *questions, path=path).get_json()
    alone = [client.post(path, json=question).get_json() for question in questions]

    assert not batch["partial"]
    assert [*map(without_time, batch["answers"])] == [*map(without_time, alone)]


def test_a_question_that_cannot_be_answered_takes_nothing_from_the_others(client):
    response = post(
        client,
        {"question": "?!"},
        {"question": ASKED},
        {"question": "council", "filters": {"document": ["nothing"]}},
        {"question": "council", "filters": {"from": "2022-01-02", "to": "2022-01-01"}},
        {"question": "council", "generation": "0123456789ab"},
        {"question": ASKED},
    )
    answers = response.get_json()["answers"]

    assert response.status_code == 200
    assert [answer.get("verdict") or answer["code"] for answer in answers] == [
        *("invalid-value", "found", "invalid-value", "invalid-value", "index-gone", "found"),
    ]
    assert answers[0]["errors"][0]["pointer"] == "#/question"
    assert answers[2]["errors"][0]["pointer"] == "#/filters/document"
    assert not response.get_json()["partial"]


@pytest.mark.parametrize(
    ("questions", "pointer"),
    [
        ([], "#/questions"),
        ([{"question": "x"}] * (MAX_BATCH + 1), "#/questions"),
        ([{"question": "x"}, {"question": "x", "limit": 0}], "#/questions/1/limit"),
        ([{"question": "x"}, {"question": "x", "limit": 10_000}], "#/questions/1/limit"),
        ([{"question": "x" * 5000}], "#/questions/0/question"),
        ([{"question": "x"}, {"question": ""}], "#/questions/1/question"),
        (["x"], "#/questions/0"),
        ([{"question": "x", "colour": "red"}], "#/questions/0/colour"),
        ("x", "#/questions"),
        (None, "#/questions"),
    ],
)
def test_what_is_wrong_with_a_batch_is_named(client, questions, pointer):
    response = client.post("/v1/ask", json={"questions": questions})

    assert response.status_code == 422
    assert response.get_json()["errors"][0]["pointer"] == pointer


def test_a_batch_has_nothing_beside_its_questions(client):
    body = {"questions": [{"question": "x"}], "limit": 3}

    assert client.post("/v1/ask", json=body).status_code == 422


def test_as_many_as_there_is_time_for_are_answered(client, monkeypatch):
    asked = []

    def expire_after_two(ask_request):
        if len(asked) == 2:
            context.request_state().deadline = Deadline.after(-1)
        asked.append(ask_request)
        return answer(ask_request)

    from qa.web import api  # noqa: PLC0415

    answer = api.answer_question
    monkeypatch.setattr(api, "answer_question", expire_after_two)
    body = post(client, *({"question": f"council {word}"} for word in "abcde")).get_json()

    assert body["partial"]
    assert [each.get("code", "answered") for each in body["answers"]] == [
        *["answered"] * 2,
        *["out-of-time"] * 3,
    ]


def test_each_question_counts_for_the_rate_limit(index):
    client = create_app(Settings(index=str(index), rate_limit="4/year")).test_client()

    assert post(client, {"question": ASKED}, {"question": ASKED}).status_code == 200
    assert post(client, *[{"question": ASKED}] * 3).status_code == 429
    assert client.get("/ask?q=harbour").status_code in {200, 429}


def test_a_body_that_cannot_be_counted_is_one_request(index):
    client = create_app(Settings(index=str(index), rate_limit="10/year")).test_client()
    for data in (b"{", b"[" * 100_000, b"[]", b'{"questions": 7}'):
        response = client.post("/v1/ask", data=data, content_type="application/json")
        assert response.status_code in {400, 422}

    assert client.get("/ask?q=harbour").status_code == 200
