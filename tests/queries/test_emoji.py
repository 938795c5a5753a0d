"""Emoji: words where the documents have them, else ignored, and the reader is told."""

import pytest

from qa.analysis.normalization import is_emoji
from qa.analysis.tokenizer import to_term, token_texts, tokenize
from qa.answers.pipeline import ask
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings

TEXTS = {
    "pizza": "🍕 on Fridays in the canteen, soup on other days.",
    "fête": "La fête 🎉 commence à midi sur la place du marché.",
    "sport": "Das Training ⚽️ fällt am Montag aus. Danach 👍🏽 wieder wie gewohnt.",
    "bread": "Bread is baked before dawn by two bakers of the town.",
}


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """Ask an index of texts with emoji."""
    settings = Settings(index=str(tmp_path_factory.mktemp("emoji")))
    documents = [
        build_document(name, f"{name}.txt", [RawBlock(text)], Metadata(name))
        for name, text in TEXTS.items()
    ]
    index_documents(documents, open_engine(settings), settings)
    searcher = open_engine(settings).searcher()
    return lambda question: ask(searcher, settings, question)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("🍕", "pizza"),
        ("when is 🍕 served?", "pizza"),
        ("🎉", "fête"),
        ("quand commence la 🎉 ?", "fête"),
        ("⚽", "sport"),
        ("fällt ⚽️ aus", "sport"),
        ("👍", "sport"),
        ("👍🏿", "sport"),
        ('"🍕 on Fridays"', "pizza"),
    ],
)
def test_an_emoji_finds_the_passage_that_has_it(answer, question, name):
    found = answer(question)

    assert found.passages[0].citation.document_id == name
    assert not found.query.ignored or not is_emoji(found.query.ignored[-1])


@pytest.mark.parametrize(
    ("question", "emoji", "name"),
    [
        ("who bakes bread before dawn? 😀", "😀", "bread"),
        ("🥖 bread baked by bakers", "🥖", "bread"),
        ("à quelle heure commence la fête 🇫🇷 ?", "🇫🇷", "fête"),
        ("wann fällt das Training aus 🙏🏻🙏🏻", "🙏🏻", "sport"),
    ],
)
def test_an_emoji_that_occurs_nowhere_is_ignored_beside_words(answer, question, emoji, name):
    found = answer(question)

    assert emoji in found.query.ignored
    assert found.passages[0].citation.document_id == name


def test_an_emoji_alone_that_occurs_nowhere_is_missing(answer):
    found = answer("🦄")

    assert found.verdict == "none"
    assert found.none.missing == ("🦄",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yes 👨‍👩‍👧 no", ["yes", "👨‍👩‍👧", "no"]),
        ("🍕🍕", ["🍕", "🍕"]),
        ("© 2020 Verlag™", ["2020", "Verlag"]),
        ("call ☎️ now", ["call", "☎️", "now"]),
        ("3 > 2 → ok", ["3", "2", "ok"]),
    ],
)
def test_which_signs_are_words(text, words):
    assert token_texts(text) == words
    assert all(text[token.start : token.end] == token.text for token in tokenize(text))


def test_the_tone_of_skin_makes_no_difference():
    assert to_term("👍🏽") == to_term("👍")
