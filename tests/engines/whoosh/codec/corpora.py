"""Corpora made by hand or drawn, with plain Python's own scores for them."""

import math
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import strategies as st
from whoosh import query

from qa.documents.document import Document, Metadata
from qa.engines.base import FIELD_WEIGHTS, K1, B
from qa.engines.whoosh.build_tasks import COLUMNS, MergeTask, join_parts, merge_part, write_segment
from qa.engines.whoosh.column_encoder import Buffer
from qa.engines.whoosh.fields import DOCUMENTS, FILES, PASSAGES, SCHEMAS
from qa.engines.whoosh.whoosh_codec import write_toc
from qa.index.passages import Passage

WORDS = ("aa", "ab", "ba", "bab", "abba", "7", "1234", "мост", "ねこ", "zz")
NAMES = {PASSAGES: "MAIN", DOCUMENTS: "documents"}


class Corpus:
    """Documents, which are lists of passages, which are lists of words under a heading.

    *lists* has for each field the words of each of its documents, in order.
    """

    def __init__(self, *documents):
        self.batch = [self._document(f"d{i}", parts) for i, parts in enumerate(documents)]
        text = [words for parts in documents for _, words in parts]
        self.lists = {
            "stems": text,
            "words": text,
            "title": [heading for parts in documents for heading, _ in parts],
            "whole": [[word for _, words in parts for word in words] for parts in documents],
        }

    @staticmethod
    def _document(name, parts):
        text, passages = "", []
        for number, (heading, passage) in enumerate(parts):
            words, start = " ".join(passage), len(text)
            end = start + len(words)
            passages.append(Passage(name, number, start, end, words, " ".join(heading), "xx"))
            text += words + "\n\n"
        return Document(name, f"{name}.txt", text, (), Metadata(name, language="xx")), passages

    def write(self, folder, segments=1):
        """Index it, in several *segments* that are merged."""
        size = max(1, -(-len(self.batch) // segments))
        paths = [folder / f"segment-{n}" for n in range(segments)]
        for number, path in enumerate(paths):
            write_segment(path, Buffer.of(self.batch[number * size : (number + 1) * size]))
        task = MergeTask.of_segments(folder, paths)
        for name in (COLUMNS, *FIELD_WEIGHTS, "words"):
            merge_part(task, name)
        for file in FILES:
            join_parts(folder, file)
        counts = {PASSAGES: len(self.lists["stems"]), DOCUMENTS: len(self.batch)}
        for file, name in NAMES.items():
            write_toc(folder, SCHEMAS[file], name, file, counts[file])
        return folder

    def file(self, file):
        """The fields in an array file, each with the words of its documents."""
        return {name: self.lists[name] for name in FILES[file]}

    def scores(self, query):
        """BM25 in plain Python: the score of every document that has any of the terms."""
        scores = Counter()
        for field, term, boost in query:
            documents = self.lists[field]
            average = sum(map(len, documents)) / len(documents)
            counts = [text.count(term) for text in documents]
            idf = math.log(len(documents) / (sum(map(bool, counts)) + 1)) + 1
            for number, count in enumerate(counts):
                if count:
                    norm = K1 * (1 - B + B * len(documents[number]) / average)
                    scores[number] += boost * idf * count * (K1 + 1) / (count + norm)
        return scores


@contextmanager
def write_corpus(corpus, segments=1):
    """A folder of its own with *corpus* in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield corpus.write(Path(folder), segments)


def words(most):
    few = st.lists(st.sampled_from(WORDS[:-1]), max_size=most)
    # Few words said often, in one order or another: many ties, and long beside short.
    return few | st.tuples(few, st.integers(1, 40)).map(lambda drawn: drawn[0][:4] * drawn[1])


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
    [(["bab"], ["ba", "ab", "abba", "1234"]), ([], ["ab", "aa"] * 30)],
    [([], ["7", "ねこ", "ba", "abba"])],
)

HAS = query.Term


def assert_best(hits, scores, k):
    """That *hits*, of documents and scores, are the *k* best by *scores*."""
    assert [score for _, score in hits] == pytest.approx(
        sorted(scores.values(), reverse=True)[:k], rel=1e-5
    )
    assert [score for _, score in hits] == pytest.approx([scores[n] for n, _ in hits], rel=1e-5)
    assert hits == sorted(set(hits), key=lambda hit: (-hit[1], hit[0]))
