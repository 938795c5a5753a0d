"""A new generation and the live one -> what changed, and why not to publish it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qa.analysis.match_forms import contains_words
from qa.analysis.normalization import quantity
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.documents.document import Document
from qa.documents.file_access import read_text
from qa.engines.base import Searcher
from qa.errors import IndexingError, QAError
from qa.settings import Settings

QUESTIONS_FILE = "questions.jsonl"


@dataclass(frozen=True)
class GoldenQuestion:
    """A question with a known answer: what its first passage contains, or that there is none.

    With *right* false, a reader judged such a passage wrong; only feedback has that.
    """

    question: str
    contains: tuple[str, ...] = ()
    document: str | None = None
    verdict: str | None = None
    turns: tuple[str, ...] = ()
    right: bool = True

    def matches(self, document_id: str, text: str) -> bool:
        """Whether a passage of that document, with that *text*, is one that is meant."""
        return self.document in {None, document_id} and all(
            contains_words(text, words) for words in self.contains
        )


@dataclass(frozen=True)
class Changes:
    """What differs from the generation that was live: document ids and golden questions.

    *failing_questions* are not answered as expected; the *lost_questions* among them were before.
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


@dataclass(frozen=True)
class DocumentChanges:
    """The documents by id that differ from the live generation: those it lost, and the new ones."""

    removed: Mapping[str, Document]
    added: Mapping[str, Document]


def compare_generations(
    searcher: Searcher,
    live_searcher: Searcher | None,
    golden: Sequence[GoldenQuestion],
    settings: Settings,
    documents: DocumentChanges | None = None,
) -> Changes:
    """Compare a new generation with the live one: its documents, and the golden answers.

    *documents* are those that differ, where that is known.
    """
    if documents is None or live_searcher is None:
        versions = _document_versions(searcher)
    else:
        versions = _versions_of(documents.added)
    failing = find_failing_questions(golden, searcher, settings)
    if live_searcher is None:
        return Changes(
            documents_now=len(versions),
            added_ids=tuple(versions),
            golden_count=len(golden),
            failing_questions=_texts(failing),
        )
    if documents is None:
        old_versions = _document_versions(live_searcher)
    else:
        old_versions = _versions_of(documents.removed)
    old_failing = find_failing_questions(golden, live_searcher, settings)
    return Changes(
        base_generation=live_searcher.manifest.name,
        documents_before=live_searcher.manifest.documents,
        documents_now=searcher.manifest.documents,
        added_ids=tuple(id_ for id_ in versions if id_ not in old_versions),
        changed_ids=tuple(
            id_ for id_, version in versions.items() if version != old_versions.get(id_, version)
        ),
        removed_ids=tuple(id_ for id_ in old_versions if id_ not in versions),
        golden_count=len(golden),
        gained_questions=_texts(question for question in old_failing if question not in failing),
        lost_questions=_texts(question for question in failing if question not in old_failing),
        failing_questions=_texts(failing),
    )


def _texts(golden: Iterable[GoldenQuestion]) -> tuple[str, ...]:
    return tuple(question.question for question in golden)


def _versions_of(documents: Mapping[str, Document]) -> dict[str, tuple[object, ...]]:
    return {
        name: (document.sha256, about.title, about.publisher, about.date)
        for name, document in sorted(documents.items())
        for about in (document.metadata,)
    }


def _document_versions(searcher: Searcher) -> dict[str, tuple[object, ...]]:
    return {
        summary.id: (summary.sha256, summary.title, summary.publisher, summary.date)
        for summary in searcher.summaries()
    }


def find_faults(changes: Changes, settings: Settings) -> tuple[str, ...]:
    """Why a generation with these changes should not replace the live one."""
    faults = []
    lost, before, now = len(changes.lost_questions), changes.documents_before, changes.documents_now
    if lost:
        faults.append(f"{lost} of {changes.golden_count} golden questions lost their answer")
    shrinkage = 1 - now / before if before else 0
    if shrinkage > settings.max_shrink:
        faults.append(
            f"{quantity(before, 'document')} became {now:,}, {shrinkage:.0%} fewer"
            f" (QA_MAX_SHRINK allows {settings.max_shrink:.0%})"
        )
    return tuple(faults)


def load_golden_questions(index: Path) -> tuple[GoldenQuestion, ...]:
    """The questions in the index folder, if any; raise IndexingError when a line is invalid."""
    return read_golden_questions(index / QUESTIONS_FILE)


def read_golden_questions(path: Path) -> tuple[GoldenQuestion, ...]:
    """The questions in the file at *path*; none without a file."""
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
        return GoldenQuestion(
            question=_check_text(row["question"]),
            contains=_parse_texts(row.get("contains", ())),
            document=row.get("document"),
            verdict=row.get("verdict"),
            turns=_parse_texts(row.get("turns", ())),
            right=bool(row.get("right", True)),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise IndexingError(
            f"{path}, line {number}: no golden question ({error}); correct or remove it."
        ) from None


def _check_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _parse_texts(values: Iterable[object]) -> tuple[str, ...]:
    return (_check_text(values),) if isinstance(values, str) else tuple(map(_check_text, values))


def find_failing_questions(
    golden: Sequence[GoldenQuestion], searcher: Searcher, settings: Settings
) -> tuple[GoldenQuestion, ...]:
    """The golden questions that are not answered as expected."""
    return tuple(question for question in golden if not is_answered(question, searcher, settings))


def is_answered(golden: GoldenQuestion, searcher: Searcher, settings: Settings) -> bool:
    """Whether the first passage is the expected one, or there is none where none is expected."""
    options = AskOptions(golden.turns, limit=1)
    try:
        answer = ask(searcher, settings, golden.question, options)
    except QAError:
        return False
    if golden.verdict == "none" or not answer.passages:
        return golden.verdict == answer.verdict
    passage = answer.passages[0]
    # Its file may have been renamed since the question was written down.
    document = golden.document and searcher.manifest.renames.current_id(golden.document)
    expected = replace(golden, document=document)
    return expected.matches(passage.citation.document_id, passage.text)
