"""The analysis of text: normalization, tokens, terms, stems.

Documents and questions go through the same functions, so they always match.  Offsets are Unicode
code points everywhere.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import NamedTuple

import regex

from qa.analysis import languages
from qa.analysis.english import to_american
from qa.analysis.normalization import (
    EMOJI,
    RUN,
    count_run_words,
    fold_accents,
    fold_case,
    split_run,
    strip_clitics,
)
from qa.analysis.script_variants import fold_han

# White space is left to str.split, which is faster.
_CONTROL = regex.compile(r"[\p{Cc}--\s]+", regex.VERSION1)
_INVISIBLE = regex.compile(r"[\u00AD\u200B\u2060\uFEFF]")
_SURROGATE = regex.compile(r"\p{Cs}")


def normalize(text: str) -> str:
    """One line of clean text: NFC, single spaces, no control or invisible characters.

    Lone surrogates become U+FFFD.  Done once, when a document or a question is read: all offsets
    that the service returns count in the result.
    """
    if text.isprintable():
        # It has no control characters, no surrogates, no invisible ones, and no space but " ".
        composed = text if text.isascii() else unicodedata.normalize("NFC", text)
        return " ".join(composed.split())
    if not text.isascii():
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    # Most texts have no control characters, which cannot be printed.
    return " ".join((text if text.isprintable() else _CONTROL.sub(" ", text)).split())


def has_words(text: str) -> bool:
    """Whether *text* has any letter or digit."""
    return any(map(str.isalnum, text))


class Token(NamedTuple):
    """A word in a text, with its offsets."""

    text: str
    start: int
    end: int


_TOKEN = regex.compile(
    rf"""
    (?P<run>{RUN})
    | \p{{L}}(?:\.\p{{L}})+(?![\p{{L}}\p{{N}}\p{{M}}])        # U.S.  e.g.
    | [A-Z]+(?:&[A-Z]+)+(?:['’]s(?![\p{{L}}\p{{N}}\p{{M}}]))?  # AT&T  R&D's
    | \p{{Nd}}+(?:[.,]\p{{Nd}}+)+                             # 1,000  3.5  3.5 of 3.5kg
    | \p{{L}}(?:\+\+|\#)(?![\p{{L}}\p{{M}}+\#])                  # C++  C#  F#
    | \p{{L}}[\p{{L}}\p{{M}}]+\+\+(?![\p{{L}}\p{{N}}+])            # g++ is not C++
    | (?:(?!{RUN})[\p{{L}}\p{{N}}][\p{{M}}\u200C\u200D]*)+
      (?:['’](?:(?!{RUN})\p{{L}}\p{{M}}*)+)*           # don't  Putin’s
    | {EMOJI}
    """,
    regex.VERBOSE,
)
# The same, twice as fast, for text of Latin, Greek, Cyrillic, Hebrew and Arabic letters without
# combining marks, ² or ½.
_ALPHABETIC_TEXT = re.compile(
    r"[\x00-\xB1\xB4-\xB8\xBA\xBB\xBF-\u02AF\u1E00-\u1EFF\u2010-\u2027\u2030-\u205E\u20A0-\u20BF"
    r"\u0370-\u0377\u037A-\u037F\u0384-\u038A\u038C\u038E-\u03A1\u03A3-\u0482\u048A-\u052F"
    r"\u05D0-\u05EA\u05EF-\u05F4\u060C\u061B\u061F-\u064A\u066A-\u066F\u0671-\u06D5]*"
)
_ALPHABETIC_TOKEN = re.compile(
    r"""
    [A-Za-z]++(?=[ ,])  # Most words: what comes after them makes them no part of anything else.
    | [^\W\d_](?:\.[^\W\d_])+(?![^\W_])
    | [A-Z]+(?:&[A-Z]+)+(?:['’]s(?![^\W_]))?
    | [0-9]+(?:[.,][0-9]+)+
    | [^\W\d_](?:\+\+|\#)(?![^\W\d_]|[+\#])
    | [^\W\d_]{2,}\+\+(?![^\W_]|\+)
    | [^\W_]+(?:['’][^\W\d_]+)*
    """,
    re.VERBOSE,
)


def is_alphabetic(text: str) -> bool:
    """Whether *text* has only letters of alphabets that words are found in the fast way."""
    return text.isascii() or _ALPHABETIC_TEXT.fullmatch(text) is not None


def tokenize(text: str) -> list[Token]:
    """All words of *text*, in order."""
    if _ALPHABETIC_TEXT.fullmatch(text):
        return [Token(match[0], *match.span()) for match in _ALPHABETIC_TOKEN.finditer(text)]
    if len(text) <= _LONGEST_QUESTION:
        return [*_question_tokens(text)]
    return list(_iter_tokens(text))


# A long question without spaces has as many words as letters, and is read by two dozen stages.
_LONGEST_QUESTION = 2_000


@lru_cache(maxsize=8)
def _question_tokens(text: str) -> tuple[Token, ...]:
    return tuple(_iter_tokens(text))


_MATCH_SPAN = re.Match.span


def token_spans(text: str, count: int | None = None) -> list[tuple[int, int]]:
    """The offsets of the words of *text*, or its first *count* words, faster than tokenize."""
    if _ALPHABETIC_TEXT.fullmatch(text):
        return list(map(_MATCH_SPAN, islice(_ALPHABETIC_TOKEN.finditer(text), count)))
    words = tokenize(text) if count is None else islice(_iter_tokens(text), count)
    return [(word.start, word.end) for word in words]


# The most words that are skipped at once.
_MAX_SKIP = 32


@lru_cache(maxsize=_MAX_SKIP)
def _skip_words(count: int) -> "re.Pattern[str]":
    """*count* words and the one after them: every word begins with the next letter or digit."""
    token = _ALPHABETIC_TOKEN.pattern
    return re.compile(rf"(?:[\W_]*+(?>{token})){{{count}}}[\W_]*+({token})", re.VERBOSE)


def find_spans(text: str, positions: Iterable[int]) -> list[tuple[int, int]]:
    """The offsets of the words of *text* at *positions*, which ascend, faster than all of them."""
    if not (text.isascii() or _ALPHABETIC_TEXT.fullmatch(text)):
        positions = [*positions]
        spans = token_spans(text, positions[-1] + 1 if positions else 0)
        return [spans[position] for position in positions]
    found: list[tuple[int, int]] = []
    span, last = (0, 0), -1
    for position in positions:
        skipped = position - last - 1
        while skipped >= 0:
            step = min(skipped, _MAX_SKIP - 1)
            match = _skip_words(step).match(text, span[1])
            if match is None:
                raise IndexError(f"There are fewer words than {position + 1}.")
            span = match.span(1)
            skipped -= step + 1
        last = position
        found.append(span)
    return found


# A question is read by a dozen stages, each of which asks for its words.
_QUESTION_CHARACTERS, _CACHED_QUESTIONS = 500, 1 << 8


def token_texts(text: str) -> list[str]:
    """The words of *text*, faster than tokenize."""
    if len(text) <= _QUESTION_CHARACTERS:
        # The same question with a space at its end has the same words.
        return [*_question_words(text.strip())]
    return [*_long_question_words(text)] if len(text) <= _LONGEST_QUESTION else find_words(text)


@lru_cache(maxsize=_CACHED_QUESTIONS)
def _question_words(text: str) -> tuple[str, ...]:
    return tuple(find_words(text))


@lru_cache(maxsize=8)
def _long_question_words(text: str) -> tuple[str, ...]:
    return tuple(word.text for word in tokenize(text))


def find_words(text: str) -> list[str]:
    """The words of a *text* that is no question, so not to be remembered."""
    if _ALPHABETIC_TEXT.fullmatch(text):
        return _ALPHABETIC_TOKEN.findall(text)
    texts: list[str] = []
    # No word goes across white space.
    for chunk in text.split():
        if chunk.isascii() and chunk.isalnum():
            texts.append(chunk)
        else:
            texts += chunk_texts(chunk)
    return texts


def chunk_texts(chunk: str) -> list[str]:
    """The words of a *chunk*, a piece of a text between spaces."""
    if _ALPHABETIC_TEXT.fullmatch(chunk):
        texts: list[str] = _ALPHABETIC_TOKEN.findall(chunk)
        return texts
    return [word.text for word in _iter_tokens(chunk)]


def count_chunk_words(chunk: str) -> int:
    """How many words a reader would count in a *chunk*."""
    core = chunk.rstrip(".,")
    if core.isalnum() and core.isascii():
        return 1
    if _ALPHABETIC_TEXT.fullmatch(chunk):
        return len(_ALPHABETIC_TOKEN.findall(chunk))
    matches = list(_TOKEN.finditer(chunk))
    return sum(count_run_words(match[0]) if match.lastgroup else 1 for match in matches)


def _iter_tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match.lastgroup:
            for first, last in split_run(text, start, end):
                yield Token(text[first:last], first, last)
        else:
            yield Token(match[0], start, end)


# Stop words that are names in capitals: US, IT, WHO.
_SHORT_NAMES = frozenset(
    "US IT WHO AM IS ARE OR ALL CAN DO HE ME SO WE AS AT BE BY IN NO ON".split()
)
_GROUPED_NUMBER = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@lru_cache(maxsize=1 << 18)
def to_term(word: str) -> str:
    """The form of *word* for exact matches: case folded, without accents and elided articles.

    U.S. and US are one term and differ from us; Putin’s is Putin; l'homme is homme; 1,000 is 1000;
    圖書館 is 图书馆.
    """
    return _compute_term(word)


def to_terms(words: Iterable[str]) -> list[str]:
    """The terms of many *words*; none are cached."""
    return [
        # The same string, not one like it, takes no memory.
        (word if word in _SHORT_NAMES or word == (lower := word.lower()) else lower)
        if word.isascii() and word.isalnum()
        else _compute_term(word)
        for word in words
    ]


def _compute_term(word: str) -> str:
    return fold_han(_to_own_term(word))


def _to_own_term(word: str) -> str:
    """The term of *word* with its Chinese characters as they are."""
    if word.isascii() and word.isalnum():
        return word if word in _SHORT_NAMES else word.lower()
    word = strip_clitics(word)
    if "." in word and word[:1].isalpha():
        word = word.replace(".", "")
    if "," in word and _GROUPED_NUMBER.fullmatch(word):
        word = word.replace(",", "")
    return word if word in _SHORT_NAMES else fold_accents(word)


# Languages in which too many words differ only in accents, or in what Chinese simplified alike.
_KEEP_ACCENTS, _KEEP_HAN = {"vi"}, {"ja"}
_MAX_UNSTEMMED_LENGTH = 2


@lru_cache(maxsize=1 << 18)
def stem(word: str, language: str) -> str:
    """The Snowball stem of *word*; its term in a language without a stemmer."""
    return _compute_stem(word, language)


def stem_words(words: Sequence[str], language: str) -> list[str]:
    """The stems of many *words*; none are cached."""
    snowball = languages.stemmer_for(language)
    simple = [*filter(_is_simple, words)]
    if snowball is None or language in _KEEP_ACCENTS:
        return [_compute_stem(word, language) for word in words]
    spelled = [*map(to_american, simple)] if language == "en" else simple
    stems = zip(simple, to_terms(snowball.stemWords(spelled)), strict=True)
    known = {w: stemmed if len(stemmed) > 1 and stemmed != w else w for w, stemmed in stems}
    return [known.get(word) or _compute_stem(word, language) for word in words]


def _is_simple(word: str) -> bool:
    """Whether *word* is as a stemmer expects it."""
    return (
        len(word) > _MAX_UNSTEMMED_LENGTH
        and word.isascii()
        and word.isalnum()
        and word == word.lower()
    )


def _compute_stem(word: str, language: str) -> str:
    exact = _to_own_term(word) if language in _KEEP_HAN else _compute_term(word)
    if exact in _SHORT_NAMES:
        return exact
    case_folded = fold_case(word, language)
    if language in _KEEP_ACCENTS:
        return case_folded
    snowball = languages.stemmer_for(language)
    if snowball is None or (case_folded == exact and len(exact) <= _MAX_UNSTEMMED_LENGTH):
        return exact
    if language == "en":
        case_folded = to_american(case_folded)
    # Stemmers need the accents, so they are removed last.
    stemmed = _compute_term(snowball.stemWord(case_folded))
    # One letter says nothing: it would be the stem of कुआँ (well) and of का (of).
    return stemmed if len(stemmed) > 1 else exact


@lru_cache(maxsize=1 << 13)
def stem_in(word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """The different stems of *word* in *languages*, in their order."""
    return tuple(dict.fromkeys([stem(word, language) for language in languages]))


@lru_cache(maxsize=1 << 16)
def is_stop_word(word: str, language: str) -> bool:
    """Whether *word* is a stop word; names in capitals, such as US, are not."""
    exact = to_term(word)
    return exact not in _SHORT_NAMES and fold_case(word, language) in languages.stop_words(language)


def clear_caches() -> None:
    """Forget the terms and stems of words, for a process with little memory."""
    for function in (to_term, stem, stem_in, is_stop_word):
        function.cache_clear()


@lru_cache(maxsize=64)
def stop_terms(language: str) -> frozenset[str]:
    """The terms of the stop words of *language*."""
    return frozenset(map(to_term, languages.stop_words(language)))


class Span(NamedTuple):
    """A stretch of a text, end exclusive."""

    start: int
    end: int


# A span of a pair: a third of the time.
new_span: Callable[[tuple[int, int]], Span] = partial(tuple.__new__, Span)


QUESTION_MARKS = ("?", "？", "؟", "\N{GREEK QUESTION MARK}")
_CLOSING = "\"'”’»)]*_ "
# "1.", "b)" or a bullet, which may be a sentence by itself.
LIST_MARKER = r"(?:\(?(?:\p{N}{1,3}|\p{L})[.)]|[-–*•·▪◦])"
_LEAD_IN = regex.compile(rf"[:：][\"'”’»)]*(?:\s+{LIST_MARKER})?\s*\Z")


def is_question(sentence: str) -> bool:
    """Whether *sentence* ends with a question mark."""
    return sentence.rstrip(_CLOSING).endswith(QUESTION_MARKS)


def is_lead_in(sentence: str) -> bool:
    """Whether *sentence* ends with a colon, or with the sign of the first item after it."""
    end = sentence[-20:]
    return (":" in end or "：" in end) and _LEAD_IN.search(end) is not None
