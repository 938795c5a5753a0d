"""The arrays of a generation as Whoosh's own: `whoosh.index.open_dir(generation)` opens them.

Its default index holds the passages, the one called "documents" whole documents.  Whoosh can read
and search both with all that it has; nothing can be written.  Whoosh documents the methods where
it declares them, in whoosh.codec.base and whoosh.matching.

Whoosh keeps a table of contents of each, a pickle of the schema and of an ArraySegment.  Our own
searches never open it and so load no pickle; whoever calls `open_dir` trusts the folder.
"""

import copy
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn, Self

from whoosh.codec import base
from whoosh.fields import FieldType, Schema
from whoosh.filedb.filestore import FileStorage, ReadOnlyError
from whoosh.formats import Format
from whoosh.index import TOC
from whoosh.matching.mcore import LeafMatcher, ReadTooFar
from whoosh.reading import TermInfo, TermNotFound
from whoosh.scoring import BaseScorer
from whoosh.system import pack_uint

from qa.engines.candidates import Array, IntArray
from qa.engines.whoosh.arrays import ArrayFile
from qa.engines.whoosh.fields import DOCUMENTS, Field, RepeatedField
from qa.engines.whoosh.stored_fields import StoredFields
from qa.errors import CorruptIndexError


class ArrayMatcher(LeafMatcher):
    """An iterator over the postings of a term, which are one block."""

    def __init__(
        self, field: Field, number: int, format_: Format, scorer: BaseScorer | None
    ) -> None:
        self.format: Any = format_
        self.scorer: Any = scorer
        self._term = (field.name, field.term(number))
        self._field = field
        self._number = number
        documents, frequencies = _real_postings(field, number)
        info = term_info(field, number)
        self.block_min_length, self.block_max_length = info.min_length, info.max_length
        self.block_max_weight = info.max_weight
        self._documents: list[int] = documents.tolist()
        self._frequencies: list[int] = frequencies.tolist()
        self._place = 0

    def copy(self) -> Self:
        return copy.copy(self)

    def is_active(self) -> bool:
        return self._place < len(self._documents)

    def reset(self) -> None:
        self._place = 0

    def next(self) -> None:
        self._place += 1

    def skip_to(self, id: int) -> None:  # noqa: A002 - as Whoosh calls it
        if not self.is_active():
            raise ReadTooFar
        self._place = bisect_left(self._documents, id, self._place)

    def max_quality(self) -> float:
        # With a finite bound, Whoosh 3.54 puts lists that cannot matter alone into an
        # AndMaybeMatcher, whose skip_to leaves the second list behind: documents lose scores.
        return math.inf

    def skip_to_quality(self, minquality: float) -> int:
        if self.scorer.block_quality(self) > minquality:
            return 0
        self._place = len(self._documents)
        return 1

    def id(self) -> int:
        return self._documents[self._place]

    def weight(self) -> float:
        return self._frequencies[self._place]

    def value(self) -> bytes:
        if self._field.has_positions:
            encoded: bytes = self.format.encode(self._current_positions())
            return encoded
        return pack_uint(self._frequencies[self._place])

    def value_as(self, astype: str) -> Any:  # noqa: ANN401 - as Whoosh has it
        if astype == "positions":
            return self._current_positions()  # without the pickle that Whoosh makes of positions
        return self.format.decoder(astype)(self.value())

    @cached_property
    def _positions(self) -> tuple[Array, list[int]]:
        return self._field.positions(self._number), [0, *accumulate(self._frequencies)]

    def _current_positions(self) -> list[int]:
        all_positions, firsts = self._positions
        positions: list[int] = all_positions[firsts[self._place] : firsts[self._place + 1]].tolist()
        return positions


def _real_postings(field: Field, number: int) -> tuple[IntArray, Array]:
    """The documents of a term and its frequencies, without bridging postings: (postings,)."""
    documents, frequencies = field.documents(number), field.frequencies(number)
    real = frequencies > 0
    return documents[real], frequencies[real]


def term_info(field: Field, number: int) -> TermInfo:
    documents, frequencies = _real_postings(field, number)
    lengths = field.lengths[documents]
    return TermInfo(  # type: ignore[no-untyped-call]
        weight=int(frequencies.sum()),
        df=len(documents),
        minlength=int(lengths.min()),
        maxlength=int(lengths.max()),
        maxweight=int(frequencies.max()),
        minid=int(documents[0]),
        maxid=int(documents[-1]),
    )


def write_toc(folder: Path, schema: Schema, indexname: str, file_name: str, documents: int) -> None:
    """Write Whoosh's table of contents for the array file called *file_name* in *folder*."""
    segment = ArraySegment(indexname, file_name, documents)
    storage = FileStorage(str(folder))  # type: ignore[no-untyped-call]
    TOC(schema, [segment], 0).write(storage, indexname)  # type: ignore[no-untyped-call]
    # Whoosh's writers create this file before they find that they may not write.
    (folder / f"{indexname}_WRITELOCK").touch()


def _raise_read_only(*_: object, **__: object) -> NoReturn:
    raise ReadOnlyError("This index is read-only; change the documents and run `qa index`.")


class _NoDeletions:
    def deleted_count(self) -> int:
        return 0

    def deleted_docs(self) -> Iterator[int]:
        return iter(())

    def has_deletions(self) -> bool:
        return False

    def is_deleted(self, docnum: int) -> bool:
        return False


class ArraySegment(_NoDeletions, base.Segment):
    """The segment of an index in Whoosh's table of contents: its array file and document count."""

    compound = False

    def __init__(self, indexname: str, file_name: str, documents: int) -> None:
        self.indexname = indexname
        self.segid = "arrays"
        self.file_name = file_name
        self.documents = documents

    def codec(self) -> "ArrayCodec":
        return ArrayCodec()

    # Whoosh's writers get the count before they change a file; its readers never do.
    doc_count_all = set_doc_count = delete_document = _raise_read_only


