"""The analysis of text: normalization, tokens, terms, stems, sentences.

Documents and questions go through the same functions, so they always match.  Offsets are Unicode
code points everywhere.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex
import sentencex

from qa.analysis import languages
from qa.analysis.normalization import (
    RUN,
    count_run_words,
    fold_accents,
    fold_case,
    split_run,
    strip_clitics,
)

# White space is left to str.split, which is faster.
_CONTROL = regex.compile(r"[\p{Cc}--\s]+", regex.VERSION1)
_INVISIBLE = regex.compile(r"[\u00AD\u200B\u2060\uFEFF]")
_SURROGATE = regex.compile(r"\p{Cs}")


def normalize(text: str) -> str:
    """One line of clean text: NFC, single spaces, no control or invisible characters.

    Lone surrogates become U+FFFD.  Done once, when a document or a question is read: all offsets
    that the service returns count in the result.
    """
    if not text.isascii():
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return " ".join(_CONTROL.sub(" ", text).split())


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
    | \p{{Nd}}+(?:[.,]\p{{Nd}}+)+(?![\p{{L}}\p{{M}}])         # 1,000  3.5
    | (?:(?!{RUN})[\p{{L}}\p{{N}}][\p{{M}}\u200C\u200D]*)+
      (?:['’](?:(?!{RUN})\p{{L}}\p{{M}}*)+)*           # don't  Putin’s
    """,
    regex.VERBOSE,
)
# The same, twice as fast, for text of Latin letters without combining marks, ² or ½.
_LATIN_TEXT = re.compile(
    r"[\x00-\xB1\xB4-\xB8\xBA\xBB\xBF-\u02AF\u2010-\u2027\u2030-\u205E\u20A0-\u20BF]*"
)
_LATIN_TOKEN = re.compile(
    r"""
    [^\W\d_](?:\.[^\W\d_])+(?![^\W_])
    | [A-Z]+(?:&[A-Z]+)+(?:['’]s(?![^\W_]))?
    | [0-9]+(?:[.,][0-9]+)+(?![^\W\d_])
    | [^\W_]+(?:['’][^\W\d_]+)*
    """,
    re.VERBOSE,
)


def tokenize(text: str) -> list[Token]:
    """All words of *text*, in order."""
    if _LATIN_TEXT.fullmatch(text):
        return [Token(match[0], *match.span()) for match in _LATIN_TOKEN.finditer(text)]
    return list(_iter_tokens(text))


_MATCH_SPAN = re.Match.span


def token_spans(text: str) -> list[tuple[int, int]]:
    """The offsets of the words of *text*, faster than tokenize."""
    if _LATIN_TEXT.fullmatch(text):
        return list(map(_MATCH_SPAN, _LATIN_TOKEN.finditer(text)))
    return [(word.start, word.end) for word in _iter_tokens(text)]


def token_texts(text: str) -> list[str]:
    """The words of *text*, faster than tokenize."""
    texts: list[str] = []
    # No word goes across white space.
    for chunk in text.split():
        if chunk.isascii() and chunk.isalnum():
            texts.append(chunk)
        else:
            texts += [word.text for word in tokenize(chunk)]
    return texts


def _iter_tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match.lastgroup:
            for first, last in split_run(text, start, end):
                yield Token(text[first:last], first, last)
        else:
            yield Token(match[0], start, end)


def count_words(text: str) -> int:
    """How many words a reader would count in *text*."""
    return sum(map(_count_chunk_words, text.split()))


def _count_chunk_words(chunk: str) -> int:
    if chunk.isascii() and chunk.isalnum():
        return 1
    if _LATIN_TEXT.fullmatch(chunk):
        return len(_LATIN_TOKEN.findall(chunk))
    matches = list(_TOKEN.finditer(chunk))
    return sum(count_run_words(match[0]) if match.lastgroup else 1 for match in matches)


