"""Documents with nearly the same text are found, and which is newer is said."""

import csv
import datetime
import io
import os
import random

import numpy as np
import pytest

from qa.engines.factory import open_engine
from qa.publishing import near_duplicates
from qa.publishing.near_duplicates import (
    ComparisonStoppedError,
    build_sketch,
    find_near_duplicates,
    measure_similarity,
    shingle_hashes,
)
from qa.publishing.purge import purge_all_but_live
from qa.settings import Settings
from tests.commands.test_cli import run
from tests.conftest import build_index, write

# An array, but no archive of arrays.
NPY = io.BytesIO()
np.save(NPY, np.zeros(3))
WORDS = [f"word{number}" for number in range(400)]


def make_text(seed, sentences=40):
    """A text of its own for each *seed*."""
    choose = random.Random(seed)
    return ". ".join(" ".join(choose.choices(WORDS, k=9)) for _ in range(sentences)) + "."


def edit(text, count):
    """*text* with *count* other sentences at its beginning."""
    sentences = text.split(". ")
    return ". ".join([*make_text("edit", count).rstrip(".").split(". "), *sentences[count:]])


def with_date(text, date):
    return f"---\ndate: {date}\n---\n{text}"


@pytest.fixture
def compare(tmp_path):
    """What is found among documents with these texts."""

    def find(**texts):
        write(tmp_path / "documents", **texts)
        settings = build_index(tmp_path)
        searcher = open_engine(settings).searcher()
        return find_near_duplicates(searcher, tmp_path, settings.documents_folder)

    return find


def test_a_version_of_a_document_is_found_and_the_newer_one_named(compare):
    text = make_text(1)
    comparison = compare(
        old_md=with_date(edit(text, 4), "2021-03-01"),
        new_md=with_date(text, "2022-05-01"),
        other_md=make_text(2),
    )

    (pair,) = comparison.pairs
    assert (pair.newer.id, pair.older.id) == ("new", "old")
    assert pair.is_ordered
    assert 0.7 < pair.similarity < 1
    assert comparison.left == 0


def test_without_dates_the_times_of_the_files_count(compare, tmp_path):
    text = make_text(1)
    write(tmp_path / "documents", a_txt=text, b_txt=edit(text, 2))
    os.utime(tmp_path / "documents" / "a.txt", (1_600_000_000, 1_600_000_000))
    (pair,) = compare().pairs

    assert (pair.newer.id, pair.older.id, pair.is_ordered) == ("b", "a", True)
    assert pair.dates[1] == datetime.date(2020, 9, 13)


@pytest.mark.parametrize(("sentences", "is_found"), [(4, True), (20, False)])
def test_texts_that_share_only_a_half_are_none(compare, sentences, is_found):
    text = make_text(1)

    assert bool(compare(a_txt=text, b_txt=edit(text, sentences)).pairs) == is_found


def test_short_texts_and_rows_of_a_file_are_none(compare):
    rows = [f"{number},{make_text('row')}" for number in range(3)]
    comparison = compare(
        a_txt="A ferry runs here.", b_txt="A ferry runs there.", rows_csv="\n".join(["n,t", *rows])
    )

    assert comparison.pairs == ()


def test_what_many_documents_begin_with_makes_none_alike(compare):
    shared = make_text("terms of use", 30)
    texts = {f"d{number}_txt": f"{shared}\n\n{make_text(number, 30)}" for number in range(20)}

    assert compare(**texts).pairs == ()


def test_the_texts_of_earlier_builds_are_not_read_again(compare, monkeypatch):
    text = make_text(1)
    compare(a_txt=text, b_txt=make_text(2))
    sketched = []
    original = near_duplicates.build_sketch
    monkeypatch.setattr(
        near_duplicates, "build_sketch", lambda text: sketched.append(text) or original(text)
    )
    comparison = compare(c_txt=edit(text, 3))

    assert len(sketched) == 1
    assert {comparison.pairs[0].newer.id, comparison.pairs[0].older.id} == {"a", "c"}


