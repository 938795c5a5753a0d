"""An index that a program asks by itself, in the words of the HTTP API and with its answers."""

# ruff: noqa: E402 - what follows cannot be imported on other systems
from qa.errors import require_posix

require_posix()

import dataclasses
import datetime
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from pydantic_core import to_jsonable_python

from qa.analysis.deadline import Deadline
from qa.answers.pipeline import ask as ask_searcher
from qa.documents.skips import Skip
from qa.engines.base import Searcher
from qa.engines.factory import open_engine
from qa.errors import NoLiveGenerationError
from qa.settings import Settings
from qa.web.answering import build_options, parse_question, verify_quotes
from qa.web.request_schemas import VerificationBody, parse_quotes
from qa.web.response_schemas import AnswerBody, IndexVersionBody, answer_body

if TYPE_CHECKING:
    from qa.library.evaluation import EvaluationReport, Question

# What the HTTP API answers with, too.
Answer = AnswerBody
Verification = VerificationBody
IndexVersion = IndexVersionBody

Texts = str | Iterable[str]
Day = str | datetime.date
SortOrder = Literal["relevance", "newest", "oldest"]


class AskParameters(TypedDict, total=False):
    """What Index.ask takes beside the question."""

    publisher: Texts
    document: Texts
    from_: Day | None
    to: Day | None
    turns: Texts
    drop: Texts
    sort: SortOrder
    limit: int
    offset: int
    ranges: bool
    generation: str | None
    timeout: float | None


class Index:
    """An index to ask; open_index and build_index make one.

    Threads may share it.  Each call asks the generation that is live at that moment, so that an
    index that is rebuilt meanwhile, here or by `qa index`, is used from the next call on.  Nothing
    has to be closed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = open_engine(settings)

    def __repr__(self) -> str:
        """The index by its folder or address."""
        return f"Index({self._settings.index!r})"

    def ask(  # noqa: PLR0913 - what may come with a question, each by its name
        self,
        question: str,
        *,
        publisher: Texts = (),
        document: Texts = (),
        from_: Day | None = None,
        to: Day | None = None,
        turns: Texts = (),
        drop: Texts = (),
        sort: SortOrder = "relevance",
        limit: int = 5,
        offset: int = 0,
        ranges: bool = True,
        generation: str | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Answer *question*; the parameters are those of /ask, `from_` for its `from`.

        Only documents of a *publisher* or with an id in *document* are asked, dated *from_* that
        day *to* that day.  *turns* are the earlier questions of the conversation, *drop* words not
        to take along from them.  *limit* passages are answered with from the *offset* on, in the
        order of *sort*.  With *ranges*, words such as "since March" limit them, too.  *generation*
        is a generation by name, as in `Answer.generation`, if it is kept.  *timeout* is in seconds,
        by default Settings.budget_ms; when it is over, the answer has what was found until then.

        Raises RequestError for what cannot be asked, DocumentNotFoundError for an id that is not
        in the index, DeadlineExceededError where there was no time for anything, and
        GenerationError where the index cannot be read.
        """
        ask_request = parse_question(
            {
                "question": question,
                "turns": _list_turns(turns),
                "drop": _list_texts(drop),
                "filters": {
                    "publisher": _list_texts(publisher),
                    "document": _list_texts(document),
                    "from": _format_day(from_),
                    "to": _format_day(to),
                },
                "sort": sort,
                "limit": limit,
                "offset": offset,
                "ranges": "on" if ranges else "off",
                "generation": generation,
            },
            self._settings,
        )
        deadline, searcher = self._deadline(timeout), self._searcher(generation)
        options = build_options(ask_request, searcher, deadline)
        with searcher.compute_lock:
            answer = ask_searcher(searcher, self._settings, ask_request.question, options, deadline)
        return answer_body(answer)

    def verify(self, citations: object, *, timeout: float | None = None) -> Verification:
        """Look for saved *citations* again: unchanged, moved or gone.

        They are an Answer, a passage or a citation of one, a list of these, or the JSON of any, as
        `qa verify` reads it.  Raises InvalidCitationError where there is none in it.
        """
        quotes = parse_quotes(to_jsonable_python(citations, by_alias=True))
        return verify_quotes(quotes, self._searcher(), self._deadline(timeout))

    def evaluate(self, questions: "Iterable[Question] | str | Path") -> "EvaluationReport":
        """Measure the answers to *questions* of which you know the answers.

        They may also be in a folder, as for `qa evaluate` (docs/evaluation.md).  Raises
        EvaluationError where nothing can be measured.
        """
        from qa.library.evaluation import evaluate_questions  # noqa: PLC0415 - SciPy and builders

        return evaluate_questions(self._searcher(), self._settings, questions)

    @property
    def version(self) -> IndexVersion:
        """The live generation, when it was published, and how much is in it."""
        manifest = self._searcher().manifest
        return IndexVersion(
            generation=manifest.name,
            published=manifest.published_at,
            documents=manifest.documents,
            passages=manifest.passages,
            languages=manifest.languages,
            analysis=str(manifest.made_of.get("analysis", "")),
        )

    @property
    def skips(self) -> tuple[Skip, ...]:
        """What was left out of the live generation, with reasons; the first 1,000."""
        return self._searcher().manifest.skipped

    def _searcher(self, generation: str | None = None) -> Searcher:
        return self._engine.searcher(generation)

    def _deadline(self, timeout: float | None) -> Deadline:
        return Deadline.after(self._settings.budget_ms / 1000 if timeout is None else timeout)


def _list_texts(values: object) -> object:
    """A list of texts, also of a single one; what is none is for the contract to refuse."""
    if isinstance(values, str):
        return [values]
    return list(values) if isinstance(values, Iterable) else values


def _list_turns(turns: object) -> object:
    texts = _list_texts(turns)
    return [{"question": text} for text in texts] if isinstance(texts, list) else texts


def _format_day(day: Day | None) -> str | None:
    return day.isoformat()[:10] if isinstance(day, datetime.date) else day


def index_settings(index: str | Path, settings: Settings | None) -> Settings:
    """*settings*, by default those of a single process, for this *index*."""
    return dataclasses.replace(settings or Settings(workers=1), index=str(index))


def open_index(index: str | Path = "index", *, settings: Settings | None = None) -> Index:
    """Open an *index* that `qa index` or build_index made: a folder, or an address in a cluster.

    *settings* are by default those that the documentation lists, whatever the environment says;
    settings_from_environ() reads it.  Raises NoLiveGenerationError where there is no index.
    """
    opened = Index(index_settings(index, settings))
    try:
        opened.version  # noqa: B018 - fail now rather than at the first question
    except NoLiveGenerationError:
        raise NoLiveGenerationError(
            f"There is no index in {index}; build it with `qa index --index {index}`,"
            " or with qa.build_index()."
        ) from None
    return opened


@lru_cache(maxsize=8)
def _open_shared(index: str) -> Index:
    return open_index(index)


def ask(
    question: str, index: Index | str | Path = "index", **parameters: Unpack[AskParameters]
) -> Answer:
    """Answer *question* from an *index*; the other parameters are those of Index.ask.

    An index that is given by its folder is opened once in a process.
    """
    if not isinstance(index, Index):
        is_address = "://" in str(index)
        index = _open_shared(str(index) if is_address else str(Path(index).resolve()))
    return index.ask(question, **parameters)
