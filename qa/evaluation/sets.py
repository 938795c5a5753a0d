"""A folder of entries, questions and judgements -> an EvaluationSet.

corpus.jsonl     _id, text, and optionally title, source, date, url; omitted if the entries
                 are the documents of the live index
queries.jsonl    _id, text, and optionally answers, type, impossible, history, rewrite
qrels.tsv        question id, entry id, score
evidence.jsonl   optionally, query_id and the sentences that answer
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from qa.analysis.match_forms import contains_words, texts_overlap, to_match_form
from qa.analysis.normalization import quantity
from qa.analysis.tokenizer import normalize
from qa.errors import EvaluationError

CORPUS, QUERIES, QRELS, EVIDENCE = "corpus.jsonl", "queries.jsonl", "qrels.tsv", "evidence.jsonl"

_IMPOSSIBLE = {"impossible", "unanswerable", "null"}
# Answers that passages do not quote.
_NO_QUOTE = {" yes ", " no "}
_USER_SPEAKERS = {"user", "human"}


@dataclass(frozen=True)
class CorpusEntry:
    """A text to find; *fields* are the other fields of its line."""

    id: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluationQuestion:
    """A question and what is known of its answer.

    *turns* are the earlier questions, *rewrite* is the question as a person made it stand alone.
    *relevant* are the scores of judged entries, 1 or more if they answer.  *answers* are strings
    that a right passage contains, *evidence* the sentences that answer, by entry.  An *impossible*
    question has no answer in the set.
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
    def is_usable(self) -> bool:
        """Whether anything can be measured with it."""
        return self.impossible or bool(self.relevant or self.answers)

    def is_relevant(self, entries: Iterable[str]) -> bool:
        """Whether one of *entries* answers; any does if none was judged."""
        return not self.relevant or any(self.relevant.get(entry, 0) > 0 for entry in entries)

    def holds_answer(self, entries: Iterable[str], text: str) -> bool:
        """Whether *text*, which is in all of *entries*, contains an answer string."""
        has_answer = any(contains_words(text, answer) for answer in self.answers)
        return has_answer and not self.impossible and self.is_relevant(entries)

    def is_right(self, entries: Iterable[str], text: str) -> bool:
        """Whether a passage of *entries* answers; judged by entry if there are no answers."""
        if self.answers or self.impossible:
            return self.holds_answer(entries, text)
        return bool(self.relevant) and self.is_relevant(entries)

    def is_right_sentence(self, entries: Iterable[str], sentence: str) -> bool:
        """Whether a marked *sentence* contains an answer string or overlaps the evidence."""
        entries = tuple(entries)
        evidence_texts = (text for entry in entries for text in self.evidence.get(entry, ()))
        return self.holds_answer(entries, sentence) or any(
            texts_overlap(sentence, text) for text in evidence_texts
        )


@dataclass(frozen=True)
class EvaluationSet:
    """Entries and questions; *notes* say what of the files could not be used.

    Without entries, the documents of the live index are the entries.  Of entries with the same text
    only the first is kept, as in an index; *duplicates* maps the ids of the others to it.
    """

    name: str
    entries: tuple[CorpusEntry, ...]
    questions: tuple[EvaluationQuestion, ...]
    duplicates: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def sample(self, limit: int | None) -> list[EvaluationQuestion]:
        """*limit* usable questions, always the same; a larger sample contains a smaller one."""
        usable = [question for question in self.questions if question.is_usable]
        return sample_questions(usable, limit)


def sample_questions(
    questions: list[EvaluationQuestion], limit: int | None
) -> list[EvaluationQuestion]:
    """*limit* of *questions*, selected by a hash of their ids, in their order."""
    shuffled = sorted(questions, key=lambda question: sha256(question.id.encode()).digest())
    chosen_ids = {question.id for question in shuffled[:limit]}
    return [question for question in questions if question.id in chosen_ids]


