"""The engine: proposes what matches, keeps every condition, follows the live generation."""

import datetime
import os
import pickle
import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest
import whoosh.index
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import Span
from qa.answers.answer import build_citation
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.base import STEMS, WHOLE
from qa.engines.factory import open_engine
from qa.engines.whoosh import builder as building
from qa.errors import (
    DocumentNotFoundError,
    GenerationNotFoundError,
    NoLiveGenerationError,
)
from qa.publishing.builder import index_documents
from qa.queries.parser import parse_query
from qa.queries.query import Filters
from qa.settings import Settings
from tests.conftest import build_index, write
from tests.engines.positions import find_passage_positions


def ids(searcher, question, **filters):
    query = parse_query(question, filters=Filters(**filters))
    return searcher.search(query, 10).document_ids


def test_a_passage_is_found_by_any_of_its_words(searcher):
    assert ids(searcher, "who demanded guarantees from martians?") == ["harbour"]


def test_the_best_match_comes_first(searcher):
    assert ids(searcher, "council of Lindholm guarantees")[0] == "harbour"


def test_a_word_of_the_title_alone_finds_the_passages_under_it(searcher):
    query = parse_query("bridge")

    assert len(searcher.search(query, 10)) == len(
        [h for h in searcher.search(query, 10).headings if "Bridge" in h]
    )
    assert ids(searcher, "Storms") == ["harbour"]


def test_documents_have_the_terms_of_their_passages_with_the_same_numbers(tmp_path):
    texts = {"a_md": "# Ferries\n\nFour boats.", "b_md": "# Piers\n\nThree storms."}
    for _ in range(2):
        write(tmp_path / "documents", **texts)
        fields = open_engine(build_index(tmp_path)).searcher()._fields
        for passages, documents in zip(
            fields[STEMS].all_terms, fields[WHOLE].all_terms, strict=True
        ):
            assert np.array_equal(passages, documents)
        (tmp_path / "documents" / "a.md").unlink(missing_ok=True)
        texts = {"c_md": "# Lamps\n\nAll of the lanterns."}


def test_an_index_without_sentences_marks_the_same(tmp_path):
    write(tmp_path / "documents", a_md="# Ferries\n\nThe ferry is late. It leaves at nine.")
    index = build_index(tmp_path)
    (known,) = open_engine(index).searcher()._store.passages([0])
    assert [*vars(known)] == [field.name for field in fields(known)]
    older = open_engine(index).searcher()._store
    del older._columns._arrays["first_sentences"]
    (unknown,) = older.passages([0])

    assert list(known.sentences) == split_sentences(known.text)
    assert (unknown, unknown.sentences) == (known, None)


def test_a_citation_is_the_same_from_a_part_of_a_document_as_from_all_of_it(searcher):
    for summary in searcher.summaries():
        document, citable = searcher.document(summary.id), searcher.citable(summary.id)
        places = [0, len(document.text) // 2, len(document.text) - 1]
        for start in places:
            span = Span(start, len(document.text))

            assert build_citation(citable, span) == build_citation(document, span)


def test_an_index_of_an_older_version_is_cited_the_same(tmp_path):
    text = "# Ferries\n\nThe ferry is late.\n\n## Fares\n\nIt costs two crowns."
    write(tmp_path / "documents", a_md=text)
    searcher = open_engine(build_index(tmp_path)).searcher()
    span = Span(0, 40)
    before = build_citation(searcher.citable("a"), span)
    del searcher._store._strings["citables"]
    searcher._cached_citable.cache_clear()

    assert build_citation(searcher.citable("a"), span) == before


def test_an_index_without_keys_of_questions_is_searched_all_the_same(tmp_path):
    write(tmp_path / "documents", a_md="# Ferries\n\n## Where are you?\n\nBehind the pier.")
    index = build_index(tmp_path)
    before = open_engine(index).searcher().search(parse_query("where are you?"), 5)
    older = open_engine(index).searcher()
    del older._store._columns._arrays["question_key"]
    after = older.search(parse_query("where are you?"), 5)

    assert (before.direct_answers, after.direct_answers) == ((0,), ())
    assert before.read_all() == after.read_all()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('"council of Lindholm"', ["bridge"]),
        ('"legal guarantees" Lindholm', ["harbour"]),
        ('"guarantees legal"', []),
        ("council -guarantees", ["bridge"]),
        ('council -"legal guarantees"', ["bridge"]),
        ("council -bridge -harbour", []),
    ],
)
def test_phrases_are_required_and_exclusions_kept(searcher, question, expected):
    assert ids(searcher, question) == expected


