"""An address of the page -> the conversation in it, and back: each conversation has one address.

`/?q=first&q=second&drop=word&publisher=Gazette&sort=newest`: every `q` is a turn, a `drop` is a
word that the question before it must not take along, the rest limits and sorts all answers, or has
them all from the index that `generation` names.
What else stands in an address, such as a newsletter's utm_source, is no part of a conversation.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from flask import url_for

from qa.analysis.tokenizer import normalise, term, words
from qa.answers.answer import SORTS

# The filters and the sorting, in the order in which addresses have them.
_REPEATED = ("publisher", "document")
_SINGLE = ("from", "to", "sort", "limit", "generation")
NAMES = ("q", "drop", *_REPEATED, *_SINGLE)


@dataclass(frozen=True)
class Asking:
    """A question of a conversation; *dropped* are words it must not take from those before."""

    question: str
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """The questions in an address, oldest first, and the limits on all their answers."""

    asked: tuple[Asking, ...] = ()
    limits: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions alone."""
        return tuple(asking.question for asking in self.asked)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The words that the last question must not take along: dropped, and not typed since."""
        kept: list[str] = []
        for asking in self.asked:
            typed = {term(word.text) for word in words(asking.question)}
            kept = [word for word in (*kept, *asking.dropped) if term(word) not in typed]
        return tuple(dict.fromkeys(kept))

    @property
    def sort(self) -> str:
        """The order of passages that is asked for."""
        return self.limits.get("sort", SORTS)[0]

    def day(self, bound: str) -> str:
        """The date in the filter *bound*; nothing when there is none, or what is there is none."""
        try:
            return date.fromisoformat(self.limits.get(bound, ("",))[0]).isoformat()
        except ValueError:
            return ""

    @property
    def address(self) -> str:
        """The address that shows the conversation, at its last question."""
        return self.on("conversation.show") + (f"#q{len(self.asked)}" if self.asked else "")

    def on(self, endpoint: str) -> str:
        """The address of the conversation at another *endpoint*, without a place in it."""
        query = query_string(self.pairs())
        return url_for(endpoint) + (f"?{query}" if query else "")

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters in order."""
        return [*_asking_pairs(self.asked), *self.limit_pairs()]

    def limit_pairs(self) -> list[tuple[str, str]]:
        """The parameters that are not questions."""
        return [(name, value) for name, values in self.limits.items() for value in values]

    def until(self, count: int) -> "Conversation":
        """The first *count* turns."""
        return replace(self, asked=self.asked[:count])

    def starting(self, question: str) -> "Conversation":
        """A conversation of one *question* under the same limits."""
        return replace(self, asked=(Asking(normalise(question)),))

    def asking(self, question: str) -> "Conversation":
        """The conversation with its last question in these words instead."""
        question = normalise(question)
        return self._with_last(Asking(question, self.asked[-1].dropped if self.asked else ()))

    def reworded(self, change: Callable[[str], str]) -> "Conversation":
        """The conversation with every question *change*d."""
        asked = (replace(a, question=normalise(change(a.question))) for a in self.asked)
        return replace(self, asked=tuple(asked))

    def dropping(self, word: str) -> "Conversation":
        """The conversation with *word* not taken along by its last question."""
        last = self.asked[-1]
        return self._with_last(replace(last, dropped=(*last.dropped, word)))

    def alone(self) -> "Conversation":
        """The last question without those before it."""
        return self.starting(self.asked[-1].question)

    def limited(self, **limits: Iterable[str]) -> "Conversation":
        """The conversation with these *limits* in place of its own of the same names."""
        return replace(self, limits=_ordered(self.limits | {n: (*v,) for n, v in limits.items()}))

    def unlimited(self) -> "Conversation":
        """The conversation without any filter."""
        return replace(
            self,
            limits={n: v for n, v in self.limits.items() if n in ("sort", "limit", "generation")},
        )

    def _with_last(self, last: Asking) -> "Conversation":
        return replace(self, asked=(*self.asked[:-1], last))


def parse(query: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string as they stand there."""
    return parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True)


def conversation_in(pairs: Iterable[tuple[str, str]]) -> Conversation:
    """The conversation in an address's parameters."""
    asked: list[tuple[str, dict[str, None]]] = []
    limits: dict[str, list[str]] = {}
    for name, value in pairs:
        text = normalise(value)
        if not text:
            continue
        if name == "q":
            asked.append((text, {}))
        elif name == "drop" and asked:
            asked[-1][1][text] = None
        elif name in _REPEATED:
            limits.setdefault(name, []).append(value)
        elif name in _SINGLE:
            limits[name] = [text]
    return Conversation(
        tuple(Asking(question, tuple(dropped)) for question, dropped in asked),
        _ordered({n: tuple(dict.fromkeys(v)) for n, v in limits.items()}),
    )


def query_string(pairs: Iterable[tuple[str, str]]) -> str:
    """*pairs* encoded as browsers encode a form."""
    return "&".join(_encoded(*pair) for pair in pairs)


@lru_cache(maxsize=1 << 9)
def _encoded(name: str, value: str) -> str:
    """One parameter; a page has hundreds of links, and all of them have the same ones."""
    return urlencode([(name, value)], safe="*").replace("~", "%7E")


def _ordered(limits: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """*limits* in the order of addresses, without what limits nothing."""
    kept = {name: limits[name] for name in (*_REPEATED, *_SINGLE) if limits.get(name)}
    if kept.get("sort") == SORTS[:1]:
        del kept["sort"]
    return kept


def _asking_pairs(asked: Iterable[Asking]) -> Iterator[tuple[str, str]]:
    for asking in asked:
        yield "q", asking.question
        yield from (("drop", word) for word in asking.dropped)
