"""The one analysis of text: normalised strings, words, terms, stems, sentences.

Documents and questions go through the same functions, so what is indexed and what is asked for
cannot differ.  Offsets are Unicode code points everywhere.
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
from qa.analysis.normalization import RUN, accented, bare, cut, folded, length

# White space is left to str.split, which is faster.
_CONTROL = regex.compile(r"[\p{Cc}--\s]+", regex.VERSION1)
_INVISIBLE = regex.compile(r"[\u00AD\u200B\u2060\uFEFF]")
_SURROGATE = regex.compile(r"\p{Cs}")


def normalise(text: str) -> str:
    """One line of clean text: NFC, single spaces, no control or invisible characters.

    Lone surrogates become U+FFFD.  Done once, when a document or a question comes in: every
    offset that we hand out counts in its result.
    """
    if not text.isascii():
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return " ".join(_CONTROL.sub(" ", text).split())


class Word(NamedTuple):
    """A word as it stands in a text."""

    text: str
    start: int
    end: int


_WORD = regex.compile(
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
_LATIN = re.compile(
    r"[\x00-\xB1\xB4-\xB8\xBA\xBB\xBF-\u02AF\u2010-\u2027\u2030-\u205E\u20A0-\u20BF]*"
)
_LATIN_WORD = re.compile(
    r"""
    [^\W\d_](?:\.[^\W\d_])+(?![^\W_])
    | [A-Z]+(?:&[A-Z]+)+(?:['’]s(?![^\W_]))?
    | [0-9]+(?:[.,][0-9]+)+(?![^\W\d_])
    | [^\W_]+(?:['’][^\W\d_]+)*
    """,
    re.VERBOSE,
)


def words(text: str) -> list[Word]:
    """All words of *text*, in order."""
    if _LATIN.fullmatch(text):
        return [Word(match[0], *match.span()) for match in _LATIN_WORD.finditer(text)]
    return list(_words(text))


_SPAN = re.Match.span


def places(text: str) -> list[tuple[int, int]]:
    """Where each word of *text* begins and ends, for where only that is needed."""
    if _LATIN.fullmatch(text):
        return list(map(_SPAN, _LATIN_WORD.finditer(text)))
    return [(word.start, word.end) for word in _words(text)]


def tokens(text: str) -> list[str]:
    """The words of *text* without their places, for where only those are needed."""
    found: list[str] = []
    # No word goes across white space.
    for chunk in text.split():
        if chunk.isascii() and chunk.isalnum():
            found.append(chunk)
        else:
            found += [word.text for word in words(chunk)]
    return found


def _words(text: str) -> Iterator[Word]:
    for match in _WORD.finditer(text):
        start, end = match.span()
        if match.lastgroup:
            for first, last in cut(text, start, end):
                yield Word(text[first:last], first, last)
        else:
            yield Word(match[0], start, end)


def size(text: str) -> int:
    """How many words a reader would count in *text*."""
    return sum(map(_size, text.split()))


def _size(chunk: str) -> int:
    if chunk.isascii() and chunk.isalnum():
        return 1
    if _LATIN.fullmatch(chunk):
        return len(_LATIN_WORD.findall(chunk))
    matches = list(_WORD.finditer(chunk))
    return sum(length(match[0]) if match.lastgroup else 1 for match in matches)


# In capitals these are names, in small letters they say nothing: US, IT, WHO.
_SHORT_NAMES = frozenset(
    "US IT WHO AM IS ARE OR ALL CAN DO HE ME SO WE AS AT BE BY IN NO ON".split()
)
_GROUPED = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@lru_cache(maxsize=1 << 18)
def term(word: str) -> str:
    """The form in which *word* is matched exactly: case folded, accents and articles off.

    U.S. and US are one term and differ from us; Putin’s is Putin; l'homme is homme; 1,000 is 1000.
    """
    if word.isascii() and word.isalnum():
        return word if word in _SHORT_NAMES else word.lower()
    word = bare(word)
    if "." in word and not word[0].isdigit():
        word = word.replace(".", "")
    if _GROUPED.fullmatch(word):
        word = word.replace(",", "")
    return word if word in _SHORT_NAMES else folded(word)


# Where too many words differ from others by nothing but their accents.
_ACCENTS_TELL = {"vi"}
_SHORTEST_STEMMED = 2


@lru_cache(maxsize=1 << 18)
def stem(word: str, language: str) -> str:
    """The term of *word* without its ending, after Snowball; the term itself where it has none."""
    exact = term(word)
    if exact in _SHORT_NAMES:
        return exact
    spelt = accented(word, language)
    if language in _ACCENTS_TELL:
        return spelt
    stemmer = languages.stemmer(language)
    if stemmer is None or (spelt == exact and len(exact) <= _SHORTEST_STEMMED):
        return exact
    # Stems of accented languages depend on the accents, so they come off last.
    return term(stemmer.stemWord(spelt)) or exact


@lru_cache(maxsize=1 << 16)
def is_stop_word(word: str, language: str) -> bool:
    """Whether *word* says nothing in a question; what in capitals is a name says something."""
    exact = term(word)
    return exact not in _SHORT_NAMES and accented(word, language) in languages.stop_words(language)


@lru_cache(maxsize=64)
def stop_words(language: str) -> frozenset[str]:
    """The terms of the words that say nothing in a question; none where we have no list."""
    return frozenset(map(term, languages.stop_words(language)))


class Span(NamedTuple):
    """A stretch of a text, end exclusive."""

    start: int
    end: int


_CONTINUING = regex.compile(r"[\s\p{Pe}\p{Pf}\p{Po}\p{Pd}“\"']*[,;:–—]\s")
_OPENING = regex.compile(r"\s[“«‘\"(\[]\s*$")
_OPENERS = tuple('“«‘"([')


def sentences(text: str, language: str = "en") -> list[Span]:
    """Where each sentence of *text* is, without the white space around it.

    The boundaries are sentencex's, with two mends for quotations: a rest that only continues
    the sentence (“, – he said.”) goes back to it, an opening quote forward to its words; and with
    what it does not know: Thai and Lao end a clause with a space, Khmer a sentence with ។.
    """
    starts = [0]
    carried = 0
    for first, end in _boundaries(text, language):
        start = first - carried
        # Most sentences begin with a letter and end with a mark, which tells without a pattern.
        continuing = not text[start].isalnum() and _CONTINUING.match(text, start, end)
        if start > 0 and not continuing:
            starts.append(start)
        carried = 0
        if text[start:end].rstrip().endswith(_OPENERS):
            opening = _OPENING.search(text, start, end)
            carried = end - opening.start() - 1 if opening else 0
    if language in _PAUSE:
        starts = _paused(text, starts, _PAUSE[language])
    spans = [_trimmed(text, *pair) for pair in zip(starts, [*starts[1:], len(text)], strict=True)]
    return [span for span in spans if span.start < span.end]


# sentencex takes time by the square of a paragraph's length; longer ones are read by stretches.
_STRETCH = 1 << 14


def _boundaries(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Where sentencex begins and ends each sentence; the last of a stretch goes into the next."""
    begin = 0
    while begin < len(text):
        stretch = text[begin : begin + _STRETCH]
        found = sentencex.get_sentence_boundaries(language, stretch)
        ends = [boundary["end_index"] for boundary in found]
        if begin + len(stretch) < len(text):
            ends = _complete(ends[:-1], stretch)
        for start, end in pairwise([0, *ends]):
            yield begin + start, begin + end
        begin += ends[-1]


def _complete(ends: list[int], stretch: str) -> list[int]:
    """*ends*, and the last space as one where a sentence takes up more than half of *stretch*."""
    if ends and ends[-1] > len(stretch) // 2:
        return ends
    gap = stretch.rfind(" ") + 1
    return [*ends, gap if gap > len(stretch) // 2 else len(stretch)]


_SPACE = regex.compile(r"(?<=[\p{Thai}\p{Lao}\p{M}])\s+(?=[\p{Thai}\p{Lao}])")
_PAUSE = {"th": _SPACE, "lo": _SPACE, "km": regex.compile(r"[។៕]\s*")}
# Shorter pieces are parts of a list or names.
_SHORTEST_CLAUSE = 40


def _paused(text: str, starts: list[int], pause: "regex.Pattern[str]") -> list[int]:
    """*starts* and what follows a pause, as far as the piece before it is a clause."""
    found: list[int] = []
    known = set(starts)
    for start in sorted({*starts, *(match.end() for match in pause.finditer(text))}):
        if start in known or start - found[-1] >= _SHORTEST_CLAUSE:
            found.append(start)
    return found


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip()))


# In scripts without spaces every character is a word: any part of a text can be an answer.
_ALONE = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_MATCHED = regex.compile(rf"{_ALONE}\p{{M}}*|(?:(?!{_ALONE})[\p{{L}}\p{{N}}\p{{M}}])+")
# So many words in a row are the same in two texts that overlap.
_RUN = 5


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """The words of *text* in small letters, a space before and after each."""
    found = _MATCHED.findall(normalise(text).lower())
    return f" {' '.join(found)} " if found else ""


def holds(text: str, part: str) -> bool:
    """Whether *text* holds the words of *part*, whole and in a row."""
    words = plain(part)
    return bool(words) and words in plain(text)


def overlaps(one: str, other: str) -> bool:
    """Whether two texts have five words in a row in common, or all of the shorter one."""
    short, long = sorted((plain(one), plain(other)), key=len)
    words = short.split()
    size = min(_RUN, len(words))
    runs = (" ".join(words[i : i + size]) for i in range(len(words) - size + 1))
    return bool(words) and any(f" {run} " in long for run in runs)
