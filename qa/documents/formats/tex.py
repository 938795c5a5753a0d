"""LaTeX -> headings, paragraphs, list items and table rows, footnotes at the end.

pylatexenc parses, and turns accents, symbols and formulas into text.  Where headings, rows and
cells begin is passed through it as control characters.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import regex
from pylatexenc.latex2text import LatexNodes2Text
from pylatexenc.latexwalker import (
    LatexCharsNode,
    LatexEnvironmentNode,
    LatexMacroNode,
    LatexNode,
    LatexSpecialsNode,
    LatexWalker,
    get_default_latex_context_db,
)
from pylatexenc.macrospec import EnvironmentSpec, MacroSpec

from qa.documents.document import RawBlock
from qa.documents.formats.lines import split_paragraphs
from qa.documents.formats.plain import decode_text
from qa.documents.formats.tables import format_table
from qa.documents.formats.tex_macros import MacroDefinitions, cut_definitions
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures

_LEVELS = {
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
    "subparagraph": 6,
}
# Macros of which nothing is seen, and what their arguments are.
_SILENT_MACROS = {
    **dict.fromkeys(
        "cite citep citet citeauthor citeyear ref cref Cref eqref autoref".split(), "*[[{"
    ),
    **dict.fromkeys("pageref nameref parencite textcite autocite nocite footcite".split(), "*[[{"),
    **dict.fromkeys("label usepackage documentclass pagestyle thispagestyle".split(), "[{"),
    **dict.fromkeys("bibliography bibliographystyle input include vspace hspace".split(), "*{"),
    **dict.fromkeys("index pagenumbering hypersetup newtheorem".split(), "*{[{"),
    **dict.fromkeys("setlength addtolength setcounter addtocounter cmidrule cline".split(), "{{"),
    **dict.fromkeys("color arraystretch rowcolor cellcolor".split(), "[{"),
    **dict.fromkeys("maketitle tableofcontents listoffigures centering noindent".split(), ""),
    **dict.fromkeys("linespread hyphenation vskip hskip selectlanguage".split(), "{"),
    **dict.fromkeys("hline toprule bottomrule newpage clearpage bigskip medskip".split(), ""),
}
_SILENT_MACROS |= {
    "cmidrule": "[{",
    "cline": "{",
    "newtheorem": "*{[{[",
    "fontsize": "{{",
    "rule": "[{{",
    "definecolor": "{{{",
}
# What the arguments of environments are, which are no text.
_ENVIRONMENTS = {
    **dict.fromkeys("CJK CJK* wrapfigure wraptable".split(), "{{"),
    **dict.fromkeys("minipage subfigure subtable".split(), "[[{"),
    **dict.fromkeys("multicols spacing adjustbox otherlanguage".split(), "{"),
    **dict.fromkeys(
        "figure figure* table table* algorithm algorithmic enumerate tcolorbox".split(), "["
    ),
    "tabular": "[{",
    "array": "[{",
    "tabularx": "{[{",
    "tabular*": "{[{",
    "longtable": "[{",
    "thebibliography": "{",
}
# Macros of which one argument is seen: what their arguments are, and which.
_SHOWN_ARGUMENTS = {
    "href": ("{{", 1),
    "url": ("{", 0),
    "textcolor": ("[{{", 2),
    "colorbox": ("{{", 1),
    "caption": ("*[{", 2),
    "captionof": ("{[{", 2),
    "raisebox": ("{{", 1),
    "resizebox": ("{{{", 2),
    "multirow": ("[{{{", 3),
    "texorpdfstring": ("{{", 0),
    "acronym": ("{", 0),
    # pylatexenc knows these, but has no text for them.
    **dict.fromkeys("texttt textsf textmd textup mbox keywords".split(), ("{", 0)),
    "gls": ("{", 0),
}
_OTHER_MACROS = {
    "multicolumn": "{{{",
    "includegraphics": "[[{",
    "footnote": "[{",
    "thanks": "{",
    "item": "[",
    "bibitem": "[{",
    "title": "[{",
    "author": "[{",
    "date": "{",
    "and": "",
    "xspace": "",
    "midrule": "",
    **dict.fromkeys(_LEVELS, "*[{"),
}
_TABLES = frozenset("tabular tabular* tabularx tabulary longtable tabu".split())
_DRAWINGS = frozenset({"tikzpicture", "picture", "pgfpicture", "forest"})
_VERBATIM = regex.compile(
    r"\\begin\{(verbatim\*?|Verbatim|lstlisting|minted|alltt)\}(?:\[[^]]*\]|\{\w+\})*(.*?)\\end\{\1\}",
    regex.DOTALL,
)
_COMMENT = regex.compile(
    r"\\begin\{comment\}.*?\\end\{comment\}|\\iffalse\b.*?\\fi\b", regex.DOTALL
)
# What primitives of TeX are set to: a number, a length.
_LENGTH = regex.compile(
    r"\\(?:[A-Za-z]+\s*=|(?:[vh]skip|kern|raise|lower|parskip|parindent|baselineskip|tabcolsep)\b)"
    r"\s*-?\d*\.?\d+(?:\s*(?:true)?(?:pt|cm|mm|in|em|ex)\b)?"
)
_BODY = regex.compile(r"\\begin\s*\{document\}")
_BODY_END = regex.compile(r"\\end\s*\{document\}")

# In the text: a heading and its level, a row, a cell, code by its number, nothing, and a space if
# a word follows.
_HEADING, _ROW, _CELL, _CODE, _NOTHING, _SPACE = "\x01", "\x02", "\x03", "\x04", "\x05", "\x06"
_SILENCE = regex.compile(r"[ \t~\N{NO-BREAK SPACE}]*\x05")
_SPACE_BEFORE_WORD = regex.compile(r"\x06(?=[\w(])")
_HEADING_LINE = regex.compile("\x01(\\d)(.*)")
_CODE_LINE = regex.compile("\x04(\\d+)")
_MAX_AUTHOR_LENGTH = 300
# More than names: mail, streets, years.
_ADDRESS = regex.compile(r"@|\d")
# Macros in macros that a document defines.
_MAX_DEPTH = 10


def read_tex(data: bytes) -> RawDocument:
    """Read LaTeX, a whole document or a part of one."""
    source = _COMMENT.sub("", decode_text(data).translate(_WITHOUT_MARKS))
    code: list[str] = []

    def cut_code(match: "regex.Match[str]") -> str:
        code.append(match[2].strip("\n"))
        return f"\n\n{_CODE}{len(code) - 1}\n\n"

    definitions, source = cut_definitions(_VERBATIM.sub(cut_code, source))
    source = _LENGTH.sub("", source)
    converter = _Converter(definitions)
    body = _BODY.search(source)
    if body:
        converter.convert(source[: body.start()])
        source = _BODY_END.split(source[body.end() :], maxsplit=1)[0]
    text = converter.convert(source)
    blocks = [
        block
        for part in (*converter.front, text, *converter.notes)
        for block in _iter_blocks(part, code)
    ]
    return build_raw_document(blocks, converter.metadata)._replace(
        omissions=count_pictures(converter.pictures)
    )


_WITHOUT_MARKS = dict.fromkeys(map(ord, (_HEADING, _ROW, _CELL, _CODE, _NOTHING, _SPACE)))


class _Converter(LatexNodes2Text):  # type: ignore[misc]  # it has no types
    """Converts parsed LaTeX to text, and collects what is no part of it."""

    def __init__(self, definitions: MacroDefinitions) -> None:
        super().__init__(math_mode="text", keep_comments=False)
        self._definitions = definitions
        self._context = get_default_latex_context_db()
        specs = _SILENT_MACROS | _OTHER_MACROS | {n: a for n, (a, _) in _SHOWN_ARGUMENTS.items()}
        specs |= {name: macro.arguments for name, macro in definitions.macros.items()}
        self._context.add_context_category(
            "documents", [MacroSpec(*spec) for spec in specs.items()], prepend=True
        )
        self._context.add_context_category(
            "environments",
            environments=[EnvironmentSpec(*spec) for spec in _ENVIRONMENTS.items()],
            prepend=True,
        )
        self.metadata: dict[str, object] = {}
        self.notes: list[str] = []
        # What is above the text: authors with their addresses.
        self.front: list[str] = []
        self.pictures = 0
        self._depth = 0

    def convert(self, source: str) -> str:
        """The text of *source*."""
        walker = LatexWalker(source, latex_context=self._context, tolerant_parsing=True)
        return str(self.nodelist_to_text(walker.get_latex_nodes()[0]))

    def node_to_text(self, node: LatexNode, **options: object) -> str:
        """The text of a node; of one that pylatexenc cannot convert, its arguments."""
        try:
            return str(super().node_to_text(node, **options))
        except (IndexError, AttributeError, TypeError, ValueError, KeyError):
            return " ".join(self._arguments(node))

    def macro_node_to_text(self, node: LatexMacroNode) -> str:
        """The text of a macro."""
        name = node.macroname
        if name in self._definitions.macros:
            return self._expand(node)
        if name in _SILENT_MACROS:
            return _NOTHING
        if name in _SHOWN_ARGUMENTS:
            return self._argument(node, _SHOWN_ARGUMENTS[name][1])
        if name in _OTHER_MACROS:
            return self._other_macro_text(node)
        return str(super().macro_node_to_text(node))

    def _expand(self, node: LatexMacroNode) -> str:
        """The text of a macro that the document defines; empty where macros form a loop."""
        expansion = self._definitions.expand(node.macroname, self._sources(node))
        if expansion is None or self._depth >= _MAX_DEPTH:
            return ""
        self._depth += 1
        try:
            return self.convert(expansion)
        finally:
            self._depth -= 1

    def _other_macro_text(self, node: LatexMacroNode) -> str:
        name, last = node.macroname, self._argument(node, -1)
        if name in _LEVELS:
            return f"\n\n{_HEADING}{_LEVELS[name]}{' '.join(last.split())}\n\n"
        match name:
            case "title" | "author" | "date":
                self._set_field(name, " ".join(last.replace(_NOTHING, "").split()))
            case "footnote" | "thanks":
                # Arguments are converted anew each time that one of them is asked for.
                self.notes += [last] if last not in self.notes else []
            case "includegraphics":
                self.pictures += 1
            case "and":
                return ", "
            case "xspace":
                return _SPACE
            case "item" | "bibitem":
                label = self._argument(node, 0).strip() if name == "item" else ""
                return f"\n\n{label} "
            case "multicolumn":
                width = self._argument(node, 0)
                return last + _CELL * (min(int(width), 100) - 1 if width.isdecimal() else 0)
        return _NOTHING

    def _set_field(self, name: str, value: str) -> None:
        value = value.replace(" ,", ",")
        if name == "author" and (len(value) > _MAX_AUTHOR_LENGTH or _ADDRESS.search(value)):
            self.front.append(value)
        if value and (name != "author" or len(value) <= _MAX_AUTHOR_LENGTH):
            self.metadata.setdefault(name, value)

    def environment_node_to_text(self, node: LatexEnvironmentNode) -> str:
        """The text of an environment, which is a paragraph or several."""
        if node.environmentname in _TABLES:
            return f"\n\n{''.join(self._iter_rows(node.nodelist))}\n\n"
        if node.environmentname in _DRAWINGS:
            self.pictures += 1
            return _NOTHING
        return f"\n\n{super().environment_node_to_text(node)}\n\n"

    def _iter_rows(self, nodes: Sequence[LatexNode]) -> Iterator[str]:
        """The rows of a table, one a line."""
        cells = [""]
        for node in nodes:
            if isinstance(node, LatexSpecialsNode) and node.specials_chars == "&":
                cells.append("")
            elif isinstance(node, LatexMacroNode) and node.macroname in {"\\", "tabularnewline"}:
                yield _format_row(cells)
                cells = [""]
            else:
                cells[-1] += self._cell_text(node)
        yield _format_row(cells)

    def _cell_text(self, node: LatexNode) -> str:
        # An ampersand may be within other text.
        if isinstance(node, LatexCharsNode):
            return str(node.chars).replace("&", _CELL)
        return self.node_to_text(node)

    def _argument(self, node: LatexMacroNode, number: int) -> str:
        arguments = self._arguments(node)
        return arguments[number] if -len(arguments) <= number < len(arguments) else ""

    def _arguments(self, node: LatexNode) -> list[str]:
        nodes = getattr(getattr(node, "nodeargd", None), "argnlist", None) or ()
        return [self.nodelist_to_text([inner]) if inner else "" for inner in nodes]

    def _sources(self, node: LatexMacroNode) -> list[str | None]:
        """The arguments of a macro as they are written, without braces."""
        nodes = getattr(node.nodeargd, "argnlist", None) or ()
        return [
            None if inner is None else str(inner.latex_verbatim()).strip("[]{}") for inner in nodes
        ]


def _format_row(cells: Sequence[str]) -> str:
    texts = [" ".join(cell.replace(_NOTHING, "").replace(_ROW, " ").split(" ")) for cell in cells]
    row = _CELL.join(" ".join(text.split()) if _CELL not in text else text for text in texts)
    return f"{_ROW}{' '.join(row.split())}\n" if row.strip(_CELL).strip() else ""


def _iter_blocks(text: str, code: Sequence[str]) -> Iterator[RawBlock]:
    """The blocks of a text with marks."""
    text = _SILENCE.sub("", _SPACE_BEFORE_WORD.sub(" ", text)).replace(_SPACE, "")
    lines = text.splitlines()
    for is_table, group in groupby(lines, key=lambda line: line.startswith(_ROW)):
        if is_table:
            yield from format_table([line[1:].split(_CELL) for line in group])
            continue
        for paragraph in split_paragraphs("\n".join(group)):
            heading = _HEADING_LINE.fullmatch(paragraph)
            code_line = _CODE_LINE.fullmatch(paragraph.strip())
            if heading:
                yield RawBlock(heading[2], int(heading[1]))
            elif code_line and int(code_line[1]) < len(code):
                lines_of_code = code[int(code_line[1])].splitlines()
                yield from map(RawBlock, filter(str.strip, lines_of_code))
            else:
                yield RawBlock(paragraph)
