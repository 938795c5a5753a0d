"""Turns that people made to stand alone -> the weights by which words are carried over.

    python -m benchmarks.fit_conversation [--write] [TURNS]

TURNS is a file of JSON lines: `conv`, `history`, `raw`, `rewrite`, by default that of
../shared/eval/conv-rewrites; questions of sets beside it serve as new subjects.  Weights are fitted
to one half of the conversations and measured on the other, twice; `--write` then fits them to all
and writes qa/conversation/weights.toml.
"""

import argparse
import datetime
import random
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.conversations import Memories, Row, load, load_alone, measured
from benchmarks.logistic import Array, Fit, Penalty, fit, logistic
from qa.queries.followup.carryover import (
    BEST_SCORE_WEIGHT,
    CONJUNCTION,
    MAX_CARRIED_WORDS,
    CarryoverWeights,
    rescore_words,
    rescoring_features,
)
from qa.queries.followup.dialogue_state import analyze_turn, context_cues, extract_mention_features
from qa.queries.followup.question_features import POINTER_FEATURES

ROOT = Path(__file__).resolve().parent.parent
TURNS = ROOT.parent / "shared" / "eval" / "conv-rewrites" / "turns.jsonl"
WEIGHTS = ROOT / "qa" / "queries" / "followup" / "weights.toml"

# Left alone by people, at least; words carried in vain a turn, at most: with a margin.
ALONE, EXTRA = 0.88, 1.05


# Cues under which the signs of words are weighed anew, and the signs that are.
_GIVEN = (
    "it", "they", "person", "this", "this + noun", "one", "other", "what about", "fragment",
    "joins", "points nowhere", "the + of what", "the + plain", "of what",
)  # fmt: skip
_KINDS = frozenset({"name", "plain", "relational", "verb", "describing", "number", "plural"})
_PLACES = frozenset(
    {
        "1 turns ago", "2 turns ago", "just said", "just carried", "in the first turn",
        "in the opener", "after the opener", "before the opener", "just introduced", "introduced",
        "before an introduction", "beside a word asked", "same pronoun again", "in 1 turns",
        "in 3 turns",
    }
)  # fmt: skip
# What points back cannot be a reason to leave a question alone, whatever the sample says.
_NEVER_AGAINST = POINTER_FEATURES | {"free pronoun", "points freely", "0 said", "only common words"}


# Between a cue and a sign under it.
_UNDER = " | "


def _need_features(found: Collection[str]) -> set[str]:
    pairs = {
        CONJUNCTION.join(("points nowhere", cue)) for cue in found if "points nowhere" in found
    } - {CONJUNCTION.join(("points nowhere",) * 2)}
    return set(found) | pairs


def _word_features(found: Collection[str], own: frozenset[str]) -> set[str]:
    """Signs by themselves and two by two; `cue | sign` under a cue."""
    pairs = {CONJUNCTION.join((place, kind)) for place in _PLACES & own for kind in _KINDS & own}
    given = {
        f"{cue}{_UNDER}{sign}"
        for cue in _GIVEN
        if cue in found
        for sign in (_KINDS | _PLACES) & own
    }
    return set(own) | pairs | given


def _fold(name: str, folds: int = 5) -> int:
    return zlib.crc32(name.encode()) % folds


def fit_need(
    rows: Sequence[Row], alone: Sequence[str], memories: Memories, penalty: Penalty
) -> Fit:
    """Weights of the cues that a question needs words of earlier turns.

    Beside the turns themselves, some that surely need none stand after each history: the question
    as a person made it stand alone, the first of another conversation, one of those in *alone*.
    """
    firsts = sorted({(row.history[0], row.conversation) for row in rows})
    chance = random.Random(5)  # noqa: S311 - the same draw every time
    asked: list[tuple[Row, str, float, float, str]] = []
    for row in rows:
        needed = bool(row.wanted)
        sure = 1.0 if needed or row.unchanged else 0.2
        asked.append((row, row.raw, needed, sure, row.conversation))
    for row in rows:
        if not row.unchanged:
            asked.append((row, row.rewrite, 0.0, 0.2, row.conversation))
        if alone:
            asked.append((row, chance.choice(alone), 0.0, 0.15, row.conversation))
        for _ in range(2):
            first, conversation = chance.choice(firsts)
            if conversation != row.conversation:
                asked.append((row, first, 0.0, 0.15, conversation))
    features = [
        _need_features(context_cues(memories[row.history], analyze_turn(text)))
        for row, text, *_ in asked
    ]
    right, count = np.array([(needed, sure) for _, _, needed, sure, _ in asked]).T
    folds = np.array([_fold(conversation) for *_, conversation in asked])
    return fit(features, right, count, folds, penalty, _NEVER_AGAINST)


@dataclass(frozen=True)
class Words:
    """Every remembered word before every turn: the turn, the stem, its features."""

    row: list[int]
    stem: list[str]
    features: list[set[str]]

    @classmethod
    def of(cls, rows: Sequence[Row], memories: Memories) -> "Words":
        words = cls([], [], [])
        for i, row in enumerate(rows):
            memory, asked = memories[row.history], analyze_turn(row.raw)
            found = context_cues(memory, asked)
            for stem_, mention in memory.mentions.items():
                if stem_ not in asked.stems:
                    words.row.append(i)
                    words.stem.append(stem_)
                    words.features.append(
                        _word_features(found, extract_mention_features(memory, asked, mention))
                    )
        return words

    def by_row(self, scores: Array, rows: int) -> list[dict[str, float]]:
        """The *scores* of the words before each of so many rows."""
        made: list[dict[str, float]] = [{} for _ in range(rows)]
        for i, own, score in zip(self.row, self.stem, scores, strict=True):
            made[i][own] = float(score)
        return made


