"""The same arrays, read by Whoosh: it finds what our own search and plain Python find."""

import json
import math
import os
import pickle
import random
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whoosh import query
from whoosh.filedb.filestore import ReadOnlyError
from whoosh.index import create_in, open_dir
from whoosh.matching.mcore import ReadTooFar
from whoosh.query.compound import DefaultOr
from whoosh.reading import MultiReader, TermNotFound
from whoosh.scoring import BM25F, TF_IDF, Frequency
from whoosh.writing import AsyncWriter, BufferedWriter

from qa.documents import Document, Metadata, RawBlock, document
from qa.engines import open_engine
from qa.engines.whoosh.arrays import write_arrays
from qa.engines.whoosh.batches import Batch
from qa.engines.whoosh.codec import write_toc
from qa.engines.whoosh.encoding import field_arrays
from qa.engines.whoosh.inversion import Postings
from qa.engines.whoosh.schema import DOCUMENTS, FILES, K1, PASSAGES, SCHEMAS, WEIGHTING, WEIGHTS, B
from qa.engines.whoosh.search import WhooshSearcher
from qa.engines.whoosh.segments import COLUMNS, join, merge, write_segment
from qa.errors import DamagedError
from qa.indexing import index_documents
from qa.passages import Passage
from qa.queries import read
from qa.settings import Settings

WORDS = ("aa", "ab", "ba", "bab", "abba", "7", "1874", "мост", "ねこ", "zz")
NAMES = {PASSAGES: "MAIN", DOCUMENTS: "documents"}


