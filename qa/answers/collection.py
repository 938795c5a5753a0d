"""A question about the collection -> facts from the index, with links; no quotes.

A document that answers goes first: one whose title, heading or question is the question itself.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from urllib.parse import quote, quote_plus

from qa.analysis.deadline import Deadline
from qa.analysis.tokenizer import to_term, token_texts
from qa.engines.base import Searcher
from qa.engines.document_summary import DocumentSummary
from qa.queries.asking import GREETING, CollectionQuestion
from qa.queries.parser import parse_query
from qa.queries.query import Condition, Filters, Phrase

# Documents that are linked one by one, and publishers that are named.
_MAX_LINKED, _MAX_PUBLISHERS = 10, 5


@dataclass(frozen=True)
class FactLink:
    """A page of the service, and what it is called."""

    text: str
    url: str


@dataclass(frozen=True)
class CollectionFacts:
    """Facts of the index that answer a question of this *kind*, in the language of the question."""

    kind: str
    text: str
    links: tuple[FactLink, ...]


@dataclass(frozen=True)
class _Facts:
    """What sentences are made from: the documents that the filters leave, and the question."""

    searcher: Searcher
    question: CollectionQuestion
    filters: Filters
    summaries: Sequence[DocumentSummary]
    sentences: dict[str, str]
    deadline: Deadline

    def say(self, name: str, **values: object) -> str:
        """A sentence in the language of the question."""
        return self.sentences[name].format(**values)


@lru_cache(maxsize=1)
def _load_sentences() -> dict[str, dict[str, str]]:
    text = files("qa.answers").joinpath("collection.toml").read_text("utf-8")
    sentences: dict[str, dict[str, str]] = tomllib.loads(text)
    return sentences


def describe_collection(
    searcher: Searcher,
    typed: str,
    question: CollectionQuestion,
    filters: Filters,
    deadline: Deadline,
) -> CollectionFacts | None:
    """The facts that answer the *question*, *typed* so; None where a document does."""
    if _is_answered(searcher, typed, deadline):
        return None
    facts = _Facts(
        searcher,
        question,
        filters,
        [*_filter_summaries(searcher.summaries(), filters, deadline)],
        _load_sentences()[question.language],
        deadline,
    )
    sentences, links = _DESCRIPTIONS[question.kind](facts)
    search = FactLink(facts.say("search"), _question_url(_quote_word(typed)))
    return CollectionFacts(question.kind, " ".join(sentences), (*links, search))


def _quote_word(typed: str) -> str:
    """The question with its longest word in quotation marks, so that it is searched for."""
    text = typed.replace('"', " ")
    word = max(token_texts(text), key=len)
    return text.replace(word, f'"{word}"', 1)


def _is_answered(searcher: Searcher, typed: str, deadline: Deadline) -> bool:
    """Whether a title, a heading or a question in the documents is the question itself."""
    query = parse_query(typed, languages=searcher.manifest.languages, max_characters=len(typed))
    return bool(searcher.search(query, 1, deadline).direct_answers)


def _filter_summaries(
    summaries: Sequence[DocumentSummary], filters: Filters, deadline: Deadline
) -> Iterator[DocumentSummary]:
    """The documents that *filters* leave."""
    for summary in summaries:
        deadline.check()
        if passes_filters(summary, filters):
            yield summary


def passes_filters(summary: DocumentSummary, filters: Filters) -> bool:
    """Whether a document is among those that *filters* leave."""
    if filters.publishers:
        names = {name.casefold() for name in filters.publishers}
        if (summary.publisher or "").casefold() not in names:
            return False
    if filters.document_ids and summary.id not in filters.document_ids:
        return False
    if filters.types and summary.type not in filters.types:
        return False
    if filters.titles and not any(_has_title(summary, phrase) for phrase in filters.titles):
        return False
    if not (filters.date_from or filters.date_to):
        return True
    return (
        summary.date is not None
        and (filters.date_from is None or summary.date >= filters.date_from)
        and (filters.date_to is None or summary.date <= filters.date_to)
    )


def passes_condition(summary: DocumentSummary, condition: Condition) -> bool:
    """Whether a document meets a *condition* on documents."""
    is_met = any(passes_filters(summary, filters) for filters in condition.filters)
    return is_met != condition.is_excluded


def _has_title(summary: DocumentSummary, phrase: Phrase) -> bool:
    """Whether *phrase* is in the title of a document."""
    title = f" {' '.join(map(to_term, token_texts(summary.title)))} "
    return f" {' '.join(phrase.terms)}{'' if phrase.is_prefix else ' '}" in title


_Description = tuple[list[str], list[FactLink]]


def _describe_contents(facts: _Facts) -> _Description:
    sentences = [
        facts.say("documents", count=f"{len(facts.summaries):,}"),
        *_date_sentences(facts),
        *_publisher_sentences(facts),
    ]
    links = [_documents_link(facts)]
    if len(facts.summaries) <= _MAX_LINKED:
        links += map(_reader_link, facts.summaries)
    return sentences, links


def _date_sentences(facts: _Facts) -> list[str]:
    dates = [summary.date for summary in facts.summaries if summary.date]
    if not dates:
        return []
    first, last = min(dates), max(dates)
    return [facts.say("dates" if first < last else "one_date", first=first, last=last)]


def _publisher_sentences(facts: _Facts) -> list[str]:
    counts = Counter(summary.publisher for summary in facts.summaries if summary.publisher)
    if not counts:
        return []
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0].casefold()))
    names = [f"{name} ({count:,})" for name, count in ranked[:_MAX_PUBLISHERS]]
    if len(counts) > _MAX_PUBLISHERS:
        names.append(facts.say("others", count=f"{len(counts) - _MAX_PUBLISHERS:,}"))
    return [facts.say("publishers", publishers=", ".join(names))]


def _describe_mentions(facts: _Facts) -> _Description:
    subject = facts.question.subject
    query = parse_query(
        subject,
        languages=facts.searcher.manifest.languages,
        filters=facts.filters,
        max_characters=len(subject),
        max_phrases=len(subject),
    )
    count = facts.searcher.count_documents(query, facts.deadline)
    words = " ".join(term.word for term in query.terms)
    sentence = facts.say(
        "mentions", words=words, count=f"{count:,}", total=f"{len(facts.summaries):,}"
    )
    return [sentence], [FactLink(words, _question_url(subject)), _documents_link(facts)]


def _describe_newest(facts: _Facts) -> _Description:
    return _describe_extreme(facts, "newest")


def _describe_oldest(facts: _Facts) -> _Description:
    return _describe_extreme(facts, "oldest")


def _describe_extreme(facts: _Facts, name: str) -> _Description:
    """The newest or oldest document; of several of a day, the first by id."""
    sign = -1 if name == "newest" else 1
    dated = ((sign * s.date.toordinal(), s.id, s) for s in facts.summaries if s.date)
    _, _, summary = min(dated, default=(0, "", None))
    if summary is None:
        return [facts.say("no_dates")], [_documents_link(facts)]
    sentence = facts.say(name, title=summary.title, date=summary.date)
    return [sentence], [_reader_link(summary), _documents_link(facts, name)]


def _describe_dates(facts: _Facts) -> _Description:
    return _date_sentences(facts) or [facts.say("no_dates")], [_documents_link(facts, "newest")]


def _describe_publishers(facts: _Facts) -> _Description:
    sentences = _publisher_sentences(facts) or [facts.say("no_publishers")]
    return sentences, [_documents_link(facts, "publisher")]


def _describe_languages(facts: _Facts) -> _Description:
    languages = ", ".join(facts.searcher.manifest.languages)
    return [facts.say("languages", languages=languages)], [_about_link(facts)]


def _describe_updated(facts: _Facts) -> _Description:
    sentences = [facts.say("updated", date=facts.searcher.manifest.build_time[:10])]
    return [*sentences, *_date_sentences(facts)], [_about_link(facts), _documents_link(facts)]


def _describe_service(facts: _Facts) -> _Description:
    """Who answers, what can be asked, or both: a few words, and what the documents are."""
    kind = facts.question.kind
    names = [kind] if kind != GREETING else [GREETING, "help"]
    sentences, _ = _describe_contents(facts)
    return [*map(facts.say, names), *sentences], [_documents_link(facts), _about_link(facts)]


_DESCRIPTIONS: dict[str, Callable[[_Facts], _Description]] = {
    "contents": _describe_contents,
    "count": _describe_contents,
    "mentions": _describe_mentions,
    "newest": _describe_newest,
    "oldest": _describe_oldest,
    "dates": _describe_dates,
    "publishers": _describe_publishers,
    "languages": _describe_languages,
    "updated": _describe_updated,
    "identity": _describe_service,
    "help": _describe_service,
    GREETING: _describe_service,
}


def _documents_link(facts: _Facts, sort: str = "") -> FactLink:
    """The list of the documents that the filters leave."""
    filters = facts.filters
    pairs = [("publisher", name) for name in filters.publishers]
    pairs += [("from", str(filters.date_from))] if filters.date_from else []
    pairs += [("to", str(filters.date_to))] if filters.date_to else []
    pairs += [("sort", sort)] if sort else []
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)
    return FactLink(facts.say("all_documents"), f"/documents{query and '?'}{query}")


def _about_link(facts: _Facts) -> FactLink:
    return FactLink(facts.say("about"), "/about")


def _reader_link(summary: DocumentSummary) -> FactLink:
    return FactLink(summary.title, f"/documents/{quote(summary.id)}")


def _question_url(question: str) -> str:
    return f"/?q={quote_plus(question)}"
