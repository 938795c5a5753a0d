"""The arrays of a generation and a query -> scores, positions and headings, by the kernel in C.

Everything here gives what numpy_index gives, to the last bit.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any, Self

import numpy as np

from qa.analysis.deadline import Deadline
from qa.engines.base import K1, STEMS, TITLE, WORDS
from qa.engines.candidates import BoolArray, FloatArray, IntArray, Positions
from qa.engines.kernel.loader import find_kernel
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.fields import FILES, Field
from qa.engines.whoosh.numpy_index import CandidateColumns
from qa.engines.whoosh.scorer import FIELD_CODES, TermPostings, TopPassages
from qa.engines.whoosh.stored_fields import StoredFields
from qa.queries.query import Query


class KernelIndex:
    """What the kernel needs of a generation, whose files are verified."""

    def __init__(
        self,
        kernel: ModuleType,
        files: Mapping[str, ArrayFile],
        fields: Mapping[str, Field],
        store: StoredFields,
    ) -> None:
        """Raise ValueError when the arrays do not fit together, or are of other types."""
        self._fields = fields
        self._index = kernel.Index(
            *(_field_arrays(files, fields[name]) for name in FIELD_CODES),
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
    ) -> Self | None:
        """The same with the kernel of this process; None where NumPy has to do."""
        kernel = find_kernel()
        if kernel is None:
            return None
        try:
            return cls(kernel, files, fields, store)
        except ValueError:
            return None

    def top_k(
        self,
        lists: Sequence[TermPostings],
        k: int,
        allowed: BoolArray | None,
        deadline: Deadline,
        *,
        with_mask: bool,
    ) -> TopPassages:
        """What Accumulator.top_k gives, with the matches of each document; a mask if wanted."""
        packed = b"".join([postings.packed for postings in lists])
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
        indexes = query.term_indexes_by_stem
        stems = [(s, n) for s, numbers in indexes.items() for n in numbers]
        stems += [(s, terms + n) for n, term in enumerate(searched) for s in term.variants]
        forms = [(f, terms + n) for n, term in enumerate(searched) for f in term.exact_forms]
        packed = self._pack_words(STEMS, stems) + self._pack_words(WORDS, forms)
        count, columns, flags = self._index.positions(packed, terms, passages)
        slots, places, labels = np.frombuffer(columns, np.int64).reshape(3, count)
        return Positions(slots, places, labels, np.frombuffer(flags, np.bool_))

    def match_headings(self, query: Query, headings: IntArray) -> BoolArray:
        """What positions.match_headings gives."""
        terms = query.terms
        words = [(s, n) for n, term in enumerate(terms) for s in term.all_stems]
        cells = self._index.headings(self._pack_words(TITLE, words), len(terms), headings)
        return np.frombuffer(cells, np.bool_).reshape(len(headings), len(terms))

    def _pack_words(self, name: str, words: Iterable[tuple[str, int]]) -> bytes:
        """The numbers of *words* that occur in a field, each with its label."""
        find, code = self._fields[name].find, FIELD_CODES[name]
        entries: list[int] = []
        for word, label in words:
            number = find(word.encode())
            if number is not None:
                entries += (code, number, label)
        return array("i", entries).tobytes()


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
