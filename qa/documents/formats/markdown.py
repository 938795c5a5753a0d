"""Markdown -> headings, paragraphs, list items and table rows without their mark-up."""

import html
from collections.abc import Iterator, Sequence

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.documents.document import RawBlock
from qa.documents.formats.plain import decode_text, split_paragraphs
from qa.documents.metadata import RawDocument, build_raw_document, split_front_matter

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_HTML_MARKUP = regex.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1>|\Z)|<[^>]*>", regex.DOTALL | regex.I
)


def read_markdown(data: bytes) -> RawDocument:
    """Read a Markdown file; its first level-one heading is its title."""
    metadata, text = split_front_matter(decode_text(data))
    blocks = list(_iter_blocks(_PARSER.parse(text)))
    title = next((block.text for block in blocks if block.level == 1), None)
    return build_raw_document(blocks, metadata, title)


def _iter_blocks(tokens: Sequence[Token]) -> Iterator[RawBlock]:
    level = 0
    cells: list[str] | None = None
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "heading_close":
                level = 0
            case "tr_open":
                cells = []
            case "tr_close":
                yield RawBlock(" | ".join(filter(None, cells or [])))
                cells = None
            case "inline" if cells is not None:
                cells.append(_inline_text(token))
            case "inline":
                yield RawBlock(_inline_text(token), level)
            case "fence" | "code_block":
                yield RawBlock(token.content)
            case "html_block":
                plain_text = html.unescape(_HTML_MARKUP.sub("", token.content))
                yield from map(RawBlock, split_paragraphs(plain_text))


def _inline_text(token: Token) -> str:
    """The words of an inline token: links as their text, images as their alternative text."""
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    if token.type == "html_inline":
        return " " if token.content.lower().startswith("<br") else ""
    if token.children is None:
        return token.content
    return "".join(map(_inline_text, token.children))
