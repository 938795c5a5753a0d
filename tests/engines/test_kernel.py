"""The kernel in C gives what NumPy gives, byte for byte, and survives arrays of any content."""

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.app import create_app
from qa.engines.candidates import order_by_score
from qa.engines.factory import open_engine
from qa.engines.kernel import loader
from qa.engines.kernel.loader import find_kernel, is_kernel_built
from qa.queries.entities import QuestionEntities
from qa.queries.parser import parse_query
from qa.queries.query import Expansion, Filters
from qa.ranking.features import Feature, TermStatistics, compute_features, feature_column
from qa.ranking.reranker import _demote
from tests.conftest import SAMPLE, build_index, load_questions, write
from tests.engines.kernels import open_searcher

# Compiled where the package was installed with a C compiler.
pytestmark = pytest.mark.skipif(
    not is_kernel_built(),
    reason="the kernel is not compiled here: pip install -e . where there is a C compiler",
)


SYLLABLES = [c + v for c in "bdfklmnprst" for v in "aeiou"]
PUBLISHERS = ("Harbour News", "Bridge Review", None)


def make_words(rng, count):
    return sorted({"".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))) for _ in range(count)})


def make_text(rng, words, length):
    """A text in which few words are frequent and most are rare, some of them inflected."""
    picked = rng.choices(words, [1 / rank for rank in range(1, len(words) + 1)], k=length)
    return " ".join(word + rng.choice(["", "", "s", "ing"]) for word in picked)


def make_document(rng, words):
    """A Markdown file with front matter, and headings above some of its paragraphs."""
    about = [f"title: {make_text(rng, words, 4)}"]
    if publisher := rng.choice(PUBLISHERS):
        about.append(f"publisher: {publisher}")
    if rng.random() < 0.8:
        about.append(f"date: {rng.randint(2000, 2005)}-01-02")
    blocks = []
    for _ in range(rng.randint(1, 9)):
        if rng.random() < 0.3:
            blocks.append(f"## {make_text(rng, words, 3)}")
        blocks.append(make_text(rng, words, rng.choice([3, 40, 130])).capitalize() + ".")
    return "\n".join(["---", *about, "---", "", "\n\n".join(blocks), ""])


@pytest.fixture(scope="module", params=range(3))
def corpus(request, tmp_path_factory):
    """Settings over an index of made-up documents, their words, and a source of chance."""
    rng = random.Random(request.param)
    words = make_words(rng, 400)
    folder = tmp_path_factory.mktemp("corpus")
    files = {f"d{n}_md": make_document(rng, words) for n in range((1, 40, 150)[request.param])}
    write(folder / "documents", **files)
    return build_index(folder, workers=1), words, rng


def make_query(rng, words, languages):
    picked = rng.choices(words[: rng.choice([10, 400])], k=rng.randint(1, 9))
    query = parse_query(" ".join(picked), languages=languages)
    if rng.random() < 0.3:
        query = replace(query, filters=Filters(publishers=(PUBLISHERS[0],)))
    if rng.random() < 0.3:
        other = parse_query(" ".join(rng.choices(words, k=2)), languages=languages)
        query = replace(query, expansions=(Expansion(picked[0], other.text, other.terms),))
    return query


def search(searcher, query, limit, start):
    """The candidates of *query* and their features, as bytes and plain values."""
    found = searcher.search(query, limit, NO_DEADLINE, start)
    frequencies = searcher.document_frequencies(query.stems)
    statistics = TermStatistics(query, frequencies, searcher.manifest.passages)
    features = compute_features(query, QuestionEntities(query.text, "en"), found, statistics)
    positions = found.positions
    arrays = {
        "documents": found.documents,
        "passage numbers": found.passage_numbers,
        "scores": found.scores,
        "lengths": found.lengths,
        "heading lengths": found.heading_lengths,
        "heading matches": found.heading_matches,
        "passage indexes": positions.passage_index,
        "positions": positions.position,
        "terms": positions.term_index,
        "exact": positions.is_exact,
        **{feature: features[:, n] for n, feature in enumerate(Feature)},
    }
    return {
        **{name: (array.dtype, array.tobytes()) for name, array in arrays.items()},
        "in passages": [*map(positions.in_passage, range(len(found)))],
        "ids": [*found.document_ids],
        "headings": [*found.headings],
        "dates": [*found.dates],
        "publishers": [*found.publishers],
        "matches": found.matches,
        "direct answers": found.direct_answers,
        "partial": found.partial,
    }


def compare(settings, queries, limit, start=0):
    """The candidates without the kernel, which those with it must equal."""
    results = []
    for on in (False, True):
        searcher = open_searcher(settings, on=on)
        results.append([search(searcher, query, limit, start) for query in queries])

    for expected, result in zip(*results, strict=True):
        assert [name for name in expected if expected[name] != result[name]] == []
    return results[0]


@pytest.mark.parametrize(("limit", "start"), [(1, 0), (20, 3), (200, 0)])
def test_candidates_and_features_are_the_same_without_the_kernel(corpus, limit, start):
    settings, words, rng = corpus
    queries = [make_query(rng, words, ("en",)) for _ in range(40)]

    assert any(found["matches"].total for found in compare(settings, queries, limit, start))