def test_what_there_is_no_time_for_is_compared_by_the_next_build(compare, monkeypatch):
    monkeypatch.setattr(near_duplicates, "_MAX_SECONDS", -1)
    text = make_text(1)
    first = compare(a_txt=text, b_txt=edit(text, 3))
    monkeypatch.undo()

    assert (first.pairs, first.left) == ((), 2)
    assert len(compare().pairs) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"\x93NUMPY", NPY.getvalue(), bytes(range(100, 200))],
    ids=["empty", "zip", "head", "other", "noise"],
)
def test_sketches_that_cannot_be_read_are_made_anew(compare, tmp_path, content):
    (tmp_path / "sketches.npz").write_bytes(content)
    text = make_text(1)

    assert len(compare(a_txt=text, b_txt=edit(text, 3)).pairs) == 1


def test_a_build_prints_the_pairs_and_writes_all_to_a_table(tmp_path):
    text = make_text(1)
    write(
        tmp_path / "documents",
        a_md=with_date(text, "2022-05-01"),
        b_md=with_date(edit(text, 2), "2021-01-01"),
    )
    output = run("index", "--index", tmp_path).stdout
    with (tmp_path / "near-duplicates.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)

    assert f"1 pair of documents has nearly the same text; {tmp_path}" in output
    assert "  a (2022-05-01) is newer than b (2021-01-01): " in output
    assert (row["newer"], row["older_date"], row["is_known"]) == ("a", "2021-01-01", "yes")
    assert "pair of documents" not in run("index", "--index", tmp_path, "--dry-run").stdout


def test_purging_removes_the_sketches_and_the_table(tmp_path):
    write(tmp_path / "documents", a_txt=make_text(1))
    run("index", "--index", tmp_path)
    settings = Settings(index=str(tmp_path))
    assert (tmp_path / "sketches.npz").exists()
    purge_all_but_live(open_engine(settings), settings)

    assert not (tmp_path / "sketches.npz").exists()
    assert not (tmp_path / "near-duplicates.csv").exists()


def test_hashes_do_not_depend_on_place_case_or_spaces():
    text = make_text(1)
    moved = f"{'x' * 5000} {text.upper()}".replace(". ", ".\n\n  ")

    assert {*shingle_hashes(text).tolist()} <= {*shingle_hashes(moved).tolist()}


def test_the_similarity_is_that_of_the_sets_of_shingles():
    one, other = make_text(1, 6).lower(), edit(make_text(1, 6), 2).lower()
    sets = [{text[i : i + 24] for i in range(len(text) - 23)} for text in (one, other)]

    assert measure_similarity(one, other) == pytest.approx(
        len(sets[0] & sets[1]) / len(sets[0] | sets[1])
    )


@pytest.mark.parametrize("text", ["", "short", "a" * 5000, "汉" * 30 + "字" * 500, "\ud800" * 500])
def test_any_text_has_a_sketch(text):
    sketch = build_sketch(text)

    assert len(sketch) <= 32
    assert sketch.tolist() == sorted({*sketch.tolist()})


def test_a_comparison_that_is_stopped_keeps_its_sketches(tmp_path, monkeypatch):
    write(tmp_path / "documents", a_md=make_text(1), b_md=edit(make_text(1), 3))
    settings = build_index(tmp_path)
    (tmp_path / near_duplicates.SKETCHES).unlink(missing_ok=True)
    searcher = open_engine(settings).searcher()
    answers = iter([False, False, True])
    with pytest.raises(ComparisonStoppedError):
        find_near_duplicates(searcher, tmp_path, settings.documents_folder, lambda: next(answers))

    monkeypatch.setattr(near_duplicates, "build_sketch", None)
    assert len(find_near_duplicates(searcher, tmp_path, settings.documents_folder).pairs) == 1
