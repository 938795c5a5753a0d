"""reStructuredText -> headings, paragraphs, list items and table rows, and its field list."""

from collections.abc import Iterator
from typing import Any, ClassVar

import regex
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, Parser, directives, roles, states

from qa.documents.document import RawBlock
from qa.documents.formats.plain import decode_text
from qa.documents.formats.tables import Cell, expand_cells, format_table
from qa.documents.metadata import RawMetadata
from qa.documents.raw_document import RawDocument, build_raw_document

_SETTINGS = {
    # A document opens no other file and runs nothing.
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "_disable_config": True,
    # Its mistakes are not reported, and end nothing.
    "report_level": 5,
    "halt_level": 5,
    "syntax_highlight": "none",
    # Longer lines would empty the document.
    "line_length_limit": 1 << 40,
}
_DIRECTIVE_NAME = regex.compile(r"^\s*\.\.\s+(?:\|.+\|\s+)?([\w:.+-]+)::", regex.MULTILINE)
_ROLE_NAME = regex.compile(r":([\w:.+-]+):`")
_ROLE_TARGET = regex.compile(r"(.+?)\s*<[^<>]+>", regex.DOTALL)
# Their content is names of files and modules.
_WITHOUT_TEXT = frozenset({"toctree", "automodule", "autoclass", "autofunction", "autosummary"})

_SKIPPED_NODES = (
    nodes.Invisible,
    nodes.system_message,
    nodes.docinfo,
    nodes.label,
    nodes.raw,
    nodes.header,
    nodes.footer,
)


# Longer paragraphs are made by programs, and their marks are characters: docutils looks for the end
# of each mark of emphasis and the like up to the end of its paragraph.
_LONGEST_MARKED = 20_000


def _make_inliner() -> states.Inliner:
    """What reads the marks in paragraphs, unless these are too long for that."""
    inliner = states.Inliner()
    parse = inliner.parse

    def parse_short(text: str, *arguments: Any) -> tuple[list[nodes.Node], list[Any]]:  # noqa: ANN401
        return ([nodes.Text(text)], []) if len(text) > _LONGEST_MARKED else parse(text, *arguments)

    # Not a subclass, whose names docutils would take for those of its patterns.
    inliner.parse = parse_short  # type: ignore[assignment]
    return inliner


def read_rst(data: bytes) -> RawDocument:
    """Read reStructuredText, also with directives and roles of Sphinx and other tools."""
    text = decode_text(data)
    _register_unknown_names(text)
    document = publish_doctree(
        text, parser=Parser(inliner=_make_inliner()), settings_overrides=_SETTINGS
    )
    title = next((node.astext() for node in document if isinstance(node, nodes.title)), None)
    return build_raw_document(list(_iter_blocks(document)), _read_fields(document), title)


class _AnyOption(dict[str, Any]):
    """Options of any name; docutils reads none where this is empty."""

    def __missing__(self, name: str) -> Any:  # noqa: ANN401 - what docutils expects
        return directives.unchanged


class _UnknownDirective(Directive):
    """A directive of some tool: its argument is a paragraph, its content is text."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any] | None] = _AnyOption({"class": directives.unchanged})

    def run(self) -> list[nodes.Node]:
        """The nodes that stand in the directive's place."""
        if self.name in _WITHOUT_TEXT:
            return []
        parent = nodes.container()
        if self.arguments:
            parent += nodes.paragraph("", self.arguments[0])
        self.state.nested_parse(self.content, self.content_offset, parent)
        return [parent]


def _read_unknown_role(
    _role: str, raw_text: str, text: str, *_: object
) -> tuple[list[nodes.Node], list[nodes.Node]]:
    """The text that people see of a role: ``title <target>`` without its target."""
    match = _ROLE_TARGET.fullmatch(text)
    return [nodes.inline(raw_text, match[1] if match else text.removeprefix("~"))], []


def _register_unknown_names(text: str) -> None:
    """Make known the directives and roles of *text* that docutils does not know."""
    for name in set(_DIRECTIVE_NAME.findall(text)):
        if name.lower() not in _KNOWN_DIRECTIVES:
            directives.register_directive(name.lower(), _UnknownDirective)
    for name in set(_ROLE_NAME.findall(text)):
        if name.lower() not in _KNOWN_ROLES:
            roles.register_local_role(name.lower(), _read_unknown_role)  # type: ignore[arg-type]


_KNOWN_DIRECTIVES = frozenset(directives._directive_registry)  # type: ignore[attr-defined]
_KNOWN_ROLES = frozenset(roles._role_registry)  # type: ignore[attr-defined]


def _iter_blocks(node: nodes.Element, level: int = 0) -> Iterator[RawBlock]:
    """The blocks below *node*; sections inside it have headings of the next *level*."""
    for child in node.children:
        if isinstance(child, _SKIPPED_NODES):
            continue
        match child:
            case nodes.section():
                yield from _iter_blocks(child, level + 1)
            case nodes.title() | nodes.subtitle() if isinstance(
                node, nodes.section | nodes.document
            ):
                yield RawBlock(child.astext(), min(max(level, 1), 6))
            case nodes.tgroup():
                yield from _read_table(child)
            case nodes.TextElement() | nodes.line_block() | nodes.image():
                yield from map(RawBlock, filter(str.strip, _texts_of(child)))
            case nodes.Element():
                yield from _iter_blocks(child, level)


def _texts_of(node: nodes.Element) -> list[str]:
    """The paragraphs of a node without blocks in it; lines of code and verse stay apart."""
    if isinstance(node, nodes.image):
        return [str(node.get("alt", ""))]
    if isinstance(node, nodes.line_block):
        return [line.astext() for line in node.findall(nodes.line)]
    return node.astext().splitlines() if isinstance(node, nodes.literal_block) else [node.astext()]


def _read_table(group: nodes.tgroup) -> Iterator[RawBlock]:
    rows = [
        (isinstance(row.parent, nodes.thead), [_cell_of(entry) for entry in row.children])
        for row in group.findall(nodes.row)
        if _is_row_of(row, group)
    ]
    header_rows = sum(is_header for is_header, _ in rows)
    yield from format_table(expand_cells(cells for _, cells in rows), header_rows or None)


def _is_row_of(row: nodes.row, group: nodes.tgroup) -> bool:
    """Whether *row* is one of the table itself, not of a table in a cell."""
    return row.parent is not None and row.parent.parent is group


def _cell_of(entry: nodes.Node) -> Cell:
    columns, rows = (
        entry.get(name, 0) if isinstance(entry, nodes.Element) else 0
        for name in ("morecols", "morerows")
    )
    return Cell(entry.astext(), 1 + columns, 1 + rows)


def _read_fields(document: nodes.document) -> RawMetadata:
    """The bibliographic fields below the title, and the title itself."""
    fields: dict[str, object] = {}
    for node in document.findall(nodes.docinfo):
        for child in node.children:
            if not isinstance(child, nodes.Element):
                continue
            if isinstance(child, nodes.authors):
                fields["author"] = [author.astext() for author in child.children]
            elif isinstance(child, nodes.field):
                name, body = child.children
                fields.setdefault(name.astext(), body.astext())
            else:
                fields.setdefault(child.tagname, child.astext())
    return fields
