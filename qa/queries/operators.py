"""A question as typed -> the operators of the search language in it, and the text without them.

    question  = { operator | group | text } ;
    group     = [ "-" ] "(" ( choices | operator ) ")" | choices ;
    choices   = operand "OR" operand { "OR" operand } ;
    operand   = "(" ( choices | operator ) ")" | operator | phrase | word ;
    operator  = [ "-" ] ( field | near | prefix ) ;
    field     = name ":" ( word | phrase ) ;        without a space; a date after before: and after:
    name      = "title" | "publisher" | "before" | "after" | "type" ;
    near      = phrase "~" number ;                 a phrase of two words or more
    prefix    = word "*" ;                          a word of three letters or more
    phrase    = quotation mark, words, quotation mark ;

An operator begins and ends where a word does.  Whatever is none of this is text, so that nothing
that is typed is an error.  A phrase or an excluded word that is in no group is text, too: it is
left for `qa.queries.parser`.
"""

import calendar
import datetime
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import regex

from qa.analysis.languages import detect_question_languages
from qa.analysis.tokenizer import is_stop_word, token_texts
from qa.documents.format_registry import EXTENSIONS
from qa.queries.topics import is_topic

# Longer texts are prose, in which nothing is an operator.
MAX_WORDS = 40
# More operators are text.
MAX_OPERATORS = 24
MAX_DISTANCE = 50
_MIN_PREFIX, _MAX_DEPTH = 3, 4
# Types of files: the file name extensions that are read.
TYPES = frozenset(extension.lstrip(".") for extension in EXTENSIONS)

