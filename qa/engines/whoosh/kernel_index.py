"""The arrays of a generation and a query -> scores, positions and headings, by the kernel in C.

Everything here gives what numpy_index gives, to the last bit.
"""

import struct
from array import array
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any, Self

import numpy as np

from qa.analysis.deadline import Deadline
from qa.engines.base import K1, STEMS, TITLE, WHOLE, WORDS
from qa.engines.candidates import BoolArray, FloatArray, IntArray, Positions
from qa.engines.kernel.loader import find_kernel
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.fields import FILES, Field
from qa.engines.whoosh.numpy_index import CandidateColumns
from qa.engines.whoosh.scorer import TopPassages
from qa.engines.whoosh.stored_fields import StoredFields
from qa.engines.whoosh.term_table import StemTable, WordTable
from qa.queries.query import Query

# The fields by their numbers in C.
_CODES = {name: code for code, name in enumerate((STEMS, WORDS, TITLE, WHOLE))}
_STEMS, _WORDS, _TITLE = (_CODES[name] for name in (STEMS, WORDS, TITLE))


class KernelIndex:
    """What the kernel needs of a generation, whose files are verified."""

    def __init__(
        self,
        kernel: ModuleType,
        files: Mapping[str, ArrayFile],
        fields: Mapping[str, Field],
        store: StoredFields,
        stems: StemTable,
    ) -> None:
        """Raise ValueError when the arrays do not fit together, or are of other types."""
        self._stems, self._words = stems, WordTable(fields)
        self._index = kernel.Index(
            *(_field_arrays(files, fields[name]) for name in _CODES),
            store.heading_of,
            store.document_of,
            store.document_of_heading,
            store.first_passages,
            store.id_ranks,
            K1,
        )

    @classmethod
    def open(
        cls,
        files: Mapping[str, ArrayFile],
        fields: Mapping[str, Field],
        store: StoredFields,
        stems: StemTable,
    ) -> Self | None:
        """The same with the kernel of this process; None where NumPy has to do."""
        kernel = find_kernel()
        if kernel is None:
            return None
        try:
            return cls(kernel, files, fields, store, stems)
        except ValueError:
            return None

    def top_k(
        self,
        weights: Mapping[tuple[str, str], float],
        k: int,
        allowed: BoolArray | None,
        deadline: Deadline,
        *,
        with_mask: bool,
    ) -> TopPassages:
        """What Accumulator.top_k gives, with the matches of each document; a mask if wanted."""
        table, lists = self._stems, list[float]()
        for (name, stem), weight in weights.items():
            if place := table[stem].places.get(name):
                lists += (_CODES[name], place.number, weight * place.idf)
        packed = _lists_struct(len(lists) // 3).pack(*lists)
        numbers, scores, mask, counts, is_partial = self._index.search(
            packed, k, allowed, deadline.moment, with_mask
        )
        return TopPassages(
            np.frombuffer(numbers, np.int64),
            np.frombuffer(scores, np.float32),
            bool(is_partial),
            None if mask is None else np.frombuffer(mask, np.bool_),
            np.frombuffer(counts, np.int32),
        )

    def order_candidates(self, numbers: IntArray, scores: FloatArray) -> CandidateColumns:
        """The columns of passages of these *numbers* and *scores*."""
        ordered, columns = self._index.candidates(numbers, scores)
        rows = np.frombuffer(columns, np.int64).reshape(7, len(numbers))
        return CandidateColumns(np.frombuffer(ordered, np.float32), *rows)

    def find_positions(self, query: Query, passages: IntArray) -> Positions:
        """What positions.find_positions gives."""
        searched = query.all_terms
        terms = len(searched)
        table, words = self._stems, self._words
        entries: list[int] = []
        for stem, indexes in query.term_indexes_by_stem.items():
            if place := table[stem].places.get(STEMS):
                for n in indexes:
                    entries += (_STEMS, place.number, n)
        for n, term in enumerate(searched, terms):
            for variant in term.variants:
                if place := table[variant].places.get(STEMS):
                    entries += (_STEMS, place.number, n)
            # As exact_forms and all_stems below, without a call for each term.
            for form in term.forms or (term.term,):
                number = words[form]
                if number is not None:
                    entries += (_WORDS, number, n)
        packed = array("i", entries).tobytes()
        count, columns, flags, starts = self._index.positions(packed, terms, passages)
        slots, places, labels = np.frombuffer(columns, np.int64).reshape(3, count)
        is_exact = np.frombuffer(flags, np.bool_)
        return Positions(slots, places, labels, is_exact, memoryview(starts).cast("q"))

    def match_headings(self, query: Query, headings: IntArray) -> BoolArray:
        """What positions.match_headings gives."""
        terms, table = query.terms, self._stems
        entries: list[int] = []
        for n, term in enumerate(terms):
            for stem in (*term.stems, *term.compounds) if term.compounds else term.stems:
                if place := table[stem].places.get(TITLE):
                    entries += (_TITLE, place.number, n)
        cells = self._index.headings(array("i", entries).tobytes(), len(terms), headings)
        return np.frombuffer(cells, np.bool_).reshape(len(headings), len(terms))


@lru_cache(maxsize=1 << 8)
def _lists_struct(count: int) -> struct.Struct:
    """The lists of a search: the field, the number and the weight of each."""
    return struct.Struct("=" + count * "iid")


def _field_arrays(files: Mapping[str, ArrayFile], field: Field) -> tuple[Any, ...]:
    """The arrays of a field in the order in which C takes them."""
    name = field.name
    file = next(files[file] for file, names in FILES.items() if name in names)
    return (
        *(file[f"{name}.{array}"] for array in ("gaps", "frequencies", "starts", "rows")),
        file[f"{name}.frequent"],
        field.norms,
        field.lengths,
        file.get(f"{name}.positions"),
        file.get(f"{name}.position_starts"),
    )
