"""An address of the page -> the conversation in it, and back: each conversation has one address.

`/?q=first&q=second&drop=word&publisher=Gazette&sort=newest`: every `q` is a turn, a `drop` is a
word that the question before it must not take along, the rest limits and sorts all answers, or has
them all from the index that `generation` names.
What else is in an address, such as a newsletter's utm_source, is no part of a conversation.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from flask import url_for

from qa.analysis.tokenizer import normalize, to_term, tokenize
from qa.ranking.reranker import SORT_ORDERS
from qa.web.context import request_state

# The filters and the sorting, in the order in which addresses have them.
_REPEATED = ("publisher", "document")
_SINGLE = ("from", "to", "sort", "ranges", "limit", "offset", "generation")
PARAMETERS = ("q", "drop", *_REPEATED, *_SINGLE)


@lru_cache(maxsize=64)
def _typed_terms(question: str) -> frozenset[str]:
    """The terms of a *question*, which every later turn of its conversation looks at."""
    return frozenset(to_term(word.text) for word in tokenize(question))


@dataclass(frozen=True)
class TypedTurn:
    """A question of a conversation; *drop_words* are words it must not take from those before."""

    question: str
    drop_words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """The questions in an address, oldest first, and the limits on all their answers."""

    turns: tuple[TypedTurn, ...] = ()
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions alone."""
        return tuple(turn.question for turn in self.turns)

    @property
    def drop_words(self) -> tuple[str, ...]:
        """The words that the last question must not take along: dropped, and not typed since."""
        drop_words: list[str] = []
        for turn in self.turns:
            words = (*drop_words, *turn.drop_words)
            if words:
                typed_terms = _typed_terms(turn.question)
                drop_words = [word for word in words if to_term(word) not in typed_terms]
        return tuple(dict.fromkeys(drop_words))

    @property
    def sort(self) -> str:
        """The order of passages that is asked for."""
        return self.options.get("sort", SORT_ORDERS)[0]

    def date_option(self, bound: str) -> str:
        """The date in the filter *bound*; nothing when there is none, or what is there is none."""
        try:
            return date.fromisoformat(self.options.get(bound, ("",))[0]).isoformat()
        except ValueError:
            return ""

    @property
    def url(self) -> str:
        """The address that shows the conversation, at its last question."""
        return self.url_at("conversation.show") + (f"#q{len(self.turns)}" if self.turns else "")

    def url_at(self, endpoint: str) -> str:
        """The address of the conversation at another *endpoint*, without a place in it."""
        return url_with_query(endpoint, self.query)

    @cached_property
    def query(self) -> str:
        """The parameters as a query string."""
        return query_string(self.pairs())

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters in order."""
        return [*_turn_pairs(self.turns), *self.option_pairs()]

    def option_pairs(self) -> list[tuple[str, str]]:
        """The parameters that are not questions."""
        return [(name, value) for name, values in self.options.items() for value in values]

    def first_turns(self, count: int) -> "Conversation":
        """The first *count* turns."""
        if count >= len(self.turns):
            return self
        return replace(self._first_page(), turns=self.turns[:count])

    def last_turns(self, count: int) -> "Conversation":
        """The last *count* turns."""
        return replace(self, turns=self.turns[-count:])

    def _first_page(self) -> "Conversation":
        """The conversation from the first passage of the last answer on."""
        options = {name: values for name, values in self.options.items() if name != "offset"}
        return replace(self, options=options)

    def restart(self, question: str) -> "Conversation":
        """A conversation of one *question* under the same limits."""
        return replace(self._first_page(), turns=(TypedTurn(normalize(question)),))

    def add_turn(self, question: str) -> "Conversation":
        """The conversation with *question* asked next."""
        return replace(self._first_page(), turns=(*self.turns, TypedTurn(normalize(question))))

    def rephrase_last(self, question: str) -> "Conversation":
        """The conversation with its last question in these words instead."""
        question = normalize(question)
        return self._replace_last(
            TypedTurn(question, self.turns[-1].drop_words if self.turns else ())
        )

    def map_questions(self, change: Callable[[str], str]) -> "Conversation":
        """The conversation with every question *change*d."""
        turns = (replace(turn, question=normalize(change(turn.question))) for turn in self.turns)
        return replace(self._first_page(), turns=tuple(turns))

    def without_carried(self, words: Iterable[str]) -> "Conversation":
        """The conversation with *words* of earlier questions not carried into its last one."""
        last = self.turns[-1]
        return self._replace_last(replace(last, drop_words=(*last.drop_words, *words)))

    def with_options(self, **options: Iterable[str]) -> "Conversation":
        """The conversation with these *options* in place of its own of the same names.

        From the first passage on, unless one of them is another offset.
        """
        own = self._first_page().options
        return replace(
            self,
            options=_order_options(own | {name: (*values,) for name, values in options.items()}),
        )

    def without_filters(self) -> "Conversation":
        """The conversation without any filter."""
        return replace(
            self,
            options={
                name: values
                for name, values in self.options.items()
                if name in ("sort", "limit", "generation")
            },
        )

    def _replace_last(self, last: TypedTurn) -> "Conversation":
        return replace(self._first_page(), turns=(*self.turns[:-1], last))


def parse_query_string(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string, in its order."""
    return parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)


def parse_conversation(pairs: Iterable[tuple[str, str]]) -> Conversation:
    """The conversation in an address's parameters."""
    turns: list[tuple[str, dict[str, None]]] = []
    options: dict[str, list[str]] = {}
    for name, value in pairs:
        text = normalize(value)
        if not text:
            continue
        if name == "q":
            turns.append((text, {}))
        elif name == "drop" and turns:
            turns[-1][1][text] = None
        elif name in _REPEATED:
            options.setdefault(name, []).append(value)
        elif name in _SINGLE:
            options[name] = [text]
    return Conversation(
        tuple(TypedTurn(question, tuple(dropped)) for question, dropped in turns),
        _order_options({name: tuple(dict.fromkeys(values)) for name, values in options.items()}),
    )


def query_string(pairs: Iterable[tuple[str, str]]) -> str:
    """*pairs* encoded as browsers encode a form."""
    return "&".join(_encode(*pair) for pair in pairs)


def url_with(endpoint: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The address of *endpoint* with these parameters."""
    return url_with_query(endpoint, query_string(pairs))


def url_with_query(endpoint: str, query: str) -> str:
    """The address of *endpoint* with a *query* string; a page has hundreds of links to one."""
    urls = request_state().urls
    if endpoint not in urls:
        urls[endpoint] = url_for(endpoint)
    return f"{urls[endpoint]}?{query}" if query else urls[endpoint]


class ActiveFilter(NamedTuple):
    """A filter that is on, and the address without it."""

    label: str
    removal_url: str


@lru_cache(maxsize=1 << 9)
def _encode(name: str, value: str) -> str:
    """One parameter; a page has hundreds of links, and all of them have the same ones."""
    return urlencode([(name, value)], safe="*").replace("~", "%7E")


def _order_options(options: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """*options* in the order of addresses, without what limits nothing."""
    ordered_options = {name: options[name] for name in (*_REPEATED, *_SINGLE) if options.get(name)}
    if ordered_options.get("sort") == SORT_ORDERS[:1]:
        del ordered_options["sort"]
    if ordered_options.get("ranges") == ("on",):
        del ordered_options["ranges"]
    return ordered_options


def _turn_pairs(turns: Iterable[TypedTurn]) -> Iterator[tuple[str, str]]:
    for turn in turns:
        yield "q", turn.question
        yield from (("drop", word) for word in turn.drop_words)
