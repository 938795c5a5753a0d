"""A document, or a passage of it -> a Reference: who, what, where and when, as citations say it."""

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import regex

from qa.answers import Citation
from qa.documents import Document


class Name(NamedTuple):
    """A person's name in two parts, or one that is not to be taken apart as *family*."""

    family: str
    given: str | None = None


class Kind(NamedTuple):
    """What sort of work it is, as each format calls it; *holder* is BibTeX's word for publisher.

    What is *contained* is part of something: an article of a newspaper, a page of a site.
    """

    bibtex: str
    holder: str
    csl: str
    ris: str
    contained: bool


@dataclass(frozen=True)
class Reference:
    """What is cited, and when it was read; *citation* is None for the whole document.

    *address* is that of the reader page, in full.
    """

    document: Document
    citation: Citation | None
    address: str
    accessed: date
    generation: str

    @property
    def quote(self) -> str:
        """The passage, its paragraphs apart as they are in the document."""
        return self.citation.exact if self.citation else ""

    @property
    def link(self) -> str:
        """The original at the place, or our own page of it where there is none."""
        original = self.document.metadata.url or ""
        if not original.lower().startswith(("http://", "https://")):
            return self.address
        return (self.citation and self.citation.fragment_url) or original

    @property
    def section(self) -> str | None:
        """The heading that the place is under, unless that is the title again."""
        section = self.citation.section if self.citation else None
        return section if section != self.document.metadata.title else None

    @property
    def paragraphs(self) -> str | None:
        """The number of the passage's paragraph, or of its first and last: 2, 2–3."""
        return self._numbers(self.document.paragraph_at)

    @property
    def pages(self) -> str | None:
        """The same of its pages."""
        return self._numbers(self.document.page_at)

    @property
    def proof(self) -> str:
        """Which text the quote was copied from, and where it stands there."""
        place = f", characters {self.citation.start}–{self.citation.end}" if self.citation else ""
        return f"Text SHA-256 {self.document.sha256}{place}; index {self.generation}"

    @cached_property
    def kind(self) -> Kind:
        """The sort of work the document says it is; else a page where it has an address."""
        about = self.document.metadata
        claimed = next((v for k, v in about.extra.items() if k.lower() in _TYPE_NAMES), "")
        folded = "".join(filter(str.isalpha, claimed.lower()))
        return _KINDS.get(folded) or (_WEB_PAGE if about.url else _DOCUMENT)

    @cached_property
    def authors(self) -> tuple[Name, ...]:
        """Those who wrote it, one by one."""
        about = self.document.metadata
        return tuple(_name(author, about.publisher) for author in _separate(about.author or ""))

    @cached_property
    def key(self) -> str:
        """A short name for it, always the same for the same passage: berg2021harbour-3f9ac1."""
        about = self.document.metadata
        who = self.authors[0].family if self.authors else about.publisher or ""
        year = str(about.date.year) if about.date else ""
        telling = [word for word in _ascii_words(about.title) if len(word) > 3]
        name = "".join(_ascii_words(who)[:1]) + year + "".join(telling[:1])
        place = f"{self.citation.start}-{self.citation.end}" if self.citation else ""
        digest = hashlib.sha256(f"{self.document.id}\n{place}".encode()).hexdigest()
        return f"{name or 'document'}-{digest[:6]}"

    def _numbers(self, at: Callable[[int], int | None]) -> str | None:
        if self.citation is None or at(self.citation.start) is None:
            return None
        first, last = at(self.citation.start), at(self.citation.end - 1)
        return str(first) if first == last else f"{first}–{last}"


_WEB_PAGE = Kind("misc", "howpublished", "webpage", "ELEC", contained=True)
_DOCUMENT = Kind("misc", "howpublished", "document", "GEN", contained=False)
_NEWS = Kind("article", "journal", "article-newspaper", "NEWS", contained=True)
_JOURNAL = Kind("article", "journal", "article-journal", "JOUR", contained=True)
_REPORT = Kind("techreport", "institution", "report", "RPRT", contained=False)
_BOOK = Kind("book", "publisher", "book", "BOOK", contained=False)
_TYPE_NAMES = {"type", "kind", "genre", "document_type", "og:type"}
# The words of schema.org, CSL and people, letters only.
_KINDS = {
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

_BETWEEN_AUTHORS = regex.compile(r"\s*;\s*|\s*,?\s+(?:and|&)\s+")


def _separate(authors: str) -> list[str]:
    """Each of *authors*; a comma parts them only where full names stand on both sides of it."""
    found = []
    for author in filter(None, _BETWEEN_AUTHORS.split(authors)):
        parts = [part.strip() for part in author.split(",")]
        found += parts if all(" " in part for part in parts) else [author.strip()]
    return found


# Words in the names of bodies rather than people.
_BODIES = set(
    "agency association bureau centre center commission committee council department desk editors"
    " foundation group institute ministry news office press reporters service staff team times"
    " union university".split()
)


def _name(author: str, publisher: str | None) -> Name:
    """*author* in two parts where it is surely a person's: two or three words, or with a comma."""
    family, comma, given = (part.strip() for part in author.partition(","))
    if comma:
        return Name(family, given) if family and given and "," not in given else Name(author)
    words = author.split()
    body = author == publisher or _BODIES & {word.lower() for word in words}
    particles = [i for i, word in enumerate(words) if i and word[0].islower()]
    at = particles[0] if particles else len(words) - 1
    if body or at == 0 or len(words) - at > 3 or at > 2 or words[-1][0].islower():
        return Name(author)
    return Name(" ".join(words[at:]), " ".join(words[:at]))


def _ascii_words(text: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return regex.findall(r"[a-z0-9]+", bare.lower())