def load_set(folder: Path) -> EvaluationSet:
    """The set in *folder*; raise EvaluationError when it is invalid."""
    if not (folder / QUERIES).is_file():
        raise EvaluationError(
            f"No {QUERIES} in {folder}; a set is a folder with {CORPUS}, {QUERIES} and {QRELS}."
        )
    notes: list[str] = []
    entries, duplicates = _load_entries(folder / CORPUS, notes)
    scores = _load_scores(folder / QRELS, duplicates, notes)
    questions = _load_questions(folder, {entry.id: entry for entry in entries}, scores, duplicates)
    if unknown := scores.keys() - questions.keys():
        notes.append(f"{quantity(len(unknown), 'question')} of {QRELS} not in {QUERIES}")
    if not any(question.is_usable for question in questions.values()):
        raise EvaluationError(
            f"No question in {folder} has a judgement in {QRELS} or an answer; add some to measure."
        )
    name = folder.resolve().name
    return EvaluationSet(name, tuple(entries), tuple(questions.values()), duplicates, tuple(notes))


def _load_entries(path: Path, notes: list[str]) -> tuple[list[CorpusEntry], dict[str, str]]:
    """The entries with different texts, and the ids of duplicates with their first entry."""
    entries: dict[str, CorpusEntry] = {}
    first_by_text: dict[str, str] = {}
    duplicates: dict[str, str] = {}
    for number, row in enumerate(read_rows(path, "_id", "text") if path.is_file() else ()):
        entry = CorpusEntry(str(row.pop("_id")), str(row.pop("text")), row)
        if entry.id in entries or entry.id in duplicates:
            notes.append(f"entry {number + 1:,} of {CORPUS} has the id of another: {entry.id}")
        elif (original := first_by_text.setdefault(normalize(entry.text), entry.id)) == entry.id:
            entries[entry.id] = entry
        else:
            duplicates[entry.id] = original
    if path.is_file() and not any(first_by_text):
        raise EvaluationError(f"No text in {path}; without that file the live index is asked.")
    return list(entries.values()), duplicates


def _load_questions(
    folder: Path,
    entries: Mapping[str, CorpusEntry],
    scores: Mapping[str, Mapping[str, int]],
    duplicates: Mapping[str, str],
) -> dict[str, EvaluationQuestion]:
    """The questions by id; of two with the same id, the first."""
    evidence = _load_evidence(folder / EVIDENCE, duplicates)
    questions: dict[str, EvaluationQuestion] = {}
    for row in read_rows(folder / QUERIES, "_id", "text"):
        question_id = str(row["_id"])
        relevant = scores.get(question_id, {})
        if not any(score > 0 for score in relevant.values()):
            relevant = {}
            if scores:  # no entry was judged in which its answers would be right
                row["answers"] = ()
        questions.setdefault(
            question_id, _build_question(row, relevant, evidence.get(question_id, {}), entries)
        )
    return questions


def _load_scores(
    path: Path, duplicates: Mapping[str, str], notes: list[str]
) -> dict[str, dict[str, int]]:
    """For each question the scores of its entries."""
    scores: dict[str, dict[str, int]] = defaultdict(dict)
    malformed = 0
    for number, line in enumerate(_read_lines(path) if path.is_file() else (), 1):
        parts = line.rstrip("\n").split("\t")
        try:
            question, entry, score = parts[0], parts[1], round(float(parts[2]))
        except (IndexError, ValueError):
            malformed += number > 1  # the first line may be a header
            continue
        entry = duplicates.get(entry, entry)
        scores[question][entry] = max(score, scores[question].get(entry, 0))
    if malformed:
        notes.append(f"{quantity(malformed, 'line')} of {QRELS} without a judgement")
    return dict(scores)


def _load_evidence(
    path: Path, duplicates: Mapping[str, str]
) -> dict[str, dict[str, tuple[str, ...]]]:
    """For each question and entry the sentences that answer."""
    evidence: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for row in read_rows(path, "query_id") if path.is_file() else ():
        parts = [
            *((row.get("corpus_id"), text) for text in row.get("sentences", ())),
            *((row.get("corpus_id"), part.get("content")) for part in row.get("excerpts", ())),
            *((part.get("corpus_id"), part.get("fact")) for part in row.get("evidence", ())),
        ]
        sentences = evidence[str(row["query_id"])]
        for entry, text in parts:
            if entry is not None and text:
                original = duplicates.get(str(entry), str(entry))
                sentences[original] = (*sentences.get(original, ()), str(text))
    return evidence


