"""A text -> which of its words are denied, by the words of negation.toml.

As NegEx does in clinical notes, a word of negation is given a reach: the words after it, or its
whole clause where a language puts it behind the verb.  Some phrases look like negation and deny
nothing: not only.

Chapman et al., A simple algorithm for identifying negated findings and diseases in discharge
summaries, Journal of Biomedical Informatics 34, 2001.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice, pairwise, takewhile
from typing import NamedTuple

import regex

from qa.analysis.languages import stemmer_language
from qa.analysis.tokenizer import Span, stop_terms, to_term
from qa.queries.word_patterns import WordPattern, compile_words, join_words, split_words, unaccent

# So many words after a word of negation are denied.
_REACH = 5
# Languages in which a question word need not come first.
_IN_SITU = frozenset("hi ne ta tr id fa hy".split())
# Languages whose word for "without" comes behind its noun, and so many words it denies.
_POSTPOSITIONAL, _POSTPOSITION_REACH = frozenset("tr hi hu eu ta ne".split()), 2
# So many words of negation of a sentence count; more are no prose.
_MAX_DENIALS = 20
_BREAK = r"[,;:|()\[\]–—!?…]|\.(?!\w)"
_STRONG_BREAK = r"[;()\[\]–—!?…]|\.(?!\w)"


class Denial(NamedTuple):
    """A negation at *place*: it denies the words in *direct*, and is about those in *clause*.

    *nearest* are the places of the content words that it surely denies, its own if there is none:
    the first one, what that governs ("not allowed to enter"), and all in *direct* where it denies
    the subject ("no guest may enter").  One that means "without" is about the words that it denies
    only.
    """

    place: int
    direct: Span
    clause: Span
    nearest: tuple[int, ...]
    means_without: bool = False


class Polarity(NamedTuple):
    """The negations of a text, and whether it says something else of a part: except, failed to.

    *has_name* says that a word of negation is part of a name, as in "Now or Never".
    """

    denials: tuple[Denial, ...] = ()
    has_exception: bool = False
    has_name: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it only affirms; what has such a name may be what was asked for by it."""
        return not (self.denials or self.has_exception or self.has_name)

    def denies(self, place: int) -> bool:
        """Whether the word at *place* is denied."""
        return any(denial.direct.start <= place < denial.direct.end for denial in self.denials)

    def concerns(self, place: int) -> bool:
        """Whether the word at *place* is in a clause with a negation, before or after it."""
        return any(denial.clause.start <= place < denial.clause.end for denial in self.denials)


AFFIRMATIVE = Polarity()


