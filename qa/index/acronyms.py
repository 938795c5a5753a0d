"""Documents -> the acronyms that they define: World Health Organization (WHO).

The method is that of Schwartz and Hearst, A simple algorithm for identifying abbreviation
definitions in biomedical text, Pacific Symposium on Biocomputing 2003: the letters of the short
form are found in the words before it from right to left, the first one at the start of a word.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np
import regex

from qa.analysis.normalization import fold_accents
from qa.analysis.tokenizer import is_stop_word, to_term, token_texts
from qa.documents.document import Document
from qa.index.counts import EMPTY, CountBuilder, CountTable, hash_text, iter_groups


class Acronym(NamedTuple):
    """A short form and the words that it stands for.

    *is_word* says that the documents also have it in small letters, as an ordinary word.
    """

    short: str
    long: str
    is_word: bool = False


class Definition(NamedTuple):
    """A place in a text that says what a short form stands for."""

    short: str
    long: str


_PARENTHESES = regex.compile(r"[(（]([^()（）\n]{2,100})[)）]")
# What follows these in parentheses is about something else: (WHO; Geneva).
_BREAK = regex.compile(r"[,;:，；：]\s?")
_QUOTES = " \"'“”„‘’«»"
_SENTENCE_END = regex.compile(r"[.!?;:。！？]\s|\n|[。！？；]")
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}]+")
# No long form has these.
_FOREIGN_SIGN = regex.compile(r"[\"“”„«»()\[\]%;:=]")
# Letters of a small word, such as "of the", at most; of the acronym of a single word, at least.
_MAX_SMALL_WORD, _MIN_FOR_WORD = 3, 3
_MIN_SHORT, _MAX_SHORT, _MAX_LONG_WORDS = 2, 10, 8
# Characters before a parenthesis in which a long form is looked for.
_REACH = 200
# A limit on hostile or huge documents.
_MAX_PARENTHESES = 2000
# Small words that are counted in memory: few are new after so many.
_MAX_SMALL_WORDS = 1 << 15
# Between the short and the long form.
_TAB = "\t"
# Acronyms of an index, and meanings of one acronym.
MAX_ACRONYMS, _MAX_MEANINGS = 1000, 3
# A meaning counts if it has this share of the documents of the most frequent one.
_MIN_MEANING_SHARE = 0.25


def find_definitions(text: str, language: str) -> Iterator[Definition]:
    """The definitions in *text*: "long form (SF)" and "SF (long form)"."""
    for match in islice(_PARENTHESES.finditer(text), _MAX_PARENTHESES):
        inside = _BREAK.split(match[1], maxsplit=1)[0].strip(_QUOTES)
        before = _sentence_before(text, match.start())
        if is_short_form(inside):
            short, candidate = inside, _last_words(before, inside)
        elif before and is_short_form(last := before.rsplit(None, 1)[-1].strip(_QUOTES)):
            short, candidate = last, inside
        else:
            continue
        long = find_long_form(short, candidate)
        # In parentheses, nothing but the long form.
        is_whole = short is inside or long == candidate
        if long and is_whole and _is_plausible(short, long, language):
            yield Definition(short, long)


def is_short_form(text: str) -> bool:
    """Whether *text* looks like an acronym: short, one or two words, mostly capitals."""
    letters = [letter for letter in text if letter.isalpha()]
    capitals = sum(map(str.isupper, letters))
    return (
        _MIN_SHORT <= len(text) <= _MAX_SHORT
        and text[0].isalnum()
        and text.count(" ") <= 1
        and capitals >= max(_MIN_SHORT, len(letters) / 2)
    )


def _sentence_before(text: str, end: int) -> str:
    """What is before *end* of the sentence there, as far as a long form may reach."""
    before = text[max(0, end - _REACH) : end]
    return _SENTENCE_END.split(before)[-1].strip()


def _last_words(before: str, short: str) -> str:
    """As many words before *short* as its long form may have."""
    count = min(len(short) + 5, 2 * len(short))
    return " ".join(before.split()[-count:])


def find_long_form(short: str, candidate: str) -> str | None:
    """The end of *candidate* that has the letters of *short* in order; None if there is none.

    All of its words but one must have one of the letters, small words aside, and so must the last.
    """
    places = _align(short, candidate)
    if places is None:
        return None
    start = candidate.rfind(" ", 0, places[-1] + 1) + 1
    words = [match.span() for match in _WORD.finditer(candidate, start)]
    idle = [
        (first, end)
        for first, end in words
        if not any(first <= place < end for place in places) and end - first > _MAX_SMALL_WORD
    ]
    if not words or len(idle) > 1 or words[-1] in idle:
        return None
    return candidate[start:].strip(_QUOTES + "-") or None


def _align(short: str, candidate: str) -> list[int] | None:
    """Where *candidate* has the letters of *short*, the last first; None if it has not."""
    places = []
    at = len(candidate) - 1
    for place in reversed(range(len(short))):
        letter = _fold_letter(short[place])
        if not letter.isalnum():
            continue
        while at >= 0 and not (
            _fold_letter(candidate[at]) == letter
            and (place or not at or not candidate[at - 1].isalnum())
        ):
            at -= 1
        if at < 0:
            return None
        places.append(at)
        at -= 1
    return places


@lru_cache(maxsize=1 << 12)
def _fold_letter(letter: str) -> str:
    """*letter* without case and accent."""
    return fold_accents(letter)[:1] or letter


def _is_plausible(short: str, long: str, language: str) -> bool:
    """Whether *long* can be what *short* stands for: longer, without it, no small word first."""
    words = token_texts(long)
    terms = [to_term(word) for word in words]
    is_phrase = len(words) > 1 or (len(short) >= _MIN_FOR_WORD and len(long) >= 3 * len(short))
    return (
        len(words) <= _MAX_LONG_WORDS
        and is_phrase
        and not _FOREIGN_SIGN.search(long)
        and len(long) > len(short)
        and to_term(short) not in terms
        and not (words[0].islower() and is_stop_word(words[0], language))
    )


class AcronymTables(NamedTuple):
    """In how many documents each definition is, and each short word in small letters."""

    definitions: CountTable = EMPTY
    small_words: CountTable = EMPTY


class AcronymCollector:
    """Counts the definitions in documents, one after the other."""

    def __init__(self) -> None:
        self._definitions = CountBuilder(_meaning_of)
        self._small_words = CountBuilder(most_counted=_MAX_SMALL_WORDS)

    def add(self, document: Document) -> None:
        """Count what *document* defines, each definition once."""
        if may_define(document.text):
            self._definitions.add(_definition_texts(document))
            self._small_words.add(_small_words(document.text))

    def remove(self, document: Document) -> None:
        """Take what *document* defines off again."""
        if may_define(document.text):
            self._definitions.subtract(_definition_texts(document))
            self._small_words.subtract(_small_words(document.text))

    def finish(self, base: AcronymTables | None = None) -> AcronymTables:
        """The counts, added to those of *base*."""
        base = base or AcronymTables()
        return AcronymTables(
            self._definitions.finish(base.definitions), self._small_words.finish(base.small_words)
        )


def may_define(text: str) -> bool:
    """Whether *text* has parentheses."""
    return "(" in text or "（" in text


def _definition_texts(document: Document) -> Iterator[str]:
    """What *document* defines, each meaning once: the short and the long form, a tab between."""
    seen = set()
    for definition in find_definitions(document.text, document.metadata.language):
        text = _TAB.join((definition.short, " ".join(definition.long.split())))
        if (meaning := _meaning_of(text)) not in seen:
            seen.add(meaning)
            yield text


def _meaning_of(text: str) -> str:
    """What the definition *text* says, however it is written."""
    short, long = text.split(_TAB)
    return _TAB.join((to_term(short), _key_of(long)))


def _small_words(text: str) -> set[str]:
    """The short words of *text* in small letters."""
    return {w for w in {*text.split()} if len(w) <= _MAX_SHORT and w.islower() and w.isalpha()}


def select_acronyms(
    tables: AcronymTables, defined_terms: Iterable[tuple[str, ...]]
) -> tuple[Acronym, ...]:
    """The most frequent acronyms, by short form; none of the *defined_terms* of others."""
    others = set(defined_terms)
    by_short: defaultdict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for (first, end), count in zip(
        iter_groups(tables.definitions), tables.definitions.group_counts().tolist(), strict=True
    ):
        text = tables.definitions.usual_form(first, end)
        short, long = text.split(_TAB)
        if not ({_terms_of(short), _terms_of(long)} & others):
            by_short[to_term(short)].append((-count, _meaning_of(text), text))
    chosen = []
    for meanings in by_short.values():
        meanings.sort()
        most = -meanings[0][0]
        chosen += [m for m in meanings[:_MAX_MEANINGS] if -m[0] >= most * _MIN_MEANING_SHARE]
    chosen = sorted(chosen)[:MAX_ACRONYMS]
    words = [hash_text(text.split(_TAB)[0].lower()) for *_, text in chosen]
    small = tables.small_words.count_of(np.array(words, np.uint64)).tolist()
    acronyms = []
    for (count, _, text), times in zip(chosen, small, strict=True):
        short, long = text.split(_TAB)
        acronyms.append(Acronym(short, long, is_word=times >= -count))
    return tuple(sorted(acronyms))


def _terms_of(text: str) -> tuple[str, ...]:
    return tuple(to_term(word) for word in token_texts(text))


def _key_of(long: str) -> str:
    return " ".join(_terms_of(long))
