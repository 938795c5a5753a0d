"""The texts of a file as a format's reader returns them, with the metadata beside them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import has_words, normalize
from qa.documents.document import PageUnit, RawBlock
from qa.documents.metadata import RawMetadata, field_of, scalar


class RawDocument(NamedTuple):
    """One text of a file; *name* is its own where a file has several.

    The pages of its blocks are of *page_unit*.  *omissions* are parts that were not read, such as a
    page without text.  *certainties* has, by number, pages whose words were recognized in a
    picture: how certain they are on the average, from 0 to 1.
    """

    blocks: list[RawBlock]
    metadata: RawMetadata
    name: str | None = None
    page_unit: PageUnit = "page"
    omissions: tuple[str, ...] = ()
    certainties: Mapping[int, float] = MappingProxyType({})


# Titles and authors that programs enter where people enter none.
_PLACEHOLDER_TITLE = regex.compile(
    r"microsoft (?:word|powerpoint|excel|office word)\s+-\s.*"
    r"|(?:untitled|unbenannt|sans titre)[\s_-]*(?:document|presentation|page|slide)?[\s_-]*\d*"
    r"|(?:word |new |blank |empty |html )*(?:document|dokument|presentation|slide|page|template)"
    r"\s*[\d(). ]*|(?:book|workbook|sheet|mappe|classeur)\s*\d*|powerpoint[- ]presentation"
    r"|(?:no|kein|sans) (?:title|titel|titre)|title|titel|anonymous|unspecified|unknown|none|null"
    r"|.*\.(?:docx?|docm|dotx?|odt|pdf|tex|dvi|indd|rtf|pptx?|qxd|xlsx?|html?|txt|md|pages|wpd)",
    regex.I,
)

_PLACEHOLDER_AUTHOR = regex.compile(
    r"anonymous|unknown|unspecified|none|null|author|user|owner|admin(?:istrator)?|default user"
    r"|(?:microsoft|ms) (?:office )?(?:word|user|office)|windows user|office user|python-docx"
    r"|openpyxl|un-named|\(?unnamed\)?",
    regex.I,
)


def drop_placeholders(metadata: RawMetadata) -> RawMetadata:
    """The metadata without titles and authors that no person entered."""
    patterns = {"title": _PLACEHOLDER_TITLE, "author": _PLACEHOLDER_AUTHOR}

    def is_placeholder(key: str, value: object) -> bool:
        pattern = patterns.get(field_of(key) or "")
        return pattern is not None and pattern.fullmatch(scalar(value) or "") is not None

    return {key: value for key, value in metadata.items() if not is_placeholder(str(key), value)}


def count_pictures(count: int) -> tuple[str, ...]:
    """The omissions of a text whose file has *count* pictures."""
    return count_omissions({"a picture": count})


def count_omissions(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The omissions of a text by the number of each kind of thing: `{"a picture": 3}`."""
    return tuple(
        one if count == 1 else f"{count:,} {one.partition(' ')[2]}s"
        for one, count in counts.items()
        if count
    )


def build_raw_document(
    blocks: list[RawBlock], metadata: RawMetadata, title: str | None = None
) -> RawDocument:
    """A raw document; *title* is for metadata without one, a heading that repeats it is removed,
    unless it is all that there is.  The metadata are properties that programs fill in, too.
    """
    metadata = drop_placeholders(metadata)
    own_title = next((value for key, value in metadata.items() if field_of(key) == "title"), None)
    title = scalar(own_title) or normalize(title or "")
    for number, block in enumerate(blocks):
        if title and block.level and normalize(block.text) == title:
            others = blocks[:number] + blocks[number + 1 :]
            blocks = others if any(has_words(other.text) for other in others) else blocks
            break
    return RawDocument(blocks, {**metadata, "title": title} if title else metadata)
