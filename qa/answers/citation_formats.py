"""A Reference -> its citation as text, for people and for reference managers.

Each format has the author, title, place and date, the quote word for word, the address of the
place, and the checksum of the text.  Special characters of each format are escaped.
"""

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

import regex

from qa.answers.answer import format_certainty
from qa.answers.reference import PersonName, Reference
from qa.documents.document import SEPARATOR


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
