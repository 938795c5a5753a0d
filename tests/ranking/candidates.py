"""Passages made by hand -> candidates and what ranking makes of them, for several test modules."""

import numpy as np

from qa.analysis.tokenizer import stem, token_texts
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.base import Candidates
from qa.index.passages import split_passages
from qa.queries.parser import QuestionEntities, parse_query
from qa.ranking.features import Feature, TermStatistics, compute_features
from qa.ranking.highlighter import Highlighter
from qa.ranking.reranker import RankedPassage, RankingOptions, load_ranking_weights, rank
from tests.engines.positions import find_passage_positions


def passages(*texts, title="", ids=None, about=None):
    """A document of each text, of paragraphs, its passages one after another."""
    for n, text in enumerate(texts):
        name = ids[n] if ids else f"d{n}"
        metadata = about[n] if about else Metadata(title)
        blocks = map(RawBlock, text.split("\n\n"))
        yield from split_passages(build_document(name, name, blocks, metadata))


def candidates(query, found, about=None):
    """What an engine would propose if all of *found* scored the same."""
    return Candidates(
        document_ids=[p.document_id for p in found],
        passage_numbers=np.array([p.number for p in found], np.int64),
        scores=np.ones(len(found)),
        lengths=np.array([len(token_texts(p.text)) for p in found], np.int64),
        headings=[p.heading for p in found],
        languages=[p.language for p in found],
        publishers=[a.publisher for a in about] if about else [None] * len(found),
        dates=[a.date for a in about] if about else [None] * len(found),
        positions=find_passage_positions(query, found),
        heading_matches=np.array([[_over(p, term) for term in query.terms] for p in found], bool),
        read_passages=lambda which: [found[n] for n in which],
    )


def _over(passage, term):
    return any(stem(word, passage.language) in term.stems for word in token_texts(passage.heading))


def rarity(query, frequencies=None):
    """As if every word were in one passage of a hundred, but for *frequencies*."""
    counts = dict.fromkeys(query.stems, 1) | (frequencies or {})
    return TermStatistics(query, counts, 100)


def measured(question, *texts, frequencies=None, about=None, **more):
    """The features of each text."""
    query = parse_query(question)
    found = candidates(query, list(passages(*texts, about=about, **more)), about)
    return compute_features(query, QuestionEntities(question), found, rarity(query, frequencies))


def ranked(
    question, *texts, limit=10, frequencies=None, about=None, sort="relevance", topic=False, **more
):
    """The texts by rank."""
    query = parse_query(question)
    found = candidates(query, list(passages(*texts, about=about, **more)), about)
    named = QuestionEntities(question)
    rows = compute_features(query, named, found, rarity(query, frequencies))
    options = RankingOptions(named, sort=sort, is_topic=topic)
    return rank(found, rows, load_ranking_weights(), limit, options)


def evidence(question, text, frequencies=None, carried=(), **more):
    """What in *text* speaks for it, asked after something that had the *carried* words."""
    query = parse_query(question, carried_words=carried)
    (passage,) = passages(text, **more)
    hits = find_passage_positions(query, [passage]).in_passage(0)
    reader = Highlighter(query, question, rarity(query, frequencies))
    return passage, reader.highlight(RankedPassage(passage, 1.0, np.zeros(len(Feature)), hits))
