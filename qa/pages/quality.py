"""The golden questions and the fitted weights -> how good the answers are, as it was measured."""

from contextlib import suppress
from dataclasses import dataclass

from flask import current_app

from qa.api import searcher, settings
from qa.errors import IndexingError
from qa.gate import Golden, golden_questions, is_answered
from qa.weights import weights

# Golden questions that are asked for a page: all of them were when the index was built.
_MOST = 200


@dataclass(frozen=True)
class Kept:
    """Of the operator's *asked* questions, those that do not have their answer in this index."""

    asked: int
    failing: tuple[str, ...]


@dataclass(frozen=True)
class Fitted:
    """What ranking won, measured on *questions* of *sets* that it was not fitted on.

    *right* is the share of them whose first passage answers, *plain* the same of BM25.
    """

    date: str
    questions: int
    sets: int
    right: float
    plain: float


def kept() -> Kept:
    """Ask the operator's questions of the live generation; once for each.

    There are none while a line of their file is wrong: `qa index` tells the operator.
    """
    golden: tuple[Golden, ...] = ()
    with suppress(IndexingError):
        golden = golden_questions(settings().home)[:_MOST]
    live = searcher()
    known: dict[tuple[str, tuple[Golden, ...]], Kept] = current_app.extensions.setdefault(
        "qa.quality", {}
    )
    key = live.manifest.name, golden
    if key not in known:
        failing = (each.question for each in golden if not is_answered(each, live, settings()))
        found = Kept(len(golden), tuple(failing))
        # The questions may change as often as their file is written: only the last are of use.
        known.clear()
        known[key] = found
    return known[key]


def fitted() -> Fitted:
    """What the weights that come with the package won when they were fitted."""
    gains = weights().gain.values()
    total = sum(gain["questions"] for gain in gains)

    def share(measure: str) -> float:
        return sum(gain["questions"] * gain[measure] for gain in gains) / total

    return Fitted(weights().fitted, int(total), len(gains), share("right@1"), share("bm25_right@1"))
