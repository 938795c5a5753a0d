"""The one analysis of text: normalised strings, words, terms, stems, sentences.

Documents and questions go through the same functions, so what is indexed and what is asked for
cannot differ.  Offsets are Unicode code points everywhere.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import regex
import sentencex
import Stemmer

# Part of every generation's name: a change here makes old indexes and new questions differ.
ANALYSIS_VERSION = "1"

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


# Scripts written without spaces are cut into overlapping pairs of characters, as Lucene does.
_UNSPACED = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{M}]*"
)
_WORD = regex.compile(
    rf"""
    (?P<unspaced>{_UNSPACED})
    | \p{{L}}(?:\.\p{{L}})+(?![\p{{L}}\p{{N}}\p{{M}}])        # U.S.  e.g.
    | [A-Z]+(?:&[A-Z]+)+(?:['’]s(?![\p{{L}}\p{{N}}\p{{M}}]))?  # AT&T  R&D's
    | \p{{Nd}}+(?:[.,]\p{{Nd}}+)+(?![\p{{L}}\p{{M}}])         # 1,000  3.5
    | (?:(?!{_UNSPACED})[\p{{L}}\p{{N}}][\p{{M}}\u200C\u200D]*)+
      (?:['’](?:(?!{_UNSPACED})\p{{L}}\p{{M}}*)+)*           # don't  Putin’s
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
            yield from _pairs(text, start, end)
        else:
            yield Word(match[0], start, end)


_CHARACTER = regex.compile(r".\p{M}*", regex.DOTALL)


def _pairs(text: str, start: int, end: int) -> Iterator[Word]:
    """Each two neighbouring characters of a run, its only one if there is but one."""
    spans = [match.span() for match in _CHARACTER.finditer(text, start, end)]
    for (first, _), (_, last) in zip(spans, spans[1:] or spans, strict=False):
        yield Word(text[first:last], first, last)


# In capitals these are names, in small letters they say nothing: US, IT, WHO.
_SHORT_NAMES = frozenset(
    "US IT WHO AM IS ARE OR ALL CAN DO HE ME SO WE AS AT BE BY IN NO ON".split()
)
_POSSESSIVE = regex.compile(r"['’]s$|['’]$", regex.IGNORECASE)
_APOSTROPHE = regex.compile(r"['’]")
_GROUPED = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@lru_cache(maxsize=1 << 18)
def term(word: str) -> str:
    """The form in which *word* is matched exactly: case folded, accents off Latin and Greek.

    U.S. and US are one term and differ from us; Putin’s is Putin; 1,000 is 1000.
    """
    if word.isascii() and word.isalnum():
        return word if word in _SHORT_NAMES else word.lower()
    word = _POSSESSIVE.sub("", word)
    if "." in word and not word[0].isdigit():
        word = word.replace(".", "")
    if word in _SHORT_NAMES:
        return word
    if _GROUPED.fullmatch(word):
        word = word.replace(",", "")
    word = _APOSTROPHE.sub("", word)
    return word.lower() if word.isascii() else _folded(word)


def _folded(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold()
    kept = []
    base = ""
    for character in unicodedata.normalize("NFD", folded):
        if not unicodedata.combining(character):
            base = unicodedata.name(character, "")
        elif base.startswith(("LATIN", "GREEK")):
            continue
        kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


@lru_cache(maxsize=64)
def _stemmer(language: str) -> "Stemmer.Stemmer | None":
    name = language.partition("-")[0].lower()
    try:
        return Stemmer.Stemmer(name)
    except KeyError:
        return None


_SHORTEST_STEMMED = 2


@lru_cache(maxsize=1 << 18)
def stem(word: str, language: str) -> str:
    """The term of *word* without its ending, after Snowball; the term itself where it has none."""
    exact = term(word)
    stemmer = _stemmer(language)
    if stemmer is None or not exact.islower():
        return exact
    # Stems of accented languages depend on the accents, so they come off last.
    accented = _APOSTROPHE.sub("", _POSSESSIVE.sub("", word)).casefold()
    short = accented == exact and len(exact) <= _SHORTEST_STEMMED
    return exact if short else term(stemmer.stemWord(accented))


# The forms that question words, auxiliaries, pronouns, articles and prepositions take.
_STOP_WORDS = {
    "en": """
        a an the this that these those
        what who whom whose which when where why how
        am is are was were be been being do does did doing done have has had having
        will would shall should can could may might must
        i me my mine we our ours us you your yours he him his she her hers it its
        they them their theirs there here
        and or but nor not if than then so as of at by for from in into on onto to with about
        between during over under per via upon
        tell please give show any some many much
    """,
}


@lru_cache(maxsize=64)
def stop_words(language: str) -> frozenset[str]:
    """The terms that carry no meaning in a question; empty for a language without a list."""
    return frozenset(_STOP_WORDS.get(language.partition("-")[0].lower(), "").split())


class Span(NamedTuple):
    """A stretch of a text, end exclusive."""

    start: int
    end: int


_CONTINUING = regex.compile(r"[\s\p{Pe}\p{Pf}\p{Po}\p{Pd}“\"']*[,;:–—]\s")
_OPENING = regex.compile(r"\s[“«‘\"(\[]\s*$")


def sentences(text: str, language: str = "en") -> list[Span]:
    """Where each sentence of *text* is, without the white space around it.

    The boundaries are sentencex's, with two mends for quotations: a rest that only continues
    the sentence (“, – he said.”) goes back to it, an opening quote forward to its words.
    """
    starts = [0]
    carried = 0
    for boundary in sentencex.get_sentence_boundaries(language, text):
        start = boundary["start_index"] - carried
        end = boundary["end_index"]
        if start > 0 and not _CONTINUING.match(text, start, end):
            starts.append(start)
        opening = _OPENING.search(text, start, end)
        carried = end - opening.start() - 1 if opening else 0
    spans = [_trimmed(text, *pair) for pair in zip(starts, [*starts[1:], len(text)], strict=True)]
    return [span for span in spans if span.start < span.end]


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip()))


def occurrences(phrase: Sequence[str], text: str) -> list[Span]:
    """Where the terms of *phrase* stand together in *text*, in their order."""
    found = words(text)
    terms = [term(word.text) for word in found]
    wanted = list(phrase)
    return [
        Span(found[i].start, found[i + len(wanted) - 1].end)
        for i in range(len(terms) - len(wanted) + 1)
        if terms[i : i + len(wanted)] == wanted
    ]
