"""Whoosh's own queries and matchers over our arrays."""

import numpy as np
import pytest
from whoosh import query
from whoosh.index import open_dir
from whoosh.matching.mcore import ReadTooFar

from qa.documents.document import Document
from qa.engines.whoosh.arrays import write_arrays
from qa.engines.whoosh.fields import PASSAGES, SCHEMAS, WEIGHTING
from qa.engines.whoosh.inverter import FieldPostings
from qa.engines.whoosh.whoosh_codec import write_toc
from tests.engines.whoosh.codec.corpora import (
    HAS,
    TOWN,
)
from tests.engines.whoosh.fields import encode_field


@pytest.mark.parametrize(
    ("question", "expected"),
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
def test_every_kind_of_query_works(town, question, expected):
    with open_dir(str(town)).searcher(weighting=WEIGHTING) as searcher:
        hits = searcher.search(question, limit=None)

        assert sorted(hit.docnum for hit in hits) == expected
        assert sorted(searcher.docs_for_query(question)) == expected
        assert {hit.docnum for hit in searcher.search(question, limit=2)} <= set(expected)


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
        "text": "ba ab abba 1234",
        "heading": "bab",
        "language": "xx",
    }
    assert [fields["text"] for fields in passages.all_stored_fields()] == [
        passage.text for _, split in TOWN.batch for passage in split
    ]
    assert [number for number, _ in passages.iter_docs()] == list(range(6))
    with open_dir(str(town), indexname="documents").searcher() as searcher:
        (hit,) = searcher.search(HAS("whole", "1234"))
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
    postings = FieldPostings(
        ["first", "second"],
        np.array([len(numbers), 2]),
        np.array(numbers + other),
        np.array([*counts, 2, 1]),
        lengths,
        np.arange(sum(counts) + 3),
    )
    write_arrays(
        tmp_path / PASSAGES,
        encode_field("words", postings),
        {"fields": ["words"]},
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
