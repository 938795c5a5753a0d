"""Conversations with a question of another appended -> whether it is answered as if asked alone.

    python -m benchmarks.topic_switches [--index DIR] [--per N] [SET]

SET is a folder with conversations, by default ../shared/eval/mtrag-human.  After each conversation
come the first questions of N others: how many took nothing along, and how many had the same first
passage, and the same verdict, as without the conversation.
"""

import dataclasses
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from qa.answers.answer import Answer
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.base import Searcher
from qa.engines.factory import open_engine
from qa.errors import RequestError
from qa.evaluation.runner import index_entries
from qa.evaluation.sets import QUERIES, load_set, read_rows, user_turns
from qa.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_SET = ROOT.parent / "shared" / "eval" / "mtrag-human"


def load_conversations(folder: Path) -> list[tuple[str, ...]]:
    """The questions of each conversation, as far as the set has them."""
    longest: dict[str, tuple[str, ...]] = {}
    for row in read_rows(folder / QUERIES, "text"):
        questions = (*user_turns(row.get("history") or ()), str(row["text"]))
        longest[questions[0]] = max(longest.get(questions[0], ()), questions, key=len)
    return sorted(longest.values())


def switches(
    conversations: list[tuple[str, ...]], per: int
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each conversation with the first question of another, *per* times; always the same."""
    chance = random.Random(17)  # noqa: S311 - nothing secret
    for conversation in conversations:
        others = [other[0] for other in conversations if other is not conversation]
        for first in chance.sample(others, min(per, len(others))):
            yield conversation, first


def _first_passage(answer: Answer) -> tuple[str, int] | None:
    citation = answer.passages[0].citation if answer.passages else None
    return (citation.document_id, citation.start) if citation else None


def measure(
    searcher: Searcher, settings: Settings, conversations: list[tuple[str, ...]], per: int
) -> tuple[dict[str, float], list[tuple[str, str, tuple[str, ...]]]]:
    """The shares of switches, and those with another first passage: last turn, question, words."""
    alone = passage = verdict = count = 0
    wrong = []
    for turns, question in switches(conversations, per):
        try:
            bare = ask(searcher, settings, question)
            answer = ask(searcher, settings, question, AskOptions(turns=turns))
        except RequestError:
            continue
        same = _first_passage(bare) == _first_passage(answer)
        count += 1
        alone += not answer.query.carried
        passage += same
        verdict += same and bare.verdict == answer.verdict
        if not same:
            wrong.append((turns[-1], question, answer.query.carried))
    shares = {"nothing carried": alone, "same passage": passage, "and verdict": verdict}
    measures = {name: round(value / count, 3) for name, value in shares.items()}
    return {"switches": count} | measures, wrong


@click.command(context_settings={"show_default": True})
@click.argument("folder", type=click.Path(path_type=Path), default=DEFAULT_SET)
@click.option("--index", help="An index of the set's entries; built if not given.")
@click.option("--per", default=5, help="Switches for each conversation.")
@click.option("--wrong", "prints_wrong", is_flag=True, help="Print those with another passage.")
def main(folder: Path, index: str | None, per: int, *, prints_wrong: bool) -> None:
    """Measure how often a switch of topic gets the answer of the bare question."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as temporary:
        settings = dataclasses.replace(Settings(), index=index or temporary)
        if index:
            searcher = open_engine(settings).searcher()
        else:
            searcher = index_entries(load_set(folder), settings)
        conversations = load_conversations(folder)
        measures, wrong = measure(searcher, settings, conversations, per)
    console.print(folder.name, measures)
    for last, question, carried in wrong if prints_wrong else ():
        console.print(f"{last!r} -> {question!r} ({' '.join(carried)})", markup=False)


if __name__ == "__main__":
    main()
