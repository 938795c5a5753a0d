"""Passages made by hand -> candidates and what ranking makes of them, for several test modules."""

import numpy as np

from qa.analysis.tokenizer import stem, tokens
from qa.documents.document import Metadata, RawBlock, document
from qa.engines.base import Candidates, found_in
from qa.index.passages import split
from qa.queries.parser import Named, read
from qa.ranking.features import NAMES, Rarity, features
from qa.ranking.highlighter import Reader
from qa.ranking.reranker import Ranked, rank, weights


def passages(*texts, title="", ids=None, about=None):
    """A document of each text, its passages one after another."""
    for n, text in enumerate(texts):
        name = ids[n] if ids else f"d{n}"
        metadata = about[n] if about else Metadata(title)
        yield from split(document(name, name, [RawBlock(text)], metadata))


def candidates(query, found, about=None):
    """What an engine would propose if all of *found* scored the same."""
    return Candidates(
        documents=[p.document_id for p in found],
        numbers=np.array([p.number for p in found], np.int64),
        scores=np.ones(len(found)),
        lengths=np.array([len(tokens(p.text)) for p in found], np.int64),
        headings=[p.heading for p in found],
        languages=[p.language for p in found],
        publishers=[a.publisher for a in about] if about else [None] * len(found),
        dates=[a.date for a in about] if about else [None] * len(found),
        matches=found_in(query, found),
        over=np.array([[_over(p, term) for term in query.terms] for p in found], bool),
        read=lambda which: [found[n] for n in which],
    )


def _over(passage, term):
    return any(stem(word, passage.language) in term.stems for word in tokens(passage.heading))


def rarity(query, frequencies=None):
    """As if every word were in one passage of a hundred, but for *frequencies*."""
    counts = {stem: 1 for term in query.terms for stem in term.stems} | (frequencies or {})
    return Rarity(query, counts, 100)


def measured(question, *texts, frequencies=None, about=None, **more):
    """The features of each text."""
    query = read(question)
    found = candidates(query, list(passages(*texts, about=about, **more)), about)
    return features(query, Named(question), found, rarity(query, frequencies))


def ranked(question, *texts, limit=10, frequencies=None, about=None, **more):
    """The texts by rank."""
    query = read(question)
    found = candidates(query, list(passages(*texts, about=about, **more)), about)
    named = Named(question)
    rows = features(query, named, found, rarity(query, frequencies))
    return rank(found, rows, weights(), limit, named)


def evidence(question, text, frequencies=None, carried=(), **more):
    """What in *text* speaks for it, asked after something that had the *carried* words."""
    query = read(question, carried=carried)
    (passage,) = passages(text, **more)
    hits = found_in(query, [passage]).inside(0)
    reader = Reader(query, question, rarity(query, frequencies))
    return passage, reader.evidence(Ranked(passage, 1.0, np.zeros(len(NAMES)), hits))
