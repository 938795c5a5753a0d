"""Evaluation sets -> their parts: indexed, asked to fit, asked to measure, and not answered."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from qa.engines.base import Searcher
from qa.evaluation.runner import build_index
from qa.evaluation.sets import (
    EvaluationQuestion,
    EvaluationSet,
    find_foreign_set,
    foreign_questions,
    load_set,
)
from qa.settings import Settings

# Entries of a small index, such as a reader's first one, and how many such are made of a set.
_FEW, _DRAWS = 40, 6


@dataclass(frozen=True)
class Opened:
    """A set, its index, and the questions asked of it; *foreign* ones it does not answer."""

    set: EvaluationSet
    searcher: Searcher
    settings: Settings
    questions: Sequence[EvaluationQuestion]
    foreign: Sequence[EvaluationQuestion]


def opened(
    found: EvaluationSet, foreign: Sequence[EvaluationQuestion], limit: int, cache: Path
) -> Opened:
    """A set with its index, built anew."""
    settings = Settings(index=str(cache / found.name))
    questions = found.sample(limit)
    click.echo(f"{found.name}: {len(found.entries):,} entries, {len(questions):,} questions")
    return Opened(found, build_index(found, settings), settings, questions, foreign)


def whole(folder: Path, limit: int, cache: Path) -> Opened:
    """The set in *folder*, and questions of another one."""
    found = load_set(folder)
    other = find_foreign_set(folder, found)
    most = len(found.sample(limit)) // 2
    return opened(found, foreign_questions(other, most) if other else [], limit, cache)


def withheld(folder: Path, limit: int, cache: Path) -> Opened:
    """The set in *folder* without a quarter of its titles, and the questions about these."""
    found = load_set(folder)
    kept = {e.id for e in found.entries if _number(str(e.fields.get("title"))) % 4}
    return opened(*_parted(found, kept, limit), limit, cache)


def few(folder: Path, limit: int, cache: Path) -> Iterator[Opened]:
    """Some few entries of the set in *folder*, other ones each time, and questions about others."""
    found = load_set(folder)
    found = replace(found, questions=tuple(q for q in found.questions if not q.impossible))
    answering = {entry for question in found.questions for entry in question.relevant}
    for draw in range(_DRAWS):
        drawn = sorted(answering, key=lambda entry: _number(f"{draw} {entry}"))
        part, foreign = _parted(found, {*drawn[:_FEW]}, limit)
        part = replace(part, name=f"{found.name}-few")
        most = len(part.sample(limit))
        yield opened(part, foreign[:most], limit, cache / str(draw))


def _parted(
    found: EvaluationSet, kept: Collection[str], limit: int
) -> tuple[EvaluationSet, list[EvaluationQuestion]]:
    """The set of the *kept* entries, and the questions that only others answer."""
    entries = tuple(entry for entry in found.entries if entry.id in kept)
    own = tuple(question for question in found.questions if question.is_relevant(kept))
    others = tuple(question for question in found.questions if not question.is_relevant(kept))
    foreign = foreign_questions(replace(found, questions=others), limit)
    return replace(found, entries=entries, questions=own), foreign


def is_aside(question: EvaluationQuestion) -> bool:
    """Whether *question* is kept for measuring."""
    return bool(_number(question.id) & 1)


def _number(name: str) -> int:
    """A number for *name*, always the same."""
    return hashlib.sha256(name.encode()).digest()[-1]
