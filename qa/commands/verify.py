"""`qa verify`: saved citations, looked for again in the live index."""

import json
import sys
from collections.abc import Iterator
from typing import IO

import click

from qa.anchors import Anchor
from qa.answers import Citation
from qa.commands.options import index_option, plain_errors, settings_with, warn_of_analysis
from qa.commands.printing import echo, echo_json
from qa.engines import open_engine
from qa.errors import SavedError
from qa.saved import quotes_in
from qa.verification import verified

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
