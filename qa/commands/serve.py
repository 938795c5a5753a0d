"""`qa serve` and `qa report`: the service under gunicorn, and its unanswered questions."""

import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import click

from qa.commands.options import (
    echo,
    echo_json,
    index_option,
    load_settings,
    report_errors,
    warn_of_analysis,
)
from qa.engines.factory import open_engine
from qa.errors import AnalysisError, NoLiveGenerationError
from qa.index.manifest import Manifest, analysis_warning
from qa.publishing.feedback import Judgement, make_golden_questions, read_judgements
from qa.server.resources import bind_port
from qa.settings import Settings, settings_table
from qa.web.middleware.metrics_folder import create_metrics_folder
from qa.web.middleware.request_log import hash_question, question_key

# In place of a verdict, where readers said that the passage does not answer.
JUDGED_WRONG = "judged wrong"


@dataclass(frozen=True)
class UnansweredQuestion:
    """A question as last typed, or its hash, with how often and when last it got this verdict."""

    question: str
    verdict: str
    count: int
    last: str


def collect_unanswered(
    lines: Iterable[str], verdicts: Iterable[str]
) -> tuple[list[UnansweredQuestion], int]:
    """The questions with one of *verdicts*, and the number of those that the log does not name."""
    verdict_set, unnamed = set(verdicts), 0
    questions: dict[tuple[str, str], UnansweredQuestion] = {}
    for record in map(_parse_record, lines):
        if record.get("verdict") not in verdict_set:
            continue
        name = _name_of(record)
        if not name:
            unnamed += 1
            continue
        key = (name, record["verdict"])
        count = questions[key].count + 1 if key in questions else 1
        questions[key] = UnansweredQuestion(
            record.get("question") or name, record["verdict"], count, record.get("time", "")
        )
    return sorted(questions.values(), key=lambda item: (-item.count, item.question)), unnamed


@dataclass(frozen=True)
class SlowQuestion:
    """A question as typed when it took longest, or its hash, with how long that was, and when.

    *count* is how often it was asked.
    """

    question: str
    ms: float
    count: int
    last: str


def collect_slow(lines: Iterable[str]) -> tuple[list[SlowQuestion], int]:
    """All questions, the slowest first, and the number of those that the log does not name."""
    unnamed = 0
    questions: dict[str, SlowQuestion] = {}
    for record in map(_parse_record, lines):
        ms = record.get("ms")
        if not record.get("verdict") or not isinstance(ms, int | float):
            continue
        name = _name_of(record)
        if not name:
            unnamed += 1
            continue
        slowest = SlowQuestion(record.get("question") or name, ms, 1, record.get("time", ""))
        if known := questions.get(name):
            slowest = max(known, slowest, key=lambda item: item.ms)
            slowest = dataclasses.replace(slowest, count=known.count + 1)
        questions[name] = slowest
    return sorted(questions.values(), key=lambda item: (-item.ms, item.question)), unnamed


def _name_of(record: dict[str, Any]) -> str | None:
    """The hash of the question of a *record*; None where the log does not name it."""
    question = record.get("question")
    return hash_question(question) if question else record.get("question_hash")


def _parse_record(line: str) -> dict[str, Any]:
    """The request record in a *line* of the log; {} for other lines."""
    try:
        record = json.loads(line[line.index("{") :])
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and record.get("logger") == "qa.requests" else {}


@click.command("report")
@click.argument("logs", nargs=-1, type=click.File(encoding="utf-8", errors="replace"))
@click.option("--weak", "kind", flag_value="weak", help="Include questions with a weak answer.")
@click.option(
    "--slow", "kind", flag_value="slow", help="List the slowest questions, with milliseconds."
)
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="Maximum questions."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per line.")
@click.option(
    "--feedback",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Readers' judgements; by default the file of QA_FEEDBACK.",
)
@click.option("--golden", is_flag=True, help="Print golden questions from the judgements, instead.")
def report_command(
    logs: tuple[TextIO, ...],
    kind: str | None,
    limit: int,
    as_json: bool,
    feedback: Path | None,
    golden: bool,
) -> None:
    """List the unanswered questions in LOGS of `qa serve`, by default standard input.

    A log has questions only if QA_LOG_QUESTIONS is 1, or their hashes if it is hash. Questions with
    an answer that readers judged wrong are listed, too. Questions that differ only in case and
    punctuation are one. With --golden, no log is read: lines for
    <index>/questions.jsonl are printed, from the answers that readers judged right.
    """
    with report_errors():
        judgements = _load_judgements(feedback)
    if golden:
        for row in make_golden_questions(judgements):
            echo_json(json.dumps(row, ensure_ascii=False))
        return
    reads_input = not (logs or judgements) or not sys.stdin.isatty()
    lines = chain.from_iterable(logs or ((sys.stdin,) if reads_input else ()))
    entries: Sequence[UnansweredQuestion | SlowQuestion]
    if kind == "slow":
        entries, unnamed = collect_slow(lines)
    else:
        entries, unnamed = _collect_bad(lines, judgements, weak=kind == "weak")
    for line in _format_lines(entries[:limit], as_json):
        (echo_json if as_json else echo)(line)
    if unnamed:
        echo(f"{unnamed:,} more are not in the log; set QA_LOG_QUESTIONS to log them.", err=True)


