"""Markdown -> headings, paragraphs, list items and table rows without their mark-up."""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.documents.document import RawBlock
from qa.documents.formats.html_blocks import read_fragment
from qa.documents.formats.lines import join_lines
from qa.documents.formats.plain import decode_text
from qa.documents.formats.tables import format_table
from qa.documents.metadata import RawDocument, build_raw_document, split_front_matter

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def read_markdown(data: bytes) -> RawDocument:
    """Read a Markdown file; its first level-one heading is its title."""
    metadata, text = split_front_matter(decode_text(data))
    blocks = list(_iter_blocks(_PARSER.parse(text)))
    title = next((block.text for block in blocks if block.level == 1), None)
    return build_raw_document(blocks, metadata, title)


def _iter_blocks(tokens: Sequence[Token]) -> Iterator[RawBlock]:
    level = 0
    rows: list[list[str]] = []
    in_table = False
    for token in tokens:
        match token.type:
            case "heading_open" | "heading_close":
                level = int(token.tag[1:]) if token.nesting > 0 else 0
            case "table_open":
                rows, in_table = [], True
            case "tr_open":
                rows.append([])
            case "table_close":
                in_table = False
                yield from format_table(rows, header_rows=1)
            case "inline" if in_table:
                rows[-1].append(_inline_text(token))
            case "inline":
                yield RawBlock(_inline_text(token), level)
            case "fence" | "code_block":
                yield from map(RawBlock, filter(str.strip, token.content.splitlines()))
            case "html_block":
                yield from read_fragment(token.content)


def _inline_text(token: Token) -> str:
    """The words of an inline token: links as their text, images as their alternative text."""
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    if token.type == "html_inline":
        return " " if token.content.lower().startswith("<br") else ""
    if token.children is None:
        return token.content
    return join_lines("".join(map(_inline_text, token.children)).split("\n"))