class ArrayCodec(base.Codec):
    """A reader of one segment, whose file it opens once."""

    def __init__(self) -> None:
        self._documents: ArrayDocuments | None = None

    def per_document_reader(self, storage: FileStorage, segment: ArraySegment) -> "ArrayDocuments":
        if self._documents is None:
            self._documents = ArrayDocuments(Path(storage.folder), segment)
        return self._documents

    def terms_reader(self, storage: FileStorage, segment: ArraySegment) -> "ArrayTerms":
        return ArrayTerms(self.per_document_reader(storage, segment).fields)

    per_document_writer = field_writer = new_segment = _raise_read_only
    postings_writer = postings_reader = _raise_read_only


class ArrayDocuments(_NoDeletions, base.PerDocumentReader):
    """The documents of a *segment*, whose file in *folder* is checked first."""

    def __init__(self, folder: Path, segment: ArraySegment) -> None:
        self._folder = folder
        self._segment = segment
        self._file = ArrayFile.open_checked(folder / segment.file_name)
        self.fields = {n: open_field(self._file, n) for n in sorted(self._file.facts["fields"])}
        if any(len(field.lengths) != segment.documents for field in self.fields.values()):
            raise CorruptIndexError(
                f"{folder / segment.file_name} does not hold the {segment.documents} documents"
                " that Whoosh's table of contents names. Run `qa index`, or roll back."
            )

    def doc_count_all(self) -> int:
        return self._segment.documents

    doc_count = doc_count_all

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        field = self.fields.get(fieldname)
        return int(field.lengths[docnum]) if field else default

    def field_length(self, fieldname: str) -> int:
        field = self.fields.get(fieldname)
        return field.total_length if field else 0

    def min_field_length(self, fieldname: str) -> int:
        field = self.fields.get(fieldname)
        return int(field.lengths.min()) if field else 0

    def max_field_length(self, fieldname: str) -> int:
        field = self.fields.get(fieldname)
        return int(field.lengths.max()) if field else 0

    @cached_property
    def _stored_fields(self) -> StoredFields:
        is_documents = self._segment.file_name == DOCUMENTS
        return StoredFields(
            self._file if is_documents else ArrayFile.open_checked(self._folder / DOCUMENTS)
        )

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        if self._segment.file_name == DOCUMENTS:
            document = self._stored_fields.document(docnum)
            return {"id": document.id, "json": document.to_json()}
        values = asdict(self._stored_fields.passages([docnum])[0])
        del values["sentences"]  # which is in no schema
        return {"document": values.pop("document_id"), **values}


def open_field(file: ArrayFile, name: str) -> Field:
    """A field as Whoosh sees it: with every document of the index."""
    field = Field(file, name)
    return field if field.repeats is None else RepeatedField(file, name)


class ArrayTerms(base.TermsReader):
    """The terms of *fields*, which are sorted by name; KeyError for one that does not occur."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        name, text = term
        return name in self._fields and self._fields[name].find(text) is not None

    def indexed_field_names(self) -> list[str]:
        return list(self._fields)

    def terms(self) -> Iterator[tuple[str, bytes]]:
        return self.terms_from("", b"")

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        terms = self._iter_terms(fieldname, prefix)
        return ((field.name, field.term(number)) for field, number in terms)

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        return self.items_from("", b"")

    def items_from(
        self, fieldname: str, prefix: bytes
    ) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        terms = self._iter_terms(fieldname, prefix)
        return (((field.name, field.term(n)), term_info(field, n)) for field, n in terms)

    def _iter_terms(self, fieldname: str, prefix: bytes) -> Iterator[tuple[Field, int]]:
        """The terms of the field from *prefix* on, then those of all fields after it."""
        for name, field in self._fields.items():
            if name >= fieldname:
                first = field.at_or_after(prefix) if name == fieldname else 0
                yield from ((field, number) for number in range(first, len(field)))

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        return term_info(*self._find_term(fieldname, text))

    def frequency(self, fieldname: str, text: bytes) -> float:
        return self.term_info(fieldname, text).weight()

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        field, number = self._find_term(fieldname, text)
        return field.document_frequency(number)

    def _find_term(self, fieldname: str, text: bytes) -> tuple[Field, int]:
        field = self._fields[fieldname]
        number = field.find(text)
        if number is None:
            raise KeyError(text)
        return field, number

    def matcher(
        self, fieldname: str, text: bytes, format_: Format, scorer: BaseScorer | None = None
    ) -> "ArrayMatcher":
        if (fieldname, text) not in self:
            raise TermNotFound(f"{fieldname}:{text!r}")
        return ArrayMatcher(*self._find_term(fieldname, text), format_, scorer)

    def cursor(self, fieldname: str, fieldobj: FieldType) -> base.FieldCursor:
        field = self._fields.get(fieldname)
        return base.EmptyCursor() if field is None else ArrayCursor(field)


class ArrayCursor(base.FieldCursor):
    """A position among the terms of a field, at first the first."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._number = 0

    def first(self) -> str | None:
        return self._move_to(0)

    def find(self, string: str | bytes) -> str | None:
        # Whoosh's automata look up strings that no text has, too.
        text = string.encode(errors="surrogatepass") if isinstance(string, str) else string
        return self._move_to(self._field.at_or_after(text))

    def next(self) -> str | None:
        return self._move_to(self._number + 1)

    def _move_to(self, number: int) -> str | None:
        self._number = number
        return self.text()

    def is_valid(self) -> bool:
        return self._number < len(self._field)

    def text(self) -> str | None:
        return self._field.term(self._number).decode() if self.is_valid() else None
