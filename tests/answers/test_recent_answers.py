"""Recent answers: the same for the same, never for something else."""

import gc
import sys
import tracemalloc
from dataclasses import replace

import pytest

from qa.answers.pipeline import ask
from qa.app import create_app
from qa.engines.factory import open_engine
from qa.publishing.builder import index_folder
from qa.settings import Settings
from qa.web.context import AnswerCache, size_of
from tests.conftest import build_index, write


@pytest.fixture
def answer(searcher):
    return ask(searcher, Settings(), "who demanded legal guarantees?")


def recall(recent, key, compute):
    """The cached answer, or else what *compute* gives, which is cached then."""
    answer = recent.get(key)
    if answer is None:
        answer = compute()
        recent.add(key, answer)
    return answer


def never():
    raise AssertionError("It was asked again.")


def test_an_answer_is_asked_for_once(answer):
    recent = AnswerCache(2)

    assert recall(recent, "a", lambda: answer) is answer
    assert recall(recent, "a", never) is answer


def test_the_one_that_was_used_least_lately_is_forgotten(answer):
    recent = AnswerCache(2)
    for key in "abac":
        recall(recent, key, lambda: answer)
    other = replace(answer, question="other")

    assert recall(recent, "a", never) is answer
    assert recall(recent, "b", lambda: other) is other


def test_none_are_held_on_to_where_none_may_be(answer):
    other = replace(answer, question="other")
    recent = AnswerCache(0)
    recall(recent, "a", lambda: answer)

    assert recall(recent, "a", lambda: other) is other


def test_what_was_cut_short_is_asked_again(answer):
    recent = AnswerCache(2)
    recall(recent, "a", lambda: replace(answer, partial=True))

    assert recall(recent, "a", lambda: answer) is answer


def test_answers_are_forgotten_once_they_take_all_the_room(answer):
    one = size_of(("key 0", answer))
    recent = AnswerCache(100, max_bytes=3 * one + one // 2)
    for number in range(4):
        recall(recent, f"key {number}", lambda: answer)
    other = replace(answer, question="other")

    assert recent.size <= 3 * one + one // 2
    assert recall(recent, "key 3", never) is answer
    assert recall(recent, "key 1", never) is answer
    assert recall(recent, "key 0", lambda: other) is other


def test_what_a_question_takes_counts_with_its_answer(answer):
    recent = AnswerCache(100, max_bytes=2 * size_of(answer))
    for number in range(50):
        recall(recent, ("live", "x" * size_of(answer) * number), lambda: answer)

    assert recent.size <= 2 * size_of(answer)


def test_an_answer_larger_than_all_the_room_is_not_held_on_to(answer):
    recent = AnswerCache(100, max_bytes=size_of(answer) // 2)
    other = replace(answer, question="other")
    recall(recent, "a", lambda: answer)

    assert recent.size == 0
    assert recall(recent, "a", lambda: other) is other


def test_the_size_of_answers_is_what_they_take(searcher):
    questions = [f"who demanded legal guarantees of {name}?" for name in ("Vesa", "Karl", "Ines")]
    for question in questions:
        ask(searcher, Settings(), question)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    answers = [ask(searcher, Settings(), question) for question in questions * 10]
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(map(size_of, answers)) == pytest.approx(after - before, rel=0.25)


def test_a_text_counts_in_the_width_of_its_letters_and_once():
    for text in ("a" * 1000, "я" * 1000, "😀" * 1000):
        assert size_of(text) == sys.getsizeof(text)
        assert size_of([text, text]) == sys.getsizeof([text, text]) + sys.getsizeof(text)


def test_the_answers_of_a_service_have_the_room_of_its_settings(index):
    app = create_app(Settings(index=str(index), recent_mb=1))
    client = app.test_client()
    for number in range(60):
        turns = [{"question": f"x{number} " + "y" * 1900}] * 20
        response = client.post("/ask", json={"question": f"harbour {number}", "turns": turns})
        assert response.status_code == 200

    assert 1 << 19 < app.extensions["qa"].answers.size <= 1 << 20


@pytest.fixture
def client(tmp_path):
    write(tmp_path / "documents", a_txt="Title A\n\nThe cat sat on the mat in the hall.")
    return create_app(build_index(tmp_path)).test_client()


def post_question(client, **fields):
    body = client.post(
        "/ask", json={"question": "Where in the hall sat the cat?"} | fields
    ).get_json()
    return {name: value for name, value in body.items() if name != "took_ms"}


@pytest.mark.parametrize(
    "other",
    [
        {"question": "Where did the dog sit?"},
        {"turns": [{"question": "Is there a dog in the hall?"}]},
        {"limit": 1},
        {"filters": {"from": "2020-01-01"}},
    ],
)
def test_whatever_is_asked_otherwise_is_answered_otherwise(client, other):
    fresh = create_app(client.application.extensions["qa"].settings).test_client()
    first = post_question(client)

    assert post_question(client, **other) == post_question(fresh, **other)
    assert post_question(client) == first


def test_another_index_answers_anew(client, tmp_path):
    before = post_question(client)
    write(tmp_path / "documents", a_txt="Title A\n\nThe cat sat on the roof of the hall.")
    settings = client.application.extensions["qa"].settings
    index_folder(settings.documents_folder, open_engine(settings), settings)

    assert "mat" in before["passages"][0]["text"]
    assert "roof" in post_question(client)["passages"][0]["text"]


def test_an_index_with_other_synonyms_answers_anew(client, tmp_path):
    post_question(client, question="Where did the feline sit?")
    (tmp_path / "synonyms.txt").write_text("feline, cat")
    build_index(tmp_path)

    assert post_question(client, question="Where did the feline sit?")["query"]["expanded"]
