"""weights.toml -> the weights by which words are carried."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

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
    text = files("qa.conversation").joinpath("weights.toml").read_text("utf-8")
    return Weights.of(tomllib.loads(text))
