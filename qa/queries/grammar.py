"""Rules of word patterns, as in frames.toml -> where they match a list of words.

Every way to match is followed at once, as sets of ends, so that no input takes exponential time.
Regular expressions of this size take most of a second to compile; these rules take milliseconds.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import regex

from qa.analysis.tokenizer import Span

# Where a match may end, each with the words matched as the subject on the way.
Ends = dict[int, Span | None]


class _Node(ABC):
    """A part of a pattern."""

    @cached_property
    @abstractmethod
    def first_words(self) -> frozenset[str] | None:
        """The words that a match may begin with; None if it may be empty or begin with any."""

    @abstractmethod
    def match(self, words: Sequence[str], start: int) -> Ends:
        """Where matches that begin at *start* end."""

    def may_match(self, words: Sequence[str], start: int) -> bool:
        """Whether the word at *start* does not rule out a match."""
        first_words = self.first_words
        if first_words is None:
            return True
        return start < len(words) and words[start] in first_words


@dataclass(frozen=True)
class _Word(_Node):
    word: str

    @cached_property
    def first_words(self) -> frozenset[str]:
        return frozenset({self.word})

    def match(self, words: Sequence[str], start: int) -> Ends:
        return {start + 1: None} if start < len(words) and words[start] == self.word else {}


class _AnyWord(_Node):
    first_words = None

    def match(self, words: Sequence[str], start: int) -> Ends:
        return {start + 1: None} if start < len(words) else {}


class _Subject(_Node):
    """One word or more, the fewest first."""

    first_words = None

    def match(self, words: Sequence[str], start: int) -> Ends:
        return {end: Span(start, end) for end in range(start + 1, len(words) + 1)}


@dataclass(frozen=True)
class _Sequence(_Node):
    nodes: tuple[_Node, ...]

    @cached_property
    def first_words(self) -> frozenset[str] | None:
        words: frozenset[str] = frozenset()
        for node in self.nodes:
            if isinstance(node, _Repeat):
                # What may be missing adds its words to those of what follows it.
                inner = node.node.first_words
                if inner is None:
                    return None
                words |= inner
            else:
                return None if node.first_words is None else words | node.first_words
        return None

    def match(self, words: Sequence[str], start: int) -> Ends:
        ends: Ends = {start: None}
        for node in self.nodes:
            following: Ends = {}
            for end, subject in ends.items():
                if node.may_match(words, end):
                    for next_end, next_subject in node.match(words, end).items():
                        following.setdefault(next_end, next_subject or subject)
            ends = following
            if not ends:
                break
        return ends


@dataclass(frozen=True)
class _Choice(_Node):
    nodes: tuple[_Node, ...]

    @cached_property
    def first_words(self) -> frozenset[str] | None:
        words: frozenset[str] = frozenset()
        for node in self.nodes:
            if node.first_words is None:
                return None
            words |= node.first_words
        return words

    @cached_property
    def _nodes_by_word(self) -> dict[str, tuple[_Node, ...]]:
        """The alternatives that may begin with a word, in their order."""
        words = {word for node in self.nodes for word in node.first_words or ()}
        return {
            word: tuple(n for n in self.nodes if n.first_words is None or word in n.first_words)
            for word in words
        }

    @cached_property
    def _other_nodes(self) -> tuple[_Node, ...]:
        """The alternatives that may begin with any word, or with none."""
        return tuple(node for node in self.nodes if node.first_words is None)

    def match(self, words: Sequence[str], start: int) -> Ends:
        nodes = self._other_nodes
        if start < len(words):
            nodes = self._nodes_by_word.get(words[start], nodes)
        ends: Ends = {}
        for node in nodes:
            for end, subject in node.match(words, start).items():
                ends.setdefault(end, subject)
        return ends


@dataclass(frozen=True)
class _Repeat(_Node):
    """A *node* that may be missing, and may be repeated if *is_repeated*."""

    node: _Node
    is_repeated: bool
    first_words = None

    def match(self, words: Sequence[str], start: int) -> Ends:
        ends: Ends = {start: None}
        pending = [start]
        while pending:
            begin = pending.pop()
            if not self.node.may_match(words, begin):
                continue
            for end, subject in self.node.match(words, begin).items():
                if end not in ends:
                    ends[end] = subject
                    if self.is_repeated:
                        pending.append(end)
        # The longest first: what may be part of a frame is no part of the subject.
        return dict(sorted(ends.items(), reverse=True))


@dataclass(frozen=True)
class _Ahead(_Node):
    """What must follow, without being part of the match."""

    node: _Node

    @cached_property
    def first_words(self) -> frozenset[str] | None:
        return self.node.first_words

    def match(self, words: Sequence[str], start: int) -> Ends:
        return {start: None} if self.node.match(words, start) else {}


@dataclass(frozen=True)
class _Reference(_Node):
    """Another rule, looked up when it is first used."""

    name: str
    find_rule: Callable[[str], _Node]

    @cached_property
    def _rule(self) -> _Node:
        return self.find_rule(self.name)

    @cached_property
    def first_words(self) -> frozenset[str] | None:
        return self._rule.first_words

    def match(self, words: Sequence[str], start: int) -> Ends:
        return self._rule.match(words, start)


class Grammar:
    """Named rules, each a pattern or a list of alternative patterns."""

    def __init__(
        self, rules: Mapping[str, str | Sequence[str]], fold: Callable[[str], Sequence[str]]
    ) -> None:
        """*fold* turns a word of a pattern into words as those to match are."""
        self._sources = rules
        self._fold = fold
        self._rules: dict[str, _Node] = {}

    def __contains__(self, name: str) -> bool:
        """Whether there is a rule of this name."""
        return name in self._sources

    def match(self, name: str, words: Sequence[str], start: int = 0) -> Ends:
        """Where matches of the rule *name* that begin at *start* end; none are empty."""
        rule = self._rule(name)
        if not rule.may_match(words, start):
            return {}
        return {end: subject for end, subject in rule.match(words, start).items() if end > start}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words of all rules."""
        text = " ".join(
            rule if isinstance(rule, str) else " ".join(rule) for rule in self._sources.values()
        )
        parts = (part for part in _PART.findall(text) if part[0] not in "<()|?*+&")
        return frozenset(word for part in parts for word in self._fold(part))

    def first_words(self, name: str) -> frozenset[str] | None:
        """The words that matches of the rule *name* begin with; None for any."""
        return self._rule(name).first_words

    def words_of(self, name: str) -> frozenset[str] | None:
        """The words that matches of the rule *name* are made of; None for any."""
        words: set[str] = set()
        names, nodes = {name}, [self._rule(name)]
        while nodes:
            match nodes.pop():
                case _Word(word):
                    words.add(word)
                case _Sequence(parts) | _Choice(parts):
                    nodes += parts
                case _Repeat(node, _) | _Ahead(node):
                    nodes.append(node)
                case _Reference(other, _) if other in names:
                    pass
                case _Reference(other, _):
                    names.add(other)
                    nodes.append(self._rule(other))
                case _:
                    return None
        return frozenset(words)

    def _rule(self, name: str) -> _Node:
        if name not in self._rules:
            source = self._sources[name]
            patterns = [source] if isinstance(source, str) else source
            self._rules[name] = _choose(
                [_PatternParser(pattern, self._rule, self._fold).parse() for pattern in patterns]
            )
        return self._rules[name]


