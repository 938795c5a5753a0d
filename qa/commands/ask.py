"""`qa ask` and `qa verify`: an answer, and what became of saved citations."""

import io
import json
import sys
from collections.abc import Iterator, Mapping
from typing import IO, Any

import click
from rich.console import Console
from rich.text import Text

from qa.analysis.deadline import Deadline
from qa.analysis.normalization import printable, printable_prose
from qa.answers.answer import (
    Answer,
    AnswerPassage,
    AnswerRange,
    Citation,
    NoAnswer,
    format_certainty,
)
from qa.answers.pipeline import ask
from qa.answers.reanchoring import Anchor
from qa.answers.retrieval import AskOptions
from qa.commands.options import (
    QuestionExit,
    echo,
    echo_json,
    index_option,
    load_settings,
    report_errors,
    warn_of_analysis,
)
from qa.engines.base import Searcher
from qa.engines.factory import open_engine
from qa.errors import DocumentNotFoundError, InvalidCitationError, RequestError
from qa.ranking.reranker import SORT_ORDERS
from qa.web.answering import build_options, parse_question, verify_quotes
from qa.web.request_schemas import AskRequest, parse_quotes
from qa.web.response_schemas import answer_body
from qa.web.tables import ANSWER_COLUMNS, answer_rows, write_csv

FORMATS = ("text", "json", "csv")
# The exit code where the documents do not answer.
EXIT_NOTHING_FOUND = 1


@click.command("ask")
@click.argument("question")
@click.option(
    "--publisher", multiple=True, metavar="NAME", help="Only from this publisher, or these."
)
@click.option(
    "--document", multiple=True, metavar="ID", help="Only from the document of this id, or these."
)
@click.option("--from", "from_", metavar="DAY", help="Not dated before this day, YYYY-MM-DD.")
@click.option("--to", metavar="DAY", help="Not dated after this day.")
@click.option(
    "--turn",
    "turns",
    multiple=True,
    metavar="QUESTION",
    help="An earlier question of the conversation; the first one first.",
)
@click.option(
    "--drop", multiple=True, metavar="WORD", help="A word not to take along from the turns."
)
@click.option(
    "--sort",
    type=click.Choice(SORT_ORDERS),
    default=SORT_ORDERS[0],
    show_default=True,
    help="The order of the passages.",
)
@click.option("--limit", type=int, default=5, show_default=True, help="Maximum passages.")
@click.option(
    "--offset", type=int, default=0, show_default=True, help="Passages to leave out first."
)
@click.option(
    "--ranges/--no-ranges",
    default=True,
    help="Let words such as “since March” or “latest” limit and order the passages by date.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="For people; the JSON of /ask; the table of /export.csv, with a row for each passage.",
)
@click.option("--json", "format_", flag_value="json", help="The same as --format json.")
@click.option("--generation", metavar="NAME", help="Ask this generation, even if it was refused.")
@index_option
def ask_command(
    question: str, *, format_: str, generation: str | None, index_dir: str | None, **values: object
) -> None:
    """Answer QUESTION from the live generation.

    The options are the parameters of /ask. The exit code is 0 if there is an answer, also a
    possible one; 1 if the documents do not answer; 2 after an error, or if the options are wrong.
    """
    with report_errors(QuestionExit):
        settings = load_settings(index=index_dir)
        ask_request = parse_question(_request_values(question, values), settings)
        engine = open_engine(settings)
        searcher = engine.open_verified(generation) if generation else engine.searcher()
        warn_of_analysis(searcher.manifest)
        deadline = Deadline.after(settings.budget_ms / 1000)
        options = _build_options(ask_request, searcher, deadline)
        answer = ask(searcher, settings, question, options, deadline)
    if format_ == "json":
        echo_json(answer_body(answer).model_dump_json(by_alias=True, indent=2))
    elif format_ == "csv":
        _print_csv(answer, settings.url.rstrip("/"))
    else:
        _print_answer(answer)
    if answer.verdict == "none" and not answer.about:
        sys.exit(EXIT_NOTHING_FOUND)


def _request_values(question: str, values: Mapping[str, Any]) -> dict[str, object]:
    """The *question* and the *values* of options as a program would post them."""
    filters = {name: [*values[name]] for name in ("publisher", "document")}
    return {
        "question": question,
        "filters": filters | {"from": values["from_"], "to": values["to"]},
        "turns": [{"question": turn} for turn in values["turns"]],
        "drop": [*values["drop"]],
        "ranges": "on" if values["ranges"] else "off",
        **{name: values[name] for name in ("sort", "limit", "offset")},
    }


def _build_options(ask_request: AskRequest, searcher: Searcher, deadline: Deadline) -> AskOptions:
    try:
        return build_options(ask_request, searcher, deadline)
    except DocumentNotFoundError:
        unknown = ", ".join(ask_request.filters.document)
        raise RequestError(
            f"document: not all of these are in the index: {unknown}; --format json shows the"
            " document_id of each passage.",
            "document",
        ) from None


def _print_csv(answer: Answer, address: str) -> None:
    """Print a table; addresses are complete if QA_URL says where the service is."""
    out = io.StringIO()
    rows = answer_rows(1, answer, lambda path: f"{address}{path}")
    write_csv(out, ANSWER_COLUMNS, (map(_printable_cell, row) for row in rows))
    # As bytes, whose line ends stay.
    click.echo(out.getvalue().encode(), nl=False)


def _printable_cell(value: object) -> object:
    return _printable_lines(value) if isinstance(value, str) else value


def _printable_lines(text: str) -> str:
    """The words of a document, whose paragraphs stay."""
    return "\n".join(map(printable_prose, text.split("\n")))


