"""Rules of frames.toml, and questions as the tokens and sentences that the rules match."""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import NamedTuple

import regex

from qa.analysis.normalization import fold_accents
from qa.analysis.tokenizer import Span, to_term
from qa.queries.grammar import Ends, Grammar


class FrameToken(NamedTuple):
    """A word, a mark, or a quotation; *form* is how rules compare it."""

    form: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is a word, or a quotation, and no mark."""
        return self.form[0].isalnum() or self.form == _QUOTATION


# Articles and prepositions that end with an apostrophe are tokens.
# A quotation, and a word to exclude, are never part of a frame.
_QUOTATION = '"'
_OPAQUE = r"""\"[^"]*"|“[^”]*”|«[^»]*»|(?<!\S)-\p{L}\S*"""
_TOKEN = regex.compile(
    rf"""(?P<opaque>{_OPAQUE})
    | (?i:l|d|qu|un|sull|dell|nell|dall|all|quest)['’](?=\p{{L}})
    | [\p{{L}}\p{{N}}\p{{M}}]+(?:['’.&][\p{{L}}\p{{N}}\p{{M}}]+)*|\S""",
    regex.VERBOSE,
)
# The most letters of a title, such as Mrs.
_MAX_TITLE = 3
# Sentences that are told apart; a pasted page has more, which are all in the last.
_MAX_SENTENCES = 40
_HYPHENS = "-‐‑"
_HYPHEN = regex.compile(rf"(?<=\w)[{_HYPHENS}](?=\w)")
_SENTENCE_MARKS = frozenset(".!?…:;")
CLAUSE_MARKS = frozenset(",-–—")
MARKS = _SENTENCE_MARKS | CLAUSE_MARKS | frozenset("¿¡()")


def tokenize_frames(text: str) -> list[FrameToken]:
    """The words and marks of *text*, but for hyphens."""
    fold = _fold_shouted if text.isupper() else _fold_word
    has_hyphen = any(map(text.__contains__, _HYPHENS))
    return [
        FrameToken(_QUOTATION if match.lastgroup else fold(match[0]), *match.span())
        for match in _TOKEN.finditer(_HYPHEN.sub(" ", text) if has_hyphen else text)
    ]


@lru_cache(maxsize=1 << 14)
def _fold_word(word: str) -> str:
    """The form of a *word*; US and WHO keep their capitals, and differ from all words of rules."""
    return word if to_term(word).isupper() else _fold_shouted(word)


@lru_cache(maxsize=1 << 10)
def _fold_shouted(word: str) -> str:
    """The form of a *word* of a text in capitals; marks are their own."""
    return (fold_accents(word) or _QUOTATION) if word[0].isalnum() else word


def split_frame_sentences(text: str, tokens: Sequence[FrameToken]) -> Iterator[Span]:
    """The sentences as spans of *tokens*; a mark ends one if a space follows it."""
    start, count = 0, 1
    for i, token in enumerate(tokens):
        if token.form not in _SENTENCE_MARKS or count >= _MAX_SENTENCES:
            continue
        is_spaced = token.end == len(text) or text[token.end].isspace()
        if is_spaced and not _is_abbreviation(text, tokens[start : i + 1]):
            yield Span(start, i + 1)
            start, count = i + 1, count + 1
    if start < len(tokens):
        yield Span(start, len(tokens))


def _is_abbreviation(text: str, tokens: Sequence[FrameToken]) -> bool:
    """Whether the last of *tokens* is the point of an initial or a title: E. Brandt, Mr. Falk."""
    if len(tokens) < 2 or tokens[-1].form != ".":
        return False
    word = text[tokens[-2].start : tokens[-2].end]
    is_title = len(tokens) > 2 and word.istitle() and len(word) <= _MAX_TITLE
    return len(word) == 1 or "." in word or is_title


class FrameGrammars:
    """The grammars of all languages."""

    def __init__(self, grammars: Mapping[str, Grammar]) -> None:
        self._grammars = grammars
        self._languages: dict[str, dict[str, list[str]]] = {}
        self._first_words: dict[tuple[str, ...], frozenset[str]] = {}
        self._words: dict[str, frozenset[str] | None] = {}

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """All words of all rules."""
        return frozenset().union(*(grammar.vocabulary for grammar in self._grammars.values()))

    def match(self, rule: str, words: Sequence[str]) -> Iterator[tuple[str, Ends]]:
        """Each language in which *rule* matches the first of *words*, and where it ends."""
        for language in self._languages_of(rule).get(words[0], ()) if words else ():
            if ends := self._grammars[language].match(rule, words):
                yield language, ends

    def may_begin(self, rule: str, word: str) -> bool:
        """Whether *rule* matches anything that begins with *word*, in any language."""
        return word in self._languages_of(rule)

    def first_words(self, rules: tuple[str, ...]) -> frozenset[str]:
        """The words that a match of any of *rules* begins with, in any language."""
        if rules not in self._first_words:
            self._first_words[rules] = frozenset().union(*map(self._languages_of, rules))
        return self._first_words[rules]

    def may_contain(self, rule: str, word: str) -> bool:
        """Whether a match of *rule* may have *word* anywhere, in any language."""
        if rule not in self._words:
            grammars = [grammar for grammar in self._grammars.values() if rule in grammar]
            words = [grammar.words_of(rule) for grammar in grammars]
            has_any = None in words
            self._words[rule] = None if has_any else frozenset().union(*filter(None, words))
        words_of_rule = self._words[rule]
        return words_of_rule is None or word in words_of_rule

    def _languages_of(self, rule: str) -> dict[str, list[str]]:
        """By its first word, the languages in which *rule* may match."""
        if rule not in self._languages:
            languages: defaultdict[str, list[str]] = defaultdict(list)
            for language, grammar in self._grammars.items():
                for word in grammar.first_words(rule) or () if rule in grammar else ():
                    languages[word].append(language)
            self._languages[rule] = dict(languages)
        return self._languages[rule]


@lru_cache(maxsize=1)
def load_frame_grammars() -> FrameGrammars:
    """The grammars in frames.toml."""
    tables = tomllib.loads(files("qa.queries").joinpath("frames.toml").read_text("utf-8"))
    return FrameGrammars(
        {
            language: Grammar(table | table.pop("collection"), _fold_pattern)
            for language, table in tables.items()
        }
    )


@cache
def _fold_pattern(text: str) -> tuple[str, ...]:
    """The forms of a word of a rule, of which there are a few thousand."""
    return tuple(token.form for token in tokenize_frames(text))