def _collect_bad(
    lines: Iterable[str], judgements: Iterable[Judgement], *, weak: bool
) -> tuple[list[UnansweredQuestion], int]:
    """The questions without an answer, or with a wrong one, the most frequent first."""
    questions, unnamed = collect_unanswered(lines, ("none", "weak") if weak else ("none",))
    questions += collect_misjudged(judgements)
    return sorted(questions, key=lambda item: (-item.count, item.question)), unnamed


def _load_judgements(path: Path | None) -> list[Judgement]:
    """The judgements in the file at *path*, or that of QA_FEEDBACK; none where there is none."""
    setting = load_settings().feedback
    path = path or (Path(setting) if setting else None)
    return [*read_judgements(path)] if path and path.exists() else []


def collect_misjudged(judgements: Iterable[Judgement]) -> list[UnansweredQuestion]:
    """The questions with an answer that was judged wrong, with how often and when last."""
    questions: dict[str, UnansweredQuestion] = {}
    for judgement in judgements:
        if not judgement.right:
            key = question_key(judgement.question)
            count = questions[key].count + 1 if key in questions else 1
            questions[key] = UnansweredQuestion(
                judgement.question, JUDGED_WRONG, count, judgement.time
            )
    return [*questions.values()]


def _format_lines(
    questions: Iterable[UnansweredQuestion | SlowQuestion], as_json: bool
) -> Iterable[str]:
    for item in questions:
        if as_json:
            yield json.dumps(dataclasses.asdict(item), ensure_ascii=False)
        elif isinstance(item, SlowQuestion):
            times = f" ({item.count:,} times)" if item.count > 1 else ""
            yield f"{item.ms:>8,.0f} ms  {item.last[:10]}  {item.question}{times}"
        else:
            suffix = "" if item.verdict == "none" else f" ({item.verdict})"
            yield f"{item.count:>6,}  {item.last[:10]}  {item.question}{suffix}"


def _settings_help() -> str:
    rows = (f"  {name}={default}\n      {text}" for name, default, text in settings_table())
    return "\b\nSettings, from the environment:\n" + "\n".join(rows)


@click.command("serve", epilog=_settings_help())
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1), help="Worker processes.")
@click.option("--check", is_flag=True, help="Check the settings and the index, then exit.")
@index_option
def serve_command(
    host: str | None, port: int | None, workers: int | None, index_dir: str | None, check: bool
) -> None:
    """Serve the web page and the API; build the index first if there is none."""
    with report_errors():
        settings = load_settings(host=host, port=port, workers=workers, index=index_dir)
        with bind_port(settings) as server_socket:
            serve_index(settings, server_socket, check=check)


def serve_index(
    settings: Settings, server_socket: socket.socket | None, *, check: bool = False
) -> None:
    """Serve on *server_socket*, or on inherited ones; build the index first if there is none.

    With *check*, only see whether that is possible.
    """
    try:
        live = open_engine(settings).searcher().manifest
    except NoLiveGenerationError:
        live = None
        if not check:
            _build_in_subprocess(settings)
    # The metrics need their folder before they are imported.
    with create_metrics_folder():
        from qa.server.service import check_service, serve  # noqa: PLC0415 - gunicorn is not on every system

        if check:
            check_service(settings)
            _check_index(live)
            return
        if live:
            warn_of_analysis(live)
        serve(settings, server_socket)


def _check_index(live: Manifest | None) -> None:
    """Raise AnalysisError if another version of the analysis made the live generation."""
    if live and (warning := analysis_warning(live)):
        raise AnalysisError(f"Settings: fine. {warning}")
    name = live.name if live else "none yet; it would be built first"
    echo(f"Settings: fine. Index: {name}.")


def _build_in_subprocess(settings: Settings) -> None:
    """Build in a subprocess, so that the service does not keep its memory."""
    command = [sys.executable, "-m", "qa", "index", "--index", settings.index]
    environ = os.environ | {"QA_FOLDER": settings.folder}
    command.append(str(settings.documents_folder))
    completed = subprocess.run(command, env=environ, check=False)  # noqa: S603 - this program
    if completed.returncode:
        sys.exit(completed.returncode)
