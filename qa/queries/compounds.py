"""Words of a query and compounds: a part finds the compound, a compound its parts.

"Fahrrad Stellplatz" also searches for "Fahrradstellplätze", and the other way about.  The stems of
the index, and the other words of the question, tell what is a part.  A compound is split where the
geometric mean of how often its parts occur is highest: Koehn and Knight, Empirical methods for
compound splitting, EACL 2003.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from qa.analysis.tokenizer import stem
from qa.index.lexicon import COMPOUNDING_LANGUAGES, MIN_PART, Lexicon
from qa.queries.query import EXPANSION_WEIGHT, Expansion, Query, QueryTerm

# What may join two parts.
_LINKS = ("", "s", "n", "en", "er", "e", "es", "ens", "o", "u", "a")
# Parts of a compound, at most, and letters of a part that the question itself does not have.
_MAX_PARTS, _MIN_OTHER = 4, 4
# A word of so many letters is a part even if the other part occurs nowhere by itself.
_MIN_ALONE = 6
# The ranks of compounds that are looked for only in place of an absent word, and of other words
# unless the question has the other part.
_UNLIKELY, _NO_COMPOUND = 3, 4
# Stands for any first part; the longest ending that only longer words lose: Wartung, Heizungswart.
_ANY_HEAD, _MAX_ENDING = "babab", 3
# Stems looked at on each side of a word; compounds of a word, and of a question.
_MAX_LOOKED_AT, _MAX_PER_TERM, _MAX_PER_QUERY = 40, 4, 10
# Longer questions have words enough; longer words are none.
_MAX_TERMS, _MAX_LETTERS = 24, 50


class _Compound(NamedTuple):
    """A stem that has a word as a part, and *others*, stems that the other part may have.

    *rank* is 1 where the index has one of these, 2 where the word is long, else 3 or 4.
    """

    rank: int
    order: int
    stem: str
    others: frozenset[str]


class _Split(NamedTuple):
    """The parts of a compound with their stems, and the geometric mean of their *counts*."""

    score: float
    parts: tuple[tuple[str, str], ...]
    counts: tuple[int, ...]

    def append(self, part: str, part_stem: str, count: int) -> "_Split":
        """The same with one more part."""
        counts = (*self.counts, count)
        mean = math.prod(counts) ** (1 / len(counts))
        return _Split(mean, (*self.parts, (part, part_stem)), counts)


def expand_compounds(
    query: Query,
    lexicon: Lexicon,
    languages: Iterable[str],
    document_frequencies: Mapping[str, int],
    is_misspelt: Callable[[str], bool] = lambda _: False,
) -> Query:
    """*query* with the compounds of its words, and with the parts of its compounds.

    A compound that occurs nowhere gives way to its parts.  Not for words in quotation marks.  A
    term that *is_misspelt*, where it occurs nowhere, has only likely compounds.
    """
    compounding = [language for language in languages if language in COMPOUNDING_LANGUAGES]
    is_other_language = query.language is not None and query.language not in COMPOUNDING_LANGUAGES
    if not len(lexicon) or is_other_language or len(query.terms) > _MAX_TERMS:
        return query
    quoted = {phrase_term for phrase in query.phrases for phrase_term in phrase.terms}
    # Words of earlier turns and operators have been chosen as they are.
    chosen = (term.term for term in query.terms if term.forms or term.is_exact)
    fixed = quoted.union(query.carried_words, chosen)
    expander = _Expander(lexicon, tuple(compounding), query.terms)
    terms: list[QueryTerm] = []
    expansions = [*query.expansions]
    split_words: list[tuple[str, str]] = []
    for term in query.terms:
        parts = expander.split(term) if _is_open(term, fixed) else ()
        text = " ".join(part.word for part in parts)
        if parts and not term.document_frequency(document_frequencies):
            terms += parts
            split_words.append((term.word, text))
            continue
        terms.append(term)
        if new := tuple(p for p in parts if all(p.stems[0] not in t.stems for t in query.terms)):
            lighter = tuple(replace(part, weight=EXPANSION_WEIGHT) for part in new)
            expansions.append(Expansion(term.word, text, lighter))
    distinct = {term.stems: term for term in reversed(terms)}
    terms = [term for term in terms if distinct[term.stems] is term]
    return replace(
        query,
        terms=tuple(
            expander.add_compounds(term, document_frequencies, is_misspelt)
            if _is_open(term, fixed)
            else term
            for term in terms
        ),
        expansions=tuple(expansions),
        split_words=tuple(split_words),
    )


def _is_open(term: QueryTerm, fixed: AbstractSet[str]) -> bool:
    """Whether *term* is a word that may stand for others."""
    return term.term.isalpha() and fixed.isdisjoint((term.term, term.word))


class _Expander:
    """Finds the compounds and the parts of the *terms* of one query."""

    def __init__(
        self, lexicon: Lexicon, languages: tuple[str, ...], terms: Sequence[QueryTerm]
    ) -> None:
        self._lexicon = lexicon
        self._languages = languages
        self._asked = {
            one
            for term in terms
            for one in (*self._stems_of(term.word), *self._end_stems_of(term.word))
        }
        self._left = _MAX_PER_QUERY

    def _stems_of(self, word: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(stem(word, language) for language in self._languages))

    def _end_stems_of(self, word: str) -> tuple[str, ...]:
        """The stems of *word* at the end of a compound: stemmers take more off a longer word."""
        joined = (stem(f"{_ANY_HEAD}{word.lower()}", language) for language in self._languages)
        return tuple(dict.fromkeys(one.removeprefix(_ANY_HEAD) for one in joined))

    def add_compounds(
        self,
        term: QueryTerm,
        document_frequencies: Mapping[str, int],
        is_misspelt: Callable[[str], bool],
    ) -> QueryTerm:
        """*term* with the stems of compounds that have it, the likeliest ones.

        Of a term that occurs nowhere by itself even those whose other part says nothing.
        """
        is_absent = not any(
            document_frequencies.get(one) or self._lexicon.count(one) for one in term.stems
        ) and not is_misspelt(term.term)
        key = "compounds", term.word, self._languages
        compounds = self._lexicon.memoize(key, lambda: tuple(self._iter_compounds(term)))
        if is_absent:
            compounds += tuple(self._compounds_around(term))
        most = _UNLIKELY if is_absent else _UNLIKELY - 1
        ranked = sorted((self._rank(one), one.order, one.stem) for one in compounds)
        stems = dict.fromkeys(s for rank, _, s in ranked if rank <= most and s not in term.stems)
        chosen = tuple(stems)[: min(_MAX_PER_TERM, self._left)]
        self._left -= len(chosen)
        return replace(term, compounds=chosen)

    def _rank(self, compound: _Compound) -> int:
        """Its rank; 0 where the question has the other part."""
        return compound.rank if self._asked.isdisjoint(compound.others) else 0

    def _iter_compounds(self, term: QueryTerm) -> Iterator[_Compound]:
        """The compounds that begin or end with *term*, in the form that it has there."""
        for term_stem in self._stems_of(term.word):
            for compound in self._lexicon.beginning_with(term_stem, _MAX_LOOKED_AT):
                bases = [base for base in {term.term, term_stem} if compound.startswith(base)]
                others = [
                    compound[len(base) + len(link) :]
                    for base in bases
                    for link in _LINKS
                    if compound.startswith(link, len(base))
                ]
                yield self._build_compound(compound, len(term_stem), others, others)
        for term_stem in self._end_stems_of(term.word):
            for compound in self._lexicon.ending_with(term_stem, _MAX_LOOKED_AT):
                head = compound[: -len(term_stem)]
                heads = [head.removesuffix(link) for link in _LINKS if head.endswith(link)]
                stems = [one for part in heads for one in (part, *self._stems_of(part))]
                yield self._build_compound(compound, len(term_stem), heads, stems)

    def _compounds_around(self, term: QueryTerm) -> Iterator[_Compound]:
        """The compounds that have the stem of *term* between other parts."""
        for term_stem in self._stems_of(term.word):
            if len(term_stem) < _MIN_OTHER:
                continue
            for compound in self._lexicon.containing(term_stem, _MAX_LOOKED_AT):
                head, _, tail = compound.partition(term_stem)
                if min(len(head), len(tail)) >= MIN_PART:
                    order = -self._lexicon.count(compound)
                    yield _Compound(_UNLIKELY, order, compound, frozenset())

    def _build_compound(
        self, compound: str, length: int, parts: Sequence[str], stems: Sequence[str]
    ) -> _Compound:
        """A *compound* of a word of that *length* and another of *parts*, which have *stems*."""
        others = frozenset(one for one in stems if len(one) >= MIN_PART)
        rank = _NO_COMPOUND
        if length >= _MIN_OTHER and max(map(len, parts), default=0) >= _MIN_OTHER:
            rank = _UNLIKELY - 1 if length >= _MIN_ALONE else _UNLIKELY
            longer = [one for one in others if len(one) >= _MIN_OTHER]
            if any(self._lexicon.count(one) or self._is_shorter(one) for one in longer):
                rank = 1
        return _Compound(rank, -self._lexicon.count(compound), compound, others)

    def _is_shorter(self, rest: str) -> bool:
        """Whether *rest* is a word but for an ending that a stemmer takes off a longer one."""
        longer = self._lexicon.beginning_with(rest, 1)
        return bool(longer) and len(longer[0]) <= len(rest) + _MAX_ENDING

    def split(self, term: QueryTerm) -> tuple[QueryTerm, ...]:
        """The parts of the compound *term* that occur oftener than it does; none of a word."""
        if len(term.term) > _MAX_LETTERS:
            return ()
        key = "split", term.word, self._languages
        parts = self._lexicon.memoize(key, lambda: self._parts_of(term))
        return tuple(QueryTerm(part, part, (part_stem,), term.weight) for part, part_stem in parts)

    def _parts_of(self, term: QueryTerm) -> tuple[tuple[str, str], ...]:
        """The parts of *term*, each with its stem, that together occur oftener than it does."""
        stems = self._stems_of(term.word)
        splits = [self._best_split(term.term, term_stem, _MAX_PARTS) for term_stem in stems]
        best = max(filter(None, splits), default=None)
        is_better = best is not None and best.score > max(map(self._lexicon.count, stems))
        return best.parts if best is not None and is_better else ()

    def _best_split(self, word: str, word_stem: str, most: int) -> _Split | None:
        """The best split of a word into *most* parts, or fewer."""
        splits: list[_Split] = []
        for place in range(MIN_PART, len(word_stem) - MIN_PART + 1):
            tail = word[place:]
            tail_stem = self._likeliest(tail)
            # Few ends are words, so this is looked at first.
            count = self._occurrences(tail_stem, self._lexicon.ending_with, word_stem)
            if count:
                heads = self._heads(word[:place], word_stem, most - 1)
                splits += [head.append(tail, tail_stem, count) for head in heads]
        return max(splits, default=None)

    def _likeliest(self, word: str) -> str:
        """The most frequent of *word* and its stems, a stem if none occurs."""
        return max((*self._stems_of(word), word), key=self._lexicon.count)

    def _heads(self, joined: str, whole: str, most: int) -> Iterator[_Split]:
        """What *joined*, the first part with what joins it, can be: a word, or else several."""
        bases = [joined.removesuffix(link) for link in _LINKS if joined.endswith(link)]
        bases = [base for base in bases if len(base) >= MIN_PART]
        is_word = False
        for base in bases:
            base_stem = self._likeliest(base)
            if count := self._occurrences(base_stem, self._lexicon.beginning_with, whole):
                is_word = True
                yield _Split(count, ((base, base_stem),), (count,))
        if not is_word and most > 1:
            splits = (self._best_split(base, base, most) for base in bases)
            yield from (split for split in splits if split)

    def _occurrences(
        self, part: str, find_longer: Callable[[str, int], list[str]], whole: str
    ) -> int:
        """How often *part* occurs; 1 for a long one that is in other compounds than *whole*."""
        count = self._lexicon.count(part)
        if count or len(part) < _MIN_ALONE:
            return count
        longer = find_longer(part, _MAX_LOOKED_AT)
        return int(any(len(c) - len(part) >= MIN_PART for c in longer if c != whole))
