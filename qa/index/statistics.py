"""Documents -> what an index knows of all of them together: acronyms, a lexicon, suggestions.

All is made of counts, so it is computed for a whole folder, or from the counts of the generation
before: those of documents that are gone are subtracted, those of new ones added.  The result is the
same, whatever the order.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qa.documents.document import Document
from qa.index.acronyms import Acronym, AcronymCollector, AcronymTables, select_acronyms
from qa.index.counts import CountTable, tables_from_bytes, tables_to_bytes
from qa.index.lexicon import LexiconCollector, encode_lexicon
from qa.index.suggestions import (
    SuggestionCollector,
    Suggestions,
    SuggestionTables,
    select_suggestions,
)

# The file of a generation with the counts.
STATISTICS = "statistics.bin"


@dataclass(frozen=True)
class Statistics:
    """The counts of all documents of an index."""

    stems: CountTable
    acronyms: AcronymTables
    suggestions: SuggestionTables

    def select_acronyms(self, defined_terms: Iterable[tuple[str, ...]]) -> tuple[Acronym, ...]:
        """The most frequent acronyms, none of the *defined_terms* of others."""
        return select_acronyms(self.acronyms, defined_terms)

    def encode_lexicon(self) -> bytes:
        """The lexicon as it is stored; empty for none."""
        return encode_lexicon(self.stems)

    def select_suggestions(self) -> Suggestions:
        """What may be suggested to whoever types."""
        return select_suggestions(self.suggestions)

    def to_bytes(self) -> Iterator[bytes]:
        """The parts of the file with them."""
        suggestions = self.suggestions
        tables = {
            "stems": self.stems,
            "definitions": self.acronyms.definitions,
            "small_words": self.acronyms.small_words,
            "phrases": suggestions.phrases,
            "titles": suggestions.titles,
            "questions": suggestions.questions,
        }
        samples = [[*suggestions.document_counts], [*suggestions.question_counts]]
        return tables_to_bytes(tables, {"samples": samples})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Statistics":
        """What to_bytes made; raise ValueError, KeyError or TypeError where that is damaged."""
        tables, facts = tables_from_bytes(data)
        return cls(
            tables["stems"],
            AcronymTables(tables["definitions"], tables["small_words"]),
            SuggestionTables(
                tables["phrases"], tables["titles"], tables["questions"], *facts["samples"]
            ),
        )


class StatisticsCollector:
    """Counts documents, one after the other, in addition to those that *base* counts."""

    def __init__(self, base: Statistics | None = None) -> None:
        self._base = base
        self._lexicon = LexiconCollector()
        self._acronyms = AcronymCollector()
        self._suggestions = SuggestionCollector(base.suggestions if base else None)

    def add(self, document: Document) -> None:
        """Count a document."""
        self._lexicon.add(document)
        self._acronyms.add(document)
        self._suggestions.add(document)

    def remove(self, document: Document) -> None:
        """Take a document off that the base counts."""
        self._lexicon.remove(document)
        self._acronyms.remove(document)
        self._suggestions.remove(document)

    def finish(self) -> Statistics:
        """The counts; raise SampleChangedError where they cannot be computed from the base."""
        base = self._base
        return Statistics(
            self._lexicon.finish(base.stems) if base else self._lexicon.finish(),
            self._acronyms.finish(base.acronyms if base else None),
            self._suggestions.finish(),
        )
