"""Conversations with questions that people made to stand alone -> what carrying words comes to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from qa.analysis.tokenizer import normalize, stem, stop_terms, to_term, tokenize
from qa.queries.followup.carryover import CarryoverWeights, choose_carried_stems
from qa.queries.followup.dialogue_state import DialogueState, analyze_turn

# Sets of questions that stand alone.
ALONE = ("news", "clapnq-dev")


@dataclass(frozen=True)
class Row:
    """A question as asked after *history*, and as a person made it stand alone."""

    conversation: str
    history: tuple[str, ...]
    raw: str
    rewrite: str

    @property
    def unchanged(self) -> bool:
        """Whether the person left it as it was."""
        return plain(self.raw) == plain(self.rewrite)

    @property
    def wanted(self) -> frozenset[str]:
        """The stems that a person added from earlier turns."""
        known = frozenset().union(*map(stems, self.history))
        return (self.right - stems(self.raw)) & known

    @property
    def right(self) -> frozenset[str]:
        """The stems of which none would be carried in vain."""
        return stems(self.rewrite)


def plain(text: str) -> list[str]:
    return [to_term(word.text) for word in tokenize(text)]


@lru_cache(maxsize=1 << 16)
def stems(text: str) -> frozenset[str]:
    stops = stop_terms("en")
    return frozenset(
        stem(word.text, "en") for word in tokenize(text) if to_term(word.text) not in stops
    )


def load(path: Path) -> list[Row]:
    """The turns that follow others."""
    rows = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        history = tuple(map(normalize, row["history"]))
        name = f"{row.get('set', '')}:{row['conv']}"
        rows.append(Row(name, history, normalize(row["raw"]), normalize(row["rewrite"])))
    return [row for row in rows if row.history]


def load_alone(folder: Path) -> list[str]:
    """Questions that need no other, of the sets in *folder* that are there."""
    files = [folder / name / "queries.jsonl" for name in ALONE]
    lines = [line for file in files if file.exists() for line in file.open(encoding="utf-8")]
    return [normalize(json.loads(line)["text"]) for line in lines]


class Memories:
    """What was spoken of before a turn, as *weights* carry words; nothing without them."""

    def __init__(self, weights: CarryoverWeights | None) -> None:
        self._weights = weights
        self._known: dict[tuple[str, ...], DialogueState] = {(): DialogueState()}

    def __getitem__(self, history: tuple[str, ...]) -> DialogueState:
        if history not in self._known:
            before, asked = self[history[:-1]], analyze_turn(history[-1])
            carried = choose_carried_stems(before, asked, self._weights) if self._weights else ()
            self._known[history] = before.advance(asked, carried)
        return self._known[history]


def measured(rows: Sequence[Row], weights: CarryoverWeights) -> dict[str, float]:
    """Words carried of those to carry, carried in vain a turn, turns rightly left alone."""
    memories = Memories(weights)
    carried = wanted = extra = alone = 0
    for row in rows:
        took = set(choose_carried_stems(memories[row.history], analyze_turn(row.raw), weights))
        wanted += len(row.wanted)
        carried += len(row.wanted & took)
        extra += len(took - row.right)
        alone += row.unchanged and not took
    unchanged = sum(row.unchanged for row in rows)
    return {
        "carried": round(carried / wanted, 3),
        "extra": round(extra / len(rows), 3),
        "left_alone": round(alone / unchanged, 3),
    }
