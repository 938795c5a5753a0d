"""What each feature counts: the fitted numbers of weights.json, checked when they are read."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from qa.features import NAMES, Matrix

FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class Weights:
    """*ranking* has a weight for each feature, *confidence* one for each of its signals.

    *fitted* is the date, *gain* what ranking won over BM25 when it was fitted, set by set.
    """

    ranking: Matrix
    confidence: dict[str, float]
    fitted: str
    gain: dict[str, dict[str, float]]


def from_json(values: dict[str, Any]) -> Weights:
    """The weights that *values* hold; raise ValueError when they are for other features."""
    ranking = values["ranking"]
    if set(ranking) != set(NAMES):
        raise ValueError(f"weights for other features: {sorted(set(ranking) ^ set(NAMES))}")
    vector = np.array([ranking[name] for name in NAMES])
    return Weights(vector, values["confidence"], values["fitted"], values["gain"])


def to_json(known: Weights) -> str:
    """The file that from_json reads, its numbers as short as they can be told."""
    values = {
        "fitted": known.fitted,
        "gain": known.gain,
        "ranking": dict(zip(NAMES, known.ranking.tolist(), strict=True)),
        "confidence": known.confidence,
    }
    return json.dumps(_rounded(values), indent=1) + "\n"


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


@cache
def weights() -> Weights:
    """The weights that come with the package."""
    return from_json(json.loads(FILE.read_text(encoding="utf-8")))
