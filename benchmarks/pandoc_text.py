"""The document that pandoc reads -> its words, and those that may be said again.

pandoc's own plain text has words that no page shows: marks of notes, alternative texts, carets.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

# A node of pandoc's document: {"t": type, "c": content}.
Node = dict[str, Any]


class PandocText(NamedTuple):
    """The text, and what a reader may add to it without inventing words.

    *repeated* are the names of columns, once for each row below, the texts of merged cells, once
    for each row that they cover, the numbers of items, and formulas, which not all can be written.
    """

    text: str
    repeated: str


def render(document: str, format_math: Callable[[list[str]], list[str]]) -> PandocText:
    """The words of a document in pandoc's JSON; those of its title block come first.

    *format_math* has the texts of formulas in TeX.
    """
    tree = json.loads(document)
    formulas = [*_iter_formulas(tree)]
    renderer = _Renderer(dict(zip(formulas, format_math(formulas), strict=True)))
    blocks = [*(block for value in tree["meta"].values() for block in _iter_meta(value))]
    text = "\n".join(renderer.iter_blocks([*blocks, *tree["blocks"]]))
    return PandocText(text, " ".join(renderer.repeated))


def _iter_formulas(value: object) -> Iterator[str]:
    """The TeX of all formulas in a document."""
    if isinstance(value, dict):
        if value.get("t") == "Math":
            yield value["c"][1]
        for inner in value.values():
            yield from _iter_formulas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _iter_formulas(inner)


def _iter_meta(value: Node) -> Iterator[Node]:
    """The blocks of a value of the metadata."""
    match value["t"]:
        case "MetaInlines":
            yield {"t": "Plain", "c": value["c"]}
        case "MetaBlocks":
            yield from value["c"]
        case "MetaList":
            for item in value["c"]:
                yield from _iter_meta(item)


class _Renderer:
    """Walks through a document; *repeated* is as of PandocText."""

    def __init__(self, formulas: dict[str, str]) -> None:
        self.repeated: list[str] = []
        self._formulas = formulas

    def iter_blocks(self, blocks: Iterable[Node]) -> Iterator[str]:
        """The paragraphs of *blocks*."""
        for block in blocks:
            kind, content = block["t"], block.get("c")
            if kind in _READERS:
                yield from _READERS[kind](self, content)

    def iter_all(self, items: Iterable[list[Node]]) -> Iterator[str]:
        """The paragraphs of several lists of blocks."""
        for blocks in items:
            yield from self.iter_blocks(blocks)

    def iter_items(self, content: list[Any]) -> Iterator[str]:
        """The items of an ordered list."""
        (start, style, _), items = content
        for number, item in enumerate(items, start=start):
            self.repeated.append(_format_number(number, style["t"]))
            yield from self.iter_blocks(item)

    def iter_definitions(self, content: list[Any]) -> Iterator[str]:
        """The terms of a list with their definitions."""
        for term, definitions in content:
            yield self.join(term)
            yield from self.iter_all(definitions)

    def iter_rows(self, content: list[Any]) -> Iterator[str]:
        """The cells of a table, row by row."""
        _, caption, _, head, bodies, foot = content
        yield from self.iter_blocks(caption[1])
        rows = [*head[1], *(row for body in bodies for row in [*body[2], *body[3]]), *foot[1]]
        header = max(1, len(head[1]))
        names: list[str] = []
        for number, (_, cells) in enumerate(rows):
            texts = ["\n".join(self.iter_blocks(cell[4])) for cell in cells]
            yield "\n".join(texts)
            if number < header:
                names += [*texts, *(f"column {n}" for n in range(1, len(cells) + 1))]
            else:
                self.repeated += names
            for cell, text in zip(cells, texts, strict=True):
                self.repeated += [text] * (cell[2] - 1)

    def join(self, inlines: Iterable[Node]) -> str:
        """The text of *inlines*; notes follow it."""
        notes: list[Node] = []
        text = "".join(self._iter_inlines(inlines, notes))
        return "\n".join([text, *self.iter_blocks(notes)])

    def _iter_inlines(self, inlines: Iterable[Node], notes: list[Node]) -> Iterator[str]:
        for inline in inlines:
            content: Any = inline.get("c")
            match inline["t"]:
                case "Str":
                    yield content
                case "Space" | "SoftBreak":
                    yield " "
                case "LineBreak":
                    yield "\n"
                case "Code":
                    yield content[1]
                case "Math":
                    # Formulas are compared as far as pandoc can write them in Unicode.
                    self.repeated += [self._formulas[content[1]], content[1]]
                    yield " "
                case "Link" if any(name == "reference" for name, _ in content[0][2]):
                    yield " "  # the label in place of the number that it gets
                case "Note":
                    notes += content
                case kind if kind in _WITH_INLINES:
                    inner = content[1] if kind in _WITH_ATTRIBUTES else content
                    yield from self._iter_inlines(inner, notes)


# Inlines of inlines; of some, these are the second part of the content.
_WITH_ATTRIBUTES = frozenset({"Cite", "Quoted", "Span", "Link"})
_WITH_INLINES = _WITH_ATTRIBUTES.union(
    "Emph Underline Strong Strikeout SmallCaps Superscript Subscript".split()
)

# How the content of each kind of block is read.
_READERS: dict[str, Callable[[_Renderer, Any], Iterable[str]]] = {
    "Para": lambda renderer, content: [renderer.join(content)],
    "Plain": lambda renderer, content: [renderer.join(content)],
    "Header": lambda renderer, content: [renderer.join(content[2])],
    "CodeBlock": lambda _, content: [content[1]],
    "LineBlock": lambda renderer, content: map(renderer.join, content),
    "BlockQuote": lambda renderer, content: renderer.iter_blocks(content),
    "Div": lambda renderer, content: renderer.iter_blocks(content[1]),
    "Figure": lambda renderer, content: renderer.iter_blocks([*content[1][1], *content[2]]),
    "BulletList": lambda renderer, content: renderer.iter_all(content),
    "OrderedList": lambda renderer, content: renderer.iter_items(content),
    "DefinitionList": lambda renderer, content: renderer.iter_definitions(content),
    "Table": lambda renderer, content: renderer.iter_rows(content),
}


def _format_number(number: int, style: str) -> str:
    """The number of an item; in letters and Roman numerals as far as lists go."""
    if "Alpha" in style:
        return chr(ord("a") + (number - 1) % 26)
    if "Roman" in style:
        units = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
        return "x" * (number // 10) + units[number % 10]
    return str(number)
