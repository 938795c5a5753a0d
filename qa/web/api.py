"""JSON in, JSON out: /ask and the health checks; what programs and load balancers call."""

import time
from contextlib import suppress

from flask import Blueprint, Response

from qa import __version__
from qa.analysis.tokenizer import tokenize
from qa.answers.answer import Answer
from qa.answers.pipeline import ask
from qa.documents.versions import analysis_version
from qa.engines.base import Searcher
from qa.engines.factory import engine_name
from qa.engines.kernel.loader import find_kernel
from qa.errors import (
    CorruptIndexError,
    DeadlineExceededError,
    DocumentNotFoundError,
    GenerationError,
    NoLiveGenerationError,
    RequestError,
)
from qa.index.manifest import analysis_warning
from qa.queries.parser import parse_query
from qa.settings import Settings
from qa.web.answer_json import dump_answer
from qa.web.answering import build_options, verify_quotes
from qa.web.context import (
    Operation,
    Schema,
    app_state,
    current_deadline,
    current_request,
    current_searcher,
    current_settings,
    pin_generation,
    request_state,
    route_options,
)
from qa.web.json_responses import bytes_response, json_response
from qa.web.mount import mount_anchor, mount_answer
from qa.web.offsets import answer_in_utf16
from qa.web.openapi import field_parameters, parameter_schema, query_parameter
from qa.web.parsing import (
    MOST_ERRORS,
    parse_ask_args,
    parse_ask_request,
    parse_model,
    request_json,
)
from qa.web.problems import (
    InvalidRequestError,
    problem_body,
    public_detail,
    status_of,
)
from qa.web.request_schemas import (
    MAX_BATCH,
    AskBatch,
    AskBody,
    AskRequest,
    VerificationBody,
    VerifyRequest,
    limit_errors,
)
from qa.web.response_schemas import (
    AnswerBody,
    AnswersBody,
    BatchBody,
    HealthBody,
    IndexVersionBody,
    ProblemBody,
    VersionBody,
    answer_body,
)

blueprint = Blueprint("api", __name__)


# Of the shortest of so many documents so many words are looked for, in so many characters of it.
_SHORTEST_OF, _PROBE_WORDS, _OPENING = 100, 10, 1000


# Load balancers ask these, which have no token.
_HEALTH = {"is_public": True, "is_cached": False, "is_limited": False, "is_json": True}


_EXAMPLE_QUESTION = {
    "question": "and when?",
    "turns": [{"question": "who signed the Founding Act?"}],
    "filters": {"from": "1997-01-01"},
    "limit": 3,
}
_EXAMPLE_CITATIONS = {
    "citations": [{"document_id": "founding-act", "exact": "The Act was signed in Paris."}]
}


def ask_parameters(settings: Settings, schemas: dict[str, Schema]) -> list[Schema]:
    """The fields of a posted question as parameters of an address."""
    fields = schemas["AskRequest"]["properties"]
    questions = {
        "type": "array",
        "minItems": 1,
        "maxItems": settings.max_turns + 1,
        "items": parameter_schema(fields["question"]),
    }
    others = {
        name: schema
        for name, schema in (fields | schemas["AskFilters"]["properties"]).items()
        if name not in {"question", "turns", "filters"}
    }
    return [
        query_parameter("q", questions, "The question; others before it are turns.", required=True),
        *field_parameters(others),
    ]


@blueprint.get("/ask")
@route_options(
    is_json=True,
    operation=Operation(
        "ask",
        "Answer a question",
        AnswerBody,
        parameters=ask_parameters,
        tag="questions",
    ),
)
def ask_get() -> Response:
    """Answer the question in the address; earlier `q` are the turns before it."""
    return _answer_response(parse_ask_args(current_request().args))


@blueprint.post("/ask")
@route_options(
    is_json=True,
    operation=Operation(
        "askPosted",
        f"Answer a posted question, or up to {MAX_BATCH} at once",
        AnswersBody,
        body=AskBody,
        tag="questions",
        example=_EXAMPLE_QUESTION,
    ),
)
def ask_post() -> Response:
    """Answer the question in the body, or each of several."""
    values = request_json()
    if isinstance(values, dict) and "questions" in values:
        return json_response(_answer_batch(_parse_batch(values)))
    return _answer_response(parse_ask_request(values))


def _parse_batch(values: object) -> list[AskRequest]:
    """The questions in *values*, each checked as one alone would be."""
    batch = parse_model(AskBatch, values)
    errors = [
        {"field": f"questions.{number}.{field}", "detail": detail}
        for number, ask_request in enumerate(batch.questions)
        for field, detail in (
            limit_errors(ask_request, current_settings()) | _empty_errors(ask_request)
        ).items()
    ]
    if errors:
        raise InvalidRequestError(errors[:MOST_ERRORS])
    return batch.questions


def _answer_batch(ask_requests: list[AskRequest]) -> BatchBody:
    """What each of *ask_requests* comes to, as far as there is time.

    One that cannot be answered takes nothing from the others.
    """
    answers: list[AnswerBody | ProblemBody] = []
    for ask_request in ask_requests:
        try:
            # Not even a cached answer, so that the first ones answered are the first ones asked.
            current_deadline().check()
            answers.append(_answer_body(ask_request))
        except (RequestError, InvalidRequestError, GenerationError, DeadlineExceededError) as error:
            answers.append(problem_body(status_of(error), public_detail(error), error))
    is_late = any(isinstance(a, ProblemBody) and a.code == "out-of-time" for a in answers)
    return BatchBody(answers=tuple(answers), partial=is_late)


