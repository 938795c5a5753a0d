"""A new generation beside the live one -> what changed, and why it should not be published."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.analysis.tokenizer import holds
from qa.answers.pipeline import ask
from qa.documents.file_access import read_text
from qa.engines.base import Searcher, Summary
from qa.errors import IndexingError, QAError
from qa.settings import Settings

QUESTIONS = "questions.jsonl"


@dataclass(frozen=True)
class Golden:
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

    since: str | None = None
    before: int = 0
    now: int = 0
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    asked: int = 0
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()


def compare(
    new: Searcher, live: Searcher | None, golden: Sequence[Golden], settings: Settings
) -> Changes:
    """Hold *new* against *live*: their documents, and the golden questions that each answers."""
    documents = {s.id: _version(s) for s in new.summaries()}
    old = {s.id: _version(s) for s in live.summaries()} if live else {}
    now = [is_answered(each, new, settings) for each in golden]
    then = [live is not None and is_answered(each, live, settings) for each in golden]
    answered = list(zip((each.question for each in golden), now, then, strict=True))
    return Changes(
        since=live.manifest.name if live else None,
        before=len(old),
        now=len(documents),
        added=tuple(each for each in documents if each not in old),
        changed=tuple(
            each for each in documents if documents[each] != old.get(each, documents[each])
        ),
        gone=tuple(each for each in old if each not in documents),
        asked=len(golden),
        won=tuple(question for question, is_, was in answered if is_ and not was and live),
        lost=tuple(question for question, is_, was in answered if was and not is_),
        failing=tuple(question for question, is_, _ in answered if not is_),
    )


def faults(changes: Changes, settings: Settings) -> tuple[str, ...]:
    """Why a generation with these changes should not take the live one's place."""
    found = []
    if changes.lost:
        found.append(f"{len(changes.lost)} of {changes.asked} golden questions lost their answer")
    shrunk = 1 - changes.now / changes.before if changes.before else 0
    if shrunk > settings.max_shrink:
        found.append(
            f"{changes.before:,} documents became {changes.now:,}, {shrunk:.0%} fewer"
            f" (QA_MAX_SHRINK allows {settings.max_shrink:.0%})"
        )
    return tuple(found)


def _version(summary: Summary) -> tuple[object, ...]:
    return summary.sha256, summary.title, summary.publisher, summary.date


def golden_questions(index: Path) -> tuple[Golden, ...]:
    """The questions in the index folder; none without the file, IndexingError for a wrong line."""
    path = index / QUESTIONS
    try:
        lines = read_text(path).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise IndexingError(f"{path} cannot be read ({error}); correct or remove it.") from None
    return tuple(
        _golden(path, number, line) for number, line in enumerate(lines, 1) if line.strip()
    )


def _golden(path: Path, number: int, line: str) -> Golden:
    try:
        row = json.loads(line)
        found = Golden(
            question=_text(row["question"]),
            contains=_texts(row.get("contains", ())),
            document=row.get("document"),
            verdict=row.get("verdict"),
            turns=_texts(row.get("turns", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise IndexingError(
            f"{path}, line {number}: no golden question ({error}); correct or remove it."
        ) from None
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _texts(values: Iterable[object]) -> tuple[str, ...]:
    return (_text(values),) if isinstance(values, str) else tuple(map(_text, values))


def unanswered(golden: Sequence[Golden], searcher: Searcher, settings: Settings) -> tuple[str, ...]:
    """The golden questions that are not answered as they should be."""
    return tuple(each.question for each in golden if not is_answered(each, searcher, settings))


def is_answered(golden: Golden, searcher: Searcher, settings: Settings) -> bool:
    """Whether the first passage is the one expected, or none is found where there is none."""
    try:
        answer = ask(searcher, settings, golden.question, turns=golden.turns, limit=1)
    except QAError:
        return False
    if golden.verdict == "none" or not answer.passages:
        return golden.verdict == answer.verdict
    first = answer.passages[0]
    return golden.document in {None, first.citation.document_id} and all(
        holds(first.text, words) for words in golden.contains
    )
