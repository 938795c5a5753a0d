"""The macros that a LaTeX document defines: finding and expanding them."""

from collections.abc import Sequence
from typing import NamedTuple

import regex

# Expansions in all of a document: their number, and their characters.
_MAX_EXPANSIONS = 20_000
_MAX_EXPANDED = 50_000
_MAX_DEFINITIONS = 2_000

_DEFINITION = regex.compile(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareRobustCommand|DeclareMathOperator)\*?\s*"
    r"(?:\{\s*\\([A-Za-z@]+)\s*\}|\\([A-Za-z@]+))\s*(?:\[(\d)\])?\s*(?:\[([^]]*)\])?\s*(?=\{)"
    r"|\\(?:def|gdef|edef)\s*\\([A-Za-z@]+)((?:#\d)*)\s*(?=\{)"
)
_ENVIRONMENT = regex.compile(
    r"\\(?:re)?newenvironment\*?\s*\{[^{}]*\}\s*(?:\[\d\])?\s*(?:\[[^]]*\])?\s*(?=\{)"
)
_BRACE_OR_ESCAPE = regex.compile(r"\\.|[{}]", regex.DOTALL)
_PARAMETER = regex.compile(r"#(\d)")


class Macro(NamedTuple):
    """What a macro stands for, with #1 for its first argument, and what its arguments are."""

    text: str
    arguments: str
    default: str | None = None


class MacroDefinitions:
    """The macros of a document, which are expanded within limits."""

    def __init__(self) -> None:
        self.macros: dict[str, Macro] = {}
        self._expansions = self._characters = 0

    def expand(self, name: str, arguments: Sequence[str | None]) -> str | None:
        """What the macro *name* stands for; None where a limit is reached, as in a loop."""
        macro = self.macros[name]
        self._expansions += 1
        values = [macro.default if value is None else value for value in arguments]

        def replace(parameter: "regex.Match[str]") -> str:
            number = int(parameter[1])
            return (values[number - 1] or "") if 0 < number <= len(values) else ""

        size = len(macro.text) + macro.text.count("#") * max(
            (len(value or "") for value in values), default=0
        )
        self._characters += size
        if self._expansions > _MAX_EXPANSIONS or self._characters > _MAX_EXPANDED:
            return None
        text = _PARAMETER.sub(replace, macro.text)
        return None if regex.search(rf"\\{name}(?![A-Za-z@])", text) else text


def cut_definitions(source: str) -> tuple[MacroDefinitions, str]:
    """The macros that *source* defines, and the rest of it."""
    definitions = MacroDefinitions()
    pieces: list[str] = []
    position = 0
    while match := _DEFINITION.search(source, position):
        end = _group_end(source, match.end())
        pieces.append(source[position : match.start()])
        position = end
        if len(definitions.macros) < _MAX_DEFINITIONS:
            _add_definition(definitions, match, source[match.end() + 1 : end - 1])
    rest = "".join([*pieces, source[position:]])
    return definitions, _cut_environments(rest)


def _add_definition(definitions: MacroDefinitions, match: "regex.Match[str]", text: str) -> None:
    name = match[1] or match[2] or match[5]
    count = int(match[3] or 0) if match[5] is None else match[6].count("#")
    if match[4] is not None and count:
        definitions.macros[name] = Macro(text, "[" + "{" * (count - 1), match[4])
    else:
        definitions.macros[name] = Macro(text, "{" * count)


def _cut_environments(source: str) -> str:
    """*source* without definitions of environments, whose content is read as it is."""
    pieces: list[str] = []
    position = 0
    while match := _ENVIRONMENT.search(source, position):
        end = _group_end(source, match.end())
        second = source.find("{", end)
        if second >= 0 and not source[end:second].strip():
            end = _group_end(source, second)
        pieces.append(source[position : match.start()])
        position = end
    return "".join([*pieces, source[position:]])


def _group_end(source: str, start: int) -> int:
    """Where the group that begins at *start* ends."""
    depth = 0
    for match in _BRACE_OR_ESCAPE.finditer(source, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth and match[0] == "}":
            return match.end()
    return len(source)
