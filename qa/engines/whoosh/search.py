"""A Query -> candidate passages, over the two Whoosh indexes of one generation."""

import datetime
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from whoosh.index import open_dir
from whoosh.query.compound import And, Or
from whoosh.query.qcore import Query as WhooshQuery
from whoosh.query.ranges import TermRange
from whoosh.query.terms import Term
from whoosh.support.levenshtein import distance

from qa.documents import Document
from qa.engines.base import Candidate, Summary
from qa.engines.whoosh.build import SUMMARIES
from qa.engines.whoosh.schema import (
    DOCUMENTS,
    PASSAGES,
    TITLE_BOOST,
    WEIGHTING,
    date_key,
    publisher_key,
)
from qa.errors import DamagedError, DocumentNotFoundError
from qa.generations import Manifest
from qa.passages import Passage
from qa.queries import Filters, Query
from qa.text import occurrences

_FEWEST_LETTERS = 4
_MOST_NEAR = 3


class WhooshSearcher:
    """One generation, open for asking.

    A Whoosh searcher reads its files through one shared position, so each thread opens its own.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self._folder = folder
        self._local = threading.local()
        self._cached_document = lru_cache(maxsize=16)(self._load)
        self._open(PASSAGES)

    def candidates(self, query: Query, limit: int) -> list[Candidate]:
        """The *limit* best passages for *query*."""
        demanding = bool(query.phrases or query.excluded)
        hits = self._open(PASSAGES).search(
            _scored(query), limit=None if demanding else limit, filter=_required(query)
        )
        found: list[Candidate] = []
        for hit in hits:
            passage = Passage(*hit["passage"])
            if _allowed(passage.text, query):
                found.append(Candidate(passage, float(hit.score)))
            if len(found) == limit:
                break
        found.sort(key=lambda hit: (-hit.score, hit.passage.document_id, hit.passage.number))
        return found

    def frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        """How many passages each of *stems* is in, by text or else by title."""
        reader = self._open(PASSAGES).reader()
        return {
            stem: reader.doc_frequency("stems", stem) or reader.doc_frequency("title", stem)
            for stem in stems
        }

    def near(self, term: str) -> list[str]:
        """Terms spelt almost like *term*; none for numbers and short words, which have no typos."""
        if len(term) < _FEWEST_LETTERS or not term.isalpha():
            return []
        reader = self._open(DOCUMENTS).reader()
        edits = 1 if len(term) <= 2 * _FEWEST_LETTERS else 2
        found = set(reader.terms_within("words", term, edits, prefix=1)) - {term}

        def order(near: str) -> tuple[int, int, str]:
            edits = distance(near, term)  # type: ignore[no-untyped-call]  # Whoosh leaves it so
            return edits, -reader.frequency("words", near), near

        return sorted(found, key=order)[:_MOST_NEAR]

    def document(self, id: str) -> Document:  # noqa: A002
        """The whole document; raise DocumentNotFoundError when there is none of that *id*."""
        return self._cached_document(id)

    @cached_property
    def _summaries(self) -> tuple[Summary, ...]:
        try:
            with (self._folder / SUMMARIES).open(encoding="utf-8") as file:
                return tuple(map(_summary, file))
        except (OSError, ValueError, TypeError) as error:
            raise DamagedError(f"The list of documents cannot be read: {error}") from None

    def summaries(self) -> Sequence[Summary]:
        """All documents, by id."""
        return self._summaries

    def _load(self, id: str) -> Document:  # noqa: A002
        fields = self._open(DOCUMENTS).document(id=id)
        if fields is None:
            raise DocumentNotFoundError(
                f"No document {id!r} is in the index; /documents lists what is."
            )
        return Document.from_json(fields["json"])

    def _open(self, name: str) -> Any:  # noqa: ANN401 - Whoosh ships no types
        searcher = getattr(self._local, name, None)
        if searcher is None:
            index = open_dir(str(self._folder), indexname=name)
            searcher = index.searcher(weighting=WEIGHTING)
            setattr(self._local, name, searcher)
        return searcher


def _summary(line: str) -> Summary:
    values = json.loads(line)
    if values["date"]:
        values["date"] = datetime.date.fromisoformat(values["date"])
    return Summary(**values)


def _allowed(text: str, query: Query) -> bool:
    return all(occurrences(phrase.terms, text) for phrase in query.phrases) and not any(
        occurrences(phrase.terms, text) for phrase in query.excluded
    )


def _scored(query: Query) -> WhooshQuery:
    return Or(
        [
            Term(field, stem, boost=term.weight * boost)
            for term in query.terms
            for stem in term.stems
            for field, boost in (("stems", 1.0), ("title", TITLE_BOOST))
        ]
    )


def _required(query: Query) -> WhooshQuery | None:
    """What Whoosh can check of the query's conditions; phrases are checked on the text."""
    conditions = [*_filtered(query.filters), *_quoted(query)]
    return And(conditions) if conditions else None


def _quoted(query: Query) -> Iterator[WhooshQuery]:
    quoted = {term for phrase in query.phrases for term in phrase.terms}
    for term in query.terms:
        if term.term in quoted:
            yield Or([Term("stems", stem) for stem in term.stems])


def _filtered(filters: Filters) -> Iterator[WhooshQuery]:
    if filters.publishers:
        yield Or([Term("publisher", publisher_key(name)) for name in filters.publishers])
    if filters.first or filters.last:
        yield TermRange(
            "date",
            date_key(filters.first) if filters.first else None,
            date_key(filters.last) if filters.last else None,
        )