_PART = regex.compile(r"<\w+>|[\w'’]+|[()|?*+&]")


class _PatternParser:
    """Parses one pattern by recursive descent."""

    def __init__(
        self, pattern: str, find_rule: Callable[[str], _Node], fold: Callable[[str], Sequence[str]]
    ) -> None:
        self._parts: list[str] = _PART.findall(pattern)[::-1]
        self._find_rule = find_rule
        self._fold = fold

    def parse(self) -> _Node:
        """The alternatives up to the end or a closing bracket."""
        alternatives = [self._parse_sequence()]
        while self._parts and self._parts[-1] == "|":
            self._parts.pop()
            alternatives.append(self._parse_sequence())
        return _choose(alternatives)

    def _parse_sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._parts and self._parts[-1] not in ("|", ")"):
            node = self._parse_node()
            sign = self._parts.pop() if self._parts and self._parts[-1] in "?*+" else ""
            if sign == "+":
                nodes.append(node)
            if sign:
                node = _Repeat(node, is_repeated=sign != "?")
            nodes.append(node)
        return nodes[0] if len(nodes) == 1 else _Sequence(tuple(nodes))

    def _parse_node(self) -> _Node:
        part = self._parts.pop()
        if part == "(":
            node = self.parse()
            self._parts.pop()
            return node
        if part == "&":
            return _Ahead(self._parse_node())
        if part == "<subject>":
            return _Subject()
        if part == "_":
            return _AnyWord()
        if part.startswith("<"):
            return _Reference(part[1:-1], self._find_rule)
        words = tuple(map(_Word, self._fold(part)))
        return words[0] if len(words) == 1 else _Sequence(words)


def _choose(nodes: Sequence[_Node]) -> _Node:
    return nodes[0] if len(nodes) == 1 else _Choice(tuple(nodes))