def _build_question(
    row: Mapping[str, Any],
    relevant: Mapping[str, int],
    evidence: Mapping[str, tuple[str, ...]],
    entries: Mapping[str, CorpusEntry],
) -> EvaluationQuestion:
    impossible = bool(row.get("impossible")) or str(row.get("type")).lower() in _IMPOSSIBLE
    texts = [entries[id_].text for id_, score in relevant.items() if score > 0 and id_ in entries]
    answers = [] if impossible else _quotable_answers(row.get("answers") or (), texts)
    return EvaluationQuestion(
        id=str(row["_id"]),
        text=str(row["text"]),
        turns=tuple(user_turns(row.get("history") or ())),
        rewrite=str(row["rewrite"]) if row.get("rewrite") else None,
        answers=tuple(answers),
        relevant={} if impossible else relevant,
        evidence=evidence,
        impossible=impossible,
    )


def _quotable_answers(answers: Iterable[object], texts: list[str]) -> list[str]:
    """The answers that a passage can contain: if entries were judged, strings in these."""
    plain_answers = {str(answer): to_match_form(str(answer)) for answer in answers}
    return [
        answer
        for answer, plain_answer in plain_answers.items()
        if plain_answer
        and plain_answer not in _NO_QUOTE
        and (not texts or any(contains_words(entry_text, answer) for entry_text in texts))
    ]


def user_turns(history: Iterable[Any]) -> Iterator[str]:
    """The questions among earlier turns, without the answers."""
    for turn in history:
        if isinstance(turn, str):
            yield turn
        elif str(turn.get("speaker", "user")).lower() in _USER_SPEAKERS:
            yield str(turn["text"])


def read_rows(path: Path, *required: str) -> Iterator[dict[str, Any]]:
    """The objects of a file, one per line; each has the *required* fields."""
    for number, line in enumerate(_read_lines(path), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise EvaluationError(f"{path}, line {number}: not valid JSON ({error}).") from None
        missing = [name for name in required if not isinstance(row, dict) or name not in row]
        if missing:
            raise EvaluationError(f"{path}, line {number}: no {missing[0]!r}; add it.")
        yield row


def _read_lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}).") from None


def foreign_questions(other: EvaluationSet, limit: int) -> list[EvaluationQuestion]:
    """*limit* questions of *other*, always the same, as impossible ones."""
    candidates = [
        EvaluationQuestion(
            f"{other.name}:{question.id}", question.rewrite or question.text, impossible=True
        )
        for question in other.questions
        if question.is_usable
        and not question.impossible
        # A follow-up without a rewrite makes no sense by itself.
        and (question.rewrite or not question.turns)
    ]
    return sample_questions(candidates, limit)


def find_foreign_set(folder: Path, evaluated: EvaluationSet) -> EvaluationSet | None:
    """The next set beside *folder*, or beside its parent, that has nothing in common with it.

    Sets in one folder can have the same texts, for example in other languages.
    """
    texts = {entry.text for entry in evaluated.entries}
    question_ids = {question.id for question in evaluated.questions}
    for sibling in _iter_sibling_sets(folder.resolve()):
        with suppress(EvaluationError):
            other = load_set(sibling)
            shared = not texts.isdisjoint(entry.text for entry in other.entries)
            if not shared and question_ids.isdisjoint(question.id for question in other.questions):
                return other
    return None


def _iter_sibling_sets(folder: Path) -> Iterator[Path]:
    """Other folders with a set, first those after *folder* by name."""
    for base in (folder, folder.parent):
        with suppress(OSError):
            siblings = sorted(path for path in base.parent.iterdir() if path != base)
            for path in sorted(siblings, key=lambda path: path < base):
                if (path / QUERIES).is_file():
                    yield path
