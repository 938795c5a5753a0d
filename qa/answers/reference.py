"""What is cited, as every format of citations needs it: the work, its authors, the places in it."""

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import regex

from qa.answers.answer import Citation
from qa.documents.document import Document


class PersonName(NamedTuple):
    """A person's name in two parts, or an undivided name as *family*."""

    family: str
    first_names: str | None = None


class WorkType(NamedTuple):
    """The type of a work in each format, and the BibTeX field of its publisher.

    A contained work is part of another: an article of a newspaper, a page of a site.
    """

    bibtex: str
    publisher_field: str
    csl: str
    ris: str
    is_contained: bool


@dataclass(frozen=True)
class Reference:
    """What is cited, and when it was read; *citation* is None for the whole document.

    *reader_url* is the absolute address of the reader page.
    """

    document: Document
    citation: Citation | None
    reader_url: str
    accessed: date
    generation: str

    @property
    def quote(self) -> str:
        """The passage, with its paragraph breaks."""
        return self.citation.exact if self.citation else ""

    @property
    def link(self) -> str:
        """The original at the place, or else the reader page."""
        original = self.document.metadata.url or ""
        if not original.lower().startswith(("http://", "https://")):
            return self.reader_url
        return (self.citation and self.citation.fragment_url) or original

    @property
    def section(self) -> str | None:
        """The heading above the place, unless it is the title."""
        section = self.citation.section if self.citation else None
        return section if section != self.document.metadata.title else None

    @property
    def paragraphs(self) -> str | None:
        """The number of the passage's paragraph, or of its first and last: 2, 2–3."""
        return self._format_range(self.document.paragraph_at)

    @property
    def pages(self) -> str | None:
        """The page numbers, in the same way."""
        return self._format_range(self.document.page_at)

    @property
    def provenance(self) -> str:
        """The checksum of the text, and the offsets of the quote."""
        offsets = f", characters {self.citation.start}–{self.citation.end}" if self.citation else ""
        return f"Text SHA-256 {self.document.sha256}{offsets}; index {self.generation}"

    @cached_property
    def work_type(self) -> WorkType:
        """The type that the document declares; by default a web page if it has an address."""
        metadata = self.document.metadata
        declared_type = next(
            (value for name, value in metadata.extra.items() if name.lower() in _TYPE_FIELDS), ""
        )
        letters = "".join(filter(str.isalpha, declared_type.lower()))
        return _WORK_TYPES.get(letters) or (_WEB_PAGE if metadata.url else _DOCUMENT)

    @cached_property
    def authors(self) -> tuple[PersonName, ...]:
        """The authors, one by one."""
        metadata = self.document.metadata
        return tuple(
            _parse_name(author, metadata.publisher)
            for author in _split_authors(metadata.author or "")
        )

    @cached_property
    def citation_key(self) -> str:
        """A short key, always the same for the same passage: berg2021harbour-3f9ac1."""
        metadata = self.document.metadata
        creator = self.authors[0].family if self.authors else metadata.publisher or ""
        year = str(metadata.date.year) if metadata.date else ""
        long_words = [word for word in _ascii_words(metadata.title) if len(word) > 3]
        prefix = "".join(_ascii_words(creator)[:1]) + year + "".join(long_words[:1])
        offsets = f"{self.citation.start}-{self.citation.end}" if self.citation else ""
        digest = hashlib.sha256(f"{self.document.id}\n{offsets}".encode()).hexdigest()
        return f"{prefix or 'document'}-{digest[:6]}"

    @property
    def places(self) -> str | None:
        """The place in files without pages: slide 3, row 5, 0:01:10–0:02:00."""
        if self.citation is None or self.document.page_unit == "page":
            return None
        first, last = map(self.document.place_at, (self.citation.start, self.citation.end - 1))
        if first is None or last is None or first == last:
            return first
        return f"{first}–{last.rpartition(' ')[2]}"

    def _format_range(self, number_at: Callable[[int], int | None]) -> str | None:
        if self.citation is None or number_at(self.citation.start) is None:
            return None
        first, last = number_at(self.citation.start), number_at(self.citation.end - 1)
        return str(first) if first == last else f"{first}–{last}"


_WEB_PAGE = WorkType("misc", "howpublished", "webpage", "ELEC", is_contained=True)
_DOCUMENT = WorkType("misc", "howpublished", "document", "GEN", is_contained=False)
_NEWS = WorkType("article", "journal", "article-newspaper", "NEWS", is_contained=True)
_JOURNAL = WorkType("article", "journal", "article-journal", "JOUR", is_contained=True)
_REPORT = WorkType("techreport", "institution", "report", "RPRT", is_contained=False)
_BOOK = WorkType("book", "publisher", "book", "BOOK", is_contained=False)
_TYPE_FIELDS = {"type", "kind", "genre", "document_type", "og:type"}
# The words of schema.org, CSL and people, letters only.
_WORK_TYPES = {
    word: kind
    for kind, words in {
        _NEWS: "news newsarticle newspaperarticle newspaper articlenewspaper analysisnewsarticle"
        " reportagenewsarticle opinionnewsarticle backgroundnewsarticle reviewnewsarticle",
        _JOURNAL: "journal journalarticle articlejournal scholarlyarticle",
        _REPORT: "report techreport technicalreport",
        _BOOK: "book",
    }.items()
    for word in words.split()
}
_AUTHOR_SEPARATOR = regex.compile(r"\s*;\s*|\s*,?\s+(?:and|&)\s+")


def _split_authors(authors: str) -> list[str]:
    """The names in *authors*; a comma separates them only if all parts are full names."""
    names = []
    for author in filter(None, _AUTHOR_SEPARATOR.split(authors)):
        parts = [part.strip() for part in author.split(",")]
        names += parts if all(" " in part for part in parts) else [author.strip()]
    return names


# Words in the names of organizations.
_ORGANIZATION_WORDS = set(
    "agency association bureau centre center commission committee council department desk editors"
    " foundation group institute ministry news office press reporters service staff team times"
    " union university".split()
)


def _parse_name(author: str, publisher: str | None) -> PersonName:
    """*author* in two parts if it is clearly a person's: two or three words, or with a comma."""
    family, comma, first_names = (part.strip() for part in author.partition(","))
    if comma:
        return (
            PersonName(family, first_names)
            if family and first_names and "," not in first_names
            else PersonName(author)
        )
    words = author.split()
    is_organization = author == publisher or _ORGANIZATION_WORDS & {word.lower() for word in words}
    particle_indexes = [i for i, word in enumerate(words) if i and word[0].islower()]
    family_start = particle_indexes[0] if particle_indexes else len(words) - 1
    if (
        is_organization
        or family_start == 0
        or len(words) - family_start > 3
        or family_start > 2
        or words[-1][0].islower()
    ):
        return PersonName(author)
    return PersonName(" ".join(words[family_start:]), " ".join(words[:family_start]))


def _ascii_words(text: str) -> list[str]:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return regex.findall(r"[a-z0-9]+", ascii_text.lower())
