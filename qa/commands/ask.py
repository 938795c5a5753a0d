"""`qa ask`: the passages that answer, on the terminal or as /ask gives them."""

import json
import sys
from collections.abc import Iterator
from typing import IO

import click
from rich.console import Console
from rich.text import Text

from qa.analysis.deadline import Deadline
from qa.analysis.normalization import printable, printable_prose
from qa.answers.answer import Answer, AnswerPassage, Citation, NoAnswer
from qa.answers.pipeline import ask
from qa.answers.reanchoring import Anchor
from qa.commands.options import (
    echo,
    echo_json,
    index_option,
    plain_errors,
    settings_with,
    warn_of_analysis,
)
from qa.engines.factory import open_engine
from qa.errors import SavedError
from qa.web.api import verified
from qa.web.schemas.requests import quotes_in
from qa.web.schemas.responses import body


@click.command("ask")
@click.argument("question")
@click.option("--json", "as_json", is_flag=True, help="Print the body that /ask gives.")
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--generation", metavar="NAME", help="Ask this one, a refused one too.")
@index_option
def ask_command(
    question: str, as_json: bool, limit: int, generation: str | None, index_dir: str | None
) -> None:
    """Answer QUESTION from the live generation."""
    with plain_errors():
        settings = settings_with(index=index_dir)
        engine = open_engine(settings)
        searcher = engine.inspect(generation) if generation else engine.searcher()
        warn_of_analysis(searcher.manifest)
        deadline = Deadline.after(settings.budget_ms / 1000)
        answer = ask(searcher, settings, question, limit=limit, deadline=deadline)
    if as_json:
        echo_json(body(answer).model_dump_json(by_alias=True, indent=2))
    else:
        _print_answer(answer)


def _print_answer(answer: Answer) -> None:
    console = Console(highlight=False, soft_wrap=False)
    if answer.none:
        for line in _refusal(answer.none):
            console.print(Text(printable(line)))
        return
    if answer.verdict == "weak":
        console.print("Weak match: the documents may not answer this.\n")
    for passage in answer.passages:
        console.print(_marked(passage))
        console.print(_source(passage), style="dim")
        console.print()


def _refusal(why: NoAnswer) -> Iterator[str]:
    yield "Not found in the documents."
    if why.missing:
        yield f"Words that occur nowhere: {', '.join(why.missing)}"
    if why.near:
        yield f"Nearest words: {', '.join(why.near)}"
    for one, other in why.apart:
        yield f"Never in one passage: {one}, {other}"
    if why.span:
        yield f"The documents are dated {why.span[0]} to {why.span[1]}."
    for passage in why.closest:
        yield f"Came nearest:{_source(passage).plain.removeprefix('    —')}"


def _marked(passage: AnswerPassage) -> Text:
    start, end = (passage.answer.start, passage.answer.end) if passage.answer else (0, 0)
    text = Text(f"[{passage.rank}] {printable_prose(passage.text[:start])}")
    text.append(printable_prose(passage.text[start:end]), "bold")
    return text.append(printable_prose(passage.text[end:]))


def _source(passage: AnswerPassage) -> Text:
    cited = passage.citation
    place = [cited.section, f"¶ {cited.paragraph}", cited.page and f"p. {cited.page}"]
    parts = [cited.title, cited.publisher, cited.date, ", ".join(p for p in place if p)]
    return Text(printable("    — " + " · ".join(str(part) for part in parts if part)))


# The worst that became of a quote decides.
_EXITS = {"unchanged": 0, "moved": 4, "gone": 5}
# So much of a quote is printed.
_SHOWN = 60


@click.command("verify")
@click.argument("file", metavar="CITATION.json", type=click.File(encoding="utf-8"))
@click.option("--json", "as_json", is_flag=True, help="Print the body that /verify gives.")
@index_option
def verify_command(file: IO[str], as_json: bool, index_dir: str | None) -> None:
    """Say of each quote in CITATION.json (- for standard input) what became of it.

    It may hold a citation or a whole answer of /ask, a saved conversation, or our CSL-JSON. In the
    live index, a quote is unchanged, has moved (the same words stand elsewhere), or is gone; then
    the place is told where nearly the same stands. The exit code is 0 if all are unchanged, 5 if
    one is gone, else 4.
    """
    with plain_errors():
        quotes = quotes_in(_read(file))
        live = open_engine(settings_with(index=index_dir)).searcher()
        warn_of_analysis(live.manifest)
        found = verified(quotes, live)
    if as_json:
        echo_json(found.model_dump_json(indent=2))
    else:
        for anchor in found.citations:
            for number, line in enumerate(_lines(anchor)):
                echo(f"  {line}" if number else line)
    sys.exit(max(_EXITS[anchor.state] for anchor in found.citations))


def _read(file: IO[str]) -> object:
    try:
        return json.load(file)
    except (ValueError, RecursionError) as error:
        raise SavedError(f"{file.name} is no JSON ({error}); give a saved citation.") from None


def _lines(anchor: Anchor) -> Iterator[str]:
    words = " ".join(anchor.quote.exact.split())
    yield f"{anchor.state}: “{words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}”"
    if anchor.document != "unchanged":
        yield f"the document {anchor.quote.document_id} {_BECAME[anchor.document]}"
    if anchor.citation:
        yield f"{'now ' if anchor.state == 'moved' else ''}at {_place(anchor.citation)}"
    if anchor.near:
        yield f"{anchor.near.similarity:.0%} of it at {_place(anchor.near.citation)}"
        yield f"“{' '.join(anchor.near.citation.exact.split())}”"


_BECAME = {"changed": "has changed", "gone": "is not there any more"}


def _place(citation: Citation) -> str:
    page = f", p. {citation.page}" if citation.page else ""
    return f"{citation.title}, ¶ {citation.paragraph}{page}: {citation.read_url}"
