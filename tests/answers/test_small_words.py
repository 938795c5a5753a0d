"""Stop words in a question: names of them, and such as the documents have in no language."""

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from tests.conftest import build_index, write

FILES = {
    "night_txt": "The Orrin played first. The The came on at nine, and the hall was full of the"
    " young. They left at ten.",
    "day_txt": "The quay and the crane were painted. The ferry sailed on 4 May 2019.",
    "haus_txt": "Das Haus an der Mole hat einen Garten, und der Garten hat einen Zaun.",
    "maison_txt": "Le quai est fermé le lundi. On y va par la porte qui donne sur le port.",
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    write(folder / "documents", **FILES)
    settings = build_index(folder)
    searcher = open_engine(settings).searcher()
    return lambda question: ask(searcher, settings, question)


@pytest.mark.parametrize("question", ["The The", "the the", '"The The"', "tell me about The The"])
def test_a_name_that_repeats_a_word_is_found_as_it_is(answer, question):
    first = answer(question).passages[0]

    assert first.text[first.answer.start :].startswith("The The came on")


def test_a_repeated_word_that_no_document_has_is_no_phrase(answer):
    found = answer("crane crane")

    assert found.passages[0].citation.document_id == "day"
    assert found.query.not_required == ("crane crane",)


def test_a_stop_word_of_the_likely_language_that_is_nowhere_is_ignored(answer):
    found = answer("what happened on 2019-05-04?")

    assert "what" in found.query.ignored
    assert "what" not in found.query.corrected
    assert found.passages[0].citation.document_id == "day"


def test_a_name_that_is_a_stop_word_and_nowhere_is_missing(answer):
    found = answer("what was painted by Will?")

    assert "Will" not in found.query.ignored
    assert found.none is None or "Will" in found.none.missing
