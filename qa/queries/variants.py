"""A query -> the same with other forms of its words: dates, numbers, initials, joined words.

What the index has beside words (see analysis/variants) is searched for where it occurs there: the
day of a date instead of its words, and wifi beside the words of wi-fi.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qa.analysis.tokenizer import stem, stem_in, to_term, token_spans, token_texts
from qa.analysis.variants import Role, Variant, find_variants
from qa.queries.query import CARRYOVER_WEIGHT, Phrase, Query, QueryTerm, inverse_document_frequency

# Longer texts are prose; pairs of their words are no names to join.
_MAX_PAIRED_WORDS = 24
# Words that occur nowhere and are tried as two, and the ways that are looked for in the texts.
_MAX_SPLIT_TERMS, _MAX_SPLITS = 3, 3
_MIN_PART_LENGTH, _MAX_SPLIT_LENGTH = 2, 24


@dataclass(frozen=True)
class QueryVariant:
    """Other forms of some words of a question, as typed in *text*.

    *forms* are the words to search for, each with its stems, one for each language of the index.
    They are several where *role* is that of parts.
    """

    text: str
    forms: tuple[tuple[str, tuple[str, ...]], ...]
    role: Role

    @property
    def words(self) -> list[str]:
        """The words of the question that it is another form of."""
        return token_texts(self.text)

    @property
    def stems(self) -> Sequence[str]:
        """The stems of all forms."""
        if len(self.forms) == 1:
            return self.forms[0][1]
        return [form_stem for _, stems in self.forms for form_stem in stems]

    def occurs(self, document_frequencies: Mapping[str, int]) -> bool:
        """Whether some passage has each of its forms."""
        if len(self.forms) == 1:
            return any(map(document_frequencies.get, self.forms[0][1]))
        return all(any(map(document_frequencies.get, stems)) for _, stems in self.forms)


def find_query_variants(query: Query, languages: Iterable[str]) -> tuple[QueryVariant, ...]:
    """The other forms of words of *query*, the most exact one for each place."""
    languages = tuple(languages)
    text = query.text
    # Where the language is not plain, a date may be in any of the index.
    possible = [query.language] if query.language else languages[:4] or ("en",)
    variants = [v for language in possible for v in find_variants(text, language)]
    chosen: list[tuple[str, int, int, Role]] = []
    if variants:
        chosen += _choose_exact(dict.fromkeys(variants))
    chosen += _pair_words(query)
    stem_languages = tuple(dict.fromkeys([*possible, *languages]))
    groups: dict[tuple[int, int, Role], list[tuple[str, tuple[str, ...]]]] = {}
    for word, start, end, role in chosen:
        form = word, stem_in(word, stem_languages)
        groups.setdefault((start, end, role), []).append(form)
    return tuple(
        [
            QueryVariant(text[start:end], tuple(forms), role)
            for (start, end, role), forms in groups.items()
        ]
    )


def _choose_exact(variants: Iterable[Variant]) -> list[Variant]:
    """*variants* without what is inside another that says the same.

    Of those of one place the first one counts: the day, not the month that it is in.
    """
    longest_first = sorted(variants, key=lambda variant: variant.start - variant.end)
    chosen: list[Variant] = []
    for variant in longest_first:
        is_inside = any(
            other.role is Role.SAME and other.start <= variant.start and variant.end <= other.end
            for other in chosen
        )
        if not is_inside and variant.role is not Role.BASE:
            chosen.append(variant)
    return sorted(chosen, key=lambda variant: (variant.start, variant.end, variant.role.value))


def _pair_words(query: Query) -> list[tuple[str, int, int, Role]]:
    """Two words side by side as one: wifi of "wi fi"; only words that are searched for."""
    text = query.text
    spans = token_spans(text)
    if len(spans) > _MAX_PAIRED_WORDS:
        return []
    searched = {term.word.lower() for term in query.terms}
    own_spans = [span for span in spans if text[span[0] : span[1]].lower() in searched]
    pairs = []
    for (start, middle), (next_start, end) in pairwise(own_spans):
        if text[middle:next_start] == " ":
            joined = text[start:middle] + text[next_start:end]
            if not joined.isdigit():
                pairs.append((joined, start, end, Role.JOINED))
    return pairs


def apply_variants(
    query: Query,
    variants: Sequence[QueryVariant],
    document_frequencies: Mapping[str, int],
    passage_count: int,
) -> Query:
    """*query* with those *variants* that occur in some passage."""
    # What an operator says is meant as it is written.
    terms = {
        term.term: term
        for term in query.terms
        if term.weight > CARRYOVER_WEIGHT and not term.forms and not term.is_exact
    }
    own_terms = terms
    substitutes: dict[str, list[QueryTerm]] = {}
    for variant in variants:
        # Most pairs of words occur nowhere as one.
        if not variant.occurs(document_frequencies):
            continue
        names = [name for name in dict.fromkeys(map(to_term, variant.words)) if name in terms]
        if not names:
            continue
        if variant.role is Role.JOINED:
            terms = terms | {name: _add_variant(terms[name], variant.stems) for name in names}
            continue
        members = [terms[name] for name in names]
        new = _build_substitutes(variant, members, document_frequencies, passage_count)
        substitutes |= {name: substitutes.get(name, []) for name in names}
        substitutes[names[0]].extend(new)
    if terms is own_terms and not substitutes:
        return query
    return replace(query, terms=_substitute(query.terms, terms, substitutes))


def _add_variant(term: QueryTerm, stems: Iterable[str]) -> QueryTerm:
    return replace(
        term,
        stems=tuple(dict.fromkeys([*term.stems, *stems])),
        variants=tuple(dict.fromkeys([*term.variants, *stems])),
    )


def _build_substitutes(
    variant: QueryVariant,
    members: Sequence[QueryTerm],
    document_frequencies: Mapping[str, int],
    passage_count: int,
) -> list[QueryTerm]:
    """The terms for *variant* in place of *members*.

    What says the same as several words weighs as much as they do together: a question for a day is
    not answered by the other words in a text of another day.
    """
    if variant.role is Role.PART:
        return [QueryTerm(word, to_term(word), stems) for word, stems in variant.forms]

    def idf(term: QueryTerm) -> float:
        count = term.document_frequency(document_frequencies)
        return term.weight * inverse_document_frequency(count, passage_count)

    word, stems = variant.forms[0]
    term = QueryTerm(variant.text, word, stems, variants=stems)
    return [replace(term, weight=max(1.0, sum(map(idf, members)) / idf(term)))]


def _substitute(
    terms: Iterable[QueryTerm],
    changed: Mapping[str, QueryTerm],
    substitutes: Mapping[str, Sequence[QueryTerm]],
) -> tuple[QueryTerm, ...]:
    """*terms* as *changed*, with *substitutes* for some, each stem once."""
    by_stem: dict[str, QueryTerm] = {}
    for term in terms:
        for new in substitutes.get(term.term, [changed.get(term.term, term)]):
            by_stem.setdefault(new.stems[0], new)
    return tuple(by_stem.values())


def split_absent_terms(
    query: Query,
    language: str,
    count: Callable[[Iterable[str]], Mapping[str, int]],
    occurs: Callable[[Phrase], bool],
) -> Query:
    """*query* with words that occur nowhere as the two words that they are in some text.

    "wi fi" for wifi.  *count* is how many passages have each stem, *occurs* whether a phrase does.
    """
    known = count(query.stems)
    absent = [
        term
        for term in query.terms
        # Most have this stem in some passage.
        if not known[term.stems[0]]
        and not term.document_frequency(known)
        and (term.word.isalpha() and not term.forms and len(term.word) <= _MAX_SPLIT_LENGTH)
    ][:_MAX_SPLIT_TERMS]
    if not absent:
        return query
    splits = {term.term: _split_word(term.word) for term in absent}
    # All at once: a cluster is asked once.
    parts = {part for pairs in splits.values() for pair in pairs for part in pair}
    counts = count({stem(part, language) for part in parts}) if parts else {}
    substitutes = {}
    for term in absent:
        chosen = _find_parts(splits[term.term], language, counts, occurs)
        if chosen:
            substitutes[term.term] = [
                QueryTerm(part, to_term(part), (stem(part, language),), term.weight)
                for part in chosen
            ]
    return replace(query, terms=_substitute(query.terms, {}, substitutes)) if substitutes else query


def _split_word(word: str) -> list[tuple[str, str]]:
    """All ways to make two words of *word*."""
    places = range(_MIN_PART_LENGTH, len(word) - _MIN_PART_LENGTH + 1)
    return [(word[:place], word[place:]) for place in places]


def _find_parts(
    splits: Iterable[tuple[str, str]],
    language: str,
    counts: Mapping[str, int],
    occurs: Callable[[Phrase], bool],
) -> tuple[str, str] | None:
    """The first of *splits* that is side by side in some text, the likeliest ones first."""

    def rarer(split: tuple[str, str]) -> int:
        return min(counts[stem(part, language)] for part in split)

    likely = sorted(filter(rarer, splits), key=rarer, reverse=True)[:_MAX_SPLITS]
    return next(
        (split for split in likely if occurs(Phrase(" ".join(split), tuple(map(to_term, split))))),
        None,
    )
