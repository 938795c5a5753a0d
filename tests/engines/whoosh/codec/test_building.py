"""What the engine builds, asked through Whoosh, by threads and with real questions."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest
from whoosh import query
from whoosh.index import open_dir

from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.engines.whoosh.fields import WEIGHTING
from qa.publishing.builder import index_documents
from qa.queries.parser import parse_query
from qa.settings import Settings
from tests.conftest import ROOT
from tests.engines.whoosh.codec.corpora import (
    HAS,
    WORDS,
)


def test_eight_threads_find_what_one_finds(town):
    index = open_dir(str(town))
    shared = index.searcher(weighting=WEIGHTING)
    queries = [HAS(field, word) for field in ("stems", "title") for word in WORDS]

    def search(searcher):
        return [
            [
                (hit.docnum, hit.score, hit["text"])
                for hit in searcher.search(query.Or([one, other]))
            ]
            for one in queries
            for other in queries
        ]

    def search_all(_):
        with index.searcher(weighting=WEIGHTING) as searcher:
            return search(searcher), search(shared)

    expected = search(shared)
    with ThreadPoolExecutor(8) as pool:
        for results in pool.map(search_all, range(8)):
            assert results == (expected, expected)


def test_what_the_engine_builds_opens_in_whoosh(tmp_path):
    documents = [
        build_document(name, name, [RawBlock(text)], Metadata(f"The {name}"))
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
        top = engine.searcher().top_by_terms([("stems", "granit", 1.0), ("stems", "bridg", 1.0)], 9)

        assert [hit["document"] for hit in hits] == ["bridge", "harbour"]
        assert [hit.docnum for hit in hits] == top[0].tolist()
        assert [hit.score for hit in hits] == pytest.approx(top[1].tolist(), rel=1e-5)
    with open_dir(str(generation), indexname="documents").searcher() as searcher:
        assert [fields["id"] for fields in searcher.all_stored_fields()] == ["bridge", "harbour"]


NEWS = ROOT.parent / "shared" / "eval" / "news"


@pytest.mark.skipif(not NEWS.is_dir(), reason="the news articles are not here")
def test_real_questions_get_the_same_passages_from_whoosh(tmp_path, full):
    articles, questions = (4000, 300) if full else (150, 40)
    settings = Settings(index=str(tmp_path))
    index_documents(map(article, lines("corpus", articles)), open_engine(settings), settings)
    searcher = open_engine(settings).searcher()
    generation = tmp_path / "generations" / searcher.manifest.name
    with open_dir(str(generation)).searcher(weighting=WEIGHTING) as stock:
        for line in lines("queries", questions):
            stems = [term.stems[0] for term in parse_query(json.loads(line)["text"]).terms]
            hits = stock.search(query.Or([query.Term("stems", stem) for stem in stems]), limit=10)
            passages = searcher.top_by_terms([("stems", stem, 1.0) for stem in stems], 10)

            check_ranking([(hit.docnum, hit.score) for hit in hits], passages)


def lines(name, most):
    with (NEWS / f"{name}.jsonl").open(encoding="utf-8") as file:
        return list(islice(file, most))


def article(line):
    row = json.loads(line)
    blocks = [RawBlock(text) for text in row["text"].split("\n\n")]
    return build_document(row["_id"], "corpus.jsonl", blocks, Metadata(row["title"]))


def check_ranking(expected, passages):
    """The same scores; the same documents but where scores do not tell them apart."""
    scores = [score for _, score in expected]

    assert passages.scores.tolist() == pytest.approx(scores, rel=1e-5)
    last = scores[-1] * (1 + 1e-5) if scores else 0
    told_apart = {number for number, score in expected if score > last}
    assert told_apart <= set(passages.numbers.tolist())
