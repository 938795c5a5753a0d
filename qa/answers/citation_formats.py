"""A Reference -> its citation as text, for people and for programs that keep citations.

Each format says the same: who, what, where and when, the quote word for word, the address that
opens the place, and which text it was copied from.  What means something to a format is escaped.
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

from qa.answers.answer import Citation
from qa.documents.document import SEPARATOR, Document


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


class Format(NamedTuple):
    """A way to write a reference; what is not *shown* by a browser is handed to a program."""

    label: str
    write: Callable[[Reference], str]
    content_type: str
    ending: str
    shown: bool = False


def plain(of: Reference) -> str:
    """Text for a letter or a footnote."""
    about = of.document.metadata
    quoted = f"“{of.quote}”\n\n" if of.quote else ""
    named = ", ".join(filter(None, [about.author, f"“{about.title}”", *_imprint(of)]))
    original = f"{of.link}\n" if of.link != of.address else ""
    return f"{quoted}{named}.\n{original}{of.address}\n{_read(of)}\n"


def markdown(of: Reference) -> str:
    """CommonMark: a block quote, and below it where it is from, with links."""
    quoted = "\n>\n".join(f"> {marked_down(text)}" for text in of.quote.split(SEPARATOR) if text)
    return f"{quoted}\n\n{credit(of)}\n".lstrip()


def credit(of: Reference) -> str:
    """A line of CommonMark that says where a quote is from, with links."""
    about = of.document.metadata
    named = [
        marked_down(about.author or ""),
        f"[{marked_down(about.title)}]({destination(of.link)})",
        *map(marked_down, _imprint(of)),
    ]
    read = _read(of).replace("Read", f"[Read]({destination(of.address)})", 1)
    return f"— {', '.join(filter(None, named))}. {read}"


def bibtex(of: Reference) -> str:
    """An entry for BibTeX and biblatex, in UTF-8."""
    about = of.document.metadata
    quoted = f"“{_one_line(of.quote)}” " if of.quote else ""
    fields = {
        "author": " and ".join(map(_tex_name, of.authors)),
        # The second pair of braces keeps styles from changing capitals.
        "title": f"{{{_tex(about.title)}}}",
        of.kind.holder: _tex(about.publisher or ""),
        **_tex_date(about.date),
        "pages": (of.pages or "").replace("–", "--"),
        "note": _tex(", ".join(_place(of, pages=False))),
        "url": _percent(of.link, "{}\\"),
        "urldate": of.accessed.isoformat(),
        "language": _tex(about.language),
        "annote": _tex(f"{quoted}{of.proof}"),
    }
    lines = [
        f"  {name} = {value if name == 'month' else f'{{{value}}}'}"
        for name, value in fields.items()
        if value
    ]
    return f"@{of.kind.bibtex}{{{of.key},\n" + ",\n".join(lines) + "\n}\n"


def csl_json(of: Reference) -> str:
    """A list of one item, as citeproc and Pandoc read it."""
    about = of.document.metadata
    item: dict[str, Any] = {
        "id": of.key,
        "type": of.kind.csl,
        "title": about.title,
        "author": [_csl_name(name) for name in of.authors],
        "container-title": about.publisher if of.kind.contained else None,
        "publisher": about.publisher,
        "issued": about.date and _date_parts(about.date),
        "section": of.section,
        "locator": of.paragraphs and f"¶ {of.paragraphs}",
        "page": of.pages,
        "URL": of.link,
        "accessed": _date_parts(of.accessed),
        "language": about.language,
        "annote": of.quote,
        "note": of.proof,
        "custom": {"read_url": of.address, "generation": of.generation},
    }
    kept = {name: value for name, value in item.items() if value}
    return json.dumps([kept], ensure_ascii=False, indent=1) + "\n"


def ris(of: Reference) -> str:
    """The tagged lines that reference managers import."""
    about = of.document.metadata
    first, _, last = (of.pages or "").partition("–")
    lines = [
        ("TY", of.kind.ris),
        ("ID", of.key),
        *(("AU", ", ".join(filter(None, name))) for name in of.authors),
        ("TI", about.title),
        ("T2", about.publisher if of.kind.contained else None),
        ("PB", about.publisher),
        ("PY", about.date and str(about.date.year)),
        ("DA", about.date and f"{about.date:%Y/%m/%d}"),
        ("SE", of.section),
        ("SP", first),
        ("EP", last),
        ("UR", of.link),
        ("Y2", f"{of.accessed:%Y/%m/%d}"),
        ("LA", about.language),
        ("N1", of.quote),
        ("N1", of.paragraphs and f"¶ {of.paragraphs}"),
        ("N1", of.proof),
    ]
    kept = "".join(f"{tag}  - {_one_line(value)}\r\n" for tag, value in lines if value)
    return f"{kept}ER  - \r\n"


FORMATS = {
    "text": Format("Plain text", plain, "text/plain", "txt", shown=True),
    "markdown": Format("Markdown", markdown, "text/markdown", "md", shown=True),
    "bibtex": Format("BibTeX", bibtex, "application/x-bibtex", "bib"),
    "csl-json": Format("CSL-JSON", csl_json, "application/vnd.citationstyles.csl+json", "json"),
    "ris": Format("RIS", ris, "application/x-research-info-systems", "ris"),
}


def _imprint(of: Reference) -> Iterator[str]:
    """Publisher, date and place, as people write them."""
    about = of.document.metadata
    if about.publisher:
        yield about.publisher
    if about.date:
        yield _day(about.date)
    yield from _place(of)


def _place(of: Reference, *, pages: bool = True) -> Iterator[str]:
    if of.section:
        yield of.section
    if of.paragraphs:
        yield f"¶ {of.paragraphs}"
    if of.pages and pages:
        yield f"{'pp.' if '–' in of.pages else 'p.'} {of.pages}"


def _read(of: Reference) -> str:
    return f"Read {_day(of.accessed)}, index {of.generation}."


def _day(when: date) -> str:
    return f"{when.day} {when:%B %Y}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


# Any ASCII punctuation may be escaped; these are what starts something, two of them only in front.
_MARKDOWN = regex.compile(r"[\\`*_\[\]<>&~|!]|^(?:[-+#=]|\d+\K[.)])")


def marked_down(text: str) -> str:
    """*text* as CommonMark that shows it as it is."""
    return _MARKDOWN.sub(r"\\\g<0>", text)


def destination(url: str) -> str:
    """*url* for CommonMark, where a bracket would end a link and an asterisk begin something."""
    return _percent(url, "()<>*_\\`")


def _percent(url: str, characters: str) -> str:
    """*url* with these *characters*, and blanks, percent-encoded."""
    return "".join(f"%{ord(c):02X}" if c in characters or c.isspace() else c for c in url)


_TEX = str.maketrans(
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
# Pairs that TeX's fonts would draw as one: -- is a dash, '' a quotation mark.
_LIGATURE = regex.compile(r"([-',<>])(?=\1)")


def _tex(text: str) -> str:
    return _LIGATURE.sub(r"\1{}", text.translate(_TEX))


def _tex_name(name: Name) -> str:
    """Braces keep BibTeX from taking a name apart."""
    family = _tex(name.family)
    return f"{family}, {_tex(name.given)}" if name.given else f"{{{family}}}"


def _tex_date(when: date | None) -> dict[str, str]:
    """The month by its macro, so that each style can spell it."""
    if when is None:
        return {}
    return {"year": str(when.year), "month": f"{when:%b}".lower(), "day": str(when.day)}


def _csl_name(name: Name) -> dict[str, str]:
    if name.given:
        return {"family": name.family, "given": name.given}
    return {"literal": name.family}


def _date_parts(when: date) -> dict[str, list[list[int]]]:
    return {"date-parts": [[when.year, when.month, when.day]]}
