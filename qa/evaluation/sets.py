"""A folder of entries, questions and judgements -> an EvaluationSet.

corpus.jsonl     _id, text, and optionally title, source, date, url; left out where the entries
                 are the documents of the live index
queries.jsonl    _id, text, and optionally answers, type, impossible, history, rewrite
qrels.tsv        question's id, entry's id, score
evidence.jsonl   query_id and the sentences that answer, where the set has them
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from qa.analysis.tokenizer import holds, normalise, overlaps, plain
from qa.errors import EvaluationError

CORPUS, QUERIES, QRELS, EVIDENCE = "corpus.jsonl", "queries.jsonl", "qrels.tsv", "evidence.jsonl"

_IMPOSSIBLE = {"impossible", "unanswerable", "null"}
# No passage gives these answers in so many words.
_NO_QUOTE = {" yes ", " no "}
_READERS = {"user", "human"}


@dataclass(frozen=True)
class Entry:
    """A text that can be found; *about* is what else its line says."""

    id: str
    text: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A question and all that is known of its answer.

    *turns* are the questions asked before it, *rewrite* is the same question made to stand alone
    by a person.  *relevant* are the scores of the entries judged, 1 or more for those that answer.
    *answers* are strings that a right passage holds, *evidence* the sentences that answer, by
    entry.  An *impossible* question has no answer in the set.
    """

    id: str
    text: str
    turns: tuple[str, ...] = ()
    rewrite: str | None = None
    answers: tuple[str, ...] = ()
    relevant: Mapping[str, int] = field(default_factory=dict)
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    impossible: bool = False

    @property
    def counts(self) -> bool:
        """Whether anything can be measured with it."""
        return self.impossible or bool(self.relevant or self.answers)

    def judged(self, entries: Iterable[str]) -> bool:
        """Whether one of *entries* answers; any does where none was judged."""
        return not self.relevant or any(self.relevant.get(entry, 0) > 0 for entry in entries)

    def answered(self, entries: Iterable[str], text: str) -> bool:
        """Whether *text*, which stands in all of *entries*, holds an answer string."""
        found = any(holds(text, answer) for answer in self.answers)
        return found and not self.impossible and self.judged(entries)

    def is_right(self, entries: Iterable[str], text: str) -> bool:
        """Whether a passage with *text* of *entries* answers; by entry if there are no answers."""
        if self.answers or self.impossible:
            return self.answered(entries, text)
        return bool(self.relevant) and self.judged(entries)

    def is_marked_right(self, entries: Iterable[str], sentence: str) -> bool:
        """Whether a marked *sentence* holds an answer string or overlaps the evidence."""
        entries = tuple(entries)
        known = (text for entry in entries for text in self.evidence.get(entry, ()))
        return self.answered(entries, sentence) or any(overlaps(sentence, text) for text in known)


@dataclass(frozen=True)
class EvaluationSet:
    """Entries and questions; *notes* tell what of the files could not be used.

    There are no entries where those are the documents of the live index.
    Entries with the same text are one, as they are in an index: *same* names, for each that was
    left out, the one that stands for it.
    """

    name: str
    entries: tuple[Entry, ...]
    questions: tuple[Question, ...]
    same: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def sample(self, limit: int | None) -> list[Question]:
        """*limit* questions that count, in the order of the set; a larger sample holds a smaller.

        They are drawn by a hash of their ids, so the same ones every time.
        """
        return sample([question for question in self.questions if question.counts], limit)


def sample(questions: list[Question], limit: int | None) -> list[Question]:
    """*limit* of *questions*, drawn by a hash of their ids, in the order in which they are."""
    drawn = sorted(questions, key=lambda question: sha256(question.id.encode()).digest())
    kept = {question.id for question in drawn[:limit]}
    return [question for question in questions if question.id in kept]


def load(folder: Path) -> EvaluationSet:
    """The set in *folder*; raise EvaluationError when it is none."""
    if not (folder / QUERIES).is_file():
        raise EvaluationError(
            f"No {QUERIES} in {folder}; a set is a folder with {CORPUS}, {QUERIES} and {QRELS}."
        )
    notes: list[str] = []
    entries, same = _entries(folder / CORPUS, notes)
    scores = _scores(folder / QRELS, same, notes)
    questions = _questions(folder, {entry.id: entry for entry in entries}, scores, same)
    if strange := scores.keys() - questions.keys():
        notes.append(f"{len(strange):,} questions in {QRELS} are not in {QUERIES}")
    if not any(question.counts for question in questions.values()):
        raise EvaluationError(
            f"No question in {folder} has a judgement in {QRELS} or an answer; add some to measure."
        )
    name = folder.resolve().name
    return EvaluationSet(name, tuple(entries), tuple(questions.values()), same, tuple(notes))


def _entries(path: Path, notes: list[str]) -> tuple[list[Entry], dict[str, str]]:
    """The entries, one for each text, and for the id of any other which one has its text."""
    found: dict[str, Entry] = {}
    first: dict[str, str] = {}
    same: dict[str, str] = {}
    for number, row in enumerate(rows(path, "_id", "text") if path.is_file() else ()):
        entry = Entry(str(row.pop("_id")), str(row.pop("text")), row)
        if entry.id in found or entry.id in same:
            notes.append(f"entry {number + 1:,} of {CORPUS} has the id of another: {entry.id}")
        elif (stands := first.setdefault(normalise(entry.text), entry.id)) == entry.id:
            found[entry.id] = entry
        else:
            same[entry.id] = stands
    if path.is_file() and not any(first):
        raise EvaluationError(f"No text in {path}; without that file the live index is asked.")
    return list(found.values()), same


