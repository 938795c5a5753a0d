"""Turns that people made to stand alone -> the weights by which words are carried over.

    python -m benchmarks.fit_conversation [--write] [TURNS]

TURNS is a file of JSON lines: `conv`, `history`, `raw`, `rewrite`, by default that of
../shared/eval/conv-rewrites; questions of sets beside it serve as new subjects.  Weights are fitted
to one half of the conversations and measured on the other, twice; `--write` then fits them to all
and writes qa/queries/followup/weights.toml.
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

from benchmarks.conversations import DialogueStates, Row, load, load_alone, measure
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


# Cues under which the signs of words have weights of their own, and these signs.
_CUES = (
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


def _need_features(cues: Collection[str]) -> set[str]:
    pairs = {
        CONJUNCTION.join(("points nowhere", cue)) for cue in cues if "points nowhere" in cues
    } - {CONJUNCTION.join(("points nowhere",) * 2)}
    return set(cues) | pairs


def _word_features(cues: Collection[str], signs: frozenset[str]) -> set[str]:
    """Signs by themselves and two by two; `cue | sign` under a cue."""
    pairs = {
        CONJUNCTION.join((place, kind)) for place in _PLACES & signs for kind in _KINDS & signs
    }
    under_cues = {
        f"{cue}{_UNDER}{sign}"
        for cue in _CUES
        if cue in cues
        for sign in (_KINDS | _PLACES) & signs
    }
    return set(signs) | pairs | under_cues


def _fold(name: str, folds: int = 5) -> int:
    return zlib.crc32(name.encode()) % folds


def fit_need(
    rows: Sequence[Row], alone: Sequence[str], states: DialogueStates, penalty: Penalty
) -> Fit:
    """Weights of the cues that a question needs words of earlier turns.

    Beside the turns themselves, some that surely need none stand after each history: the question
    as a person made it stand alone, the first of another conversation, one of those in *alone*.
    """
    firsts = sorted({(row.history[0], row.conversation) for row in rows})
    chance = random.Random(5)  # noqa: S311 - the same draw every time
    examples: list[tuple[Row, str, float, float, str]] = []
    for row in rows:
        is_needed = bool(row.missing)
        certainty = 1.0 if is_needed or row.is_unchanged else 0.2
        examples.append((row, row.raw, is_needed, certainty, row.conversation))
    for row in rows:
        if not row.is_unchanged:
            examples.append((row, row.rewrite, 0.0, 0.2, row.conversation))
        if alone:
            examples.append((row, chance.choice(alone), 0.0, 0.15, row.conversation))
        for _ in range(2):
            first, conversation = chance.choice(firsts)
            if conversation != row.conversation:
                examples.append((row, first, 0.0, 0.15, conversation))
    features = [
        _need_features(context_cues(states[row.history], analyze_turn(text)))
        for row, text, *_ in examples
    ]
    targets, row_weights = np.array([example[2:4] for example in examples]).T
    folds = np.array([_fold(conversation) for *_, conversation in examples])
    return fit(features, targets, row_weights, folds, penalty, _NEVER_AGAINST)


@dataclass(frozen=True)
class Words:
    """Every remembered word before every turn: the turn, the stem, its features."""

    row: list[int]
    stem: list[str]
    features: list[set[str]]

    @classmethod
    def of(cls, rows: Sequence[Row], states: DialogueStates) -> "Words":
        words = cls([], [], [])
        for i, row in enumerate(rows):
            state, turn = states[row.history], analyze_turn(row.raw)
            cues = context_cues(state, turn)
            for stem_, mention in state.mentions.items():
                if stem_ not in turn.stems:
                    words.row.append(i)
                    words.stem.append(stem_)
                    words.features.append(
                        _word_features(cues, extract_mention_features(state, turn, mention))
                    )
        return words

    def by_row(self, scores: Array, rows: int) -> list[dict[str, float]]:
        """The *scores* of the words before each of so many rows."""
        scores_by_row: list[dict[str, float]] = [{} for _ in range(rows)]
        for i, stem, score in zip(self.row, self.stem, scores, strict=True):
            scores_by_row[i][stem] = float(score)
        return scores_by_row


def fit_all(rows: Sequence[Row], alone: Sequence[str], rounds: int = 2) -> dict[str, Any]:
    """The table of weights; each round remembers the turns as the last one's weights carry."""
    table: dict[str, Any] = {}
    for _ in range(rounds):
        states = DialogueStates(CarryoverWeights.from_table(table) if table else None)
        need = fit_need(rows, alone, states, Penalty(2.5, 3))
        words = Words.of(rows, states)
        pairs = list(zip(words.row, words.stem, strict=True))
        targets = np.array([float(stem in rows[i].rewrite_stems) for i, stem in pairs])
        folds = np.array([_fold(rows[i].conversation) for i in words.row])
        row_weights = np.ones(len(targets))
        word = fit(words.features, targets, row_weights, folds, Penalty(5, 10))
        scores = words.by_row(word.unseen, len(rows))
        context = [(states[row.history], analyze_turn(row.raw)) for row in rows]
        numbers = [
            dict(rescoring_features(*context[i], scores[i], stem, max(scores[i].values())))
            for i, stem in pairs
        ]
        matrix = np.array([list(number.values()) for number in numbers])
        positive = np.zeros(matrix.shape[1], dtype=bool)
        rescoring = logistic(matrix, targets, Penalty(0, 1), row_weights, positive)
        table = _table(need, word) | {
            "again": dict(zip(numbers[0], rescoring.tolist(), strict=True))
        }
        scores = [
            rescore_words(*c, s, table["again"]) for c, s in zip(context, scores, strict=True)
        ]
        table["from"] = thresholds(rows, need.unseen[: len(rows)], scores)
    return table