@given(
    texts=st.lists(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=9), min_size=1, max_size=6
    ),
    phrase=st.text("abcd", min_size=1, max_size=4),
)
def test_a_phrase_is_found_exactly_where_it_stands(texts, phrase):
    with tempfile.TemporaryDirectory() as folder:
        numbers = [
            build_document(f"d{n}", "d", [RawBlock(f"{n}. {' '.join(words)}")], Metadata(""))
            for n, words in enumerate(texts)
        ]
        index_documents(numbers, open_engine(Settings(index=folder)), Settings(index=folder))
        searcher = open_engine(Settings(index=folder)).searcher()
        question = f'"{" ".join(phrase)}" {" ".join(map(str, range(6)))}'
        hits = {*searcher.search(parse_query(question), 10).document_ids}

    assert hits == {d.id for d in numbers if f" {' '.join(phrase)} " in f" {d.text[2:]} "}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"publishers": ("Vesa Courier",)}, {"bridge"}),
        ({"publishers": ("vesa courier", "Northern Gazette")}, {"bridge", "harbour"}),
        ({"publishers": ("Nobody",)}, set()),
        ({"document_ids": ("bridge",)}, {"bridge"}),
        ({"document_ids": ("harbour", "bridge", "nothing")}, {"bridge", "harbour"}),
        ({"document_ids": ("nothing",)}, set()),
        ({"document_ids": ("bridge",), "publishers": ("Northern Gazette",)}, set()),
        ({"date_from": datetime.date(2022, 3, 29)}, {"bridge"}),
        ({"date_to": datetime.date(2022, 3, 28)}, {"harbour"}),
        (
            {"date_from": datetime.date(2021, 12, 3), "date_to": datetime.date(2021, 12, 3)},
            {"harbour"},
        ),
        ({"date_from": datetime.date(2023, 1, 1)}, set()),
    ],
)
def test_filters_are_kept(searcher, filters, expected):
    assert set(ids(searcher, "council of Lindholm", **filters)) == expected


def test_words_are_counted_and_near_ones_known(searcher):
    assert searcher.document_frequencies(["harbour", "guarante", "zebra"])["zebra"] == 0
    assert searcher.document_frequencies(["guarante"]) == {"guarante": 1}
    assert searcher.suggest(["garantees", "1903", "ic"]) == {
        "garantees": ["guarantees"],
        "1903": [],
        "ic": [],
    }


def test_a_document_comes_back_whole(searcher):
    document = searcher.document("harbour")

    assert document.metadata.title == "The harbour of Lindholm"
    assert document.text.startswith("The old harbour")
    with pytest.raises(DocumentNotFoundError, match="nothing"):
        searcher.document("nothing")


def test_all_documents_are_listed_by_id(searcher):
    listed = searcher.summaries()

    assert [summary.id for summary in listed] == ["bridge", "harbour"]
    assert listed[0].date == datetime.date(2022, 3, 29)


def test_every_passage_stands_in_its_document(searcher):
    for passage in searcher.search(parse_query("the council of Lindholm"), 100).read_all():
        text = searcher.document(passage.document_id).text

        assert text[passage.start : passage.end] == passage.text


def test_matches_are_where_the_texts_have_them(searcher):
    query = parse_query("how many guarantees did the council of Lindholm give the harbour's boat?")
    candidates = searcher.search(query, 100)
    expected = find_passage_positions(query, candidates.read_all())

    assert len(candidates.positions.passage_index)
    for column in ("passage_index", "position", "term_index", "is_exact"):
        assert getattr(candidates.positions, column).tolist() == getattr(expected, column).tolist()


