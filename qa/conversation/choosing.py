"""A memory and the next turn -> the stems that are carried into it, the surest first."""

from collections.abc import Collection, Mapping

import regex

from qa.conversation.leaning import cues, signs
from qa.conversation.memory import Memory
from qa.conversation.turns import Turn
from qa.conversation.weights import Weights

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
    found = cues(memory, turn)
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
