"""Ask the headings of documents word for word: how many are found, first, and rightly marked?

python -m benchmarks.headings FOLDER [--count N] [--seed N]

FOLDER is an index.  Of the headings that have text under them some are drawn, one of each document
while there are any.
"""

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import click

from qa.analysis.tokenizer import is_question
from qa.answers.answer import Answer
from qa.answers.pipeline import ask
from qa.documents.document import Document
from qa.engines.base import Searcher
from qa.engines.factory import open_engine
from qa.index.questions import wordings
from qa.settings import Settings


class Heading(NamedTuple):
    """A heading, the document it is in, and the paragraph below it."""

    text: str
    document: str
    below: str


def iter_headings(document: Document) -> Iterator[Heading]:
    """The headings of *document* with a paragraph directly below."""
    for block, after in pairwise(document.blocks):
        text = document.text[block.start : block.end]
        if block.level and not after.level and wordings(text):
            yield Heading(text, document.id, document.text[after.start : after.end])


def draw_headings(searcher: Searcher, count: int, seed: int) -> list[Heading]:
    """*count* headings of documents drawn at random, one of each while there are any."""
    draw = random.Random(seed)  # noqa: S311 - a sample
    ids = [summary.id for summary in searcher.summaries()]
    draw.shuffle(ids)
    first: list[Heading] = []
    others: list[Heading] = []
    for id_ in ids:
        headings = [*iter_headings(searcher.document(id_))]
        draw.shuffle(headings)
        first += headings[:1]
        others += headings[1:]
        if len(first) >= count:
            break
    return (first + others)[:count]


class Outcome(NamedTuple):
    """What was wanted of an answer."""

    is_found: bool
    is_first: bool
    is_marked: bool


def judge(answer: Answer, heading: Heading) -> Outcome:
    """Whether the verdict is found, the section first, and its beginning marked.

    Questions at the beginning need not be marked.
    """
    if not answer.passages:
        return Outcome(is_found=False, is_first=False, is_marked=False)
    best = answer.passages[0]
    above = {best.citation.section or "", best.citation.title}
    is_first = any(wordings(heading.text) & wordings(text) for text in above)
    before = best.text[: best.answer.start].strip() if best.answer else "x"
    return Outcome(answer.verdict == "found", is_first, not before or is_question(before))


@click.command()
@click.argument("folder")
@click.option("--count", default=50, help="How many headings to ask.")
@click.option("--seed", default=17)
def main(folder: str, count: int, seed: int) -> None:
    """Print the headings in FOLDER, an index, that fail, and the shares of those that do not."""
    settings = Settings(index=folder)
    searcher = open_engine(settings).searcher()
    outcomes = []
    for heading in draw_headings(searcher, count, seed):
        answer = ask(searcher, settings, heading.text)
        outcomes.append(judge(answer, heading))
        if not all(outcomes[-1]):
            click.echo(f"{heading.text!r} of {heading.document}: {outcomes[-1]}")
    for name, values in zip(Outcome._fields, zip(*outcomes, strict=True), strict=True):
        click.echo(f"{name} {sum(values) / len(values):.1%} of {len(values)}")


if __name__ == "__main__":
    main()
