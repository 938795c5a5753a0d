"""What this service says of itself: to browsers' search boxes, to robots, on the page About."""

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import NotFound

from qa.errors import IndexingError
from qa.publishing.gate import GoldenQuestion, find_failing_questions, load_golden_questions
from qa.ranking.reranker import load_ranking_weights
from qa.web.context import app_state, current_searcher, route_options
from qa.web.middleware.access import has_token
from qa.web.pages.index_stats import current_stats
from qa.web.problems import PROBLEM_TYPES, ProblemType

search = Blueprint("search", __name__)

# What asks or writes an answer anew for each of endlessly many addresses.
_DISALLOWED_PATHS = ("/?", "/v1/", "/ask", "/suggest", "/export.", "/cite/")


@search.get("/opensearch.xml")
def description() -> Response:
    """Describe the search to browsers (OpenSearch 1.1)."""
    body = render_template("opensearch.xml", root=request.url_root)
    return Response(body, content_type="application/opensearchdescription+xml; charset=utf-8")


@search.get("/robots.txt")
def robots() -> Response:
    """Let robots read the documents and not ask questions."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {request.script_root}{path}" for path in _DISALLOWED_PATHS),
        "",
    ]
    return Response("\n".join(lines), content_type="text/plain; charset=utf-8")


# Golden questions that are asked for a page: all of them were when the index was built.
_MAX_GOLDEN = 200


@dataclass(frozen=True)
class GoldenResults:
    """The operator's questions, and those that do not have their answer in this index."""

    total: int
    failing: tuple[str, ...]


@dataclass(frozen=True)
class RankingQuality:
    """What ranking won, measured on *questions* of *sets* that it was not fitted on.

    *success_at_1* is the share of them whose first passage answers.
    """

    date: str
    questions: int
    sets: int
    success_at_1: float
    bm25_success_at_1: float


def ask_golden_questions() -> GoldenResults:
    """Ask the operator's questions of the live generation; once for each.

    There are none while a line of their file is wrong: `qa index` tells the operator.
    """
    state, searcher = app_state(), current_searcher()
    golden: tuple[GoldenQuestion, ...] = ()
    with suppress(IndexingError):
        golden = load_golden_questions(state.settings.home)[:_MAX_GOLDEN]
    key = searcher.manifest.name, golden
    with state.lock:
        results: GoldenResults | None = state.golden.get(key)
    if results is None:
        failing = find_failing_questions(golden, searcher, state.settings)
        results = GoldenResults(len(golden), tuple(question.question for question in failing))
        with state.lock:
            state.golden[key] = results
    return results


def ranking_quality() -> RankingQuality:
    """What the weights that come with the package won when they were fitted."""
    rows = load_ranking_weights().gain.values()
    total = sum(row["questions"] for row in rows)

    def weighted_mean(measure: str) -> float:
        return sum(row["questions"] * row[measure] for row in rows) / total

    return RankingQuality(
        load_ranking_weights().fitted_on,
        int(total),
        len(rows),
        weighted_mean("right@1"),
        weighted_mean("bm25_right@1"),
    )


class Reliability(NamedTuple):
    """How many of 100 answers with a *verdict* are *right*, and of how many that was measured."""

    verdict: str
    right: float
    answers: int


def reliability() -> list[Reliability]:
    """The reliability of each verdict, as measured with the weights of the package."""
    return [
        Reliability(verdict, 100 * row["right"] / row["answers"], row["answers"])
        for verdict, row in load_ranking_weights().reliability.items()
        if row["answers"]
    ]


blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def show() -> str:
    """Tell what the live generation holds and how answers come about."""
    return render_template(
        "about.html",
        stats=current_stats(),
        quality=ranking_quality(),
        reliability=reliability(),
        golden=ask_golden_questions(),
    )


@blueprint.get("/problems")
@route_options(is_public=True, is_cached=False)
def problems() -> str:
    """Explain all types of problems that programs are told."""
    return _problem_page([*PROBLEM_TYPES.values()])


@blueprint.get("/problems/<code>")
@route_options(is_public=True, is_cached=False)
def problem(code: str) -> str:
    """Explain one type of problems."""
    if code not in PROBLEM_TYPES:
        raise NotFound("There is no such type of problems; /problems lists all.")
    return _problem_page([PROBLEM_TYPES[code]])


def _problem_page(problem_types: list[ProblemType]) -> str:
    # Who may not read the documents gets nothing of the index in the footer either.
    facts = {} if has_token() else {"manifest": None}
    return render_template("problems.html", problem_types=problem_types, **facts)
