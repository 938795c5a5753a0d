"""Evaluation sets -> indexes with questions to fit to, to measure with, and without an answer."""

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
_SMALL_SIZE, _DRAWS = 40, 6


@dataclass(frozen=True)
class IndexedSet:
    """A set, its index, and the questions asked of it; *foreign* ones it does not answer."""

    set: EvaluationSet
    searcher: Searcher
    settings: Settings
    questions: Sequence[EvaluationQuestion]
    foreign: Sequence[EvaluationQuestion]


def index_set(
    evaluation_set: EvaluationSet, foreign: Sequence[EvaluationQuestion], limit: int, cache: Path
) -> IndexedSet:
    """A set with its index, built anew."""
    settings = Settings(index=str(cache / evaluation_set.name))
    questions = evaluation_set.sample(limit)
    entries = f"{len(evaluation_set.entries):,} entries"
    click.echo(f"{evaluation_set.name}: {entries}, {len(questions):,} questions")
    return IndexedSet(
        evaluation_set, build_index(evaluation_set, settings), settings, questions, foreign
    )


def index_whole(folder: Path, limit: int, cache: Path) -> IndexedSet:
    """The set in *folder*, and questions of another one."""
    evaluation_set = load_set(folder)
    other = find_foreign_set(folder, evaluation_set)
    most = len(evaluation_set.sample(limit)) // 2
    foreign = foreign_questions(other, most) if other else []
    return index_set(evaluation_set, foreign, limit, cache)


def index_most(folder: Path, limit: int, cache: Path) -> IndexedSet:
    """The set in *folder* without a quarter of its titles, and the questions about these."""
    evaluation_set = load_set(folder)
    ids = {
        entry.id
        for entry in evaluation_set.entries
        if _hash_number(str(entry.fields.get("title"))) % 4
    }
    return index_set(*_split_set(evaluation_set, ids, limit), limit, cache)


def index_small(folder: Path, limit: int, cache: Path) -> Iterator[IndexedSet]:
    """Some few entries of the set in *folder*, other ones each time, and questions about others."""
    evaluation_set = load_set(folder)
    evaluation_set = replace(
        evaluation_set, questions=tuple(q for q in evaluation_set.questions if not q.impossible)
    )
    relevant = {entry for question in evaluation_set.questions for entry in question.relevant}
    for draw in range(_DRAWS):
        order = sorted(relevant, key=lambda entry: _hash_number(f"{draw} {entry}"))
        part, foreign = _split_set(evaluation_set, {*order[:_SMALL_SIZE]}, limit)
        part = replace(part, name=f"{evaluation_set.name}-few")
        most = len(part.sample(limit))
        yield index_set(part, foreign[:most], limit, cache / str(draw))


def _split_set(
    evaluation_set: EvaluationSet, ids: Collection[str], limit: int
) -> tuple[EvaluationSet, list[EvaluationQuestion]]:
    """The set of the entries with these *ids*, and the questions that only others answer."""
    entries = tuple(entry for entry in evaluation_set.entries if entry.id in ids)
    questions = tuple(q for q in evaluation_set.questions if q.is_relevant(ids))
    others = tuple(q for q in evaluation_set.questions if not q.is_relevant(ids))
    foreign = foreign_questions(replace(evaluation_set, questions=others), limit)
    return replace(evaluation_set, entries=entries, questions=questions), foreign


def is_held_out(question: EvaluationQuestion) -> bool:
    """Whether *question* is for measuring, not for fitting."""
    return bool(_hash_number(question.id) & 1)


def _hash_number(name: str) -> int:
    """A number for *name*, always the same."""
    return hashlib.sha256(name.encode()).digest()[-1]