# Stop words that are names in capitals: US, IT, WHO.
_SHORT_NAMES = frozenset(
    "US IT WHO AM IS ARE OR ALL CAN DO HE ME SO WE AS AT BE BY IN NO ON".split()
)
_GROUPED_NUMBER = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@lru_cache(maxsize=1 << 18)
def to_term(word: str) -> str:
    """The form of *word* for exact matches: case folded, without accents and elided articles.

    U.S. and US are one term and differ from us; Putin’s is Putin; l'homme is homme; 1,000 is 1000.
    """
    if word.isascii() and word.isalnum():
        return word if word in _SHORT_NAMES else word.lower()
    word = strip_clitics(word)
    if "." in word and not word[0].isdigit():
        word = word.replace(".", "")
    if _GROUPED_NUMBER.fullmatch(word):
        word = word.replace(",", "")
    return word if word in _SHORT_NAMES else fold_accents(word)


# Languages in which too many words differ only in accents.
_KEEP_ACCENTS = {"vi"}
_MAX_UNSTEMMED_LENGTH = 2


@lru_cache(maxsize=1 << 18)
def stem(word: str, language: str) -> str:
    """The Snowball stem of *word*; its term in a language without a stemmer."""
    exact = to_term(word)
    if exact in _SHORT_NAMES:
        return exact
    case_folded = fold_case(word, language)
    if language in _KEEP_ACCENTS:
        return case_folded
    snowball = languages.stemmer_for(language)
    if snowball is None or (case_folded == exact and len(exact) <= _MAX_UNSTEMMED_LENGTH):
        return exact
    # Stemmers need the accents, so they are removed last.
    return to_term(snowball.stemWord(case_folded)) or exact


@lru_cache(maxsize=1 << 16)
def is_stop_word(word: str, language: str) -> bool:
    """Whether *word* is a stop word; names in capitals, such as US, are not."""
    exact = to_term(word)
    return exact not in _SHORT_NAMES and fold_case(word, language) in languages.stop_words(language)


@lru_cache(maxsize=64)
def stop_terms(language: str) -> frozenset[str]:
    """The terms of the stop words of *language*."""
    return frozenset(map(to_term, languages.stop_words(language)))


class Span(NamedTuple):
    """A stretch of a text, end exclusive."""

    start: int
    end: int


_CONTINUATION = regex.compile(r"[\s\p{Pe}\p{Pf}\p{Po}\p{Pd}“\"']*[,;:–—]\s")
_TRAILING_OPENER = regex.compile(r"\s[“«‘\"(\[]\s*$")
_OPENING_QUOTES = tuple('“«‘"([')
# The number of an item of a list, which belongs to its sentence.
_ITEM_NUMBER = regex.compile(r"(?<![^\n])\(?(?:\p{N}{1,3}|\p{L}|[ivxlcIVXLC]{1,6})[.)]\s*")
_LONGEST_ITEM_NUMBER = 10


def split_sentences(text: str, language: str = "en") -> list[Span]:
    """The spans of the sentences of *text*, without white space around them.

    The boundaries are sentencex's, corrected after quotations: what continues the sentence
    (“, – he said.”) is part of it, an opening quote belongs to the next, and the number of an item
    of a list, to the sentence behind it.  Thai and Lao, which
    sentencex does not know, end a clause with a space, Khmer a sentence with ។.
    """
    starts = [0]
    overhang = 0
    for first, end in _boundaries(text, language):
        start = first - overhang
        # Fast path: most sentences begin with a letter.
        continuing = not text[start].isalnum() and _CONTINUATION.match(text, start, end)
        if start > 0 and not continuing and not _is_item_number(text, starts[-1], start):
            starts.append(start)
        overhang = 0
        if text[start:end].rstrip().endswith(_OPENING_QUOTES):
            opening = _TRAILING_OPENER.search(text, start, end)
            overhang = end - opening.start() - 1 if opening else 0
    if language in _CLAUSE_BREAKS:
        starts = _add_clause_breaks(text, starts, _CLAUSE_BREAKS[language])
    spans = [_trim_span(text, *pair) for pair in zip(starts, [*starts[1:], len(text)], strict=True)]
    return [span for span in spans if span.start < span.end]