def test_the_index_is_a_whoosh_index(index, searcher):
    folder = index / "generations" / searcher.manifest.name
    whoosh_index = whoosh.index.open_dir(str(folder))

    assert whoosh_index.doc_count() == searcher.manifest.passages
    whoosh_index.close()


def test_asking_never_unpickles(index, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("unpickled")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    searcher = open_engine(Settings(index=str(index))).searcher()

    assert ids(searcher, "council of Lindholm")
    assert searcher.document("harbour").metadata.title
    assert searcher.suggest(["garantees"])["garantees"]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_the_files_are_the_same_however_they_are_built(tmp_path, monkeypatch, processes):
    def files(folder, segment):
        monkeypatch.setattr(building, "_SEGMENT_PASSAGES", segment)
        monkeypatch.setattr(os, "cpu_count", lambda: processes)
        settings = Settings(index=str(folder))
        documents = (
            build_document(f"d{n}", "d", [RawBlock(text(n))], Metadata(f"T{n}")) for n in range(60)
        )
        report = index_documents(documents, open_engine(settings), settings)
        generation = folder / "generations" / report.manifest.name
        return {path.name: path.read_bytes() for path in generation.glob("*.bin")}

    whole = files(tmp_path / "whole", 10**6)

    assert files(tmp_path / "parts", 7) == whole
    assert files(tmp_path / "nothing left for the last part", 6) == whole


def test_a_new_generation_is_followed_and_a_deleted_file_is_gone(tmp_path):
    write(tmp_path / "documents", one_txt="Apples are red.\n", two_txt="Pears are green.\n")
    engine = open_engine(build_index(tmp_path))
    before = engine.searcher()
    (tmp_path / "documents" / "two.txt").unlink()
    build_index(tmp_path)
    after = engine.searcher()

    assert ids(before, "pears") == ["two"]
    assert ids(after, "pears") == []
    assert after.manifest.name != before.manifest.name
    assert engine.searcher() is after


def test_without_an_index_the_error_says_what_to_do(tmp_path):
    with pytest.raises(NoLiveGenerationError, match="qa index"):
        open_engine(Settings(index=str(tmp_path))).searcher()


def test_an_older_generation_can_be_asked_while_it_is_kept(tmp_path):
    write(tmp_path / "documents", one_txt="Apples are red.\n")
    engine = open_engine(build_index(tmp_path))
    before = engine.searcher().manifest.name
    write(tmp_path / "documents", one_txt="Apples are green.\n")
    build_index(tmp_path)
    live = engine.searcher().manifest.name

    assert engine.searcher(before).document("one").text == "Apples are red."
    assert engine.searcher(live) is engine.searcher()
    engine.prune(1)
    with pytest.raises(GenerationNotFoundError, match=before):
        engine.searcher(before)


def text(number):
    return f"Number {number} has {number * 7} apples and {number % 13} pears. " * 9


def synthetic_text(number):
    """A text of ninety words, some said everywhere and most in few texts."""
    draw = random.Random(number)
    return " ".join(f"w{int(draw.paretovariate(0.5))}" for _ in range(90))


def test_threads_may_share_a_searcher(tmp_path):
    settings = Settings(index=str(tmp_path))
    index_documents(
        (
            build_document(f"d{n}", "d", [RawBlock(synthetic_text(n))], Metadata(f"T{n}"))
            for n in range(3_000)
        ),
        open_engine(settings),
        settings,
    )
    searcher = open_engine(settings).searcher()
    queries = [parse_query(" ".join(synthetic_text(n * 31).split()[:8])) for n in range(40)]

    def ask(query):
        candidates = searcher.search(query, 10)
        return list(zip(candidates.document_ids, candidates.scores.tolist(), strict=True))

    def ask_all(_):
        return all(ask(queries[n % 40]) == expected[n % 40] for n in range(200))

    expected = list(map(ask, queries))
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask_all, range(8)))
