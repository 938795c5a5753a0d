"""Markdown -> headings, paragraphs, list items and table rows without their mark-up."""

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from qa.documents.document import RawBlock
from qa.documents.formats.html_blocks import read_fragment
from qa.documents.formats.lines import join_lines
from qa.documents.formats.plain import decode_text
from qa.documents.formats.tables import format_table
from qa.documents.front_matter import split_front_matter
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def read_markdown(data: bytes) -> RawDocument:
    """Read a Markdown file; its first level-one heading is its title."""
    metadata, text = split_front_matter(decode_text(data))
    tokens = _PARSER.parse(text)
    blocks = list(_iter_blocks(tokens))
    title = next((block.text for block in blocks if block.level == 1), None)
    pictures = sum(child.type == "image" for token in tokens for child in token.children or ())
    return build_raw_document(blocks, metadata, title)._replace(omissions=count_pictures(pictures))


def _iter_blocks(tokens: Sequence[Token]) -> Iterator[RawBlock]:
    level = 0
    rows: list[list[str]] = []
    in_table = False
    numbers = _ItemNumbers()
    for token in tokens:
        numbers.follow(token)
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
                yield RawBlock(numbers.pop() + _inline_text(token), level)
            case "fence" | "code_block":
                lines = filter(str.strip, token.content.splitlines())
                yield from (RawBlock(numbers.pop() + line) for line in lines)
            case "html_block":
                yield from read_fragment(token.content)


class _ItemNumbers:
    """Follows the tokens of a text, and has the number of an item until its first block."""

    def __init__(self) -> None:
        # The next number of each list around, None for lists without numbers.
        self._next: list[int | None] = []
        self._pending = ""

    def follow(self, token: Token) -> None:
        """Go on to *token*."""
        match token.type:
            case "ordered_list_open":
                self._next.append(int(token.attrGet("start") or 1))
            case "bullet_list_open":
                self._next.append(None)
            case "ordered_list_close" | "bullet_list_close":
                self._next.pop()
            case "list_item_open" if (number := self._next[-1]) is not None:
                self._pending += f"{number}. "
                self._next[-1] = number + 1
            case "list_item_close":
                self._pending = ""

    def pop(self) -> str:
        """The number before the next block; empty after the first block of an item."""
        pending, self._pending = self._pending, ""
        return pending


def _inline_text(token: Token) -> str:
    """The words of an inline token: links as their text, images as their alternative text."""
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    if token.type == "html_inline":
        return " " if token.content.lower().startswith("<br") else ""
    if token.children is None:
        return token.content
    return join_lines("".join(map(_inline_text, token.children)).split("\n"))
