"""Markdown -> headings, paragraphs, list items and table rows without their mark-up."""

import html
from collections.abc import Iterator, Sequence

import regex
from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.documents.document import RawBlock
from qa.documents.formats.plain import decode, paragraphs
from qa.documents.metadata import Extract, front_matter, titled

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_MARKUP = regex.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1>|\Z)|<[^>]*>", regex.DOTALL | regex.I
)


def read(data: bytes) -> Extract:
    """Read a Markdown file; its first level-one heading is its title."""
    about, text = front_matter(decode(data))
    blocks = list(_blocks(_PARSER.parse(text)))
    title = next((block.text for block in blocks if block.level == 1), None)
    return titled(blocks, about, title)


def _blocks(tokens: Sequence[Token]) -> Iterator[RawBlock]:
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
                cells.append(_text(token))
            case "inline":
                yield RawBlock(_text(token), level)
            case "fence" | "code_block":
                yield RawBlock(token.content)
            case "html_block":
                bare = html.unescape(_MARKUP.sub("", token.content))
                yield from map(RawBlock, paragraphs(bare))


def _text(token: Token) -> str:
    """The words of an inline token: links as their text, images as their alternative text."""
    if token.type in {"softbreak", "hardbreak"}:
        return " "
    if token.type == "html_inline":
        return " " if token.content.lower().startswith("<br") else ""
    if token.children is None:
        return token.content
    return "".join(map(_text, token.children))
