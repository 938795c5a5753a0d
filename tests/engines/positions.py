"""Where a query's terms are in texts, in plain Python: what the engines are compared with."""

import numpy as np

from qa.analysis.tokenizer import stem, to_term, token_texts
from qa.engines.base import Positions


def find_positions(query, texts, languages):
    """Where the terms of *query* are in *texts*, each of a language."""
    terms, indexes_of_stem = query.all_terms, query.term_indexes_by_stem
    rows = []
    for passage_index, (text, language) in enumerate(zip(texts, languages, strict=True)):
        for position, word in enumerate(token_texts(text)):
            indexes = indexes_of_stem.get(stem(word, language), ())
            rows += [
                (passage_index, position, index, to_term(word) == terms[index].term)
                for index in indexes
            ]
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return Positions(columns[0], columns[1], columns[2], columns[3] > 0)


def find_passage_positions(query, passages):
    """Where the terms of *query* are in *passages*."""
    return find_positions(query, [p.text for p in passages], [p.language for p in passages])
