"""Both engines over the corpus that we ship: the same answers, columns and counts."""

import dataclasses
import uuid

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from qa.queries.parser import parse_query
from qa.settings import Settings
from tests.conftest import SAMPLE, load_questions
from tests.engines.indexes import delete_indices, run_build


def columns(candidates):
    """For each passage all that is known of it but the score, which one engine rounds."""
    matches = candidates.positions
    rows = zip(
        candidates.document_ids,
        candidates.passage_numbers.tolist(),
        candidates.lengths.tolist(),
        candidates.headings,
        candidates.heading_lengths.tolist(),
        candidates.languages,
        candidates.publishers,
        candidates.dates,
        candidates.heading_matches.tolist(),
        candidates.read_all(),
        strict=True,
    )
    where = [
        [*zip(*(c[matches.passage_index == n].tolist() for c in matches_of(matches)), strict=True)]
        for n in range(len(candidates))
    ]
    return {row[:2]: (row[2:], places) for row, places in zip(rows, where, strict=True)}


def matches_of(matches):
    return matches.position, matches.term_index, matches.is_exact


def scores(candidates):
    keys = zip(candidates.document_ids, candidates.passage_numbers.tolist(), strict=True)
    return dict(zip(keys, candidates.scores.tolist(), strict=True))


@pytest.fixture(scope="module")
def both(tmp_path_factory, opensearch):
    """The corpus that we ship in both engines: settings and searcher of each."""
    folder = str(tmp_path_factory.mktemp("both"))
    folder_settings = Settings(index=folder, documents=str(SAMPLE))
    index = f"{opensearch}/test-{uuid.uuid4().hex[:8]}"
    # Several shards, so that nothing may depend on which one a passage is in.
    cluster_settings = dataclasses.replace(
        folder_settings, index=index, folder=folder, index_seconds=20, index_shards=3
    )
    yield [
        (settings, run_build(settings, force=True)[0].searcher())
        for settings in (folder_settings, cluster_settings)
    ]
    delete_indices(cluster_settings)


ASKED = [row["question"] for row in load_questions(SAMPLE.parent / "questions.jsonl")]


@pytest.mark.parametrize("question", ASKED)
def test_both_engines_give_the_same_answer(both, question):
    one, other = (ask(searcher, settings, question) for settings, searcher in both)
    same = {"took_ms": 0, "generation": ""}

    assert dataclasses.replace(one, **same) == dataclasses.replace(other, **same)


def strict(settings):
    """*settings* that let nothing pass for an answer."""
    return dataclasses.replace(settings, found=1.0, weak=1.0)


def test_both_engines_refuse_alike_and_the_cluster_is_asked_at_once(both, monkeypatch):
    (folder_settings, one), (cluster_settings, _) = both
    # Five words that occur, so ten pairs of them, and two that do not.
    question = "Which garantees did wombats give Gates, Wörner, Kalin, Odesa and Budapest?"
    cluster, paths = open_engine(cluster_settings), []
    fresh = cluster.searcher()
    # The documents, which name the publishers of all answers, are read once for a generation.
    fresh.summaries()
    perform = cluster._cluster._search_client.transport.perform_request

    def count_request(method, path, **more):
        paths.append(path.partition("?")[0])
        return perform(method, path, **more)

    monkeypatch.setattr(cluster._cluster._search_client.transport, "perform_request", count_request)
    refused = ask(fresh, strict(cluster_settings), question).none

    assert refused == ask(one, strict(folder_settings), question).none
    assert len(refused.apart) == 3
    assert "guarantees" in refused.near
    # What words occur, and what parts of the others; the passages, their texts; what is spelt
    # alike, and the passages with each
    # of three forms of that word; what never meets.
    assert paths == [*["/_msearch"] * 3, "/_mget", *["/_msearch"] * 5]


@pytest.mark.parametrize(
    "question", [*ASKED[:6], '"legal guarantees" -Georgia', "NATO Putin treaty 1997 Act Ukraine"]
)
def test_both_engines_hand_over_the_same_columns(both, question):
    one, other = (searcher.search(parse_query(question), 45) for _, searcher in both)

    assert columns(one) == columns(other)
    assert scores(one) == pytest.approx(scores(other), rel=0.02)
    assert sorted(other.scores, reverse=True) == other.scores.tolist()


def test_both_engines_know_the_same_of_the_whole(both):
    (_, one), (_, other) = both

    words = [term.stems for question in ASKED[:6] for term in parse_query(question).terms]

    assert one.summaries() == other.summaries()
    assert one.disjoint_pairs(words) == other.disjoint_pairs(words)
    assert (
        one.bm25_search(parse_query(ASKED[0]), 20).document_ids
        == other.bm25_search(parse_query(ASKED[0]), 20).document_ids
    )
