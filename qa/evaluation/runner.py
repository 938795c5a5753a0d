"""Questions of an EvaluationSet -> results of the service, or of plain BM25."""

import dataclasses
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from qa.analysis.tokenizer import normalize
from qa.answers.answer import AnswerPassage
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.documents.document import Document, RawBlock, build_document
from qa.documents.formats.lines import split_paragraphs
from qa.documents.metadata import merge_metadata
from qa.engines.base import Searcher
from qa.engines.factory import open_engine
from qa.errors import QuestionError
from qa.evaluation.sets import EvaluationQuestion, EvaluationSet
from qa.publishing.builder import index_documents
from qa.queries.followup.carryover import resolve_followup
from qa.queries.parser import parse_query, prune_terms
from qa.queries.query import Query
from qa.settings import Settings


class RankedPassage(NamedTuple):
    """A passage: its entry and those of its duplicates, its text, the marked sentence."""

    entries: tuple[str, ...]
    text: str
    sentence: str | None = None


class QuestionResult(NamedTuple):
    """The result of a question: passages by rank, confidence, time, and the verdict if any."""

    question: EvaluationQuestion
    passages: tuple[RankedPassage, ...]
    confidence: float
    milliseconds: float
    verdict: str = ""

    @property
    def entries(self) -> list[str]:
        """The entries in order of their first passages."""
        return list(dict.fromkeys(entry for passage in self.passages for entry in passage.entries))


class Judgement(NamedTuple):
    """How sure an answer is: its confidence, and its verdict if the ranker has any."""

    confidence: float
    verdict: str = ""


class Ranker(Protocol):
    """A way to answer questions that can be measured."""

    def judge(self, text: str, turns: Sequence[str]) -> Judgement:
        """How sure the answer is that a reader would get."""

    def passages(self, text: str, turns: Sequence[str]) -> tuple[RankedPassage, ...]:
        """The passages by rank, more than a reader would get, whatever the verdict."""


class VerbatimRanker:
    """The service's own answers."""

    def __init__(self, searcher: Searcher, settings: Settings) -> None:
        self._searcher = searcher
        self._settings = settings

    def judge(self, text: str, turns: Sequence[str]) -> Judgement:
        """How sure the answer is that a reader would get."""
        answer = ask(self._searcher, self._settings, text, AskOptions(tuple(turns)))
        return Judgement(answer.confidence, answer.verdict)

    def passages(self, text: str, turns: Sequence[str]) -> tuple[RankedPassage, ...]:
        """All that are ranked."""
        options = AskOptions(tuple(turns), limit=self._settings.candidates)
        answer = ask(self._searcher, self._settings, text, options)
        return tuple(map(_to_ranked_passage, answer.passages))


def _to_ranked_passage(passage: AnswerPassage) -> RankedPassage:
    duplicates = [document_id for document_id, _ in passage.duplicates]
    sentence = passage.answer.text if passage.answer else None
    return RankedPassage((passage.citation.document_id, *duplicates), passage.text, sentence)


class BM25Ranker:
    """The first stage alone: BM25 over the text of passages."""

    def __init__(self, searcher: Searcher, settings: Settings) -> None:
        self._searcher = searcher
        self._settings = settings

    def judge(self, text: str, turns: Sequence[str]) -> Judgement:
        """The best score, which is no probability."""
        candidates = self._searcher.bm25_search(self._query(text, turns), 5)
        return Judgement(float(candidates.scores[0]) if len(candidates) else 0.0)

    def passages(self, text: str, turns: Sequence[str]) -> tuple[RankedPassage, ...]:
        """The candidates by rank."""
        candidates = self._searcher.bm25_search(self._query(text, turns), self._settings.candidates)
        return tuple(
            RankedPassage((passage.document_id,), passage.text) for passage in candidates.read_all()
        )

    def _query(self, text: str, turns: Sequence[str]) -> Query:
        standalone = resolve_followup(normalize(text), [normalize(turn) for turn in turns])
        languages, carried = self._searcher.manifest.languages, standalone.carried_words
        query = parse_query(text, languages=languages, carried_words=carried)
        frequencies = self._searcher.document_frequencies(query.stems)
        return prune_terms(query, frequencies, self._settings.max_terms)


RANKERS: dict[str, Callable[[Searcher, Settings], Ranker]] = {
    "verbatim": VerbatimRanker,
    "bm25": BM25Ranker,
}


@contextmanager
def open_set(
    evaluation_set: EvaluationSet, settings: Settings, progress: Callable[[int, int], None]
) -> Iterator[Searcher]:
    """A temporary index of the entries; the live index if the set has none."""
    if not evaluation_set.entries:
        yield open_engine(settings).searcher()
        return
    with _exit_on_sigterm(), tempfile.TemporaryDirectory(prefix="qa-evaluate-") as folder:
        yield index_entries(evaluation_set, dataclasses.replace(settings, index=folder), progress)


@contextmanager
def _exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into an exit, so that temporary files are removed."""

    def handle_signal(number: int, _: object) -> None:
        sys.exit(128 + number)

    previous = signal.signal(signal.SIGTERM, handle_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def index_entries(
    evaluation_set: EvaluationSet,
    settings: Settings,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Searcher:
    """Index the entries in the index folder of *settings*, and open it."""
    engine = open_engine(settings)
    index_documents(iter_documents(evaluation_set, settings, progress), engine, settings)
    return engine.searcher()


def iter_documents(
    evaluation_set: EvaluationSet, settings: Settings, progress: Callable[[int, int], None]
) -> Iterator[Document]:
    """The entries as documents, with the same ids."""
    for done, entry in enumerate(evaluation_set.entries):
        progress(done, len(evaluation_set.entries))
        metadata = merge_metadata(
            [entry.fields], file_name="", text=entry.text, default_language=settings.language
        )
        blocks = map(RawBlock, split_paragraphs(entry.text))
        entry_document = build_document(entry.id, evaluation_set.name, blocks, metadata)
        if entry_document.text:
            yield entry_document


def question_text(question: EvaluationQuestion, form: str) -> tuple[str, tuple[str, ...]]:
    """The text and earlier turns to ask for *question* in this *form*."""
    if form == "rewrite":
        return question.rewrite or question.text, ()
    return question.text, question.turns if form == "standalone" else ()


def run_question(
    ranker: Ranker, question: EvaluationQuestion, form: str, *, most_turns: int
) -> QuestionResult:
    """Ask *question*; of an impossible one only the confidence is measured."""
    text, turns = question_text(question, form)
    turns = turns[-most_turns:] if most_turns else ()
    started = time.perf_counter()
    try:
        judgement = ranker.judge(text, turns)
        seconds = time.perf_counter() - started
        passages = () if question.impossible else ranker.passages(text, turns)
    except QuestionError:  # no words, or too many
        judgement, seconds, passages = Judgement(0.0, "none"), time.perf_counter() - started, ()
    return QuestionResult(
        question, passages, judgement.confidence, seconds * 1000, judgement.verdict
    )