def _answer_response(ask_request: AskRequest) -> Response:
    """The answer to *ask_request*, without making a model of it where nothing is changed in it."""
    if ask_request.offsets == "utf-16":
        return json_response(_answer_body(ask_request))
    _pin_ask_request(ask_request)
    return bytes_response(dump_answer(answer_question(ask_request)))


def _answer_body(ask_request: AskRequest) -> AnswerBody:
    """The answer to *ask_request*, with offsets as it asks for them."""
    _pin_ask_request(ask_request)
    body = answer_body(answer_question(ask_request))
    if ask_request.offsets == "utf-16":
        searcher = current_searcher()
        return answer_in_utf16(body, lambda id_: searcher.document(id_).text)
    return body


def _empty_errors(ask_request: AskRequest) -> dict[str, str]:
    """What is wrong with a question that is empty; else nothing."""
    return {} if ask_request.question else {"question": "it is empty; type at least one word"}


def _pin_ask_request(ask_request: AskRequest) -> None:
    """Pin this request to the generation asked; raise InvalidRequestError without a question."""
    if not ask_request.question:
        errors = _empty_errors(ask_request).items()
        raise InvalidRequestError([{"field": f, "detail": detail} for f, detail in errors])
    pin_generation(ask_request.generation)


@blueprint.get("/version")
@route_options(
    is_json=True,
    is_cached=False,
    operation=Operation(
        "version", "Get the versions of program, index and analysis", VersionBody, tag="documents"
    ),
)
def version() -> Response:
    """Say which program answers from which index; there need not be one."""
    index: IndexVersionBody | None = None
    with suppress(NoLiveGenerationError):
        manifest = current_searcher().manifest
        index = IndexVersionBody(
            generation=manifest.name,
            published=manifest.published_at,
            documents=manifest.documents,
            passages=manifest.passages,
            languages=manifest.languages,
            analysis=str(manifest.made_of.get("analysis", "")),
        )
    return json_response(
        VersionBody(
            program=__version__,
            engine=engine_name(current_settings()),
            kernel="compiled" if find_kernel() else "numpy",
            analysis=analysis_version(),
            index=index,
        )
    )


@blueprint.get("/livez")
@route_options(
    **_HEALTH, operation=Operation("livez", "Health check: the process runs", HealthBody)
)
def livez() -> Response:
    """Say that the process runs."""
    return json_response(HealthBody())


@blueprint.get("/readyz")
@route_options(**_HEALTH, operation=Operation("readyz", "Health check: a search works", HealthBody))
def readyz() -> Response:
    """Say that questions can be answered: the first words of a document are found."""
    searcher = current_searcher()
    some = searcher.summaries()[:_SHORTEST_OF]
    text = searcher.document(
        min(some, key=lambda summary: (not summary.words, summary.words)).id
    ).text
    if not any(_finds(searcher, text[:size]) for size in (_OPENING, len(text))):
        raise CorruptIndexError(f"A search in generation {searcher.manifest.name} finds nothing.")
    warning = analysis_warning(searcher.manifest)
    return json_response(HealthBody(generation=searcher.manifest.name, warning=warning))


def _finds(live: Searcher, text: str) -> bool:
    """Whether the first words of *text* are found."""
    opening = " ".join(word.text for word in tokenize(text)[:_PROBE_WORDS])
    query = parse_query(opening, languages=live.manifest.languages, max_characters=len(opening))
    return bool(len(live.search(query, 1, current_deadline())))


def answer_question(ask_request: AskRequest) -> Answer:
    """Answer *ask_request* from the generation of this request."""
    started = time.perf_counter()
    state, app, searcher = request_state(), app_state(), current_searcher()
    try:
        options = build_options(ask_request, searcher, state.deadline)
    except DocumentNotFoundError as error:
        field_error = {"field": "filters.document", "detail": str(error)}
        raise InvalidRequestError([field_error]) from None
    key = searcher.manifest.name, ask_request.question, options
    answer = app.answers.get(key)
    state.count_cache_lookup(is_hit=answer is not None)
    if answer is None:
        with searcher.compute_lock:
            answer = ask(searcher, app.settings, ask_request.question, options, state.deadline)
        app.answers.add(key, answer)
    answer = answer.with_time(round((time.perf_counter() - started) * 1000, 1))
    state.record_answer(answer)
    return mount_answer(answer)


@blueprint.post("/verify")
@route_options(
    is_json=True,
    operation=Operation(
        "verify",
        "Check saved citations: unchanged, moved or gone",
        VerificationBody,
        body=VerifyRequest,
        tag="citations",
        example=_EXAMPLE_CITATIONS,
    ),
)
def verify() -> Response:
    """Look for saved citations again."""
    verify_request = parse_model(VerifyRequest, request_json())
    quotes = (citation.quote for citation in verify_request.citations)
    verification = verify_quotes(quotes, current_searcher(), current_deadline())
    anchors = tuple(map(mount_anchor, verification.citations))
    return json_response(verification.model_copy(update={"citations": anchors}))
