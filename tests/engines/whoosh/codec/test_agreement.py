"""The same arrays, read by Whoosh: it finds what our own search and plain Python find."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whoosh import query
from whoosh.index import open_dir
from whoosh.query.compound import DefaultOr
from whoosh.reading import TermNotFound
from whoosh.scoring import BM25F, TF_IDF, Frequency

from qa.engines.whoosh.fields import PASSAGES, WEIGHTING
from qa.engines.whoosh.search import WhooshSearcher
from tests.engines.whoosh.codec.corpora import (
    NAMES,
    TOWN,
    WORDS,
    Corpus,
    assert_best,
    corpora,
    questions,
    write_corpus,
)


@settings(deadline=None)
@given(corpora, questions, st.integers(1, 30), st.integers(1, 3), st.booleans())
def test_whoosh_arrays_and_plain_python_find_the_same(corpus, terms, k, segments, matched):
    scores = corpus.scores(terms)
    with write_corpus(corpus, segments) as folder:
        top = WhooshSearcher(folder, None).top_by_terms(terms, k)
        assert_best(list(zip(top[0].tolist(), top[1].tolist(), strict=True)), scores, k)
        subqueries = [query.Term(field, term, boost=boost) for field, term, boost in terms]
        with open_dir(str(folder)).searcher(weighting=WEIGHTING) as searcher:
            # Whoosh adds the scores of few documents in one way, of many in another.
            for kind in (query.Or, DefaultOr):
                hits = searcher.search(kind(subqueries), limit=k, terms=matched)
                assert_best([(hit.docnum, hit.score) for hit in hits], scores, k)


@pytest.mark.parametrize("k", [1, 10, 100])
def test_no_document_is_lost_to_whooshs_shortcuts(tmp_path, k):
    chance = random.Random(k)
    vocabulary = [f"w{number}" for number in range(200)]
    frequent = [1 / rank for rank in range(1, 201)]
    texts = [chance.choices(vocabulary, frequent, k=chance.choice([5, 20, 60])) for _ in range(900)]
    corpus = Corpus(*([([], words)] for words in texts))
    searcher = open_dir(str(corpus.write(tmp_path))).searcher(weighting=WEIGHTING)
    for _ in range(20):
        queries = [
            ("stems", word, chance.choice([1.0, 0.3, 2.5]))
            for word in set(chance.choices(vocabulary, frequent, k=4))
        ]
        subqueries = [query.Term(field, word, boost=boost) for field, word, boost in queries]
        hits = searcher.search(DefaultOr(subqueries), limit=k)
        assert_best([(hit.docnum, hit.score) for hit in hits], corpus.scores(queries), k)


@settings(deadline=None)
@given(corpora, st.sampled_from(WORDS), st.integers(1, 3))
def test_whole_documents_are_scored_too(corpus, term, k):
    with (
        write_corpus(corpus) as folder,
        open_dir(str(folder), indexname="documents").searcher(weighting=WEIGHTING) as searcher,
    ):
        hits = searcher.search(query.Term("whole", term), limit=k)

        pairs = [(hit.docnum, hit.score) for hit in hits]
    assert_best(pairs, corpus.scores([("whole", term, 1.0)]), k)


@settings(deadline=None)
@given(corpora, st.sampled_from(list(NAMES)), st.integers(1, 3))
@example(Corpus([([], [])]), PASSAGES, 1)
def test_a_reader_knows_every_term_and_posting(corpus, file, segments):
    with (
        write_corpus(corpus, segments) as folder,
        open_dir(str(folder), NAMES[file]).reader() as reader,
    ):
        fields = corpus.file(file)
        expected = sorted(
            (name, word.encode()) for name, texts in fields.items() for word in set().union(*texts)
        )
        assert list(reader.all_terms()) == expected
        assert [term for term, _ in reader] == expected
        assert sorted(reader.indexed_field_names()) == sorted(fields)
        for name, encoded in expected:
            assert_term(reader, name, encoded.decode(), fields[name])
        for name, texts in fields.items():
            lengths = [len(words) for words in texts]
            assert [reader.doc_field_length(n, name) for n in range(len(texts))] == lengths
            assert reader.field_length(name) == sum(lengths)
            assert (reader.min_field_length(name), reader.max_field_length(name)) == (
                min(lengths),
                max(lengths),
            )


def assert_term(reader, name, word, documents):
    """What *reader* knows of a *word* in *documents*."""
    counts = {n: text.count(word) for n, text in enumerate(documents) if word in text}
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
            positions = [i for i, text in enumerate(documents[number]) if text == word]
            assert matcher.value_as("positions") == positions
            assert matcher.format.decode_positions(matcher.value()) == positions
        matcher.next()
    assert not matcher.is_active()
    assert reader.postings(name, word).term() == (name, word.encode())


@settings(deadline=None)
@given(corpora, st.sampled_from([BM25F(), WEIGHTING, TF_IDF(), Frequency()]))
def test_no_posting_scores_more_than_its_matcher_promises(corpus, weighting):
    with (
        write_corpus(corpus) as folder,
        open_dir(str(folder)).searcher(weighting=weighting) as searcher,
    ):
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
    assert (cursor.text(), cursor.first(), cursor.next()) == ("1234", "1234", "7")
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
    with write_corpus(corpus) as folder, open_dir(str(folder)).reader() as reader:
        terms = list(reader.terms_within("words", word, most, prefix))

    vocabulary = set().union(*corpus.lists["words"])
    assert sorted(terms) == sorted(
        near for near in vocabulary if near[:prefix] == word[:prefix] and edits(near, word) <= most
    )
