"""Questions of an EvaluationSet -> what the service, or the plain first stage, answers to them."""

import dataclasses
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from qa.analysis.tokenizer import normalise
from qa.answers.answer import AnswerPassage
from qa.answers.pipeline import ask
from qa.documents.document import Document, RawBlock, document
from qa.documents.formats.plain import paragraphs
from qa.documents.metadata import describe
from qa.engines.base import Searcher
from qa.engines.factory import open_engine
from qa.errors import QuestionError
from qa.evaluation.sets import EvaluationSet, Question
from qa.publishing.builder import index_documents
from qa.queries.followup.carryover import standalone
from qa.queries.parser import Query, narrowed, read
from qa.settings import Settings

# How a question that follows others is asked: with them, by itself, as a person put it.
FORMS = ("standalone", "bare", "rewrite")


class Shown(NamedTuple):
    """A passage: its entry and those that are folded into it, its text, the sentence marked."""

    entries: tuple[str, ...]
    text: str
    sentence: str | None = None


class Asked(NamedTuple):
    """What came of a question: passages by rank, how sure the answer is, how long it took."""

    question: Question
    passages: tuple[Shown, ...]
    confidence: float
    milliseconds: float

    @property
    def entries(self) -> list[str]:
        """The entries found, each at its first passage."""
        return list(dict.fromkeys(entry for shown in self.passages for entry in shown.entries))


class Ranker(Protocol):
    """What is measured."""

    def sure(self, text: str, turns: Sequence[str]) -> float:
        """Answer as a reader is answered, and say how sure the answer is."""

    def passages(self, text: str, turns: Sequence[str]) -> tuple[Shown, ...]:
        """The passages by rank, deeper than a reader sees them and whatever the verdict."""


class Verbatim:
    """The service's own answers."""

    def __init__(self, searcher: Searcher, settings: Settings) -> None:
        self._searcher = searcher
        self._settings = settings
        # Nothing is below this, so that no ranking is withheld.
        self._open = dataclasses.replace(settings, weak=0.0)

    def sure(self, text: str, turns: Sequence[str]) -> float:
        """Answer as a reader is answered, and say how sure the answer is."""
        return ask(self._searcher, self._settings, text, turns=turns).confidence

    def passages(self, text: str, turns: Sequence[str]) -> tuple[Shown, ...]:
        """All that are ranked."""
        depth = self._settings.candidates
        answer = ask(self._searcher, self._open, text, turns=turns, limit=depth)
        return tuple(map(_shown, answer.passages))


def _shown(passage: AnswerPassage) -> Shown:
    folded = [own for own, _ in passage.also]
    sentence = passage.answer.text if passage.answer else None
    return Shown((passage.citation.document_id, *folded), passage.text, sentence)


class Plain:
    """The first stage alone: BM25 over the text of passages."""

    def __init__(self, searcher: Searcher, settings: Settings) -> None:
        self._searcher = searcher
        self._settings = settings

    def sure(self, text: str, turns: Sequence[str]) -> float:
        """The best score: no probability, but the higher, the surer."""
        found = self._searcher.plain(self._query(text, turns), 5)
        return float(found.scores[0]) if len(found) else 0.0

    def passages(self, text: str, turns: Sequence[str]) -> tuple[Shown, ...]:
        """As many as are ranked."""
        found = self._searcher.plain(self._query(text, turns), self._settings.candidates)
        return tuple(Shown((hit.document_id,), hit.text) for hit in found.passages())

    def _query(self, text: str, turns: Sequence[str]) -> Query:
        carried = standalone(normalise(text), [normalise(turn) for turn in turns]).carried
        languages = self._searcher.manifest.languages
        query = read(text, languages=languages, carried=carried)
        stems = {stem for term in query.terms for stem in term.stems}
        return narrowed(query, self._searcher.frequencies(stems), self._settings.max_terms)


RANKERS: dict[str, Callable[[Searcher, Settings], Ranker]] = {"verbatim": Verbatim, "bm25": Plain}


@contextmanager
def index_of(
    evaluated: EvaluationSet, settings: Settings, progress: Callable[[int, int], None]
) -> Iterator[Searcher]:
    """An index of the entries, gone afterwards; the live index where the set has none."""
    if not evaluated.entries:
        yield open_engine(settings).searcher()
        return
    with _stopped(), tempfile.TemporaryDirectory(prefix="qa-evaluate-") as folder:
        yield build(evaluated, dataclasses.replace(settings, index=folder), progress)


@contextmanager
def _stopped() -> Iterator[None]:
    """Let a SIGTERM end the process by way of what has to be cleared away."""

    def stop(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def build(
    evaluated: EvaluationSet,
    settings: Settings,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Searcher:
    """Index the entries in the folder that *settings* name, and open it."""
    engine = open_engine(settings)
    index_documents(documents(evaluated, settings, progress), engine, settings)
    return engine.searcher()


def documents(
    evaluated: EvaluationSet, settings: Settings, progress: Callable[[int, int], None]
) -> Iterator[Document]:
    """Documents that are called by the ids of their entries."""
    for done, entry in enumerate(evaluated.entries):
        progress(done, len(evaluated.entries))
        metadata = describe([entry.about], name="", text=entry.text, language=settings.language)
        blocks = map(RawBlock, paragraphs(entry.text))
        made = document(entry.id, evaluated.name, blocks, metadata)
        if made.text:
            yield made


def put(question: Question, form: str) -> tuple[str, tuple[str, ...]]:
    """What is asked for *question* in this *form*: a text, and the turns before it."""
    if form == "rewrite":
        return question.rewrite or question.text, ()
    return question.text, question.turns if form == "standalone" else ()


def asked(ranker: Ranker, question: Question, form: str, *, most_turns: int) -> Asked:
    """Ask *question*; of an impossible one only how sure the answer is."""
    text, turns = put(question, form)
    turns = turns[-most_turns:] if most_turns else ()
    started = time.perf_counter()
    try:
        sure = ranker.sure(text, turns)
        took = time.perf_counter() - started
        passages = () if question.impossible else ranker.passages(text, turns)
    except QuestionError:  # no words in it, or too many: the service would say so
        sure, took, passages = 0.0, time.perf_counter() - started, ()
    return Asked(question, passages, sure, took * 1000)
