"""Passages made by hand -> candidates and what ranking makes of them, for several test modules."""

import numpy as np

from qa.analysis.tokenizer import stem, token_texts
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.candidates import Candidates
from qa.index.passages import split_passages
from qa.queries.entities import QuestionEntities
from qa.queries.parser import parse_query
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


def candidates(query, passage_list, about=None):
    """What an engine would propose if all of *passage_list* scored the same."""
    return Candidates(
        documents=np.unique([p.document_id for p in passage_list], return_inverse=True)[1],
        document_ids=[p.document_id for p in passage_list],
        passage_numbers=np.array([p.number for p in passage_list], np.int64),
        scores=np.ones(len(passage_list)),
        lengths=np.array([len(token_texts(p.text)) for p in passage_list], np.int64),
        headings=[p.heading for p in passage_list],
        heading_lengths=np.array([len(token_texts(p.heading)) for p in passage_list], np.int64),
        languages=[p.language for p in passage_list],
        publishers=[a.publisher for a in about] if about else [None] * len(passage_list),
        dates=[a.date for a in about] if about else [None] * len(passage_list),
        positions=find_passage_positions(query, passage_list),
        heading_matches=np.array(
            [[_is_in_heading(p, term) for term in query.terms] for p in passage_list], bool
        ),
        read_passages=lambda which: [passage_list[n] for n in which],
    )


def _is_in_heading(passage, term):
    return any(stem(word, passage.language) in term.stems for word in token_texts(passage.heading))


def term_statistics(query, frequencies=None):
    """As if every word were in one passage of a hundred, but for *frequencies*."""
    counts = dict.fromkeys(query.stems, 1) | (frequencies or {})
    return TermStatistics(query, counts, 100)


def features_of(question, *texts, frequencies=None, about=None, **more):
    """The features of each text."""
    query = parse_query(question)
    columns = candidates(query, list(passages(*texts, about=about, **more)), about)
    return compute_features(
        query, QuestionEntities(question), columns, term_statistics(query, frequencies)
    )


def rank_texts(
    question, *texts, limit=10, frequencies=None, about=None, sort="relevance", topic=False, **more
):
    """The texts by rank."""
    query = parse_query(question)
    columns = candidates(query, list(passages(*texts, about=about, **more)), about)
    entities = QuestionEntities(question)
    rows = compute_features(query, entities, columns, term_statistics(query, frequencies))
    options = RankingOptions(entities, sort=sort, is_topic=topic)
    return rank(columns, rows, load_ranking_weights(), limit, options)


def highlight(question, text, frequencies=None, carried=(), **more):
    """What in *text* speaks for it, asked after something that had the *carried* words."""
    query = parse_query(question, carried_words=carried)
    (passage,) = passages(text, **more)
    hits = find_passage_positions(query, [passage]).in_passage(0)
    reader = Highlighter(query, question, term_statistics(query, frequencies))
    return passage, reader.highlight(RankedPassage(passage, 1.0, np.zeros(len(Feature)), hits))