class Negation:
    """The words of one language, as patterns."""

    def __init__(self, language: str, table: Mapping[str, str | list[str]]) -> None:
        words = {name: value.split() for name, value in table.items() if isinstance(value, str)}
        harmless = [pattern for pattern in table["harmless"] if isinstance(pattern, str)]
        self.prefixes = tuple(words["prefixes"])
        self.suffixes = tuple(words.get("suffixes", ()))
        self._denials = WordPattern([*words["denials"], *words["without"]])
        plain = {_APOSTROPHE.sub("'", word) for word in (*words["denials"], *words["without"])}
        self._words = frozenset(plain | {*map(unaccent, plain)})
        self._starts = tuple(word[:-1] for word in self._words if word.endswith("_"))
        self._ends = tuple(word[1:] for word in self._words if word.startswith("_"))
        self._without = compile_words(words["without"])
        self._with = WordPattern(words.get("with", ()))
        self._exceptions = WordPattern(words["exceptions"])
        self._harmless = compile_words(harmless)
        self._questions = WordPattern(words["questions"])
        self._quantities = WordPattern(table.get("quantities", ()))
        self._determiners = compile_words(words["determiners"]) if "determiners" in words else None
        self._predicates = frozenset(words.get("predicates", ()))
        # Words that only carry a negation, or stand between it and what it denies.
        self.function_words = stop_terms(language) | frozenset(
            map(to_term, [*words["denials"], *words["without"], *words.get("modals", ())])
        )
        clauses, joints = join_words(words["clauses"]), join_words(words["joints"])
        self._break = regex.compile(f"{_BREAK}|{clauses}|{joints}", regex.IGNORECASE)
        self._strong_break = regex.compile(f"{_STRONG_BREAK}|{clauses}", regex.IGNORECASE)
        self._is_clausal = table["reach"] == "clause"
        self._is_postpositional = language in _POSTPOSITIONAL
        self._is_in_situ = language in _IN_SITU

    def may_deny(self, text: str, start: int, end: int, words: list[bytes] | None = None) -> bool:
        """Whether there is a word of negation between *start* and *end*; several times as fast.

        *words* are those of split_words, if the caller has them.
        """
        words = words or split_words(text[start:end])
        first_words = self._denials.first_words
        if words is not None and first_words is not None:
            return not first_words.isdisjoint(words)
        # Replaced one by one: str.translate is slow where a text is not all ASCII.
        sentence = text[start:end].replace("’", "'").lower()
        for sign in _PUNCTUATION:
            sentence = sentence.replace(sign, " ")
        parts = sentence.split()
        if not self._words.isdisjoint(parts):
            return True
        # Few sentences have such letters at all.
        affixes = [affix for affix in (*self._starts, *self._ends) if affix in sentence]
        return bool(affixes) and any(
            part.startswith(self._starts) or part.endswith(self._ends) for part in parts
        )

    def polarity(
        self, text: str, start: int, end: int, words: list[bytes] | None = None
    ) -> Polarity:
        """The negations between *start* and *end* of *text*, which has these *words*."""
        sentence_words = words or split_words(text[start:end])
        all_matches = self._denials.iter_matches(sentence_words, text, start, end)
        matches = [*islice(all_matches, _MAX_DENIALS)]
        has_name = any(_is_name(text, match, start) for match in matches)
        if matches:
            spans = [match.span() for match in self._harmless.finditer(text, start, end)]
            matches = [match for match in matches if _is_negation(text, match, start, spans)]
        denials = [self._reach(text, match, Span(start, end)) for match in matches]
        has_exception = any(self._exceptions.iter_matches(sentence_words, text, start, end))
        return Polarity(tuple(denials), has_exception, has_name)

    def accompaniments(self, text: str, words: list[bytes] | None) -> list[Span]:
        """The parts of *text*, which has these *words*, after one that means "with"."""
        matches = self._with.iter_matches(words, text)
        ends = [match.end() for match in matches]
        return [
            Span(end, _skip_words(text, end, _first(self._break, text, end, len(text))))
            for end in ends
        ]

    def is_open(self, question: str, words: list[bytes] | None) -> bool:
        """Whether *question*, which has these *words*, asks for more than yes or no.

        Then a clause begins with a question word.

        Whoever asks for a quantity may be told that there is none.
        """
        if any(self._quantities.iter_matches(words, question)):
            return False
        matches = self._questions.iter_matches(words, question)
        if self._is_in_situ:
            return any(matches)
        return any(
            len(_WORD.findall(self._break.split(question[: match.start()])[-1])) < 2
            for match in matches
        )

    def _reach(self, text: str, match: "regex.Match[str]", bounds: Span) -> Denial:
        """What a word of negation denies."""
        end = _first(self._break, text, match.end(), bounds.end)
        start = _last(self._strong_break, text, bounds.start, match.start())
        if self._without.fullmatch(match[0]):
            direct = Span(match.start(), _skip_words(text, match.end(), end))
            if self._is_postpositional:
                before = _words_before(text, start, match.start(), _POSTPOSITION_REACH)
                direct = Span(before, match.end())
            nearest = self._nearest(text, match, direct, start)
            return Denial(match.start(), direct, direct, nearest, means_without=True)
        if self._is_clausal:
            direct = Span(_last(self._break, text, start, match.start()), end)
        elif _WORD.search(text, match.end(), end):
            direct = Span(match.start(), _skip_words(text, match.end(), end))
        else:
            direct = Span(_words_before(text, start, match.start(), _REACH), end)
        nearest = self._nearest(text, match, direct, start)
        return Denial(match.start(), direct, Span(start, end), nearest)

    def _nearest(
        self, text: str, match: "regex.Match[str]", direct: Span, start: int
    ) -> tuple[int, ...]:
        """The places of the content words that a word of negation surely denies.

        Its clauses begin at *start*.  Without a content word after it, the last before it counts.
        """
        after = self._find_content_words(text, match.end(), direct.end)
        if after:
            if self._denies_subject(text, match, start):
                return tuple(word.start() for word in after)
            governed = takewhile(
                lambda pair: pair[0][0].lower() in self._predicates, pairwise(after)
            )
            return (after[0].start(), *(word.start() for _, word in governed))
        before = self._find_content_words(text, direct.start, match.start())
        return (before[-1].start() if before else match.start(),)

    def _find_content_words(self, text: str, start: int, end: int) -> list["regex.Match[str]"]:
        words = _WORD.finditer(text, start, end)
        return [word for word in words if to_term(word[0]) not in self.function_words]

    def _denies_subject(self, text: str, match: "regex.Match[str]", start: int) -> bool:
        """Whether a word of negation is the determiner of the first noun after *start*."""
        is_determiner = self._determiners and self._determiners.fullmatch(match[0])
        return bool(is_determiner) and not _WORD.search(text, start, match.start())


