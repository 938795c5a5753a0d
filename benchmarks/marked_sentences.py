"""Are marked sentences whole?  Lists those in real answers that may be cut.

    python -m benchmarks.marked_sentences SET ... [--limit N] [--shown N]

Each SET is a folder with corpus.jsonl and queries.jsonl; its entries are indexed in a temporary
folder, N of its questions are asked, and the marked sentences of all passages are looked at.  Four
kinds are listed, within a paragraph: those that end before a small letter, those that begin with
one, those that begin where no mark is before them, and those whose last word before a full stop has
few letters.  The last kind is mostly right, so its words are counted, for a person to read.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import regex

from qa.answers.answer import AnswerPassage
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.documents.document import SEPARATOR
from qa.errors import QuestionError
from qa.evaluation.runner import open_set, question_text
from qa.evaluation.sets import load_set
from qa.settings import Settings

_SMALL_START = regex.compile(r"[^\p{L}\p{N}]*\p{Ll}")
_MARK_END = regex.compile(r"[.!?…:;。！？।؟۔][\p{Pe}\p{Pf}\p{Pi}\"'*_\d\[\]\s]*\Z")
_SHORT_WORD = regex.compile(r"(?:^|[\s(\"'“„«])([\p{L}\p{M}.]{1,5})\.[\p{Pe}\p{Pf}\"']*\Z")
_MAX_CONTEXT = 40


class Suspect(NamedTuple):
    """A marked sentence that may be cut: the kind, its first or last word, and what is around."""

    kind: str
    word: str
    context: str


def find_suspects(passage: AnswerPassage) -> Iterator[Suspect]:
    """What may be wrong with the ends of the marked sentence of *passage*."""
    if passage.answer is None:
        return
    text = passage.text
    start, end = passage.answer.start, passage.answer.end
    before = text[:start].rpartition(SEPARATOR)[2].strip()
    after = text[end:].partition(SEPARATOR)[0].strip()
    first = f"{before[-_MAX_CONTEXT:]} ‖ {text[start : start + _MAX_CONTEXT]}"
    last = f"{text[max(start, end - _MAX_CONTEXT) : end]} ‖ {after[:_MAX_CONTEXT]}"
    if before and not _MARK_END.search(before):
        yield Suspect("begins after no mark", before.split()[-1], first)
    if before and _SMALL_START.match(text, start):
        yield Suspect("begins with a small letter", before.split()[-1], first)
    if after and _SMALL_START.match(after):
        yield Suspect("ends before a small letter", text[start:end].split()[-1], last)
    if after and (word := _SHORT_WORD.search(text, start, end)):
        yield Suspect("ends with a short word", word[1], last)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--limit", default=100, show_default=True, help="How many questions of each set.")
@click.option("--shown", default=3, show_default=True, help="How many examples of each word.")
def main(folders: tuple[Path, ...], limit: int, shown: int) -> None:
    """Ask the questions of the sets in FOLDERS and list marked sentences that may be cut."""
    suspects: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    answers = marked = 0
    for folder in folders:
        for passages in _iter_answers(folder, limit):
            answers += 1
            marked += sum(passage.answer is not None for passage in passages)
            for passage in passages:
                for suspect in find_suspects(passage):
                    suspects[suspect.kind][suspect.word].append(suspect.context)
        click.echo(f"{folder.name}: {answers} answers, {marked} marked sentences", err=True)
    click.echo(f"{answers} answers, {marked} marked sentences")
    for kind, by_word in suspects.items():
        click.echo(f"\n{sum(map(len, by_word.values()))} {kind}")
        for word in sorted(by_word, key=lambda word: -len(by_word[word])):
            click.echo(f"  {len(by_word[word])} {word}")
            for context in by_word[word][:shown]:
                click.echo(f"      {context}")


def _iter_answers(folder: Path, limit: int) -> Iterator[tuple[AnswerPassage, ...]]:
    """The passages of the answers to *limit* questions of the set in *folder*."""
    settings = Settings()
    evaluation_set = load_set(folder)
    with open_set(evaluation_set, settings, lambda *_: None) as searcher:
        for question in evaluation_set.sample(limit):
            text, turns = question_text(question, "standalone")
            try:
                yield tuple(ask(searcher, settings, text, AskOptions(turns)).passages)
            except QuestionError:
                yield ()


if __name__ == "__main__":
    main()
