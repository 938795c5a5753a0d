"""A question -> a Query: weighted terms, required phrases, exclusions, filters; plain data.

A question is words, "quoted words" that must occur together, and -words that must not occur; the
operators of the search language are read before, by `qa.queries.operators`.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import compress, repeat
from operator import not_

import regex

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.languages import detect_question_languages, stop_words
from qa.analysis.normalization import is_emoji, remove_stop_words
from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import (
    is_stop_word,
    normalize,
    stem_in,
    to_term,
    token_spans,
    token_texts,
    tokenize,
)
from qa.errors import QuestionError
from qa.index.manifest import SynonymMap
from qa.queries.asking import FramedQuestion, split_frame
from qa.queries.prose import (
    EXCLUDED_WORD,
    QUOTED_PHRASE,
    may_have_operators,
    strip_prose_marks,
)
from qa.queries.query import (
    CARRYOVER_WEIGHT,
    EXPANSION_WEIGHT,
    Expansion,
    Filters,
    Phrase,
    Query,
    QueryTerm,
)
from qa.queries.topics import begins_with_title


def parse_query(  # noqa: PLR0913 - what a question comes with, each by its name
    question: str,
    *,
    languages: Iterable[str] = ("en",),
    filters: Filters | None = None,
    carried_words: tuple[str, ...] = (),
    max_characters: int = 2000,
    max_phrases: int = 24,
    deadline: Deadline = NO_DEADLINE,
) -> Query:
    """Turn *question* into a query; raise QuestionError when there is nothing to search for.

    Also raised for more than *max_phrases* different phrases and exclusions: leaving one out would
    answer another question.
    """
    text = normalize(question)
    if len(text) > max_characters:
        raise QuestionError(
            f"The question has {len(text):,} characters; shorten it to at most {max_characters:,}."
        )
    languages = tuple(languages)
    typed = text
    framed = _keep_words(split_frame(text), languages, carried_words)
    text = framed.bare
    question_languages = detect_question_languages(text, languages)
    text, quotations = strip_prose_marks(text, question_languages.likely or "en")
    required_phrases, excluded_phrases, free_text = _parse_operators(text)
    if _repeats_one_word(free_text):
        required_phrases = required_phrases or (_build_phrase(free_text),)
    phrase_count = len(required_phrases) + len(excluded_phrases)
    if phrase_count > max_phrases:
        raise QuestionError(
            f"The question has {phrase_count} different phrases and excluded words; use at most"
            f" {max_phrases}."
        )
    deadline.check()
    content_words, ignored_words = _split_content_words(
        f"{free_text} {' '.join(carried_words)}",
        question_languages.possible,
        is_inside=framed.is_inside,
    )
    # The question's own language first: its stem identifies the word.
    terms = _build_terms(content_words, (*question_languages.possible, *languages), deadline)
    terms = _weight_carried_terms(terms, free_text, carried_words)
    if not terms:
        raise QuestionError("The question has no words to search for; type at least one.")
    return Query(
        terms,
        required_phrases,
        excluded_phrases,
        filters or Filters(),
        ignored_words=_combine_ignored(framed.frame_words, ignored_words, terms),
        carried_words=carried_words,
        language=question_languages.likely,
        text=text,
        typed=typed,
        quotations=quotations,
    )


def _keep_words(
    framed: FramedQuestion, languages: Iterable[str], carried_words: Sequence[str]
) -> FramedQuestion:
    """*framed* with its frames, where nothing but a pronoun or the like would remain."""
    words = token_texts(framed.bare)
    is_bare_pronoun = (
        len(words) == 1
        and words[0].islower()
        and any(is_stop_word(words[0], language) for language in languages)
    )
    if is_bare_pronoun and not carried_words:
        return FramedQuestion(framed.text, framed.text)
    return framed


def _combine_ignored(
    frame_words: Iterable[str], stop_words: Iterable[str], terms: Iterable[QueryTerm]
) -> tuple[str, ...]:
    """The words that were left out, each once; not those of a frame that are also searched for."""
    searched = {term.word.lower() for term in terms}
    ignored = [*(word for word in frame_words if word not in searched), *stop_words]
    return tuple(dict.fromkeys(ignored))


def ignore_absent_words(query: Query, document_frequencies: Mapping[str, int]) -> Query:
    """*query* without words that occur nowhere and say nothing beside others.

    These are emoji, and stop words of the likely language of a question that may be in another one.
    """
    first = token_texts(query.text)[:1]
    absent = {
        term
        for term in query.terms
        # Most have this stem in some passage.
        if not document_frequencies[term.stems[0]]
        and not term.document_frequency(document_frequencies)
        and (is_emoji(term.word) or _is_likely_stop_word(term.word, query, first=first))
    }
    if not absent or len(absent) == len(query.terms):
        return query
    words = tuple(term.word for term in query.terms if term in absent)
    return replace(
        query,
        terms=tuple(term for term in query.terms if term not in absent),
        ignored_words=tuple(dict.fromkeys([*query.ignored_words, *words])),
    )


def _is_likely_stop_word(word: str, query: Query, *, first: list[str]) -> bool:
    return query.language is not None and _is_function_word(
        word, (query.language,), first=first == [word]
    )


def prune_terms(query: Query, document_frequencies: Mapping[str, int], max_terms: int) -> Query:
    """*query* with its *max_terms* rarest terms; the rest is ignored.

    A pasted page would otherwise be searched for every word in it.
    """
    if len(query.terms) <= max_terms:
        return query
    rarest = set(
        sorted(query.terms, key=lambda term: term.document_frequency(document_frequencies))[
            :max_terms
        ]
    )
    pruned_words = [term.word.lower() for term in query.terms if term not in rarest]
    return replace(
        query,
        terms=tuple(term for term in query.terms if term in rarest),
        ignored_words=tuple(dict.fromkeys([*query.ignored_words, *pruned_words])),
    )


def release_phrases(query: Query) -> Query:
    """*query* without required phrases, whose words count as any others."""
    quotations = (*query.quotations, *(phrase.text for phrase in query.phrases))
    return replace(query, phrases=(), quotations=tuple(dict.fromkeys(quotations)))


def expand_synonyms(query: Query, synonyms: SynonymMap, languages: Iterable[str]) -> Query:
    """*query* with synonyms of its words, but for those in quotation marks."""
    languages = tuple(languages)
    phrases = (*query.phrases, *map(_build_phrase, query.quotations))
    quoted_terms = {phrase_term for phrase in phrases for phrase_term in phrase.terms}
    # An empty word keeps the neighbours of a quoted word from forming one name.
    unquoted_words = ["" if term.term in quoted_terms else term.word for term in query.terms]
    query_stems = {*query.stems}
    stop_terms = synonyms.stop_terms, stop_words("en")
    expansions = []
    for member, other in synonyms.iter_synonyms(unquoted_words):
        terms = [
            replace(term, weight=EXPANSION_WEIGHT)
            for term in _build_terms(token_texts(other.text), languages)
            if query_stems.isdisjoint(term.stems)
            and not any(term.term in terms for terms in stop_terms)
        ]
        if terms:
            expansions.append(Expansion(member.text, other.text, tuple(terms)))
            query_stems.update(term_stem for term in terms for term_stem in term.stems)
    if not expansions:
        return query
    return replace(query, expansions=(*query.expansions, *expansions))


def _parse_operators(text: str) -> tuple[tuple[Phrase, ...], tuple[Phrase, ...], str]:
    """Required phrases, excluded phrases, and the remaining text, which includes quoted words."""
    if not may_have_operators(text):
        return (), (), text
    required_phrases: list[Phrase] = []
    excluded_phrases: list[Phrase] = []

    def take_phrase(match: "regex.Match[str]") -> str:
        quoted_text = match[2] or match[3] or match[4]
        (excluded_phrases if match[1] else required_phrases).append(_build_phrase(quoted_text))
        return " " if match[1] else f" {quoted_text} "

    def take_exclusion(match: "regex.Match[str]") -> str:
        excluded_phrases.append(_build_phrase(match[1]))
        return " "

    free_text = EXCLUDED_WORD.sub(take_exclusion, QUOTED_PHRASE.sub(take_phrase, text))
    return _deduplicate(required_phrases), _deduplicate(excluded_phrases), free_text


def _repeats_one_word(text: str) -> bool:
    """Whether *text* is a name that is a word twice, The The: each word of it is in any text."""
    words = token_texts(text)
    if len(words) < 2 or words[0].casefold() != words[1].casefold():
        return False
    return len({*map(str.casefold, words)}) == 1


def _deduplicate(phrases: Iterable[Phrase]) -> tuple[Phrase, ...]:
    """*phrases* with different terms, without empty ones."""
    by_terms: dict[tuple[str, ...], Phrase] = {}
    for phrase in phrases:
        if phrase.terms:
            by_terms.setdefault(phrase.terms, phrase)
    return tuple(by_terms.values())


def _build_phrase(text: str) -> Phrase:
    return Phrase(text.strip(), tuple(to_term(word.text) for word in tokenize(text)))


def _split_content_words(
    text: str, languages: Sequence[str], *, is_inside: bool = False
) -> tuple[list[str], tuple[str, ...]]:
    """Content words and ignored words; if all are stop words, all are content words.

    A text that is not *is_inside* a sentence begins with a capital that says nothing.

    Where several languages are possible, only stop words of all of them are ignored: "war" is a
    German auxiliary, but an English noun.
    """
    remaining_text, ignored_words = text, tuple[str, ...]()
    if languages and not text.isascii():
        common_words = frozenset.intersection(*map(stop_words, languages))
        remaining_text, ignored_words = remove_stop_words(common_words, text)
    spans = token_spans(remaining_text)
    question_words = [remaining_text[start:end] for start, end in spans]
    # WHO SAID THAT is shouted, US is a name.
    is_all_caps = len(question_words) > 3 and all(map(str.isupper, question_words))
    question_words = [word.lower() for word in question_words] if is_all_caps else question_words
    stop_flags = _find_stop_words(question_words, languages)
    names = [
        i
        for i, word in enumerate(question_words)
        if i and stop_flags[i] and word[0].isupper() and _is_name(word)
    ]
    # Few questions have a stop word with a capital inside.
    firsts = _find_sentence_starts(spans, remaining_text, languages) if names else frozenset()
    for i in names:
        stop_flags[i] = i in firsts
    if all(stop_flags):
        return [word.text for word in tokenize(text)], ()
    if is_inside or begins_with_title(text):
        stop_flags[0] = _is_function_word(question_words[0], languages, first=False)
    stop_flags = _keep_quoted_words(stop_flags)
    content_words = [*compress(question_words, map(not_, stop_flags))]
    ignored_words += tuple(map(str.lower, compress(question_words, stop_flags)))
    return content_words, tuple(dict.fromkeys(ignored_words))


def _find_stop_words(words: list[str], languages: Sequence[str]) -> list[bool]:
    """Which of *words* are stop words of all *languages*; those at the first place, and names."""
    if len(languages) == 1:
        return [*map(is_stop_word, words, repeat(languages[0]))]
    return [_is_function_word(word, languages, first=True) for word in words]


def _find_sentence_starts(
    spans: Sequence[tuple[int, int]], text: str, languages: Sequence[str]
) -> frozenset[int]:
    """The numbers of the words at *spans* that begin a sentence of *text*."""
    if not languages:
        return frozenset({0})
    token_starts = [start for start, _ in spans]
    sentences = split_sentences(text, languages[0])
    return frozenset({0, *(bisect_left(token_starts, start) for start, _ in sentences)})


# So many stop words in a row at the end are a quotation without its marks: to be or not to be.
_MIN_QUOTED_WORDS = 5


def _keep_quoted_words(stop_flags: list[bool]) -> list[bool]:
    """*stop_flags* where words at the end that are a quotation are no stop words."""
    last_content = len(stop_flags) - 1 - stop_flags[::-1].index(False)
    if len(stop_flags) - 1 - last_content < _MIN_QUOTED_WORDS:
        return stop_flags
    return [*stop_flags[: last_content + 1], *([False] * (len(stop_flags) - 1 - last_content))]


def _is_function_word(word: str, languages: Sequence[str], *, first: bool) -> bool:
    """Whether a word is a stop word; a capital inside the question makes it a name: Will, May."""
    for language in languages:
        if not is_stop_word(word, language):
            return False
    return bool(languages) and (first or not _is_name(word))


def _is_name(word: str) -> bool:
    """Whether the capital of a word inside a sentence makes it a name."""
    return word[0].isupper() and word != "I"


def _weight_carried_terms(
    terms: tuple[QueryTerm, ...], typed: str, carried_words: tuple[str, ...]
) -> tuple[QueryTerm, ...]:
    """*terms*, with less weight for those that only earlier turns contain."""
    if not carried_words:
        return terms
    typed_terms = {to_term(word.text) for word in tokenize(typed)}
    return tuple(
        term if term.term in typed_terms else replace(term, weight=CARRYOVER_WEIGHT)
        for term in terms
    )


# The time is looked at after so many words; one takes microseconds.
_CHECKED_WORDS = 16


def _build_terms(
    content_words: list[str], languages: tuple[str, ...], deadline: Deadline = NO_DEADLINE
) -> tuple[QueryTerm, ...]:
    languages = tuple(dict.fromkeys(languages))
    terms_by_stem: dict[str, QueryTerm] = {}
    for number, word in enumerate(dict.fromkeys(content_words)):
        if number % _CHECKED_WORDS == 0:
            deadline.check()
        stems = stem_in(word, languages)
        if stems[0]:
            terms_by_stem.setdefault(stems[0], QueryTerm(word, to_term(word), stems))
    return tuple(terms_by_stem.values())