def fit_all(rows: Sequence[Row], alone: Sequence[str], rounds: int = 2) -> dict[str, Any]:
    """The table of weights; each round remembers the turns as the last one's weights carry."""
    table: dict[str, Any] = {}
    for _ in range(rounds):
        memories = Memories(CarryoverWeights.from_table(table) if table else None)
        need = fit_need(rows, alone, memories, Penalty(2.5, 3))
        words = Words.of(rows, memories)
        pairs = list(zip(words.row, words.stem, strict=True))
        right = np.array([float(own in rows[i].right) for i, own in pairs])
        folds = np.array([_fold(rows[i].conversation) for i in words.row])
        every = np.ones(len(right))
        word = fit(words.features, right, every, folds, Penalty(5, 10))
        scores = words.by_row(word.unseen, len(rows))
        context = [(memories[row.history], analyze_turn(row.raw)) for row in rows]
        numbers = [dict(rescoring_features(*context[i], scores[i], own)) for i, own in pairs]
        matrix = np.array([list(number.values()) for number in numbers])
        free = np.zeros(matrix.shape[1], dtype=bool)
        summed = logistic(matrix, right, Penalty(0, 1), every, free)
        table = _table(need, word) | {"again": dict(zip(numbers[0], summed.tolist(), strict=True))}
        scores = [
            rescore_words(*c, s, table["again"]) for c, s in zip(context, scores, strict=True)
        ]
        table["from"] = thresholds(rows, need.unseen[: len(rows)], scores)
    return table


def _table(need: Fit, word: Fit) -> dict[str, Any]:
    plain = {name: weight for name, weight in word.weights.items() if _UNDER not in name}
    given: dict[str, dict[str, float]] = {}
    for name in word.weights.keys() - plain.keys():
        cue, sign = name.split(_UNDER)
        given.setdefault(cue, {})[sign] = word.weights[name]
    return {"need": need.weights, "word": plain, "given": given}


def thresholds(
    rows: Sequence[Row], needs: Array, scores: Sequence[dict[str, float]]
) -> dict[str, float]:
    """Where most is carried within what may be carried in vain and must be left alone."""
    best = (-1.0, 0.0, 0.0)
    top = [sorted(each.items(), key=lambda pair: -pair[1])[:MAX_CARRIED_WORDS] for each in scores]
    says = needs + BEST_SCORE_WEIGHT * np.array([each[0][1] if each else -9.0 for each in top])
    facts = [(row.wanted, row.right, row.unchanged) for row in rows]
    most_alone = sum(row.unchanged for row in rows)
    for needed in np.arange(-3, 2.5, 0.1):
        for enough in np.arange(-2.8, 0, 0.1):
            carried = extra = alone = 0
            for say, words, (wanted, right, unchanged) in zip(says, top, facts, strict=True):
                took = {own for own, score in words if score >= enough and say >= needed}
                carried += len(took & wanted)
                extra += len(took - right)
                alone += unchanged and not took
            if alone >= ALONE * most_alone and extra <= EXTRA * len(rows) and carried > best[0]:
                best = (carried, float(needed), float(enough))
    return {"need": best[1], "word": best[2]}


def written(table: dict[str, Any], comment: Iterable[str]) -> str:
    """The table as TOML, the largest weights first."""
    lines = [f"# {line}" for line in comment]
    flat = [(name, table[name]) for name in ("from", "need", "word", "again")]
    flat += [(f'given."{cue}"', weights) for cue, weights in table["given"].items()]
    for name, weights in flat:
        lines += ["", f"[{name}]"]
        ordered = sorted(weights.items(), key=lambda pair: (pair[0] != "bias", -pair[1]))
        lines += [f'"{key}" = {value:.2f}' for key, value in ordered]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Fit, measure, and perhaps write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("turns", nargs="?", type=Path, default=TURNS)
    parser.add_argument("--write", action="store_true", help="write weights.toml")
    options = parser.parse_args()
    console = Console(highlight=False)
    rows = load(options.turns)
    alone = load_alone(options.turns.parent.parent)
    comment = [
        f"Fitted by benchmarks/fit_conversation.py, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}."
    ]
    halves = [[row for row in rows if _fold(row.conversation, 2) == half] for half in (0, 1)]
    for own, other in (halves, halves[::-1]):
        weights = CarryoverWeights.from_table(fit_all(own, alone))
        comment.append(f"Fitted to {len(own)} turns: {_figures(measured(own, weights))};")
        comment.append(f"  on {len(other)} unseen ones: {_figures(measured(other, weights))}.")
        console.print(*comment[-2:], sep="\n")
    if options.write:
        table = fit_all(rows, alone)
        comment.append(
            f"These, fitted to all {len(rows)}:"
            f" {_figures(measured(rows, CarryoverWeights.from_table(table)))}."
        )
        console.print(comment[-1])
        WEIGHTS.write_text(written(table, comment), "utf-8")


def _figures(measures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in measures.items())


if __name__ == "__main__":
    main()
