"""`qa tune`: golden questions and judged feedback -> weights of ranking, if they win."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa.analysis.normalization import quantity
from qa.commands.options import echo, index_option, load_settings, report_errors
from qa.engines.factory import open_engine
from qa.index.manifest import TUNED_FILE
from qa.publishing.gate import QUESTIONS_FILE, load_golden_questions, read_golden_questions
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.evaluation.tuning import TuningReport

FEEDBACK_FILE = "feedback.jsonl"


@click.command("tune")
@click.option(
    "--feedback",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"Judged passages; by default <index>/{FEEDBACK_FILE}, if there is one.",
)
@click.option("--dry-run", is_flag=True, help="Only report; change nothing.")
@index_option
def tune_command(feedback: Path | None, *, dry_run: bool, index_dir: str | None) -> None:
    """Fit the order of passages to your own questions, and keep it if it is better.

    The questions are those of <index>/questions.jsonl whose answer is known, and judged feedback.
    Each is asked with weights that were fitted without it. Only if these win by more than chance,
    they are written to <index>/weights.json, and become part of the index with the next `qa index`.
    """
    from qa.evaluation.tuning import tune_ranking  # noqa: PLC0415

    settings = load_settings(index=index_dir)
    with report_errors():
        golden = load_golden_questions(settings.home)
        golden += read_golden_questions(feedback or settings.home / FEEDBACK_FILE)
        report = tune_ranking(open_engine(settings).searcher(), settings, golden)
        _print_report(report)
        if not dry_run:
            _store(report, settings)


def _print_report(report: "TuningReport") -> None:
    questions = quantity(report.questions, "question")
    echo(f"{questions}, {report.usable:,} with the answer among the candidates")
    if report.weights is None:
        from qa.evaluation.tuning import MIN_QUESTIONS  # noqa: PLC0415

        echo(
            f"At least {MIN_QUESTIONS} are needed; add questions whose answer you know to"
            f" {QUESTIONS_FILE}. The ranking stays as it is."
        )
        return
    rows = (
        ("shipped", report.shipped_success_at_1, report.shipped_rr),
        ("tuned", report.success_at_1, report.rr),
    )
    for name, success_at_1, rr in rows:
        echo(f"{name:8} first passage right {success_at_1:.1%}, RR@10 {rr:.3f}")
    echo(
        "The tuned weights win."
        if report.wins
        else "The gain is not more than chance: the shipped weights stay."
    )


def _store(report: "TuningReport", settings: Settings) -> None:
    """Write the weights if they win; else remove those that won before."""
    from qa.evaluation.tuning import make_tuned_ranking  # noqa: PLC0415

    path = settings.home / TUNED_FILE
    if report.wins:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        path.write_text(make_tuned_ranking(report, today).to_json(), encoding="utf-8")
        echo(f"They are in {path}; run `qa index` to use them.")
    elif report.weights is not None and path.exists():
        path.unlink()
        echo(f"Removed {path}; run `qa index` to use the shipped weights again.")
