"""`qa ask`: the passages that answer, on the terminal or as /ask gives them."""

from collections.abc import Iterator

import click
from rich.console import Console
from rich.text import Text

from qa.answers import Answer, AnswerPassage, NoAnswer
from qa.commands.options import index_option, plain_errors, settings_with, warn_of_analysis
from qa.commands.printing import echo_json
from qa.contract.answered import body
from qa.deadlines import Deadline
from qa.engines import open_engine
from qa.pipeline import ask
from qa.printing import printable, printable_prose


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
