"""A memory and the next turn -> the stems that are carried into it, the surest first."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import regex

from qa.analysis.deadline import NEVER, Deadline
from qa.analysis.lru_cache import Remembered
from qa.analysis.tokenizer import stem, words
from qa.queries.followup.dialogue_state import Memory, Turn, context_cues, signs, turn
from qa.queries.followup.word_features import LONGEST_CARRIED

# Between the cues and signs that a weight wants together.
AND = " & "


@dataclass(frozen=True)
class Weighed:
    """A sum of weights, each for what must hold together."""

    bias: float
    weights: tuple[tuple[frozenset[str], float], ...]

    @classmethod
    def of(cls, table: Mapping[str, float]) -> "Weighed":
        """The weights in *table*, `a & b` meaning both."""
        weights = tuple(
            (frozenset(names.split(AND)), weight)
            for names, weight in table.items()
            if names != "bias"
        )
        return cls(table.get("bias", 0.0), weights)

    def sum(self, holding: Iterable[str]) -> float:
        """The weight of what is *holding*."""
        held = frozenset(holding)
        return self.bias + sum(weight for wanted, weight in self.weights if wanted <= held)

    def __add__(self, other: "Weighed") -> "Weighed":
        return Weighed(self.bias + other.bias, self.weights + other.weights)


@dataclass(frozen=True)
class Weights:
    """*need* weighs the cues of a question, *word* the signs of a word, *given* them under a cue.

    *again* weighs a word among the others.  A word is carried from *enough* on, into a question
    that needs any from *needed* on.
    """

    need: Weighed
    word: Weighed
    given: Mapping[str, Weighed]
    again: Mapping[str, float]
    needed: float
    enough: float

    @classmethod
    def of(cls, table: Mapping[str, Any]) -> "Weights":
        """The weights in *table*, as weights.toml holds them."""
        return cls(
            need=Weighed.of(table["need"]),
            word=Weighed.of(table["word"]),
            given={cue: Weighed.of(weights) for cue, weights in table["given"].items()},
            again=table["again"],
            needed=table["from"]["need"],
            enough=table["from"]["word"],
        )


@lru_cache(maxsize=1)
def fitted() -> Weights:
    """The weights that benchmarks/fit_conversation.py found."""
    text = files("qa.queries.followup").joinpath("weights.toml").read_text("utf-8")
    return Weights.of(tomllib.loads(text))


_YEAR = regex.compile(r"(?:1\d|20)\d\d")
# People carry two or three.
MOST = 6
# How much the surest word has a say in whether any is needed.
SAY = 0.8


def chosen(
    memory: Memory, turn: Turn, weights: Weights, dropped: Collection[str] = ()
) -> tuple[str, ...]:
    """The stems that *turn* needs from *memory*, none of those *dropped*."""
    if not turn.cues:
        return ()
    dropped = {*dropped, *_overtaken(memory, turn)}
    if _is_bare(turn):
        last = [stem for stem in memory.mentions if stem in memory.said | memory.carried]
        return tuple(stem for stem in last if stem not in turn.stems and stem not in dropped)[:MOST]
    found = context_cues(memory, turn)
    if turn.foreign or _is_new(found):
        return ()
    need = weights.need.sum(found)
    scores = again(memory, turn, scored(memory, turn, found, weights), weights.again)
    if not scores or need + SAY * max(scores.values()) < weights.needed:
        return ()
    sure = [stem for stem, score in scores.items() if score >= weights.enough]
    sure.sort(key=lambda stem: -scores[stem])
    return tuple(stem for stem in sure[:MOST] if stem not in dropped)


def _is_new(found: Collection[str]) -> bool:
    """Whether it is a new subject: a full name, or what it is possible to do with two things."""
    whole = "2 new names" in found or ("whole by itself" in found and "comparative" not in found)
    return whole and "points nowhere" in found


def _overtaken(memory: Memory, turn: Turn) -> set[str]:
    """The years spoken of before, when *turn* asks of another: and in 2018?"""
    if not any(_YEAR.fullmatch(word.text) for word in turn.said):
        return set()
    return {stem for stem, known in memory.mentions.items() if _YEAR.fullmatch(known.said.text)}


def _is_bare(turn: Turn) -> bool:
    """Whether it only bends the last question: why?  And in 2022?  When did he say that?"""
    bends = {"joins", "fragment"} <= turn.cues or {"this", "only common words"} <= turn.cues
    return not turn.said or (bends and len(turn.said) <= 2)


def scored(
    memory: Memory, turn: Turn, found: Collection[str], weights: Weights
) -> dict[str, float]:
    """How much each remembered word by itself is one to carry."""
    weighed = weights.word
    for cue, given in weights.given.items():
        if cue in found:
            weighed += given
    return {
        stem: weighed.sum(signs(memory, turn, mention))
        for stem, mention in memory.mentions.items()
        if stem not in turn.stems
    }


def again(
    memory: Memory, turn: Turn, scores: Mapping[str, float], weights: Mapping[str, float]
) -> dict[str, float]:
    """The *scores* with regard to each other: words that stand together are carried together."""
    return {
        stem: sum(weights[name] * value for name, value in among(memory, turn, scores, stem))
        for stem in scores
    }


def among(
    memory: Memory, turn: Turn, scores: Mapping[str, float], stem: str
) -> list[tuple[str, float]]:
    """How the score of *stem* stands to those of the other words."""
    own = scores[stem]
    best = max(scores.values())
    mates = [scores[mate] for mate in memory.mentions[stem].mates if mate in scores]
    return [
        ("bias", 1.0),
        ("own", own),
        ("below the best", own - best),
        ("is the best", float(own == best)),
        ("better mate", max(0.0, max(mates) - own) if mates else 0.0),
        ("mates", sum(mates) / len(mates) - own if mates else 0.0),
        ("beside a word asked", float(not memory.mentions[stem].mates.isdisjoint(turn.stems))),
    ]


__all__ = ["LONGEST_CARRIED", "Standalone", "standalone"]


@dataclass(frozen=True)
class Standalone:
    """A question that needs no other, and the words it took from earlier turns."""

    text: str
    carried: tuple[str, ...] = ()


# Conversations of which is remembered what was spoken of: a page answers all turns of one.
_memories: Remembered[tuple[str, ...], Memory] = Remembered(64)


def standalone(
    question: str,
    turns: Sequence[str] = (),
    *,
    dropped: Collection[str] = (),
    deadline: Deadline = NEVER,
) -> Standalone:
    """Make *question* stand alone after the questions in *turns*, oldest first.

    None of the words in *dropped* is carried into this question.  Raises DeadlineExceededError
    when there is no time to read all turns.
    """
    if not turns:
        return Standalone(question)
    weights = fitted()
    memory = _spoken_of(tuple(turns), weights, deadline)
    deadline.check()
    asked = turn(question)
    unwanted = {stem(word.text, "en") for text in dropped for word in words(text)}
    stems = chosen(memory, asked, weights, unwanted)
    carried = tuple(memory.mentions[stem].said.text for stem in stems)
    text = f"{question.strip()} ({' '.join(carried)})" if carried else question
    return Standalone(text, carried)


def _spoken_of(turns: tuple[str, ...], weights: Weights, deadline: Deadline) -> Memory:
    """What was spoken of in *turns*."""
    counts = range(len(turns), 0, -1)
    known = next((count for count in counts if turns[:count] in _memories), 0)
    memory = _memories.get(turns[:known]) or Memory()
    for earlier in turns[known:]:
        deadline.check()
        asked = turn(earlier)
        memory = memory.after(asked, chosen(memory, asked, weights))
    _memories[turns] = memory
    return memory
