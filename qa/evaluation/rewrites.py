"""Questions after others, as typed and as rewritten: how much the readings carry over."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.analysis.match_forms import to_match_form
from qa.analysis.tokenizer import stem, stop_terms, to_term, tokenize
from qa.evaluation.measures import Measure, Measures
from qa.evaluation.sets import (
    read_rows,
    user_turns,
)
from qa.queries.followup.carryover import resolve_followup

TURNS_FILE = "turns.jsonl"
_LANGUAGE = "en"


@dataclass(frozen=True)
class RewriteTurn:
    """A question as typed after those in *history*, and as a person rewrote it to stand alone."""

    history: tuple[str, ...]
    raw: str
    rewrite: str


def load_turns(folder: Path) -> list[RewriteTurn]:
    """The turns in *folder*; raise EvaluationError when a line is invalid."""
    return [
        RewriteTurn(tuple(user_turns(row["history"])), row["raw"], row["rewrite"])
        for row in read_rows(folder / TURNS_FILE, "history", "raw", "rewrite")
    ]


def rewrite_measures(rewrite_turns: Sequence[RewriteTurn]) -> Measures:
    """The recall of carried words, extra words per question, and questions rightly left alone.

    First questions do not count: there is nothing to carry into them.
    """
    needed_total = carried_total = extra_total = left_alone = unchanged = followups = 0
    for turn in rewrite_turns:
        if not turn.history:
            continue
        followups += 1
        carried_words = resolve_followup(turn.raw, turn.history).carried_words
        carried_stems = frozenset().union(*map(_content_stems, carried_words)) - _content_stems(
            turn.raw
        )
        rewrite_stems = _content_stems(turn.rewrite) - _content_stems(turn.raw)
        needed_stems = rewrite_stems & frozenset().union(*map(_content_stems, turn.history))
        needed_total += len(needed_stems)
        carried_total += len(needed_stems & carried_stems)
        extra_total += len(carried_stems - rewrite_stems)
        if to_match_form(turn.raw) == to_match_form(turn.rewrite):
            unchanged += 1
            left_alone += not carried_words
    ratios = {
        "carried_recall": (carried_total, needed_total),
        "carried_extra": (extra_total, followups),
        "left_alone": (left_alone, unchanged),
    }
    return {name: Measure(part / whole, whole) for name, (part, whole) in ratios.items() if whole}


def _content_stems(text: str) -> frozenset[str]:
    """The stems of the content words of *text*."""
    stops = stop_terms(_LANGUAGE)
    return frozenset(
        stem(word.text, _LANGUAGE) for word in tokenize(text) if to_term(word.text) not in stops
    )