def _is_item_number(text: str, start: int, end: int) -> bool:
    """Whether a line begins with the number of an item of a list, and nothing else up to *end*."""
    is_short = end - start <= _LONGEST_ITEM_NUMBER
    return is_short and _ITEM_NUMBER.fullmatch(text, start, end) is not None


# sentencex takes time quadratic in a paragraph's length; longer ones are split first.
_STRETCH = 1 << 14


def _boundaries(text: str, language: str) -> Iterator[tuple[int, int]]:
    """The sentences of sentencex; the last of each stretch is read again with the next."""
    begin = 0
    while begin < len(text):
        stretch = text[begin : begin + _STRETCH]
        boundaries = sentencex.get_sentence_boundaries(language, stretch)
        ends = [boundary["end_index"] for boundary in boundaries]
        if begin + len(stretch) < len(text):
            ends = _complete(ends[:-1], stretch)
        for start, end in pairwise([0, *ends]):
            yield begin + start, begin + end
        begin += ends[-1]


def _complete(ends: list[int], stretch: str) -> list[int]:
    """*ends*, with the last space where a sentence takes up more than half of *stretch*."""
    if ends and ends[-1] > len(stretch) // 2:
        return ends
    gap = stretch.rfind(" ") + 1
    return [*ends, gap if gap > len(stretch) // 2 else len(stretch)]


_CLAUSE_SPACE = regex.compile(r"(?<=[\p{Thai}\p{Lao}\p{M}])\s+(?=[\p{Thai}\p{Lao}])")
_CLAUSE_BREAKS = {"th": _CLAUSE_SPACE, "lo": _CLAUSE_SPACE, "km": regex.compile(r"[។៕]\s*")}
# Shorter pieces are names or parts of a list.
_MIN_CLAUSE_LENGTH = 40


def _add_clause_breaks(text: str, starts: list[int], pattern: "regex.Pattern[str]") -> list[int]:
    """*starts*, with those after a pause if the piece before it is long enough for a clause."""
    clause_starts: list[int] = []
    sentence_starts = set(starts)
    for start in sorted({*starts, *(match.end() for match in pattern.finditer(text))}):
        if start in sentence_starts or start - clause_starts[-1] >= _MIN_CLAUSE_LENGTH:
            clause_starts.append(start)
    return clause_starts


def _trim_span(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip()))


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
    return _LEAD_IN.search(sentence[-20:]) is not None


# In scripts without spaces every character is a word, since any part of a text can be an answer.
_UNSPACED_CHARACTER = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_MATCH_WORD = regex.compile(
    rf"{_UNSPACED_CHARACTER}\p{{M}}*|(?:(?!{_UNSPACED_CHARACTER})[\p{{L}}\p{{N}}\p{{M}}])+"
)
# Two texts overlap if they share this many words in a row.
_MIN_COMMON_WORDS = 5


@lru_cache(maxsize=4096)
def to_match_form(text: str) -> str:
    """The words of *text* in small letters, a space before and after each."""
    matched_words = _MATCH_WORD.findall(normalize(text).lower())
    return f" {' '.join(matched_words)} " if matched_words else ""


def contains_words(text: str, part: str) -> bool:
    """Whether *text* has the words of *part*, whole and in a row."""
    phrase = to_match_form(part)
    return bool(phrase) and phrase in to_match_form(text)


def texts_overlap(first_text: str, second_text: str) -> bool:
    """Whether two texts have five words in a row in common, or all of the shorter one."""
    short, long = sorted((to_match_form(first_text), to_match_form(second_text)), key=len)
    words = short.split()
    size = min(_MIN_COMMON_WORDS, len(words))
    runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return bool(words) and any(f" {run} " in long for run in runs)
