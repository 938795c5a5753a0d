"""A text to the spans of its sentences.

A sentence ends at an end mark before white space, unless what comes after it goes on (a comma,
mostly a small letter) or the full stop is that of an abbreviation, an initial, an ordinal or the
number of an item.  `abbreviations.toml` has the abbreviations of each language.  Every decision
looks at a few characters around the mark, so the time is linear in the length of the text.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import regex

from qa.analysis.abbreviations import (
    STOPPED,
    WordKind,
    classify_word,
    is_full_word,
    is_initial,
    is_number,
    load_abbreviations,
)
from qa.analysis.tokenizer import Span, new_span

# Marks that need no white space after them.
_HARD_MARKS = "。！？｡।॥።፧՞։។៕༎။؟۔"
# A run of marks, what closes after it, and white space.  Notes such as [1] and emoji belong to the
# sentence before them.  It begins with one set of characters, which `re` looks for fast; it is
# possessive and matches only from the first mark of a run, so its time is linear.
_MARK = r"""
    [.!?…‥{hard}{marks}] (?<! [.!?…‥{marks}]. )
    (?: (?<= [{hard}] ) (?P<hard> [{hard}]*+ ) | [.!?…‥{marks}]*+ (?: [ ][.!?…]++ (?=\s|\Z) )*+ )
    (?P<closing>
        (?: [\"'”’»›“«‹)\]}}）」』】〉》*_¹²³⁰-⁹] | \s?\[[0-9, –-]{{1,12}}\] | \s?[{emoji}] )*+
    )
    (?P<quote> \s (?: [\"”’»›'] | '' | ’’ ) (?=\s|\Z) )?+
    (?(hard) \s*+ | (?: \s++ | \Z | (?<= [^\W\d_]{{3}}\. ) (?= [^\W\d_]{{2}} ) ) )
"""
_EMOJI = "\U0001f1e6-\U0001faff\u2600-\u26ff\u2764\u2b50\ufe0f\u200d"
# What may stand before the first word of a sentence.
_OPENING = re.compile(r"(?:[\s\"'“”„‚‘’«»‹›`,(\[{¿¡*_#•·▪◦–—―-]|\.(?=[.\w])){0,12}+")
# What begins no sentence.
_CONTINUATION = frozenset(",;:/=+%&)]}.!?…<>|")
_DASHES = frozenset("-–—―")
_WORD_CHARACTER = re.compile(r"\w")
# An initial with its full stop, a word, or the sign of a number.
_FOLLOWING = re.compile(r"[^\W\d_]\.|[^\W_]+|[§№]")
_ADDRESSES = ("http", "www.")
_PARAGRAPH_BREAK = re.compile(r"\n[ \t\r]*\n\s*")
# How far to look for the other bracket.
_MAX_BRACKETS = 300


@lru_cache(maxsize=64)
def _compile_mark(more: str) -> re.Pattern[str]:
    """The pattern of a mark, with *more* that only a language has."""
    pattern = _MARK.format(hard=_HARD_MARKS, marks=more, emoji=_EMOJI)
    return re.compile(pattern, re.VERBOSE)


def _is_full_stop(match: re.Match[str]) -> bool:
    """Whether the mark of *match* is a single full stop."""
    return match.start("closing") - match.start() == 1 and match[0][0] == "."


def split_sentences(text: str, language: str = "en") -> list[Span]:
    """The spans of the sentences of *text*, without white space around them.

    Thai and Lao end a clause with a space, Khmer a sentence with ។.
    """
    spans: list[Span] = []
    for first, last in _iter_paragraphs(text):
        spans += _Splitter(text, first, last, language).spans()
    if language in _CLAUSE_BREAKS:
        spans = list(_split_clauses(text, spans, _CLAUSE_BREAKS[language]))
    return spans


def _iter_paragraphs(text: str) -> Iterator[tuple[int, int]]:
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    if "\n" in text:
        for match in _PARAGRAPH_BREAK.finditer(text, first, last):
            yield first, match.start()
            first = match.end()
    if first < last:
        yield first, last


# Abbreviations are shorter.
_MAX_WORD_LENGTH = 24
_ENDS_OF_WORDS = frozenset(")]}%\"'”’»")
_OPENERS = "([{\"'“„«»‚‘|"
_MAX_UNIT = 2
# Words of a phrase that only says when or how much.
_MAX_ADVERBIAL = 3
_BEFORE_WORD = re.compile(r"[/–—(\[]")


class _Splitter:
    """The sentences of a paragraph."""

    def __init__(self, text: str, first: int, last: int, code: str) -> None:
        self._text = text
        self._first, self._last = first, last
        self._code = code
        self._abbreviations = load_abbreviations(code)
        self._kinds = self._abbreviations.kinds
        # The current sentence: where it begins, where its first word does if it has one, and how
        # far that has been looked for.
        self._start = self._searched = self._first
        self._first_word = -1
        # The straight quotation marks before a place.
        self._quotes = 0
        self._counted = self._first
        self._has_brackets = text.find("(", self._first, self._last) >= 0

    def spans(self) -> list[Span]:
        """The sentences, in order."""
        text = self._text
        pattern = _compile_mark(self._abbreviations.marks)
        spans = []
        for match in pattern.finditer(text, self._first, self._last):
            place, end = match.span()
            if end == self._last:
                break
            if end - place == 2 and self._is_plain(place, end):
                spans.append(new_span((self._start, place + 1)))
                self._start = self._searched = end
            elif start := self._find_start(match):
                end = start
                while text[end - 1].isspace():
                    end -= 1
                spans.append(new_span((self._start, end)))
                self._start = self._searched = start
        spans.append(new_span((self._start, self._last)))
        return spans

    def _is_plain(self, start: int, end: int) -> bool:
        """Whether a mark and space are the full stop of a longer word, with a capital at *end*.

        Most are, and then nothing else needs a look.
        """
        text = self._text
        if text[start] != "." or not text[end].isupper():
            return False
        low = max(self._start, start - _MAX_WORD_LENGTH)
        word = text[max(low, text.rfind(" ", low, start) + 1) : start]
        return (
            len(word) > 3
            and word.isalpha()
            and word[-1].islower()
            and word not in self._kinds
            and not (self._has_brackets and self._has_open_bracket(start))
        )

    def _find_start(self, match: re.Match[str]) -> int | None:
        """Where the next sentence begins, if one ends at *match*."""
        end = match.end()
        if not self._has_word(match.start()):
            return None
        if match["hard"] is not None:
            # Words right after a quotation go on with its sentence.
            is_quoted = match["closing"] and not match[0][-1].isspace()
            return None if is_quoted else end
        if self._opens_quote(match):
            end = match.start("quote") + 1
        opening = self._opening(end)
        place = end + len(opening)
        if place < self._last and self._is_boundary(match, opening, place):
            return end
        return None

    def _is_boundary(self, match: re.Match[str], opening: str, place: int) -> bool:
        """Whether a sentence ends at *match*; the next word is at *place*, *opening* before it."""
        following = self._text[place]
        if following in _CONTINUATION or (opening[:1] == "," and opening[:2] != ",,"):
            return False
        if self._has_brackets and self._is_in_brackets(match, place):
            return False
        if not match[0][-1].isspace():
            # No white space: grego.Há
            return self._is_glued(match.start(), place)
        if following.islower() and not self._can_precede_small(match, opening, place):
            return False
        return not _is_full_stop(match) or self._is_last_word(match.start(), opening, place)

    def _has_word(self, end: int) -> bool:
        """Whether the current sentence has a word before *end*."""
        if self._text[self._start].isalnum():
            self._first_word = self._start
        elif self._first_word < self._start:
            word = _WORD_CHARACTER.search(self._text, self._searched, end)
            self._searched = end
            if word:
                self._first_word = word.start()
        return self._first_word >= self._start

    def _opens_quote(self, match: re.Match[str]) -> bool:
        """Whether a quotation mark between spaces opens what comes after it."""
        if match["quote"] is None or '"' not in match["quote"]:
            return False
        if self._text.startswith('"', match.end()):
            return False
        self._quotes += self._text.count('"', self._counted, match.start())
        self._counted = match.start()
        return self._quotes % 2 == 0

    def _opening(self, start: int) -> str:
        """What is before the first word of the sentence at *start*."""
        if self._text[start].isalnum():
            return ""
        match = _OPENING.match(self._text, start, self._last)
        return match[0] if match else ""

    def _has_open_bracket(self, end: int) -> bool:
        """Whether a bracket that was opened in the current sentence is not closed before *end*."""
        low = max(self._start, end - _MAX_BRACKETS)
        return self._text.rfind("(", low, end) > self._text.rfind(")", low, end)

    def _is_in_brackets(self, match: re.Match[str], place: int) -> bool:
        """Whether *match* is inside brackets in the middle of a sentence, or ends them there."""
        text, end = self._text, match.start()
        opener = text.rfind("(", max(self._start, end - _MAX_BRACKETS), end)
        if not self._has_open_bracket(end) or opener < self._first_word:
            return False
        if ")" in match["closing"]:
            return not self._is_starter(self._word_at(place))
        closer = text.find(")", end, min(self._last, end + _MAX_BRACKETS))
        return closer >= 0 and text.find("(", end, closer) < 0

    def _is_glued(self, end: int, place: int) -> bool:
        """Whether a sentence ends at *end* though no white space comes after it."""
        before, after = self._word_before(end), self._word_at(place)
        return before.islower() and after.istitle() and self._is_starter(after)

    def _can_precede_small(self, match: re.Match[str], opening: str, place: int) -> bool:
        """Whether a sentence of a careless text may end at *match*: a small letter comes next."""
        if self._text.startswith(_ADDRESSES, place):
            return True
        word = self._word_before(match.start())
        if match["closing"] or not _DASHES.isdisjoint(opening):
            return False
        if not _is_full_stop(match):
            return not opening and word.islower() and match[0].lstrip("?!").isspace()
        is_full = is_full_word(word) or (len(word) > 2 and word in self._abbreviations.starters)
        return is_full and classify_word(word, self._code) is WordKind.WORD

    def _is_last_word(self, end: int, opening: str, place: int) -> bool:
        """Whether the full stop at *end* is more than that of an abbreviation or a number."""
        word = self._word_before(end)
        if not word or word[-1] in _ENDS_OF_WORDS:
            return True
        kind = self._classify_last(word, end)
        following = self._word_at(place)
        if self._is_first_part(word, kind, following):
            return False
        if kind in (WordKind.ARABIC, WordKind.ROMAN):
            return self._is_last_number(Span(end - len(word), end), kind, following)
        if self._is_unit(word, end) and not following.endswith("."):
            return self._is_last_unit(end, following)
        return kind is WordKind.WORD or (
            "(" not in opening and self._is_last_abbreviation(word, kind, following)
        )

    def _is_first_part(self, word: str, kind: WordKind, following: str) -> bool:
        """Whether *word* and *following* are one abbreviation: v. Chr., z. B."""
        if f"{word}.{following.rstrip('.')}" in self._kinds:
            return True
        return kind is WordKind.WORD and len(word) == 1 and following.endswith(".")

    def _is_unit(self, word: str, end: int) -> bool:
        """Whether *word* is short and after a number, such as the title г in 1998 г."""
        if len(word) > _MAX_UNIT or not word.islower():
            return False
        before = self._text[max(self._start, end - _MAX_WORD_LENGTH) : end - len(word)].rstrip()
        return before[-1:].isdigit()

    def _is_last_unit(self, end: int, following: str) -> bool:
        """Whether a sentence ends with the unit before *end*: not in "W 1990 r. Polska"."""
        kind = self._kinds.get(following)
        if following[:1].isdigit() or (
            kind is WordKind.NUMBERS and not self._is_starter(following)
        ):
            return False
        words = self._text[self._start : min(end, self._start + _MAX_WORD_LENGTH)].split()
        return len(words) > _MAX_ADVERBIAL or words[0].lower() not in self._abbreviations.starters

    def _is_last_abbreviation(self, word: str, kind: WordKind, following: str) -> bool:
        """Whether a sentence ends with *word*, *following* being the next."""
        if kind is WordKind.NAMES:
            return False
        if kind is WordKind.NUMBERS and is_number(following):
            # "I said no. I left."
            return word.islower() and following.isalpha() and self._is_starter(following)
        if kind is WordKind.EITHER or is_initial(word):
            return self._is_starter(following)
        return True

    def _classify_last(self, word: str, end: int) -> WordKind:
        """What *word* before the full stop at *end* is, with what it is a part of: z. B, н. э."""
        kind = classify_word(word, self._code)
        start = end - len(word)
        is_part = len(word) == 1 or (len(word) <= 3 and not word.isupper())
        if not is_part or self._text[start - 2 : start] != ". ":
            return kind
        stopped = STOPPED.search(self._text, max(self._start, end - _MAX_WORD_LENGTH), end)
        whole = "".join(stopped[0].split()) if stopped else ""
        known = self._kinds.get(whole)
        if known or kind is not WordKind.WORD:
            return known or kind
        return WordKind.EITHER if whole[:1].islower() else kind

    def _is_last_number(self, number: Span, kind: WordKind, following: str) -> bool:
        """Whether a sentence ends with *number*, *following* being the next word."""
        start, end = number
        if start <= self._first_word:
            # The number of an item or a section.
            return False
        if kind is WordKind.ROMAN and end - start == 1:
            return self._is_starter(following)
        before = self._text[max(self._start, start - 3) : start]
        if before[:1].isalpha() and before.endswith(". "):
            # Nr. 5, Bd. II
            return True
        if not self._abbreviations.has_ordinals or (kind is WordKind.ARABIC and end - start > 2):
            return True
        if following.isdecimal():
            # 31. 12. 1999
            return len(following) > 2
        return self._is_starter(following)

    def _word_before(self, end: int) -> str:
        piece = self._text[max(self._start, end - _MAX_WORD_LENGTH) : end]
        if not piece or piece[-1].isspace():
            return ""
        return _BEFORE_WORD.split(piece.split()[-1].lstrip(_OPENERS))[-1]

    def _word_at(self, place: int) -> str:
        match = _FOLLOWING.match(self._text, place)
        return match[0] if match else ""

    def _is_starter(self, word: str) -> bool:
        """Whether *word* begins a sentence rather than being a name."""
        if word.lower() == word:
            # A number, or a script without capitals.
            return True
        return (
            not (len(word) > 1 and word.isupper()) and word.lower() in self._abbreviations.starters
        )


_CLAUSE_SPACE = regex.compile(r"(?<=[\p{Thai}\p{Lao}\p{M}])\s+(?=[\p{Thai}\p{Lao}])")
_CLAUSE_BREAKS = {"th": _CLAUSE_SPACE, "lo": _CLAUSE_SPACE, "km": regex.compile(r"[។៕]\s*")}
# Whether a clause is one depends on what is before it.
CLAUSE_LANGUAGES = frozenset(_CLAUSE_BREAKS)
# Shorter pieces are names or parts of a list.
_MIN_CLAUSE_LENGTH = 40


def _split_clauses(text: str, spans: list[Span], pattern: "regex.Pattern[str]") -> Iterator[Span]:
    """*spans*, split at a pause if the piece before it is long enough for a clause."""
    for start, end in spans:
        first = start
        for match in pattern.finditer(text, start, end):
            if match.end() - first >= _MIN_CLAUSE_LENGTH and match.end() < end:
                clause = text[first : match.end()]
                yield Span(first, first + len(clause.rstrip()))
                first = match.end()
        yield Span(first, end)