def _table(need: Fit, word: Fit) -> dict[str, Any]:
    plain = {name: weight for name, weight in word.weights.items() if _UNDER not in name}
    under_cues: dict[str, dict[str, float]] = {}
    for name in word.weights.keys() - plain.keys():
        cue, sign = name.split(_UNDER)
        under_cues.setdefault(cue, {})[sign] = word.weights[name]
    return {"need": need.weights, "word": plain, "given": under_cues}


def thresholds(
    rows: Sequence[Row], needs: Array, scores: Sequence[dict[str, float]]
) -> dict[str, float]:
    """Where most is carried within what may be carried in vain and must be left alone."""
    best = (-1.0, 0.0, 0.0)
    top = [sorted(row.items(), key=lambda pair: -pair[1])[:MAX_CARRIED_WORDS] for row in scores]
    need_scores = needs + BEST_SCORE_WEIGHT * np.array(
        [words[0][1] if words else -9.0 for words in top]
    )
    facts = [(row.missing, row.rewrite_stems, row.is_unchanged) for row in rows]
    most_alone = sum(row.is_unchanged for row in rows)
    for min_need in np.arange(-3, 2.5, 0.1):
        for min_score in np.arange(-2.8, 0, 0.1):
            carried = extra = alone = 0
            for need, words, (missing, allowed, unchanged) in zip(
                need_scores, top, facts, strict=True
            ):
                chosen = {w for w, score in words if score >= min_score and need >= min_need}
                carried += len(chosen & missing)
                extra += len(chosen - allowed)
                alone += unchanged and not chosen
            if alone >= ALONE * most_alone and extra <= EXTRA * len(rows) and carried > best[0]:
                best = (carried, float(min_need), float(min_score))
    return {"need": best[1], "word": best[2]}


def to_toml(table: dict[str, Any], comment: Iterable[str]) -> str:
    """The table as TOML, the largest weights first."""
    lines = [f"# {line}" for line in comment]
    flat = [(name, table[name]) for name in ("from", "need", "word", "again")]
    flat += [(f'given."{cue}"', weights) for cue, weights in table["given"].items()]
    for name, weights in flat:
        lines += ["", f"[{name}]"]
        ordered = sorted(weights.items(), key=lambda pair: (pair[0] != "bias", -pair[1]))
        lines += [f'"{key}" = {value:.2f}' for key, value in ordered]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> None:
    """Fit, measure, and perhaps write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("turns", nargs="?", type=Path, default=TURNS)
    parser.add_argument("--write", action="store_true", help="write weights.toml")
    options = parser.parse_args(argv)
    console = Console(highlight=False)
    rows = load(options.turns)
    alone = load_alone(options.turns.parent.parent)
    comment = [
        f"Fitted by benchmarks/fit_conversation.py, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}."
    ]
    halves = [[row for row in rows if _fold(row.conversation, 2) == half] for half in (0, 1)]
    for half, other in (halves, halves[::-1]):
        weights = CarryoverWeights.from_table(fit_all(half, alone))
        comment.append(f"Fitted to {len(half)} turns: {_figures(measure(half, weights))};")
        comment.append(f"  on {len(other)} unseen ones: {_figures(measure(other, weights))}.")
        console.print(*comment[-2:], sep="\n")
    if options.write:
        table = fit_all(rows, alone)
        comment.append(
            f"These, fitted to all {len(rows)}:"
            f" {_figures(measure(rows, CarryoverWeights.from_table(table)))}."
        )
        console.print(comment[-1])
        WEIGHTS.write_text(to_toml(table, comment), "utf-8")


def _figures(measures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in measures.items())


if __name__ == "__main__":
    main()
