"""A new generation beside the live one -> what changed, and why it should not be published."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.analysis.tokenizer import contains_words
from qa.answers.pipeline import AskOptions, ask
from qa.documents.file_access import read_text
from qa.engines.base import DocumentSummary, Searcher
from qa.errors import IndexingError, QAError
from qa.settings import Settings

QUESTIONS_FILE = "questions.jsonl"


@dataclass(frozen=True)
class GoldenQuestion:
    """A question whose answer is known: what its first passage holds, or that there is none."""

    question: str
    contains: tuple[str, ...] = ()
    document: str | None = None
    verdict: str | None = None
    turns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What differs from the generation that was live: ids of documents, golden questions.

    *failing* are the golden questions without their answer; those of them that had it are *lost*.
    """

    base_generation: str | None = None
    documents_before: int = 0
    documents_now: int = 0
    added_ids: tuple[str, ...] = ()
    changed_ids: tuple[str, ...] = ()
    removed_ids: tuple[str, ...] = ()
    golden_count: int = 0
    gained_questions: tuple[str, ...] = ()
    lost_questions: tuple[str, ...] = ()
    failing_questions: tuple[str, ...] = ()


def compare_generations(
    searcher: Searcher,
    live_searcher: Searcher | None,
    golden: Sequence[GoldenQuestion],
    settings: Settings,
) -> Changes:
    """Hold *new* against *live*: their documents, and the golden questions that each answers."""
    versions = {summary.id: _document_version(summary) for summary in searcher.summaries()}
    old_versions = (
        {summary.id: _document_version(summary) for summary in live_searcher.summaries()}
        if live_searcher
        else {}
    )
    answered_now = [is_answered(golden_question, searcher, settings) for golden_question in golden]
    answered_before = [
        live_searcher is not None and is_answered(golden_question, live_searcher, settings)
        for golden_question in golden
    ]
    outcomes = list(
        zip(
            (golden_question.question for golden_question in golden),
            answered_now,
            answered_before,
            strict=True,
        )
    )
    return Changes(
        base_generation=live_searcher.manifest.name if live_searcher else None,
        documents_before=len(old_versions),
        documents_now=len(versions),
        added_ids=tuple(document_id for document_id in versions if document_id not in old_versions),
        changed_ids=tuple(
            document_id
            for document_id in versions
            if versions[document_id] != old_versions.get(document_id, versions[document_id])
        ),
        removed_ids=tuple(
            document_id for document_id in old_versions if document_id not in versions
        ),
        golden_count=len(golden),
        gained_questions=tuple(
            question
            for question, new_ok, old_ok in outcomes
            if new_ok and not old_ok and live_searcher
        ),
        lost_questions=tuple(
            question for question, new_ok, old_ok in outcomes if old_ok and not new_ok
        ),
        failing_questions=tuple(question for question, new_ok, _ in outcomes if not new_ok),
    )


def find_faults(changes: Changes, settings: Settings) -> tuple[str, ...]:
    """Why a generation with these changes should not take the live one's place."""
    faults = []
    if changes.lost_questions:
        faults.append(
            f"{len(changes.lost_questions)} of {changes.golden_count} golden questions"
            " lost their answer"
        )
    shrinkage = (
        1 - changes.documents_now / changes.documents_before if changes.documents_before else 0
    )
    if shrinkage > settings.max_shrink:
        faults.append(
            f"{changes.documents_before:,} documents became {changes.documents_now:,},"
            f" {shrinkage:.0%} fewer"
            f" (QA_MAX_SHRINK allows {settings.max_shrink:.0%})"
        )
    return tuple(faults)


def _document_version(summary: DocumentSummary) -> tuple[object, ...]:
    return summary.sha256, summary.title, summary.publisher, summary.date


def load_golden_questions(index: Path) -> tuple[GoldenQuestion, ...]:
    """The questions in the index folder; none without the file, IndexingError for a wrong line."""
    path = index / QUESTIONS_FILE
    try:
        lines = read_text(path).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexingError(f"{path} cannot be read ({error}); correct or remove it.") from None
    return tuple(
        _parse_golden(path, number, line) for number, line in enumerate(lines, 1) if line.strip()
    )


def _parse_golden(path: Path, number: int, line: str) -> GoldenQuestion:
    try:
        row = json.loads(line)
        golden_question = GoldenQuestion(
            question=_check_text(row["question"]),
            contains=_parse_texts(row.get("contains", ())),
            document=row.get("document"),
            verdict=row.get("verdict"),
            turns=_parse_texts(row.get("turns", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise IndexingError(
            f"{path}, line {number}: no golden question ({error}); correct or remove it."
        ) from None
    return golden_question


def _check_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _parse_texts(values: Iterable[object]) -> tuple[str, ...]:
    return (_check_text(values),) if isinstance(values, str) else tuple(map(_check_text, values))


def find_failing_questions(
    golden: Sequence[GoldenQuestion], searcher: Searcher, settings: Settings
) -> tuple[str, ...]:
    """The golden questions that are not answered as they should be."""
    return tuple(
        golden_question.question
        for golden_question in golden
        if not is_answered(golden_question, searcher, settings)
    )


def is_answered(golden_question: GoldenQuestion, searcher: Searcher, settings: Settings) -> bool:
    """Whether the first passage is the one expected, or none is found where there is none."""
    try:
        options = AskOptions(golden_question.turns, limit=1)
        answer = ask(searcher, settings, golden_question.question, options)
    except QAError:
        return False
    if golden_question.verdict == "none" or not answer.passages:
        return golden_question.verdict == answer.verdict
    passage = answer.passages[0]
    return golden_question.document in {None, passage.citation.document_id} and all(
        contains_words(passage.text, words) for words in golden_question.contains
    )