def test_answers_from_the_sample_are_the_same_without_the_kernel(sample):
    questions = [row["question"] for row in load_questions(SAMPLE.parent / "questions.jsonl")]
    bodies = []
    for on in (False, True):
        client = create_app(replace(sample, kernel=on, recent_answers=0)).test_client()
        answers = [client.get("/ask", query_string={"q": question}) for question in questions]
        bodies.append([re.sub(rb'"took_ms":[0-9.]+', b"", answer.data) for answer in answers])

    assert bodies[0] == bodies[1]
    assert sum(b'"verdict":"found"' in body for body in bodies[0]) > len(questions) / 2


def test_direct_answers_come_first_with_the_kernel_too(tmp_path):
    text = "## How deep is the harbour?\n\nIt is nine metres deep.\n\nThe harbour is deep.\n"
    write(tmp_path / "documents", depth_md=text)
    settings = build_index(tmp_path)
    query = parse_query("How deep is the harbour?", languages=("en",))
    (found,) = compare(settings, [query], 10)

    assert found["direct answers"] == (0,)
    assert found["matches"].total == 1


def test_a_frequent_word_and_a_rare_one_have_positions_in_long_passages(tmp_path):
    rng = random.Random(1)
    words = make_words(rng, 30)
    paragraphs = "\n\n".join(make_text(rng, words, 140) + " zebra." for _ in range(300))
    write(tmp_path / "documents", long_md=paragraphs)
    settings = build_index(tmp_path, passage_max_words=150)
    queries = [parse_query(" ".join([*words[:6], "zebra"]), languages=("en",))]
    (found,) = compare(settings, queries, 50)

    assert len(found["exact"][1]) > 50 * 7


def test_lists_that_are_not_reached_in_time_are_left_out(sample):
    searcher = open_searcher(sample, on=True)
    weights = {("stems", "nato"): 1.0, ("stems", "ukrain"): 1.0}
    late = Deadline(time.monotonic() - 1)
    late_top, top = (
        searcher._kernel_index.top_k(weights, 5, None, deadline, with_mask=False)
        for deadline in (late, Deadline.after(60))
    )

    assert (late_top.partial, len(late_top.numbers)) == (True, 0)
    assert (top.partial, len(top.numbers)) == (False, 5)


def make_scores(rng):
    """Scores, documents and numbers, some of them alike, with features and a share."""
    count = rng.choice([0, 1, 2, 60, 200])
    scores = np.array([rng.choice([0.5, -0.0, 0.0, rng.random()]) for _ in range(count)])
    documents, numbers = (np.array(rng.choices(range(9), k=count), np.int64) for _ in range(2))
    features = np.zeros((count, len(Feature)))
    features[:, [*Feature].index(Feature.COVERAGE)] = rng.choices([0, 0.1, 0.4, 1], k=count)
    return scores, documents, numbers, features


def test_places_are_in_the_same_order_without_the_kernel():
    rng = random.Random(5)
    for _ in range(300):
        scores, documents, numbers, features = make_scores(rng)
        coverage = feature_column(features, Feature.COVERAGE)
        expected = _demote(order_by_score(scores, documents, numbers), coverage)

        assert find_kernel().order(scores, documents, numbers, features, 0.2) == expected


def test_a_score_that_is_no_number_comes_last():
    numbers, features = np.arange(3), np.ones((3, len(Feature)))
    scores = np.array([np.nan, 0.5, 0.7])

    assert find_kernel().order(scores, numbers, numbers, features, 0.2) == [2, 1, 0]


def test_threads_search_one_index_at_the_same_time(sample):
    searcher = open_searcher(sample, on=True)
    queries = [parse_query(text, languages=("en",)) for text in ("NATO Ukraine", "Putin demanded")]
    expected = [search(searcher, query, 50, 0) for query in queries]
    with ThreadPoolExecutor(4) as pool:
        results = [*pool.map(lambda query: search(searcher, query, 50, 0), queries * 20)]

    assert results == expected * 20


@pytest.mark.parametrize(("on", "expected"), [(True, "compiled"), (False, "numpy")])
def test_the_version_says_what_computes(sample, on, expected):
    client = create_app(replace(sample, kernel=on)).test_client()

    assert client.get("/version").get_json()["kernel"] == expected


def test_a_kernel_of_other_sources_is_not_used(monkeypatch):
    monkeypatch.setattr(loader, "VERSION", loader.VERSION + 1)

    assert loader._load_kernel() is None


def test_the_kernel_reads_nothing_that_is_not_verified(sample):
    searcher = open_engine(sample).searcher()
    query = parse_query("guarantees")
    first = searcher.search(query, 5)
    assert not searcher.is_verified

    # Where nothing verifies it in the background, enough searches do.
    for _ in range(100):
        again = searcher.search(query, 5)
    assert searcher.is_verified
    assert again.passage_numbers.tolist() == first.passage_numbers.tolist()
