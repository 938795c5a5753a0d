"""ask: a question -> an Answer, the stages called in order."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.tokenizer import QUESTION_MARKS, normalize, token_texts
from qa.answers.answer import (
    Answer,
    AnswerPassage,
    NoAnswer,
    QueryWords,
    quote_passage,
)
from qa.answers.collection import CollectionFacts, describe_collection
from qa.answers.no_answer import date_span, explain_no_answer
from qa.answers.parts import (
    PartResult,
    Place,
    judge_first,
    merge_parts,
    number_parts,
    part_highlighters,
    place_of,
)
from qa.answers.question_reading import index_words, read_operators, read_question, write_standalone
from qa.answers.ranges import RangeRetriever
from qa.answers.retrieval import (
    DEFAULT_OPTIONS,
    AskOptions,
    RetrievalResult,
    decide_verdict,
    retrieve,
)
from qa.answers.spelling import suggest_spellings
from qa.answers.turns import Retriever, retrieve_parts, retrieve_turn
from qa.documents.document import Citable
from qa.engines.base import Searcher
from qa.errors import DeadlineExceededError, QuestionError
from qa.queries.asking import split_frame
from qa.queries.conditions import (
    IndexWords,
    UnderstoodOperator,
    add_conditions,
    describe_operators,
)
from qa.queries.followup.carryover import StandaloneQuestion
from qa.queries.operators import SearchText
from qa.queries.parser import parse_query, release_phrases
from qa.queries.prose import strip_prose_marks
from qa.queries.query import Filters, Query
from qa.queries.segments import find_asking_parts
from qa.queries.topics import parse_order
from qa.ranking.highlighter import Highlighter
from qa.ranking.reranker import (
    SORT_ORDERS,
)
from qa.settings import Settings

# By how much another part of a long question has to be surer than the likeliest one.
_MIN_CONFIDENCE_GAIN = 0.1
# The most that a passage may get that lacks what the question requires.
_UNMET_PROBABILITY = 0.25


def ask(
    searcher: Searcher,
    settings: Settings,
    question: str,
    options: AskOptions = DEFAULT_OPTIONS,
    deadline: Deadline = NO_DEADLINE,
) -> Answer:
    """Answer *question*; raise RequestError if it cannot be answered as asked.

    The same question to the same generation gets the same answer, except for the time it took.
    When the *deadline* passes, the answer has what was found until then; when that is nothing,
    DeadlineExceededError is raised.
    """
    start = time.perf_counter()
    deadline.check()
    question = normalize(question)
    search = read_operators(question, searcher, is_followup=bool(options.turns))
    about = None
    if not search.operators:
        about = _describe_collection(searcher, question, options, deadline)
    if about:
        return _answer_about(searcher, question, about, options.filters, start)
    reading = read_question(question, search, searcher, options, deadline)
    search, standalone, order = reading.search, reading.standalone, reading.order
    if order and order.sort and order.applied:
        options = replace(options, sort=order.sort)
    reach = options
    if reading.has_parts:
        # The passages for the parts come first, so that those before the page are needed, too.
        reach = replace(options, offset=0, limit=options.offset + options.limit)
    index = index_words(searcher, deadline)
    retriever = _build_retriever(
        searcher, settings, question, reach, search=search, index=index, deadline=deadline
    )
    result, not_carried = retrieve_turn(retriever, standalone)
    query = result.query
    verdict, confidence = decide_verdict(result, settings), result.confidence
    parts: tuple[PartResult, ...] = ()
    if reading.has_parts:
        parts = retrieve_parts(
            retriever, standalone, reading.history.turns, reading.history.dropped
        )
    operators = describe_operators(search, index)
    ranked = result.ranked
    if parts and options.sort == SORT_ORDERS[0]:
        ranked = merge_parts(ranked, parts, verdict)
        verdict, confidence = judge_first((verdict, confidence), ranked, parts)
    if reach is not options:
        ranked = ranked[options.offset : options.offset + options.limit]
    if ranked is not result.ranked:
        result = replace(result, ranked=ranked)
    passages = _quote_passages(searcher, result, options.offset, part_highlighters(parts), deadline)
    suggestions = suggest_spellings(searcher, query, result.statistics, deadline)
    return Answer(
        question=question,
        standalone=write_standalone(question, reading, query),
        verdict=verdict,
        confidence=max(confidence, settings.found if verdict == "found" else 0.0),
        passages=passages,
        query=_query_words(result, suggestions, standalone, not_carried, operators),
        filters=query.filters,
        none=explain_no_answer(
            searcher,
            result.query,
            result.statistics,
            suggestions,
            passages,
            operators=operators,
            deadline=deadline,
        )
        if verdict == "none"
        else None,
        generation=searcher.manifest.name,
        took_ms=round((time.perf_counter() - start) * 1000, 1),
        matches=result.matches,
        sort=options.sort,
        offset=options.offset,
        partial=result.partial or len(passages) < len(result.ranked) or deadline.is_expired,
        parts=number_parts(result.ranked, parts, options.offset) if parts else (),
        range=result.range or order,
    )


def _describe_collection(
    searcher: Searcher, question: str, options: AskOptions, deadline: Deadline
) -> CollectionFacts | None:
    """The facts that answer *question*, if it asks about the collection."""
    collection = split_frame(question).collection
    if collection is None or (options.turns and collection.is_deictic):
        return None
    return describe_collection(searcher, question, collection, options.filters, deadline)


def _answer_about(
    searcher: Searcher, question: str, about: CollectionFacts, filters: Filters, start: float
) -> Answer:
    """An answer without quotes, for a question about the collection."""
    manifest = searcher.manifest
    return Answer(
        question=question,
        standalone=question,
        verdict="none",
        confidence=0.0,
        passages=(),
        query=QueryWords((), (), {}, ()),
        filters=filters,
        none=NoAnswer((), (), date_span(manifest)),
        generation=manifest.name,
        took_ms=round((time.perf_counter() - start) * 1000, 1),
        about=about,
    )


def _build_retriever(  # noqa: PLR0913 - what a question comes with, each by its name
    searcher: Searcher,
    settings: Settings,
    question: str,
    options: AskOptions,
    *,
    search: SearchText,
    index: IndexWords,
    deadline: Deadline,
) -> Retriever[RetrievalResult]:
    """What searches for a text that is, or is part of, what *question* asks."""

    def judge(result: RetrievalResult) -> str:
        return decide_verdict(result, settings)

    def retrieve_text(
        text: str, carried_words: tuple[str, ...], stands_alone: bool
    ) -> RetrievalResult:
        # One that is too long is refused as it was typed.
        text = text if len(question) <= settings.max_question else question
        framed = split_frame(text)
        ordered = parse_order(framed.bare)
        parse_text = partial(
            parse_query,
            languages=searcher.manifest.languages,
            filters=options.filters,
            carried_words=carried_words,
            max_characters=settings.max_question,
            max_phrases=settings.max_terms,
            deadline=deadline,
        )

        def parse(text: str) -> Query:
            if not search.operators:
                return parse_text(text)
            has_text = carried_words or token_texts(text)
            query = parse_text(text) if has_text else Query((), filters=options.filters, text=text)
            return add_conditions(query, search, index)

        asked = ordered.topic if ordered else text
        query = parse(asked)
        if ordered:
            asking_words = tuple(token_texts(ordered.asking.lower()))
            ignored_words = (*framed.frame_words, *asking_words, *query.ignored_words)
            query = replace(query, ignored_words=tuple(dict.fromkeys(ignored_words)))
        if query.typed != search.text and text.strip() in search.text:
            query = replace(query, typed=search.text)
        retrieve_query = partial(
            retrieve,
            searcher,
            settings,
            options=options,
            deadline=deadline,
            may_be_topic=stands_alone and not carried_words,
        )
        within = RangeRetriever(
            options,
            searcher.manifest,
            parse,
            lambda asked_query: _retrieve_asking_part(text, asked_query, parse, retrieve_query),
            judge,
        )
        return within.retrieve(asked, query)

    return Retriever(retrieve_text, judge, deadline)


def _retrieve_asking_part(
    text: str,
    query: Query,
    parse: Callable[[str], Query],
    search: Callable[[Query], RetrievalResult],
) -> RetrievalResult:
    """The result of the part of a long *text* that asks, or of all of its *query*.

    The likeliest part counts, unless another, or the whole, is clearly surer.  Without a question
    mark, as in pasted prose, the whole counts, unless a part is clearly surer.  A question with
    operators is one.
    """
    if query.phrases or query.excluded_phrases:
        return _search_phrases(query, search)
    language = query.language or "en"
    # A part alone would be one sentence, whose quotations would be required.
    bare = strip_prose_marks(text, language).text
    parts = () if query.conditions else find_asking_parts(bare, language)
    best: RetrievalResult | None = None
    for part in parts:
        with suppress(QuestionError):
            result = search(replace(parse(part), typed=query.typed))
            if best is None or result.confidence > best.confidence + _MIN_CONFIDENCE_GAIN:
                best = result
    whole = search(query)
    gain = _MIN_CONFIDENCE_GAIN
    if not any(mark in text for mark in QUESTION_MARKS):
        gain = -gain
    if best is None or whole.confidence > best.confidence + gain:
        return whole
    return _ignore_other_words(best, query)


def _search_phrases(query: Query, search: Callable[[Query], RetrievalResult]) -> RetrievalResult:
    """The result of *query*; where no passage has all of its phrases, that without them.

    What was required is not there, so that what comes instead is no sure answer.
    """
    result = search(query)
    if not query.phrases or result.top:
        return result
    with suppress(DeadlineExceededError):
        other = search(release_phrases(query))
        if other.top:
            return replace(
                other,
                confidence=min(other.confidence, _UNMET_PROBABILITY),
                confidence_alone=min(other.confidence_alone, _UNMET_PROBABILITY),
                is_topic=False,
            )
    return result


def _ignore_other_words(result: RetrievalResult, whole: Query) -> RetrievalResult:
    """*result*, with all words of the *whole* question that its query has not as ignored ones."""
    used = {term.word.lower() for term in result.query.terms}
    others = [term.word.lower() for term in whole.terms if term.word.lower() not in used]
    words = tuple(dict.fromkeys([*whole.ignored_words, *others]))
    query = replace(result.query, ignored_words=words, quotations=whole.quotations)
    return replace(result, query=query)


def _quote_passages(
    searcher: Searcher,
    result: RetrievalResult,
    offset: int,
    highlighters: Mapping[Place, Highlighter],
    deadline: Deadline,
) -> tuple[AnswerPassage, ...]:
    """The passages to show, or as many as are read before the *deadline*, at least one."""
    passages: list[AnswerPassage] = []
    renames = searcher.manifest.renames
    for number, ranked in enumerate(result.ranked, offset + 1):
        if passages and deadline.is_expired:
            break
        document_id = ranked.passage.document_id
        duplicates: list[Citable] = []
        if ranked.duplicates:
            other_ids = {duplicate.document_id for duplicate in ranked.duplicates} - {document_id}
            duplicates = [searcher.citable(i) for i in sorted(other_ids) if not deadline.is_expired]
        document = searcher.citable(document_id)
        highlighter = result.highlighter
        if highlighters:
            highlighter = highlighters.get(place_of(ranked), highlighter)
        highlight = highlighter.highlight(ranked)
        own_id = renames.stable_id(document_id)
        passage = quote_passage(ranked, highlight, number, document, duplicates, own_id)
        passages.append(passage)
    return tuple(passages)


def _query_words(
    result: RetrievalResult,
    suggestions: dict[str, list[str]],
    standalone: StandaloneQuestion,
    not_carried: tuple[str, ...],
    operators: tuple[UnderstoodOperator, ...],
) -> QueryWords:
    query = result.query
    expanded: dict[str, tuple[str, ...]] = {word: (parts,) for word, parts in query.split_words}
    for expansion in query.expansions:
        expanded[expansion.word] = (*expanded.get(expansion.word, ()), expansion.text)
    used: list[str] = []
    for term in query.terms:
        # A prefix is one word.
        used += term.forms if term.forms and not term.is_exact else (term.word,)
    return QueryWords(
        used=tuple(map(str.lower, used)),
        ignored=tuple(dict.fromkeys([*query.ignored_words, *standalone.correction_words])),
        corrected={
            term.word: suggestions[term.term][0]
            for term in result.statistics.absent_terms
            if suggestions[term.term]
        },
        carried=query.carried_words,
        not_carried=not_carried,
        expanded=expanded,
        operators=operators,
        not_required=query.quotations,
    )
