"""How reliable each verdict is, over questions of several sets; --write keeps it in the weights.

python -m benchmarks.reliability [--limit N] [--write] SET...
"""

import dataclasses
from pathlib import Path

import click

from benchmarks.comparisons import progress
from qa.evaluation.evaluator import EvaluationOptions, evaluate
from qa.evaluation.verdicts import VERDICTS, count_verdicts
from qa.ranking.reranker import WEIGHTS_FILE, load_ranking_weights, weights_to_json
from qa.settings import Settings


@click.command(context_settings={"show_default": True})
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--limit", default=500, help="Most questions of a set.")
@click.option("--write", is_flag=True, help="Write the numbers into weights.json, for /about.")
def main(folders: tuple[Path, ...], limit: int, *, write: bool) -> None:
    """Count, of the answers with each verdict, those whose first passage is right."""
    counts = {verdict: {"answers": 0, "right": 0} for verdict in VERDICTS}
    for folder in folders:
        options = EvaluationOptions(limit=limit)
        evaluation = evaluate(folder, Settings(), options, lambda *_: None)
        table = count_verdicts(evaluation.results["verbatim"], [])
        for verdict, count in counts.items():
            count["answers"] += sum(row[verdict] for row in table.values())
            count["right"] += table["right at 1"][verdict]
        progress.log(folder.name, table)
    click.echo(counts)
    if write:
        weights = dataclasses.replace(load_ranking_weights(), reliability=counts)
        WEIGHTS_FILE.write_text(weights_to_json(weights), encoding="utf-8")


if __name__ == "__main__":
    main()