class Corpus:
    """Documents, which are lists of passages, which are lists of words under a heading.

    *lists* has for each field the words of each of its documents, in order.
    """

    def __init__(self, *documents):
        self.batch = [self._document(f"d{i}", parts) for i, parts in enumerate(documents)]
        text = [said for parts in documents for _, said in parts]
        self.lists = {
            "stems": text,
            "words": text,
            "title": [heading for parts in documents for heading, _ in parts],
            "whole": [[word for _, said in parts for word in said] for parts in documents],
        }

    @staticmethod
    def _document(name, parts):
        text, passages = "", []
        for number, (heading, said) in enumerate(parts):
            words, start = " ".join(said), len(text)
            end = start + len(words)
            passages.append(Passage(name, number, start, end, words, " ".join(heading), "xx"))
            text += words + "\n\n"
        return Document(name, f"{name}.txt", text, (), Metadata(name, language="xx")), passages

    def write(self, folder, segments=1):
        """Index it, in several *segments* that are merged."""
        size = max(1, -(-len(self.batch) // segments))
        paths = [folder / f"segment-{n}" for n in range(segments)]
        for number, path in enumerate(paths):
            write_segment(path, Batch.of(self.batch[number * size : (number + 1) * size]))
        for name in (COLUMNS, *WEIGHTS, "words"):
            merge(folder, name, paths)
        for file in FILES:
            join(folder, file)
        counts = {PASSAGES: len(self.lists["stems"]), DOCUMENTS: len(self.batch)}
        for file, name in NAMES.items():
            write_toc(folder, SCHEMAS[file], name, file, counts[file])
        return folder

    def file(self, file):
        """The fields in an array file, each with the words of its documents."""
        return {name: self.lists[name] for name in FILES[file]}

    def scores(self, asked):
        """BM25 in plain Python: the score of every document that has any of the terms."""
        found = Counter()
        for field, term, boost in asked:
            documents = self.lists[field]
            average = sum(map(len, documents)) / len(documents)
            counts = [said.count(term) for said in documents]
            idf = math.log(len(documents) / (sum(map(bool, counts)) + 1)) + 1
            for number, count in enumerate(counts):
                if count:
                    norm = K1 * (1 - B + B * len(documents[number]) / average)
                    found[number] += boost * idf * count * (K1 + 1) / (count + norm)
        return found


@contextmanager
def written(corpus, segments=1):
    """A folder of its own with *corpus* in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield corpus.write(Path(folder), segments)


def words(most):
    few = st.lists(st.sampled_from(WORDS[:-1]), max_size=most)
    # Few words said often, in one order or another: many ties, and long beside short.
    return few | st.tuples(few, st.integers(1, 40)).map(lambda said: said[0][:4] * said[1])


corpora = st.lists(
    st.lists(st.tuples(words(3), words(12)), min_size=1, max_size=6), min_size=1, max_size=8
).map(lambda documents: Corpus(*documents))
terms = st.tuples(
    st.sampled_from(["stems", "words", "title"]),
    st.sampled_from(WORDS),
    st.sampled_from([1.0, 0.3, 2.5]),
)
questions = st.lists(terms, min_size=1, max_size=6, unique_by=lambda term: term[:2])

TOWN = Corpus(
    [(["aa"], ["ab", "ba", "ab"]), (["aa", "aa"], []), ([], ["мост"])],
    [(["bab"], ["ba", "ab", "abba", "1874"]), ([], ["ab", "aa"] * 30)],
    [([], ["7", "ねこ", "ba", "abba"])],
)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A folder with TOWN in it."""
    return TOWN.write(tmp_path_factory.mktemp("town"), segments=2)


@pytest.fixture
def passages(town):
    """A reader of TOWN's passages."""
    with open_dir(str(town)).reader() as reader:
        yield reader


def assert_best(found, scores, k):
    """That *found*, of documents and scores, are the *k* best by *scores*."""
    assert [score for _, score in found] == pytest.approx(
        sorted(scores.values(), reverse=True)[:k], rel=1e-5
    )
    assert [score for _, score in found] == pytest.approx([scores[n] for n, _ in found], rel=1e-5)
    assert found == sorted(set(found), key=lambda hit: (-hit[1], hit[0]))


@settings(deadline=None)
@given(corpora, questions, st.integers(1, 30), st.integers(1, 3), st.booleans())
def test_whoosh_arrays_and_plain_python_find_the_same(corpus, asked, k, segments, matched):
    scores = corpus.scores(asked)
    with written(corpus, segments) as folder:
        top = WhooshSearcher(folder, None).top(asked, k)
        assert_best(list(zip(top[0].tolist(), top[1].tolist(), strict=True)), scores, k)
        subqueries = [query.Term(field, term, boost=boost) for field, term, boost in asked]
        with open_dir(str(folder)).searcher(weighting=WEIGHTING) as searcher:
            # Whoosh adds the scores of few documents in one way, of many in another.
            for kind in (query.Or, DefaultOr):
                hits = searcher.search(kind(subqueries), limit=k, terms=matched)
                assert_best([(hit.docnum, hit.score) for hit in hits], scores, k)


@pytest.mark.parametrize("k", [1, 10, 100])
def test_no_document_is_lost_to_whooshs_shortcuts(tmp_path, k):
    chance = random.Random(k)  # noqa: S311 - not to keep a secret
    vocabulary = [f"w{number}" for number in range(200)]
    frequent = [1 / rank for rank in range(1, 201)]
    said = [chance.choices(vocabulary, frequent, k=chance.choice([5, 20, 60])) for _ in range(900)]
    corpus = Corpus(*([([], words)] for words in said))
    searcher = open_dir(str(corpus.write(tmp_path))).searcher(weighting=WEIGHTING)
    for _ in range(20):
        asked = [
            ("stems", word, chance.choice([1.0, 0.3, 2.5]))
            for word in set(chance.choices(vocabulary, frequent, k=4))
        ]
        subqueries = [query.Term(field, word, boost=boost) for field, word, boost in asked]
        hits = searcher.search(DefaultOr(subqueries), limit=k)
        assert_best([(hit.docnum, hit.score) for hit in hits], corpus.scores(asked), k)


@settings(deadline=None)
@given(corpora, st.sampled_from(WORDS), st.integers(1, 3))
def test_whole_documents_are_scored_too(corpus, term, k):
    with (
        written(corpus) as folder,
        open_dir(str(folder), indexname="documents").searcher(weighting=WEIGHTING) as searcher,
    ):
        hits = searcher.search(query.Term("whole", term), limit=k)

        found = [(hit.docnum, hit.score) for hit in hits]
    assert_best(found, corpus.scores([("whole", term, 1.0)]), k)


@settings(deadline=None)
@given(corpora, st.sampled_from(list(NAMES)), st.integers(1, 3))
@example(Corpus([([], [])]), PASSAGES, 1)
def test_a_reader_knows_every_term_and_posting(corpus, file, segments):
    with written(corpus, segments) as folder, open_dir(str(folder), NAMES[file]).reader() as reader:
        fields = corpus.file(file)
        expected = sorted(
            (name, word.encode()) for name, said in fields.items() for word in set().union(*said)
        )
        assert list(reader.all_terms()) == expected
        assert [term for term, _ in reader] == expected
        assert sorted(reader.indexed_field_names()) == sorted(fields)
        for name, encoded in expected:
            assert_term(reader, name, encoded.decode(), fields[name])
        for name, said in fields.items():
            lengths = [len(words) for words in said]
            assert [reader.doc_field_length(n, name) for n in range(len(said))] == lengths
            assert reader.field_length(name) == sum(lengths)
            assert (reader.min_field_length(name), reader.max_field_length(name)) == (
                min(lengths),
                max(lengths),
            )


def assert_term(reader, name, word, documents):
    """What *reader* knows of a *word* in *documents*."""
    counts = {n: said.count(word) for n, said in enumerate(documents) if word in said}
    lengths = [len(documents[n]) for n in counts]
    info = reader.term_info(name, word)
    assert (name, word) in reader
    assert reader.first_id(name, word) == info.min_id() == min(counts)
    assert info.max_id() == max(counts)
    assert reader.doc_frequency(name, word) == info.doc_frequency() == len(counts)
    assert reader.frequency(name, word) == info.weight() == sum(counts.values())
    assert info.max_weight() == max(counts.values())
    assert (info.min_length(), info.max_length()) == (min(lengths), max(lengths))
    matcher = reader.postings(name, word)
    for number, count in counts.items():
        assert (matcher.id(), matcher.weight()) == (number, count)
        assert matcher.value_as("frequency") == count
        if name == "words":
            positions = [i for i, said in enumerate(documents[number]) if said == word]
            assert matcher.value_as("positions") == positions
            assert matcher.format.decode_positions(matcher.value()) == positions
        matcher.next()
    assert not matcher.is_active()
    assert reader.postings(name, word).term() == (name, word.encode())


@settings(deadline=None)
@given(corpora, st.sampled_from([BM25F(), WEIGHTING, TF_IDF(), Frequency()]))
def test_no_posting_scores_more_than_its_matcher_promises(corpus, weighting):
    with written(corpus) as folder, open_dir(str(folder)).searcher(weighting=weighting) as searcher:
        for term in searcher.reader().all_terms():
            matcher = searcher.postings(*term)
            if matcher.supports_block_quality():
                most, block = matcher.scorer.max_quality(), matcher.block_quality()
                best = max(matcher.score() for _ in matcher.all_ids())
                assert best <= most
                assert best <= block
                again = matcher.copy()
                again.reset()
                assert again.skip_to_quality(best * 0.99) == 0
                assert again.is_active()
                assert again.skip_to_quality(block) == 1
                assert not again.is_active()


def test_terms_are_walked_in_order_and_found_by_their_beginning(passages):
    assert list(passages.lexicon("stems")) == sorted(
        word.encode() for word in set().union(*TOWN.lists["stems"])
    )
    assert list(passages.expand_prefix("words", "ab")) == [b"ab", b"abba"]
    assert next(iter(passages.terms_from("title", b"ab"))) == ("title", b"bab")
    assert next(iter(passages.iter_from("words", "z")))[0] == ("words", "мост".encode())
    assert [term for term, _ in passages.iter_field("title")] == [b"aa", b"bab"]
    assert passages.most_frequent_terms("words", 1) == [(33, b"ab")]
    cursor = passages.cursor("words")
    assert (cursor.text(), cursor.first(), cursor.next()) == ("1874", "1874", "7")
    assert (cursor.find("abc"), cursor.find("ab")) == ("ba", "ab")
    assert cursor.find(b"\xff") is None
    assert not cursor.is_valid()
    assert cursor.text() is None
    assert passages.cursor("text").text() is None


def test_what_does_not_occur_is_nowhere(passages):
    assert passages.doc_frequency("stems", "zz") == passages.frequency("stems", "zz") == 0
    assert ("stems", "zz") not in passages
    assert ("nothing", "aa") not in passages
    assert list(passages.expand_prefix("stems", "zz")) == []
    for ask in (passages.term_info, passages.postings, passages.first_id):
        with pytest.raises(TermNotFound):
            ask("stems", "zz")
    with pytest.raises(TermNotFound):
        passages.postings("nothing", "aa")


def edits(one, other):
    """The Levenshtein distance."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, row = row, [i]
        for j, character in enumerate(other, 1):
            swap = before[j - 1] + (letter != character)
            row.append(min(before[j] + 1, row[-1] + 1, swap))
    return row[-1]


@settings(deadline=None)
@given(corpora, st.text("ab7мё", min_size=1, max_size=5), st.integers(1, 2), st.integers(0, 1))
def test_terms_spelt_alike_are_found(corpus, word, most, prefix):
    with written(corpus) as folder, open_dir(str(folder)).reader() as reader:
        found = list(reader.terms_within("words", word, most, prefix))

    known = set().union(*corpus.lists["words"])
    assert sorted(found) == sorted(
        near for near in known if near[:prefix] == word[:prefix] and edits(near, word) <= most
    )


HAS = query.Term


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (query.Phrase("words", ["ab", "ba"]), [0]),
        (query.Phrase("words", ["ba", "ab"]), [0, 3]),
        (query.Phrase("words", ["ba", "abba"], slop=2), [3, 5]),
        (query.Phrase("words", ["abba", "ba"]), []),
        (query.Prefix("stems", "ab"), [0, 3, 4, 5]),
        (query.Wildcard("stems", "*b?"), [0, 3, 5]),
        (query.TermRange("stems", "1", "9"), [3, 5]),
        (query.FuzzyTerm("words", "abbb"), [3, 5]),
        (query.And([HAS("stems", "ab"), HAS("stems", "ba")]), [0, 3]),
        (query.And([HAS("stems", "ab"), query.Not(HAS("title", "aa"))]), [3, 4]),
        (query.Or([HAS("title", "bab"), HAS("words", "мост")]), [2, 3]),
        (query.Not(HAS("stems", "ba")), [1, 2, 4]),
        (query.AndMaybe(HAS("title", "aa"), HAS("stems", "ab")), [0, 1]),
        (query.Every("title"), [0, 1, 3]),
        (query.Every(), [0, 1, 2, 3, 4, 5]),
        (query.DisjunctionMax([HAS("stems", "7"), HAS("stems", "aa")]), [4, 5]),
    ],
    ids=str,
)
def test_every_kind_of_query_works(town, asked, expected):
    with open_dir(str(town)).searcher(weighting=WEIGHTING) as searcher:
        hits = searcher.search(asked, limit=None)

        assert sorted(hit.docnum for hit in hits) == expected
        assert sorted(searcher.docs_for_query(asked)) == expected
        assert {hit.docnum for hit in searcher.search(asked, limit=2)} <= set(expected)


def test_a_query_may_filter_and_tell_what_matched(town):
    with open_dir(str(town)).searcher() as searcher:
        hits = searcher.search(
            query.Or([HAS("stems", "ab"), HAS("stems", "ba")]),
            filter=HAS("title", "bab"),
            terms=True,
        )

        assert [hit.docnum for hit in hits] == [3]
        assert sorted(hits[0].matched_terms()) == [("stems", b"ab"), ("stems", b"ba")]


def test_a_passage_is_stored_with_its_place(town, passages):
    (bridge, split) = TOWN.batch[1]

    assert passages.stored_fields(3) == {
        "document": "d1",
        "number": 0,
        "start": 0,
        "end": 15,
        "text": "ba ab abba 1874",
        "heading": "bab",
        "language": "xx",
    }
    assert [fields["text"] for fields in passages.all_stored_fields()] == [
        passage.text for _, split in TOWN.batch for passage in split
    ]
    assert [number for number, _ in passages.iter_docs()] == list(range(6))
    with open_dir(str(town), indexname="documents").searcher() as searcher:
        (hit,) = searcher.search(HAS("whole", "1874"))
        assert hit.fields() == {"id": "d1", "json": bridge.to_json()}
        assert searcher.doc_count() == searcher.doc_count_all() == 3
        assert Document.from_json(hit["json"]).text[: split[0].end] == split[0].text


def test_a_matcher_skips_and_stops(passages):
    matcher = passages.postings("stems", "ab")
    matcher.skip_to(1)
    assert matcher.id() == 3
    copied = matcher.copy()
    matcher.skip_to(9)
    assert (matcher.is_active(), copied.id()) == (False, 3)
    with pytest.raises(ReadTooFar):
        matcher.skip_to(10)
    matcher.reset()
    assert matcher.id() == 0


@pytest.mark.parametrize(
    "numbers",
    [
        [0],
        [65_533, 65_534, 65_535, 65_536],
        [0, 65_535, 131_070],
        [1, 65_537, 131_074, 300_000],
        [70_000, 299_999, 300_000],
        [300_000],
    ],
)
def test_gaps_of_any_width_are_bridged_unseen(tmp_path, numbers):
    lengths = np.full(300_001, 9)
    counts = [1 + n % 3 for n in range(len(numbers))]
    other = [5, 200_000]
    found = Postings(
        [b"first", b"second"],
        np.array([len(numbers), 2]),
        np.array(numbers + other),
        np.array([*counts, 2, 1]),
        lengths,
        np.arange(sum(counts) + 3),
    )
    write_arrays(
        tmp_path / PASSAGES, field_arrays("words", [found], found.lengths), {"fields": ["words"]}
    )
    write_toc(tmp_path, SCHEMAS[PASSAGES], "MAIN", PASSAGES, len(lengths))
    with open_dir(str(tmp_path)).searcher(weighting=WEIGHTING) as searcher:
        first = searcher.reader().postings("words", "first")
        positions = list(first.items_as("positions"))
        info = searcher.reader().term_info("words", "first")
        hits = searcher.search(query.Or([HAS("words", "first"), HAS("words", "second")]))

        assert [number for number, _ in positions] == numbers
        assert [p for _, places in positions for p in places] == list(range(sum(counts)))
        assert (info.doc_frequency(), info.weight()) == (len(numbers), sum(counts))
        assert (info.min_id(), info.max_id()) == (numbers[0], numbers[-1])
        assert sorted(hit.docnum for hit in hits) == sorted(numbers + other)
        assert list(searcher.reader().postings("words", "second").all_ids()) == other


def contents(folder):
    """The files of a folder and what is in them."""
    return {path.name: path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("name", NAMES.values())
@pytest.mark.parametrize(
    "change",
    [
        lambda index: index.writer(),
        lambda index: index.writer(procs=2),
        lambda index: index.optimize(),
        lambda index: index.delete_by_term("stems", "aa"),
        lambda index: index.delete_by_query(query.Every()),
        lambda index: index.remove_field("stems"),
        BufferedWriter,
        AsyncWriter,
        lambda index: index.reader().segment().delete_document(0),
        lambda index: index.reader().segment().set_doc_count(1),
        lambda index: index.reader().codec().new_segment(index.storage, "MAIN"),
        lambda index: index.reader().codec().field_writer(index.storage, None),
        lambda index: index.reader().codec().per_document_writer(index.storage, None),
        lambda index: index.reader().codec().postings_writer(None),
    ],
)
def test_what_would_write_is_refused_and_changes_nothing(town, name, change):
    before = contents(town)
    index = open_dir(str(town), indexname=name)
    for _ in range(2):
        with pytest.raises(ReadOnlyError, match="run `qa index`"):
            change(index)

    assert contents(town) == before
    assert index.lock("WRITELOCK").acquire()
    with index.reader() as reader:
        assert not reader.has_deletions()
        assert not reader.segment().has_deletions()
        assert list(reader.all_doc_ids()) == list(range(reader.doc_count()))


def test_an_index_of_whooshs_own_can_take_it_all_over(town, passages, tmp_path):
    writer = create_in(str(tmp_path), SCHEMAS[PASSAGES]).writer()
    writer.add_reader(passages)
    writer.commit()
    with open_dir(str(tmp_path)).searcher(weighting=WEIGHTING) as copied:
        assert list(copied.reader().iter_postings()) == list(passages.iter_postings())
        assert list(copied.all_stored_fields()) == list(passages.all_stored_fields())
        hits = copied.search(query.Or([HAS("stems", "ab"), HAS("title", "aa")]))
        found = [(hit.docnum, hit.score) for hit in hits]
    assert_best(found, TOWN.scores([("stems", "ab", 1.0), ("title", "aa", 1.0)]), 10)


def test_two_indexes_can_be_read_as_one(town):
    with MultiReader([open_dir(str(town)).reader() for _ in range(2)]) as both:
        assert list(both.postings("stems", "ba").all_ids()) == [0, 3, 5, 6, 9, 11]
        assert both.doc_frequency("stems", "ba") == 6


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "another"])
def test_a_damaged_file_is_refused_by_name(tmp_path, name, damage):
    path = TOWN.write(tmp_path) / name
    raw = path.read_bytes()
    if damage == "cut":
        path.write_bytes(raw[:-1])
    elif damage == "changed":
        path.write_bytes(raw[:64] + bytes([raw[64] ^ 1]) + raw[65:])
    elif damage == "gone":
        path.unlink()
    else:
        (tmp_path / "other").mkdir()
        path.write_bytes((Corpus([([], [])]).write(tmp_path / "other") / name).read_bytes())
    with pytest.raises(DamagedError, match=str(path)):
        open_dir(str(tmp_path), indexname=NAMES[name]).reader()


def test_the_table_of_contents_is_the_same_wherever_and_whenever_it_is_written(tmp_path):
    code = (
        "import sys, pathlib; from qa.engines.whoosh import codec, schema\n"
        "for file, name in (schema.PASSAGES, 'MAIN'), (schema.DOCUMENTS, 'documents'):\n"
        "    codec.write_toc(pathlib.Path(sys.argv[1]), schema.SCHEMAS[file], name, file, 5)"
    )
    for seed in "12":
        (tmp_path / seed).mkdir()
        environ = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, tmp_path / seed], env=environ, check=True)

    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert sorted(contents(tmp_path / "1")) == [
        "MAIN_WRITELOCK",
        "_MAIN_0.toc",
        "_documents_0.toc",
        "documents_WRITELOCK",
    ]


def test_our_own_search_loads_no_pickle(tmp_path, monkeypatch):
    def refuse(*_, **__):
        pytest.fail("something was unpickled")

    TOWN.write(tmp_path)
    for path in tmp_path.glob("*.toc"):
        path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)

    assert WhooshSearcher(tmp_path, None).top([("stems", "ab", 1.0)], 1)[0].tolist() == [4]


def test_eight_threads_find_what_one_finds(town):
    index = open_dir(str(town))
    shared = index.searcher(weighting=WEIGHTING)
    asked = [HAS(field, word) for field in ("stems", "title") for word in WORDS]

    def search(searcher):
        return [
            [
                (hit.docnum, hit.score, hit["text"])
                for hit in searcher.search(query.Or([one, other]))
            ]
            for one in asked
            for other in asked
        ]

    def own(_):
        with index.searcher(weighting=WEIGHTING) as searcher:
            return search(searcher), search(shared)

    expected = search(shared)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(own, range(8)):
            assert found == (expected, expected)


def test_what_the_engine_builds_opens_in_whoosh(tmp_path):
    documents = [
        document(name, name, [RawBlock(text)], Metadata(f"The {name}"))
        for name, text in {
            "bridge": "A bridge of granite.",
            "harbour": "Old granite piers.",
        }.items()
    ]
    options = Settings(index=str(tmp_path))
    engine = open_engine(options)
    index_documents(documents, engine, options)
    (generation,) = (tmp_path / "generations").iterdir()
    with open_dir(str(generation)).searcher(weighting=WEIGHTING) as searcher:
        hits = searcher.search(query.Or([HAS("stems", "granit"), HAS("stems", "bridg")]))
        top = engine.searcher().top([("stems", "granit", 1.0), ("stems", "bridg", 1.0)], 9)

        assert [hit["document"] for hit in hits] == ["bridge", "harbour"]
        assert [hit.docnum for hit in hits] == top[0].tolist()
        assert [hit.score for hit in hits] == pytest.approx(top[1].tolist(), rel=1e-5)
    with open_dir(str(generation), indexname="documents").searcher() as searcher:
        assert [fields["id"] for fields in searcher.all_stored_fields()] == ["bridge", "harbour"]


NEWS = Path(__file__).parents[2] / "shared" / "eval" / "news"


@pytest.mark.skipif(not NEWS.is_dir(), reason="the news articles are not here")
def test_real_questions_get_the_same_passages_from_whoosh(tmp_path, full):
    articles, questions = (4000, 300) if full else (150, 40)
    settings = Settings(index=str(tmp_path))
    index_documents(map(article, lines("corpus", articles)), open_engine(settings), settings)
    searcher = open_engine(settings).searcher()
    generation = tmp_path / "generations" / searcher.manifest.name
    with open_dir(str(generation)).searcher(weighting=WEIGHTING) as stock:
        for line in lines("queries", questions):
            stems = [term.stems[0] for term in read(json.loads(line)["text"]).terms]
            hits = stock.search(query.Or([query.Term("stems", stem) for stem in stems]), limit=10)
            found = searcher.top([("stems", stem, 1.0) for stem in stems], 10)

            check_ranking([(hit.docnum, hit.score) for hit in hits], found)


def lines(name, most):
    with (NEWS / f"{name}.jsonl").open(encoding="utf-8") as file:
        return list(islice(file, most))


def article(line):
    row = json.loads(line)
    blocks = [RawBlock(text) for text in row["text"].split("\n\n")]
    return document(row["_id"], "corpus.jsonl", blocks, Metadata(row["title"]))


def check_ranking(expected, found):
    """The same scores; the same documents but where scores do not tell them apart."""
    scores = [score for _, score in expected]

    assert found.scores.tolist() == pytest.approx(scores, rel=1e-5)
    last = scores[-1] * (1 + 1e-5) if scores else 0
    told_apart = {number for number, score in expected if score > last}
    assert told_apart <= set(found.documents.tolist())