# Without any of these, nothing is an operator: most questions.
_SIGNS = regex.compile(r"(?i:title|publisher|before|after|type):\S|[\p{L}\p{N}]\*|[\"”»]~\d|\bOR\b")
_QUOTED = r"""(?:"(?P<q1>[^"]+)"|“(?P<q2>[^“”]+)”|«(?P<q3>[^«»]+)»)"""
# An operator ends where a word does: before a space, a bracket or a mark that ends a clause.
_END = r"(?=[.,;!?]*(?:[\s)]|$))"
_FIELD = regex.compile(
    rf"(?P<minus>-?)(?P<name>(?i:title|publisher|before|after|type)):"
    rf"(?:{_QUOTED}|(?P<value>[^\s\"“”«»()]*[^\s\"“”«»().,;:!?])){_END}"
)
_NEAR = regex.compile(rf"(?P<minus>-?){_QUOTED}~(?P<distance>\d{{1,9}}){_END}")
_PREFIX = regex.compile(rf"(?P<minus>-?)(?P<word>\p{{L}}[\p{{L}}\p{{M}}\p{{N}}]*)\*{_END}")
_PHRASE = regex.compile(rf"{_QUOTED}{_END}")
_WORD = regex.compile(rf"(?P<word>[\p{{L}}\p{{N}}][^\s\"“”«»()*]*?){_END}")
_OR = regex.compile(r"\s+OR\s+")
_TEXT = regex.compile(rf"-?{_QUOTED}[^\s(]*|[^\s(]+|\(")
_SPACE = regex.compile(r"\s*")
_DATE = regex.compile(
    r"(?P<year>[12]\d{3})(?:(?P<mark>[-/.])(?P<month>\d{1,2})(?:(?P=mark)(?P<day>\d{1,2}))?)?"
    r"|(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>[12]\d{3})"
)
_SENTENCE_END = regex.compile(r"[.?!。？！]$")
# A text with an article in small letters is prose, where OR may be a name: an OR gate.
_ARTICLES = {
    "en": {"a", "an", "the"},
    "de": {"der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "eines"},
    "fr": {"le", "la", "les", "un", "une", "des"},
    "es": {"el", "la", "los", "las", "un", "una"},
    "it": {"il", "lo", "la", "gli", "le", "un", "una"},
    "nl": {"de", "het", "een"},
    "pt": {"os", "as", "um", "uma"},
}


class Period(NamedTuple):
    """A day, a month or a year: its *first* and *last* day."""

    first: datetime.date
    last: datetime.date


@dataclass(frozen=True)
class Operator:
    """One operator: its *kind* is the name of a field, or near, prefix, phrase, word or or.

    *source* is what was typed; *value* the words it is about.  A near has a *distance*, before and
    after have a *period*, an or has *choices*.
    """

    kind: str
    source: str
    value: str = ""
    is_excluded: bool = False
    distance: int | None = None
    period: Period | None = None
    choices: tuple["Operator", ...] = ()

    @property
    def plain(self) -> str:
        """The words that are also searched for as any others."""
        if self.is_excluded or self.kind in {*_FIELD_VALUES, "prefix"}:
            return ""
        if self.kind == "or":
            return " ".join(filter(None, (choice.plain for choice in self.choices)))
        return self.value


@dataclass(frozen=True)
class SearchText:
    """A question: its *text* without *operators*, but with the words that are searched for."""

    text: str
    operators: tuple[Operator, ...] = ()

    @property
    def has_word_operators(self) -> bool:
        """Whether an operator is about words of a passage, not only about its document."""
        return any(operator.kind not in _FIELD_VALUES for operator in self.operators)

    @property
    def operator_text(self) -> str:
        """The operators as they were typed."""
        return " ".join(operator.source for operator in self.operators)


@lru_cache(maxsize=1 << 10)
def parse_operators(text: str, languages: tuple[str, ...] = ("en",)) -> SearchText:
    """The operators in a normalized *text*, asked of documents in *languages*.

    None where nothing to look for would be left.
    """
    # Most questions have no sign of an operator, which this finds out many times as fast.
    may_have_signs = ":" in text or "*" in text or "~" in text or "OR" in text
    has_signs = may_have_signs and _SIGNS.search(text)
    if not has_signs or len(text.split(maxsplit=MAX_WORDS)) > MAX_WORDS:
        return SearchText(text)
    parsed = _OperatorParser(text, joins_words=not _is_sentence(text, languages)).parse()
    if not parsed.operators:
        return SearchText(text)
    return parsed


def _is_sentence(text: str, languages: Sequence[str]) -> bool:
    """Whether *text* is written as a sentence, or in capitals: there, OR may be any word."""
    possible = detect_question_languages(text, languages).possible or ("en",)
    words = token_texts(text)
    articles = set().union(*(_ARTICLES.get(language, ()) for language in possible))
    return (
        bool(_SENTENCE_END.search(text))
        or not is_topic(text, 1)
        or not articles.isdisjoint(words)
        or not any(map(str.islower, text))
    )


class _OperatorParser:
    """Parses one text by recursive descent."""

    def __init__(self, text: str, *, joins_words: bool) -> None:
        self._text = text
        self._at = 0
        # Whether OR may stand between words without quotation marks.
        self._joins_words = joins_words
        self._operators: list[Operator] = []

    def parse(self) -> SearchText:
        """The operators, and the text with their plain words in their places."""
        pieces: list[str] = []
        while self._at < len(self._text):
            start = self._at
            operator = self._parse_group() if len(self._operators) < MAX_OPERATORS else None
            if operator:
                self._operators.append(operator)
                pieces.append(operator.plain)
            else:
                self._at = start
                pieces.append(self._take_text())
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
        return SearchText(" ".join(filter(None, pieces)), tuple(self._operators))

    def _take_text(self) -> str:
        """The next piece that is no operator: a phrase or a word with its marks."""
        match = _TEXT.match(self._text, self._at)
        start, self._at = self._at, match.end() if match else self._at + 1
        return self._text[start : self._at]

    def _parse_group(self) -> Operator | None:
        start = self._at
        is_excluded = self._text.startswith("-(", start)
        self._at += is_excluded
        operand = self._parse_choices(0)
        if operand is None or operand.kind in {"phrase", "word"}:
            return None
        if not is_excluded:
            return operand
        source = self._text[start : self._at]
        return replace(operand, source=source, is_excluded=not operand.is_excluded)

    def _parse_choices(self, depth: int) -> Operator | None:
        """One operand, or several with OR between them."""
        start = self._at
        first = self._parse_operand(depth)
        if first is None:
            return None
        choices, end = [first], self._at
        while joint := _OR.match(self._text, self._at):
            self._at = joint.end()
            choice = self._parse_operand(depth)
            if choice is None or choice.is_excluded:
                break
            choices.append(choice)
            end = self._at
        self._at = end
        if len(choices) == 1 or first.is_excluded or not self._may_join(choices):
            self._at = start + len(first.source)
            return first
        return Operator("or", self._text[start:end], choices=tuple(_flatten(choices)))

    def _may_join(self, choices: Sequence[Operator]) -> bool:
        """Whether OR between *choices* is an operator: beside quoted words or another operator."""
        if any(choice.kind == "word" and _is_function_word(choice.value) for choice in choices):
            return False
        return self._joins_words or all(choice.kind != "word" for choice in choices)

    def _parse_operand(self, depth: int) -> Operator | None:
        if self._text.startswith("(", self._at):
            return self._parse_brackets(depth + 1) if depth < _MAX_DEPTH else None
        for parse in _OPERANDS:
            match = parse.pattern.match(self._text, self._at)
            operator = match and parse.build(match)
            if match and operator:
                self._at = match.end()
                return operator
        return None

    def _parse_brackets(self, depth: int) -> Operator | None:
        """An operator in brackets, with the brackets in its source."""
        start = self._at
        self._at += 1
        group = self._parse_choices(depth)
        is_closed = self._text.startswith(")", self._at)
        if group is None or group.kind in {"phrase", "word"} or not is_closed:
            return None
        self._at += 1
        return replace(group, source=self._text[start : self._at])


def _flatten(choices: Sequence[Operator]) -> Iterator[Operator]:
    """*choices* with those of inner groups in their places."""
    for choice in choices:
        yield from choice.choices if choice.kind == "or" else (choice,)


def _is_function_word(text: str) -> bool:
    return all(is_stop_word(word, "en") for word in token_texts(text))


def _quotation(match: "regex.Match[str]") -> str:
    """The words in quotation marks."""
    return str(match["q1"] or match["q2"] or match["q3"] or "").strip()


def _build_field(match: "regex.Match[str]") -> Operator | None:
    name = match["name"].lower()
    value = _quotation(match) or match["value"] or ""
    period = parse_period(value) if name in {"before", "after"} else None
    if not _FIELD_VALUES[name](value):
        return None
    is_excluded = bool(match["minus"])
    return Operator(name, match[0], value, is_excluded=is_excluded, period=period)


def _build_near(match: "regex.Match[str]") -> Operator | None:
    words = _quotation(match)
    if len(token_texts(words)) < 2:
        return None
    distance = min(int(match["distance"]), MAX_DISTANCE)
    return Operator("near", match[0], words, is_excluded=bool(match["minus"]), distance=distance)


def _build_prefix(match: "regex.Match[str]") -> Operator | None:
    word = match["word"]
    if len(word) < _MIN_PREFIX or list(token_texts(word)) != [word]:
        return None
    return Operator("prefix", match[0], word, is_excluded=bool(match["minus"]))


def _build_phrase(match: "regex.Match[str]") -> Operator | None:
    words = _quotation(match)
    return Operator("phrase", match[0], words) if token_texts(words) else None


def _build_word(match: "regex.Match[str]") -> Operator | None:
    word = match["word"]
    return Operator("word", match[0], word) if word != "OR" and token_texts(word) else None


@dataclass(frozen=True)
class _Operand:
    """How an operand looks, and what makes it of that; None where it is none after all."""

    pattern: "regex.Pattern[str]"
    build: "Callable[[regex.Match[str]], Operator | None]"


_OPERANDS = (
    _Operand(_FIELD, _build_field),
    _Operand(_NEAR, _build_near),
    _Operand(_PREFIX, _build_prefix),
    _Operand(_PHRASE, _build_phrase),
    _Operand(_WORD, _build_word),
)


def parse_period(text: str) -> Period | None:
    """The day, month or year that *text* writes in digits: 2021, 2021-03, 2021-03-29, 29.3.2021."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(match[name] or 0) for name in ("year", "month", "day"))
    try:
        first = datetime.date(year, month or 1, day or 1)
    except ValueError:
        return None
    last_month = month or 12
    return Period(
        first,
        datetime.date(year, last_month, day or calendar.monthrange(year, last_month)[1]),
    )


def _is_type(text: str) -> bool:
    return text.lower().lstrip(".") in TYPES


def _has_words(text: str) -> bool:
    return bool(token_texts(text))


# What may follow the colon of each field; anything else makes it text.
_FIELD_VALUES: dict[str, Callable[[str], bool]] = {
    "title": _has_words,
    "publisher": _has_words,
    "before": lambda text: parse_period(text) is not None,
    "after": lambda text: parse_period(text) is not None,
    "type": _is_type,
}
FIELD_NAMES: Collection[str] = frozenset(_FIELD_VALUES)
