"""A Reference -> its citation as text, for people and for reference managers.

Each format has the author, title, place and date, the quote word for word, the address of the
place, and the checksum of the text.  Special characters of each format are escaped.
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import regex

from qa.answers.answer import Citation, format_certainty
from qa.documents.document import SEPARATOR, Document


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


class CitationFormat(NamedTuple):
    """A citation format; browsers show an inline one, and download the others."""

    label: str
    write: Callable[[Reference], str]
    content_type: str
    extension: str
    is_inline: bool = False


def format_text(reference: Reference) -> str:
    """Text for a letter or a footnote."""
    metadata = reference.document.metadata
    quotation = f"“{reference.quote}”\n\n" if reference.quote else ""
    description = ", ".join(
        filter(None, [metadata.author, f"“{metadata.title}”", *_iter_imprint(reference)])
    )
    original_line = f"{reference.link}\n" if reference.link != reference.reader_url else ""
    return (
        f"{quotation}{description}.\n{original_line}{reference.reader_url}\n"
        f"{_access_note(reference)}\n"
    )


def format_markdown(reference: Reference) -> str:
    """CommonMark: a block quote, then its source with links."""
    block_quote = "\n>\n".join(
        f"> {escape_markdown(text)}" for text in reference.quote.split(SEPARATOR) if text
    )
    return f"{block_quote}\n\n{markdown_attribution(reference)}\n".lstrip()


def markdown_attribution(reference: Reference) -> str:
    """A line of CommonMark with the source of a quote, and links."""
    metadata = reference.document.metadata
    parts = [
        escape_markdown(metadata.author or ""),
        f"[{escape_markdown(metadata.title)}]({escape_markdown_url(reference.link)})",
        *map(escape_markdown, _iter_imprint(reference)),
    ]
    access_note = _access_note(reference).replace(
        "Read", f"[Read]({escape_markdown_url(reference.reader_url)})", 1
    )
    return f"— {', '.join(filter(None, parts))}. {access_note}"


def format_bibtex(reference: Reference) -> str:
    """An entry for BibTeX and biblatex, in UTF-8."""
    metadata = reference.document.metadata
    quotation = f"“{_collapse_whitespace(reference.quote)}” " if reference.quote else ""
    fields = {
        "author": " and ".join(map(_format_tex_name, reference.authors)),
        # The second pair of braces keeps styles from changing capitals.
        "title": f"{{{_escape_tex(metadata.title)}}}",
        reference.work_type.publisher_field: _escape_tex(metadata.publisher or ""),
        **_tex_date_fields(metadata.date),
        "pages": (reference.pages or "").replace("–", "--"),
        "note": _escape_tex(", ".join(_iter_location(reference, pages=False))),
        "url": _percent_encode(reference.link, "{}\\"),
        "urldate": reference.accessed.isoformat(),
        "language": _escape_tex(metadata.language),
        "annote": _escape_tex(f"{quotation}{reference.provenance}"),
    }
    lines = [
        f"  {name} = {value if name == 'month' else f'{{{value}}}'}"
        for name, value in fields.items()
        if value
    ]
    return (
        f"@{reference.work_type.bibtex}{{{reference.citation_key},\n" + ",\n".join(lines) + "\n}\n"
    )


def format_csl_json(reference: Reference) -> str:
    """A list of one item, for citeproc and Pandoc."""
    metadata = reference.document.metadata
    item: dict[str, Any] = {
        "id": reference.citation_key,
        "type": reference.work_type.csl,
        "title": metadata.title,
        "author": [_csl_name_fields(name) for name in reference.authors],
        "container-title": metadata.publisher if reference.work_type.is_contained else None,
        "publisher": metadata.publisher,
        "issued": metadata.date and _date_parts(metadata.date),
        "section": reference.section,
        "locator": reference.paragraphs and f"¶ {reference.paragraphs}",
        "page": reference.pages,
        "URL": reference.link,
        "accessed": _date_parts(reference.accessed),
        "language": metadata.language,
        "annote": reference.quote,
        "note": reference.provenance,
        "custom": {"read_url": reference.reader_url, "generation": reference.generation},
    }
    filled_item = {name: value for name, value in item.items() if value}
    return json.dumps([filled_item], ensure_ascii=False, indent=1) + "\n"


def format_ris(reference: Reference) -> str:
    """The tagged lines that reference managers import."""
    metadata = reference.document.metadata
    first, _, last = (reference.pages or "").partition("–")
    lines = [
        ("TY", reference.work_type.ris),
        ("ID", reference.citation_key),
        *(("AU", ", ".join(filter(None, name))) for name in reference.authors),
        ("TI", metadata.title),
        ("T2", metadata.publisher if reference.work_type.is_contained else None),
        ("PB", metadata.publisher),
        ("PY", metadata.date and str(metadata.date.year)),
        ("DA", metadata.date and f"{metadata.date:%Y/%m/%d}"),
        ("SE", reference.section),
        ("SP", first),
        ("EP", last),
        ("UR", reference.link),
        ("Y2", f"{reference.accessed:%Y/%m/%d}"),
        ("LA", metadata.language),
        ("N1", reference.quote),
        ("N1", reference.paragraphs and f"¶ {reference.paragraphs}"),
        ("N1", reference.provenance),
    ]
    text = "".join(f"{tag}  - {_collapse_whitespace(value)}\r\n" for tag, value in lines if value)
    return f"{text}ER  - \r\n"


FORMATS = {
    "text": CitationFormat("Plain text", format_text, "text/plain", "txt", is_inline=True),
    "markdown": CitationFormat("Markdown", format_markdown, "text/markdown", "md", is_inline=True),
    "bibtex": CitationFormat("BibTeX", format_bibtex, "application/x-bibtex", "bib"),
    "csl-json": CitationFormat(
        "CSL-JSON", format_csl_json, "application/vnd.citationstyles.csl+json", "json"
    ),
    "ris": CitationFormat("RIS", format_ris, "application/x-research-info-systems", "ris"),
}


def _iter_imprint(reference: Reference) -> Iterator[str]:
    """Publisher, date and place."""
    metadata = reference.document.metadata
    if metadata.publisher:
        yield metadata.publisher
    if metadata.date:
        yield _format_date(metadata.date)
    yield from _iter_location(reference)


def _iter_location(reference: Reference, *, pages: bool = True) -> Iterator[str]:
    if reference.section:
        yield reference.section
    if reference.paragraphs:
        yield f"¶ {reference.paragraphs}"
    if reference.places:
        yield reference.places
    elif reference.pages and pages:
        yield f"{'pp.' if '–' in reference.pages else 'p.'} {reference.pages}"
    if reference.citation and reference.citation.certainty is not None:
        yield format_certainty(reference.citation.certainty)


def _access_note(reference: Reference) -> str:
    return f"Read {_format_date(reference.accessed)}, index {reference.generation}."


def _format_date(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _collapse_whitespace(text: str) -> str:
    return " ".join(text.split())


# The punctuation that has a meaning in CommonMark; the last group only at the start.
_MARKDOWN_SYNTAX = regex.compile(r"[\\`*_\[\]<>&~|!]|^(?:[-+#=]|\d+\K[.)])")


def escape_markdown(text: str) -> str:
    """*text* as CommonMark that is displayed unchanged."""
    return _MARKDOWN_SYNTAX.sub(r"\\\g<0>", text)


def escape_markdown_url(url: str) -> str:
    """*url* for CommonMark, without characters that have a meaning there."""
    return _percent_encode(url, "()<>*_\\`")


def _percent_encode(url: str, characters: str) -> str:
    """*url* with *characters* and whitespace percent-encoded."""
    return regex.sub(
        rf"[\s\x1C-\x1F{regex.escape(characters)}]", lambda found: f"%{ord(found[0]):02X}", url
    )


_TEX_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        # An escaped brace still counts for BibTeX, which wants them in pairs.
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "`": r"\textasciigrave{}",
        **{character: f"\\{character}" for character in "%&$#_"},
    }
)
# Pairs that are ligatures in TeX: -- is a dash, '' a quotation mark.
_TEX_LIGATURE = regex.compile(r"([-',<>])(?=\1)")


def _escape_tex(text: str) -> str:
    return _TEX_LIGATURE.sub(r"\1{}", text.translate(_TEX_ESCAPES))


def _format_tex_name(name: PersonName) -> str:
    """The name; braces keep BibTeX from splitting an undivided one."""
    family = _escape_tex(name.family)
    return f"{family}, {_escape_tex(name.first_names)}" if name.first_names else f"{{{family}}}"


def _tex_date_fields(day: date | None) -> dict[str, str]:
    """Date fields; the month is a macro, which each style can spell."""
    if day is None:
        return {}
    return {"year": str(day.year), "month": f"{day:%b}".lower(), "day": str(day.day)}


def _csl_name_fields(name: PersonName) -> dict[str, str]:
    if name.first_names:
        return {"family": name.family, "given": name.first_names}
    return {"literal": name.family}


def _date_parts(day: date) -> dict[str, list[list[int]]]:
    return {"date-parts": [[day.year, day.month, day.day]]}
