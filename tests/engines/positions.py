"""Where a query's terms are in texts, in plain Python: what the engines are compared with."""

import numpy as np

from qa.analysis.tokenizer import stem, to_term, token_spans, token_texts
from qa.analysis.variants import find_variants, word_positions
from qa.engines.candidates import Positions


def find_positions(query, texts, languages):
    """Where the terms of *query* are in *texts*, each of a language."""
    rows = {}
    for passage_index, (text, language) in enumerate(zip(texts, languages, strict=True)):
        for position, stemmed, form in iter_stems(text, language):
            for index in query.term_indexes_by_stem.get(stemmed, ()):
                term = query.all_terms[index]
                is_exact = form == term.term or stemmed in term.variants
                key = passage_index, position, index
                rows[key] = rows.get(key, False) or is_exact
    columns = np.array([(*key, flag) for key, flag in sorted(rows.items())], np.int64)
    columns = np.ascontiguousarray(columns.reshape(-1, 4).T)
    return Positions(columns[0], columns[1], columns[2], columns[3] > 0)


def iter_stems(text, language):
    """The position, stem and form of each word of *text*, then of its variants, of no form."""
    for position, word in enumerate(token_texts(text)):
        yield position, stem(word, language), to_term(word)
    variants = find_variants(text, language)
    for position, variant in zip(
        word_positions(token_spans(text), variants), variants, strict=True
    ):
        yield position, stem(variant.word, language), None


def find_passage_positions(query, passages):
    """Where the terms of *query* are in *passages*."""
    return find_positions(query, [p.text for p in passages], [p.language for p in passages])
