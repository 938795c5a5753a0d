"""`qa evaluate`: a set of questions with known answers -> measures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from qa.commands.options import (
    echo,
    echo_json,
    index_option,
    load_settings,
    report_errors,
    show_progress,
)

if TYPE_CHECKING:
    from qa.evaluation.evaluator import Evaluation

_OUTPUT_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command("evaluate")
@click.argument("folder", metavar="SET", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, {measure: number}.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask only N of the questions.")
@click.option(
    "--ranker",
    type=click.Choice(["verbatim", "bm25", "both"]),
    default="verbatim",
    show_default=True,
    help="The service, plain BM25 over passages, or both side by side.",
)
@click.option(
    "--question",
    "form",
    type=click.Choice(["standalone", "bare", "rewrite"]),
    default="standalone",
    show_default=True,
    help="Ask a follow-up with its turns, by itself, or as a person rewrote it.",
)
@click.option(
    "--foreign",
    metavar="OTHER",
    type=click.Path(path_type=Path),
    help="Set to take unanswerable questions from; by default one next to SET.",
)
@click.option("--run", type=_OUTPUT_FILE, help="Write the ranked entries as a TREC run.")
@click.option("--qrels", type=_OUTPUT_FILE, help="Write the judgements as TREC qrels.")
@index_option
def evaluate_command(  # noqa: PLR0913 - click passes each option
    folder: Path,
    *,
    as_json: bool,
    limit: int | None,
    ranker: str,
    form: str,
    foreign: Path | None,
    run: Path | None,
    qrels: Path | None,
    index_dir: str | None,
) -> None:
    """Measure the answers to the questions in SET, over a temporary index of its entries.

    SET is a folder with queries.jsonl, corpus.jsonl and qrels.tsv (see docs/evaluation.md). Without
    corpus.jsonl, the live index is asked.
    """
    from qa.evaluation.evaluator import EvaluationOptions, evaluate  # noqa: PLC0415
    from qa.evaluation.measures import trec_qrels, trec_run  # noqa: PLC0415

    if run and ranker == "both":
        raise click.UsageError("--run writes the results of one ranker; choose it with --ranker.")
    for path in (run, qrels):
        if path and not path.parent.is_dir():
            raise click.UsageError(f"No folder {path.parent} to write {path.name} in; create it.")
    rankers = ("verbatim", "bm25") if ranker == "both" else (ranker,)
    options = EvaluationOptions(rankers, limit, form, foreign)
    with report_errors(), show_progress() as advance:
        evaluation = evaluate(folder, load_settings(index=index_dir), options, advance)
    results = next(iter(evaluation.results.values()), ())
    if run:
        run.write_text(trec_run(results, ranker), encoding="utf-8")
    if qrels:
        qrels.write_text(trec_qrels(results), encoding="utf-8")
    for note in evaluation.notes:
        echo(f"Note: {note}.", err=True)
    _print_evaluation(evaluation, as_json=as_json)


def _print_evaluation(evaluation: "Evaluation", *, as_json: bool) -> None:
    if as_json:
        values = {
            ranker: {name: round(measure.value, 4) for name, measure in measures.items()}
            for ranker, measures in evaluation.measures.items()
        }
        echo_json(json.dumps(values if len(values) > 1 else next(iter(values.values())), indent=2))
        return
    from qa.evaluation.evaluator import table_rows  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    gain_headers = ("gain",) * (len(evaluation.measures) - 1)
    for column, header in enumerate(("measure", *evaluation.measures, *gain_headers, "questions")):
        table.add_column(header, justify="right" if column else "left")
    for row in table_rows(evaluation):
        table.add_row(*row)
    Console().print(table)
    if evaluation.verdicts:
        Console().print()
        Console().print(_verdict_table(evaluation))


def _verdict_table(evaluation: "Evaluation") -> Table:
    """How many questions got each verdict, by whether a passage is right."""
    table = Table(box=None, pad_edge=False)
    columns = next(iter(evaluation.verdicts.values()))
    for column, header in enumerate(("passages", *columns)):
        table.add_column(header, justify="right" if column else "left")
    for row, counts in evaluation.verdicts.items():
        table.add_row(row, *(f"{count:,}" for count in counts.values()))
    return table
