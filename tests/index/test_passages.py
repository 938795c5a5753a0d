"""Passages: whole sentences, in order, never across a heading."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import tokenize
from qa.analysis.word_counts import count_words
from qa.documents.document import Metadata, RawBlock, build_document
from qa.index.passages import PassageSpan, find_passage_spans, split_passages

blocks = st.lists(st.builds(RawBlock, st.text(max_size=400), st.integers(0, 3)), max_size=12)


def make_document(*raw):
    return build_document("d", "d.txt", [RawBlock(*r) for r in raw], Metadata("Title"))


def sentence(count, word="word"):
    return " ".join([word.capitalize(), *[word] * (count - 1)]) + "."


@given(blocks)
def test_every_passage_stands_in_the_text_where_it_says(raw):
    document = build_document("d", "d.txt", raw, Metadata("Title"))
    passages = split_passages(document, 5, 12)

    assert all(document.text[p.start : p.end] == p.text for p in passages)
    assert all(one.end <= two.start for one, two in pairwise(passages))


@given(blocks)
def test_every_word_of_every_paragraph_is_in_a_passage(raw):
    document = build_document("d", "d.txt", raw, Metadata("Title"))
    inside = "".join("".join(p.text.split()) for p in split_passages(document, 5, 12))

    assert inside == "".join(
        "".join(document.text[b.start : b.end].split()) for b in document.paragraphs
    )


@given(st.lists(st.text(max_size=3000), max_size=3))
def test_no_passage_is_longer_than_allowed(texts):
    document = build_document("d", "d.txt", map(RawBlock, texts), Metadata("Title"))

    assert all(count_words(p.text) <= 12 for p in split_passages(document, 5, 12))


def test_a_passage_ends_with_the_paragraph_that_fills_it():
    passages = split_passages(
        make_document((sentence(40),), (sentence(30),), (sentence(70),)), 60, 150
    )

    assert [len(tokenize(p.text)) for p in passages] == [70, 70]


@given(blocks, st.sampled_from(["en", "de", "zh", "th"]))
def test_the_sentences_of_a_passage_are_those_of_its_text(raw, language):
    document = build_document("d", "d.txt", raw, Metadata("Title", language=language))
    known = [p for p in split_passages(document, 5, 12) if p.sentences is not None]

    assert all(list(p.sentences) == split_sentences(p.text, language) for p in known)


def test_most_passages_know_their_sentences_and_none_with_a_part_of_one():
    passages = split_passages(
        make_document((f"{sentence(8)} {sentence(9)} {sentence(99)}",)), 5, 20
    )

    assert [p.sentences and len(p.sentences) for p in passages][:2] == [2, None]


def test_spans_of_passages_are_the_same_after_json():
    spans = find_passage_spans(make_document((sentence(8),), (sentence(99),)), 5, 20)

    assert [PassageSpan.of(span) for span in json.loads(json.dumps(spans))] == spans


def test_a_passage_never_crosses_a_heading():
    passages = split_passages(
        make_document((sentence(10, "one"),), ("Head", 2), (sentence(10, "two"),)), 60, 150
    )

    assert [p.text[:3] for p in passages] == ["One", "Two"]
    assert [p.heading for p in passages] == ["Title", "Title › Head"]


def test_a_short_rest_joins_the_passage_before_it():
    passages = split_passages(make_document((sentence(80),), (sentence(10),)), 60, 150)

    assert [len(tokenize(p.text)) for p in passages] == [90]


def test_sentences_stay_whole():
    text = " ".join(sentence(n) for n in (50, 60, 70, 20, 90))
    passages = split_passages(make_document((text,)), 60, 150)
    whole = {text[s.start : s.end] for s in split_sentences(text)}

    assert len(passages) > 1
    assert {p.text[s.start : s.end] for p in passages for s in split_sentences(p.text)} == whole


@pytest.mark.parametrize("text", ["", "   ", "?!", "\x00"])
def test_a_text_without_words_has_no_passages(text):
    assert split_passages(make_document((text,))) == []


@pytest.mark.parametrize("line", ["Bring these things to the camp:", "How do I pitch the tent?"])
@pytest.mark.parametrize("words", [55, 130, 146])
def test_a_lead_in_or_a_question_goes_with_what_follows(line, words):
    passages = split_passages(make_document((sentence(words),), (line,), (sentence(90),)), 60, 150)

    assert not any(p.text.endswith(line) for p in passages)
    assert len(passages) > 1
    assert passages[1].text.startswith(line)


def test_a_lead_in_to_nothing_is_no_passage_of_its_own_where_there_is_room():
    passages = split_passages(make_document((sentence(70),), ("Bring these things:",)), 60, 150)

    assert [len(tokenize(p.text)) for p in passages] == [73]
