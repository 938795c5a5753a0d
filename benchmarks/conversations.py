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
    def is_unchanged(self) -> bool:
        """Whether the person left it as it was."""
        return terms(self.raw) == terms(self.rewrite)

    @property
    def missing(self) -> frozenset[str]:
        """The stems that a person added from earlier turns."""
        earlier = frozenset().union(*map(stems, self.history))
        return (self.rewrite_stems - stems(self.raw)) & earlier

    @property
    def rewrite_stems(self) -> frozenset[str]:
        """The stems that may be carried: those of the question as a person put it."""
        return stems(self.rewrite)


def terms(text: str) -> list[str]:
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
    """Questions that need no other, of the sets in *folder* that exist."""
    files = [folder / name / "queries.jsonl" for name in ALONE]
    lines = [line for file in files if file.exists() for line in file.open(encoding="utf-8")]
    return [normalize(json.loads(line)["text"]) for line in lines]


class DialogueStates:
    """The state before each turn, with the words that *weights* carry; none without them."""

    def __init__(self, weights: CarryoverWeights | None) -> None:
        self._weights = weights
        self._states: dict[tuple[str, ...], DialogueState] = {(): DialogueState()}

    def __getitem__(self, history: tuple[str, ...]) -> DialogueState:
        if history not in self._states:
            state, turn = self[history[:-1]], analyze_turn(history[-1])
            carried = choose_carried_stems(state, turn, self._weights) if self._weights else ()
            self._states[history] = state.advance(turn, carried)
        return self._states[history]


def measure(rows: Sequence[Row], weights: CarryoverWeights) -> dict[str, float]:
    """Words carried of those to carry, carried in vain a turn, turns rightly left alone."""
    states = DialogueStates(weights)
    carried = missing = extra = alone = 0
    for row in rows:
        chosen = set(choose_carried_stems(states[row.history], analyze_turn(row.raw), weights))
        missing += len(row.missing)
        carried += len(row.missing & chosen)
        extra += len(chosen - row.rewrite_stems)
        alone += row.is_unchanged and not chosen
    unchanged = sum(row.is_unchanged for row in rows)
    return {
        "carried": round(carried / missing, 3),
        "extra": round(extra / len(rows), 3),
        "left_alone": round(alone / unchanged, 3),
    }
