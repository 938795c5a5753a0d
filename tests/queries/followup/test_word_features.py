"""The words of a question, and where its sentences begin."""

from qa.queries.followup import word_features
from qa.queries.followup.word_features import tokenize_question


def test_a_period_ends_a_sentence_but_no_abbreviation():
    tokens = tokenize_question("Who is Dr. Lind? He met Mr. Berg. Why then")

    assert [token.text for token in tokens if token.starts_sentence] == ["Who", "He", "Why"]


def test_a_question_of_abbreviations_is_split_into_sentences_once(monkeypatch):
    texts = []
    split = word_features.split_sentences
    monkeypatch.setattr(
        word_features, "split_sentences", lambda text: texts.append(text) or split(text)
    )
    question = "did Dr. Lind meet Mr. Q. Berg at St. Olav's? " * 9

    tokenize_question(question)

    assert texts == [question]