_WORD = regex.compile(r"[\w'’]+")
_APOSTROPHE = regex.compile("’")
_PUNCTUATION = '.,;:!?()[]{}"“”«»„…–—/|'


def _is_negation(
    text: str, match: "regex.Match[str]", start: int, harmless: Sequence[tuple[int, int]]
) -> bool:
    """Whether the word is not part of a harmless phrase, a number (No. 5) or a name (Dr. No)."""
    if any(first <= match.start() < last for first, last in harmless):
        return False
    return not _NUMBER_AHEAD.match(text, match.end()) and not _is_name(text, match, start)


def _is_name(text: str, match: "regex.Match[str]", start: int) -> bool:
    """Whether the word has a capital that does not come from the sentence's *start*."""
    has_capital = match[0].istitle() and len(match[0]) > 1
    return has_capital and bool(text[start : match.start()].strip())


_NUMBER_AHEAD = regex.compile(r"\.?\s*\d")


def _first(pattern: "regex.Pattern[str]", text: str, start: int, end: int) -> int:
    """Where the first match begins; *end* without one."""
    match = pattern.search(text, start, end)
    return int(match.start()) if match else end


def _last(pattern: "regex.Pattern[str]", text: str, start: int, end: int) -> int:
    """Where the last match ends; *start* without one."""
    return max((match.end() for match in pattern.finditer(text, start, end)), default=start)


def _skip_words(text: str, start: int, end: int) -> int:
    """The end of the last of a few words after *start*."""
    for count, word in enumerate(_WORD.finditer(text, start, end), 1):
        if count == _REACH:
            return int(word.end())
    return end


def _words_before(text: str, start: int, end: int, count: int) -> int:
    """The beginning of the last *count* words before *end*."""
    starts = [word.start() for word in _WORD.finditer(text, start, end)]
    return starts[-count:][0] if starts else end


@cache
def _load_tables() -> dict[str, dict[str, str | list[str]]]:
    return tomllib.loads(files("qa.queries").joinpath("negation.toml").read_text("utf-8"))


@cache
def negation_of(language: str) -> Negation | None:
    """The words of negation of *language*; None without a table."""
    language = stemmer_language(language)
    table = _load_tables().get(language)
    return Negation(language, table) if table else None


def find_polarity(text: str, span: Span, language: str) -> Polarity:
    """The negations in the *span* of *text*; none in a language without a table."""
    negation = negation_of(language)
    return negation.polarity(text, *span) if negation else AFFIRMATIVE


def may_deny(text: str, span: Span, language: str) -> bool:
    """Whether the *span* of *text* has a word of negation, which may still deny nothing."""
    negation = negation_of(language)
    return negation is not None and negation.may_deny(text, *span)


def is_open_question(question: str, language: str) -> bool:
    """Whether *question* asks for more than yes or no."""
    negation = negation_of(language)
    return negation is not None and negation.is_open(question, split_words(question))
