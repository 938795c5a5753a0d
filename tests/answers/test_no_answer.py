"""Refusals: why there is no answer, in words that can be checked."""

import dataclasses

from qa.answers.pipeline import ask
from qa.settings import Settings

STRICT = dataclasses.replace(Settings(), found=1.0, weak=1.0)


def refused(searcher, question):
    answer = ask(searcher, STRICT, question)
    assert answer.verdict == "none"
    assert answer.passages == ()
    return answer


def test_words_that_occur_nowhere_are_told_with_their_likes(searcher):
    answer = refused(searcher, "which garantees did the martians give?")

    assert set(answer.none.missing) == {"garantees", "martians"}
    assert "guarantees" in answer.none.near
    assert answer.query.corrected == {"garantees": "guarantees"}


def test_a_number_is_never_respelt(searcher):
    assert refused(searcher, "guarantees of 19038").query.corrected == {}


def test_words_that_never_stand_in_one_passage_are_told(searcher):
    apart = refused(searcher, "guarantees for the bridge").none.apart

    assert [set(pair) for pair in apart] == [{"guarantees", "bridge"}]
    assert refused(searcher, "legal guarantees").none.apart == ()


def test_the_passages_that_came_nearest_are_there_and_cited(searcher):
    closest = refused(searcher, "guarantees for the bridge").none.closest

    assert closest
    for passage in closest:
        document = searcher.document(passage.citation.document_id)
        assert document.text[passage.citation.start : passage.citation.end] == passage.text


def test_a_question_that_nothing_matches_has_nothing_near(searcher):
    none = refused(searcher, "zebra quagga").none

    assert none.closest == ()
    assert none.missing == ("zebra", "quagga")


def test_the_dates_covered_are_told(searcher):
    manifest = searcher.manifest

    assert refused(searcher, "zebra").none.span == (manifest.first, manifest.last)