def _print_answer(answer: Answer) -> None:
    console = Console(highlight=False, soft_wrap=False)
    if answer.about:
        console.print(Text(printable(answer.about.text)))
        for link in answer.about.links:
            console.print(Text(printable(f"    {link.text}: {link.url}")), style="dim")
        return
    for operator in answer.query.operators:
        only = "Only not" if operator.excluded else "Only"
        console.print(Text(printable(f"{only} {operator.meaning}.")), style="dim")
    _print_verdict(console, answer)
    if answer.range:
        console.print(Text(printable(_format_range(answer.range))))
    for part in answer.parts:
        console.print(Text(printable(part.outcome)))
    for passage in answer.passages:
        console.print(_format_passage(passage))
        console.print(_format_source(passage), style="dim")
        console.print()


def _print_verdict(console: Console, answer: Answer) -> None:
    if answer.none:
        for line in _no_answer_lines(answer.none):
            console.print(Text(printable(line)))
        if answer.passages:
            console.print("The closest passages:\n")
    elif answer.verdict == "weak":
        console.print("Possible answer: the documents may not answer this.\n")


def _format_range(shown: AnswerRange) -> str:
    """What words of the question limit the answer to, and how to do without."""
    if not shown.applied:
        return shown.detail
    days = f" ({shown.first or '…'} to {shown.last or '…'})" if not shown.sort else ""
    text = f"Limited to “{shown.label}”{days}; --no-ranges answers without."
    return f"{text} {shown.detail}".strip()


def _no_answer_lines(no_answer: NoAnswer) -> Iterator[str]:
    yield "No clear answer in the documents."
    if no_answer.missing:
        yield f"Words not in any document: {', '.join(no_answer.missing)}"
    if no_answer.near:
        yield f"Similar words: {', '.join(no_answer.near)}"
    for first, second in no_answer.apart:
        yield f"Never together in one passage: {first}, {second}"
    if no_answer.span:
        days = dict.fromkeys(map(str, no_answer.span))
        yield f"The documents are dated {' to '.join(days)}."
    yield from (reason.detail for reason in no_answer.filters)


def _format_passage(passage: AnswerPassage) -> Text:
    start, end = (passage.answer.start, passage.answer.end) if passage.answer else (0, 0)
    text = Text(f"[{passage.rank}] {_printable_lines(passage.text[:start])}")
    text.append(_printable_lines(passage.text[start:end]), "bold")
    return text.append(_printable_lines(passage.text[end:]))


def _format_source(passage: AnswerPassage) -> Text:
    citation = passage.citation
    certainty = None if citation.certainty is None else format_certainty(citation.certainty)
    parts = [citation.section, f"¶ {citation.paragraph}", citation.place, certainty]
    location = ", ".join(filter(None, parts))
    details = [citation.title, citation.publisher, citation.date, location]
    return Text(printable("    — " + " · ".join(str(part) for part in details if part)))


# The worst state of a quote decides.
_EXIT_CODES = {"unchanged": 0, "moved": 4, "gone": 5}
# Characters of a quote to print.
_MAX_QUOTE = 60


@click.command("verify")
@click.argument("file", metavar="CITATION.json", type=click.File(encoding="utf-8"))
@click.option("--json", "as_json", is_flag=True, help="Print the JSON of /verify.")
@index_option
def verify_command(file: IO[str], as_json: bool, index_dir: str | None) -> None:
    """Check each quote in CITATION.json (- for standard input) against the live index.

    The file has a citation or an answer of /ask, a saved conversation, or exported CSL-JSON. A
    quote is unchanged, has moved (the same words are elsewhere), or is gone; then the most similar
    place is shown. The exit code is 0 if all are unchanged, 5 if one is gone, else 4.
    """
    with report_errors():
        quotes = parse_quotes(_load_json(file))
        live = open_engine(load_settings(index=index_dir)).searcher()
        warn_of_analysis(live.manifest)
        verification = verify_quotes(quotes, live)
    if as_json:
        echo_json(verification.model_dump_json(indent=2))
    else:
        for anchor in verification.citations:
            for number, line in enumerate(_format_anchor(anchor)):
                echo(f"  {line}" if number else line)
    sys.exit(max(_EXIT_CODES[anchor.state] for anchor in verification.citations))


def _load_json(file: IO[str]) -> object:
    try:
        return json.load(file)
    except (ValueError, RecursionError) as error:
        raise InvalidCitationError(
            f"{file.name} is no JSON ({error}); give a saved citation."
        ) from None


def _format_anchor(anchor: Anchor) -> Iterator[str]:
    quote = " ".join(anchor.quote.exact.split())
    yield f"{anchor.state}: “{quote[:_MAX_QUOTE]}{'…' if len(quote) > _MAX_QUOTE else ''}”"
    if anchor.document != "unchanged":
        yield f"the document {anchor.quote.document_id} {_DOCUMENT_STATES[anchor.document]}"
    if anchor.citation:
        yield f"{'now ' if anchor.state == 'moved' else ''}at {_format_place(anchor.citation)}"
    if anchor.near:
        yield f"{anchor.near.similarity:.0%} of it at {_format_place(anchor.near.citation)}"
        yield f"“{' '.join(anchor.near.citation.exact.split())}”"


_DOCUMENT_STATES = {"changed": "has changed", "gone": "is no longer in the index"}


def _format_place(citation: Citation) -> str:
    place = f", {citation.place}" if citation.place else ""
    return f"{citation.title}, ¶ {citation.paragraph}{place}: {citation.read_url}"
