"""Answers as rows of a table, and tables as CSV (RFC 4180) that a spreadsheet may open."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO

from qa.answers.answer import Answer

# The columns of the table with a row for each passage of an answer.
ANSWER_COLUMNS = (
    *("turn", "question", "verdict", "confidence", "rank", "text", "answer", "document_id"),
    *("title", "publisher", "date", "section", "place", "start", "end", "sha256", "address"),
    *("original", "generation"),
)
# What makes a spreadsheet take a text for a formula (OWASP, CSV Injection).
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def answer_rows(
    turn: int, answer: Answer, find_address: Callable[[str], str]
) -> Iterator[tuple[object, ...]]:
    """A row for each passage of *answer*, at least one; *find_address* completes an address."""
    asked = turn, answer.question, answer.verdict, round(answer.confidence, 4)
    for passage in answer.passages:
        source = passage.citation
        yield (
            *asked,
            *(passage.rank, passage.text, passage.answer.text if passage.answer else None),
            *(source.document_id, source.title, source.publisher, source.date, source.section),
            *(source.place, source.start, source.end, source.sha256),
            *(find_address(source.read_url), source.url, answer.generation),
        )
    if not answer.passages:
        about = answer.about.text if answer.about else None
        nothing = [None] * (len(ANSWER_COLUMNS) - len(asked) - 3)
        yield (*asked, None, about, *nothing, answer.generation)


def write_csv(out: TextIO, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write *rows* below the names of *columns*; None is an empty cell.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])


def csv_line(values: Iterable[object]) -> str:
    """A row of such a table, without the end of the line."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([_csv_cell(value) for value in values])
    return out.getvalue()


def _csv_cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(_FORMULA_SIGNS)
    return f"'{value}" if is_formula else value
