"""Turns of conversations that people made to stand alone -> how well we do the same.

turns.jsonl: `history` (the questions before it), `raw` (as asked), `rewrite` (made self-contained).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.conversation import standalone
from qa.evaluation.matching import plain
from qa.evaluation.measures import Measure, Measures
from qa.evaluation.sets import rows, turns
from qa.text import stem, stop_words, term, words

TURNS = "turns.jsonl"
_LANGUAGE = "en"


@dataclass(frozen=True)
class Turn:
    """A question as asked after those in *history*, and as a person made it stand alone."""

    history: tuple[str, ...]
    raw: str
    rewrite: str


def load_turns(folder: Path) -> list[Turn]:
    """The turns in *folder*; raise EvaluationError when a line is none."""
    return [
        Turn(tuple(turns(row["history"])), row["raw"], row["rewrite"])
        for row in rows(folder / TURNS, "history", "raw", "rewrite")
    ]


def rewrite_measures(asked: Sequence[Turn]) -> Measures:
    """The share carried of the words to carry, words carried in vain, turns rightly left alone.

    Only turns that follow others count: nothing could be carried into a first one.
    """
    wanted = carried = extra = alone = unchanged = followed = 0
    for turn in asked:
        if not turn.history:
            continue
        followed += 1
        own = standalone(turn.raw, turn.history).carried
        took = frozenset().union(*map(_stems, own)) - _stems(turn.raw)
        added = _stems(turn.rewrite) - _stems(turn.raw)
        needed = added & frozenset().union(*map(_stems, turn.history))
        wanted += len(needed)
        carried += len(needed & took)
        extra += len(took - added)
        if plain(turn.raw) == plain(turn.rewrite):
            unchanged += 1
            alone += not own
    found = {
        "carried_recall": (carried, wanted),
        "carried_extra": (extra, followed),
        "left_alone": (alone, unchanged),
    }
    return {name: Measure(part / whole, whole) for name, (part, whole) in found.items() if whole}


def _stems(text: str) -> frozenset[str]:
    """The words of *text* that say something, in one form for all their forms."""
    stops = stop_words(_LANGUAGE)
    return frozenset(
        stem(word.text, _LANGUAGE) for word in words(text) if term(word.text) not in stops
    )
