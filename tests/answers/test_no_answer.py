"""Why there is no clear answer, in words that can be checked."""

import dataclasses
import itertools
from datetime import date

import pytest

from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.queries.query import Filters
from qa.settings import Settings

STRICT = dataclasses.replace(Settings(), found=1.0, weak=1.0)


def ask_in_vain(searcher, question):
    answer = ask(searcher, STRICT, question)
    assert answer.verdict == "none"
    return answer


def test_words_that_occur_nowhere_are_told_with_their_likes(searcher):
    answer = ask_in_vain(searcher, "which garantees did the martians give?")

    assert set(answer.none.missing) == {"garantees", "martians"}
    assert "guarantees" in answer.none.near
    assert answer.query.corrected == {"garantees": "guarantees"}


def test_a_number_is_never_respelt(searcher):
    assert ask_in_vain(searcher, "who gave guarantees of 19038?").query.corrected == {}


def test_words_that_never_stand_in_one_passage_are_told(searcher):
    apart = ask_in_vain(searcher, "guarantees for the bridge").none.apart

    assert [set(pair) for pair in apart] == [{"guarantees", "bridge"}]
    assert ask_in_vain(searcher, "which legal guarantees?").none.apart == ()


def test_the_best_matching_passages_are_there_and_cited(searcher):
    passages = ask_in_vain(searcher, "guarantees for the bridge").passages

    assert passages
    for passage in passages:
        document = searcher.document(passage.citation.document_id)
        assert document.text[passage.citation.start : passage.citation.end] == passage.text


def test_a_question_that_nothing_matches_has_no_passages(searcher):
    answer = ask_in_vain(searcher, "zebra quagga")

    assert answer.passages == ()
    assert answer.matches.total == 0
    assert answer.none.missing == ("zebra", "quagga")


@pytest.mark.parametrize(
    ("filters", "reasons"),
    [
        ({"date_from": date(2030, 1, 1)}, ["No document is dated 1 January 2030 or later."]),
        ({"date_to": date(1990, 5, 2)}, ["No document is dated 2 May 1990 or earlier."]),
        ({"publishers": ("Nobody", "None")}, ["No document is from “Nobody” or “None”."]),
        (
            {"publishers": ("Vesa Courier",), "date_to": date(2021, 12, 31)},
            ["No document passes all of the filters; remove one of them."] * 2,
        ),
        ({"publishers": ("northern gazette",)}, []),
    ],
)
def test_a_filter_that_leaves_no_document_is_a_reason(searcher, filters, reasons):
    options = AskOptions(filters=Filters(**filters))
    answer = ask(searcher, STRICT, "which bridge was opened by Ines Falk?", options)

    assert [reason.detail for reason in answer.none.filters] == reasons
    assert answer.none.missing == ()


def test_no_reason_contradicts_a_passage_that_is_shown(searcher):
    words = ["harbour", "guarantees", "bridge", "granite", "storm", "ferry", "council", "zebra"]
    for pair in itertools.permutations(words, 2):
        answer = ask(searcher, STRICT, "which {} has a {}?".format(*pair))
        matched_sets = [set(passage.reasons.matched) for passage in answer.passages]
        if answer.none:
            assert not any(set(answer.none.missing) & matched for matched in matched_sets)
            assert not any(
                set(two) <= matched for two in answer.none.apart for matched in matched_sets
            )


def test_the_dates_covered_are_told(searcher):
    manifest = searcher.manifest

    assert ask_in_vain(searcher, "zebra").none.span == (manifest.first, manifest.last)