def _questions(
    folder: Path,
    entries: Mapping[str, Entry],
    scores: Mapping[str, Mapping[str, int]],
    same: Mapping[str, str],
) -> dict[str, Question]:
    """The questions by their ids; of two with one id, the first."""
    evidence = _evidence(folder / EVIDENCE, same)
    found: dict[str, Question] = {}
    for row in rows(folder / QUERIES, "_id", "text"):
        own = str(row["_id"])
        judged = scores.get(own, {})
        if not any(score > 0 for score in judged.values()):
            judged = {}
            if scores:  # nobody has said in which entries its answers would be right
                row["answers"] = ()
        found.setdefault(own, _question(row, judged, evidence.get(own, {}), entries))
    return found


def _scores(path: Path, same: Mapping[str, str], notes: list[str]) -> dict[str, dict[str, int]]:
    """For each question the scores of its entries."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    wrong = 0
    for number, line in enumerate(_lines(path) if path.is_file() else (), 1):
        parts = line.rstrip("\n").split("\t")
        try:
            question, entry, score = parts[0], parts[1], round(float(parts[2]))
        except (IndexError, ValueError):
            wrong += number > 1  # the first line is a header
            continue
        entry = same.get(entry, entry)
        found[question][entry] = max(score, found[question].get(entry, 0))
    if wrong:
        notes.append(f"{wrong:,} lines of {QRELS} are no judgements")
    return dict(found)


def _evidence(path: Path, same: Mapping[str, str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """For each question and entry the sentences that answer."""
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for row in rows(path, "query_id") if path.is_file() else ():
        parts = [
            *((row.get("corpus_id"), text) for text in row.get("sentences", ())),
            *((row.get("corpus_id"), part.get("content")) for part in row.get("excerpts", ())),
            *((part.get("corpus_id"), part.get("fact")) for part in row.get("evidence", ())),
        ]
        own = found[str(row["query_id"])]
        for entry, text in parts:
            if entry is not None and text:
                stands = same.get(str(entry), str(entry))
                own[stands] = (*own.get(stands, ()), str(text))
    return found


def _question(
    row: Mapping[str, Any],
    relevant: Mapping[str, int],
    evidence: Mapping[str, tuple[str, ...]],
    entries: Mapping[str, Entry],
) -> Question:
    impossible = bool(row.get("impossible")) or str(row.get("type")).lower() in _IMPOSSIBLE
    texts = [entries[id_].text for id_, score in relevant.items() if score > 0 and id_ in entries]
    answers = [] if impossible else _quotable(row.get("answers") or (), texts)
    return Question(
        id=str(row["_id"]),
        text=str(row["text"]),
        turns=tuple(turns(row.get("history") or ())),
        rewrite=str(row["rewrite"]) if row.get("rewrite") else None,
        answers=tuple(answers),
        relevant={} if impossible else relevant,
        evidence=evidence,
        impossible=impossible,
    )


def _quotable(answers: Iterable[object], texts: list[str]) -> list[str]:
    """The answers that a passage can hold: words of the entries judged, where some are."""
    words = {str(answer): plain(str(answer)) for answer in answers}
    return [
        answer
        for answer, own in words.items()
        if own and own not in _NO_QUOTE and (not texts or any(holds(t, answer) for t in texts))
    ]


def turns(history: Iterable[Any]) -> Iterator[str]:
    """The questions among earlier turns; what the service said is none."""
    for turn in history:
        if isinstance(turn, str):
            yield turn
        elif str(turn.get("speaker", "user")).lower() in _READERS:
            yield str(turn["text"])


def rows(path: Path, *needed: str) -> Iterator[dict[str, Any]]:
    """The objects of a file, one a line; each has the fields *needed*."""
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise EvaluationError(f"{path}, line {number}: not valid JSON ({error}).") from None
        missing = [name for name in needed if not isinstance(row, dict) or name not in row]
        if missing:
            raise EvaluationError(f"{path}, line {number}: no {missing[0]!r}; add it.")
        yield row


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}).") from None


def strange_questions(other: EvaluationSet, limit: int) -> list[Question]:
    """*limit* questions of *other*, drawn always the same, as ones that have no answer."""
    found = [
        Question(f"{other.name}:{question.id}", question.rewrite or question.text, impossible=True)
        for question in other.questions
        if question.counts
        and not question.impossible
        # A follow-up that nobody rewrote asks for nothing by itself.
        and (question.rewrite or not question.turns)
    ]
    return sample(found, limit)


def stranger(folder: Path, evaluated: EvaluationSet) -> EvaluationSet | None:
    """The next set beside *folder*, or else beside its parent, that has nothing in common with it.

    Sets in one folder may well be about the same texts, in other languages for one.
    """
    texts = {entry.text for entry in evaluated.entries}
    asked = {question.id for question in evaluated.questions}
    for beside in _beside(folder.resolve()):
        with suppress(EvaluationError):
            other = load(beside)
            shared = not texts.isdisjoint(entry.text for entry in other.entries)
            if not shared and asked.isdisjoint(question.id for question in other.questions):
                return other
    return None


def _beside(folder: Path) -> Iterator[Path]:
    """Other folders with a set, those after *folder* by name first."""
    for own in (folder, folder.parent):
        with suppress(OSError):
            others = sorted(path for path in own.parent.iterdir() if path != own)
            for path in sorted(others, key=lambda path: path < own):
                if (path / QUERIES).is_file():
                    yield path
