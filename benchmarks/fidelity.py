"""Whether every word of a folder's files is read, once and in order.

    python -m benchmarks.fidelity FOLDER...
    python -m benchmarks.fidelity --format pdf --worst 20 FOLDER

Reads each file through the product and through the independent readers of its format that are
installed (benchmarks/references.py).  Prints for each format, for the median file and in the mean:

recall     the share of the reference's words that are read; where there are two references, a word
           counts when both have it
precision  the share of the words read that one of the references has; words that are doubled, glued
           or made up lower it
order      the share of the reference's trigrams of words that are read; of two, that both have
seconds    processor time of all files, of the product and of each reference
pages      for PDF, the share of pages whose text is that of the same page of the last reference

and the worst files with what differs.  A header or footer that recurs on most pages counts once.
"""

import os
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import reduce
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple, TypeVar

import click
import regex
from pebble import ProcessPool
from rich import box
from rich.console import Console
from rich.table import Table

# Found without an installation, also as `python benchmarks/fidelity.py`.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.references import REFERENCES, Reading, Reference
from qa.analysis.tokenizer import normalize
from qa.documents.document import Document
from qa.documents.format_registry import file_extension
from qa.documents.reader import load_content, read_content
from qa.documents.skips import Skip
from qa.settings import Settings

_WORKERS = 2
_SECONDS = 120
_SHOWN_WORDS = 12
_EDGE_LINES = 3
# Trigrams of a page by which it can be told from others.
_MIN_TRIGRAMS = 5

console = Console(width=140)

Words = Counter[str]
Trigrams = Counter[tuple[str, ...]]


class Text(NamedTuple):
    """What a reader found: a text a page, other words (titles, names), seconds, a fault.

    *repeated* are words that may be read once more.
    """

    pages: list[str]
    other: str
    seconds: float
    fault: str = ""
    repeated: str = ""


class Score(NamedTuple):
    """How well a file was read, and which words differ; None where there is nothing to compare.

    *is_reported* is true if the product says that it could not read the file, or a part of it.
    """

    path: Path
    recall: float | None
    precision: float | None
    order: float | None
    seconds: list[float]
    right_pages: int = 0
    checked_pages: int = 0
    missing: str = ""
    extra: str = ""
    fault: str = ""
    is_reported: bool = False


def read_with_product(path: Path) -> Text:
    """What the product reads of a file."""
    settings = Settings()
    start = time.process_time()
    results = read_content(load_content(path, path.name, settings), path.name, settings)
    seconds = time.process_time() - start
    documents = [result for result in results if isinstance(result, Document)]
    faults = [result.reason for result in results if isinstance(result, Skip)]
    pages = [page for document in documents for page in _pages_of(document)]
    other = " ".join(
        " ".join([m.title, m.author or "", m.publisher or "", str(m.date or ""), *m.extra.values()])
        for m in (document.metadata for document in documents)
    )
    return Text(pages, other, seconds, "; ".join(faults))


def _pages_of(document: Document) -> list[str]:
    """The text of each page, empty for pages without; all of it where there are no pages."""
    if not document.pages:
        return [document.text]
    pages = [""] * document.pages[-1].number
    ends = [page.start for page in document.pages[1:]] + [len(document.text)]
    for page, end in zip(document.pages, ends, strict=True):
        pages[page.number - 1] = document.text[page.start : end]
    return pages


def read_with_reference(reference: Reference, path: Path) -> Text:
    """What another reader finds; processor time includes that of its programs."""
    start = _processor_time()
    try:
        reading, fault = reference.read(path), ""
    except Exception as error:
        reading, fault = Reading([]), f"{reference.name}: {type(error).__name__}"
    return Text(reading.pages, "", _processor_time() - start, fault, reading.repeated)


def _processor_time() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]\p{M}*|[\p{L}\p{M}\p{N}--\p{Han}\p{Hiragana}\p{Katakana}]+",
    regex.V1,
)
_LINE_END_HYPHEN = regex.compile(r"(?<=\p{L})[-‐\u00AD]\n(?=\p{Ll})")


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared; each Chinese character is one."""
    text = _LINE_END_HYPHEN.sub("", text.replace("\r\n", "\n"))
    text = unicodedata.normalize("NFKC", normalize(text)).casefold()
    return _WORD.findall(text)


_NUMBER = regex.compile(r"\d+")


def without_running_lines(pages: Sequence[str]) -> list[str]:
    """*pages* without lines at their ends that most have, but for numbers, save the first."""
    lines = [page.replace("\r\n", "\n").splitlines() for page in pages]
    if len(pages) < 2:
        return list(pages)
    edges = [[*_edge_lines(page)] for page in lines]
    counts = Counter(key for page in edges for key in {key for _, key in page})
    seen: set[str] = set()
    for page, page_edges in zip(lines, edges, strict=True):
        gone = []
        for place, key in page_edges:
            if key and 2 * counts[key] >= len(pages):
                gone += [place] * (key in seen)
                seen.add(key)
        for place in sorted(set(gone), reverse=True):
            del page[place]
    return ["\n".join(page) for page in lines]


def _edge_lines(page: list[str]) -> Iterator[tuple[int, str]]:
    filled = [place for place, line in enumerate(page) if line.strip()]
    for place in {*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]}:
        yield place, _NUMBER.sub("#", " ".join(page[place].split()))


def trigrams_of(words: Sequence[str]) -> Trigrams:
    """All runs of three words, or the words where there are fewer."""
    if len(words) < 3:
        return Counter((word,) for word in words)
    return Counter(zip(words, words[1:], words[2:], strict=False))


def score(path: Path, ours: Text, references: Sequence[Text]) -> Score:
    """Compare what the product read with what the references found."""
    seconds = [ours.seconds, *(reference.seconds for reference in references)]
    found = [reference for reference in references if any(map(words_of, reference.pages))]
    faults = " | ".join(filter(None, [ours.fault, *(r.fault for r in references)]))
    if not found or len(found) < len(references):
        return Score(path, None, None, None, seconds, fault=faults)
    texts = [words_of("\n".join(without_running_lines(r.pages))) for r in found]
    counts = [Counter(text) for text in texts]
    whole = [Counter(words_of("\n".join(r.pages))) for r in found]
    read = words_of("\n".join(ours.pages))
    expected, allowed = intersect(counts), unite([*counts, *whole])
    counted = Counter(read)
    missing = expected - counted - Counter(words_of(ours.other))
    extra = counted - allowed
    for reference in references:
        extra -= Counter(words_of(reference.repeated))
    trigrams = intersect([trigrams_of(text) for text in texts])
    is_paged = path.suffix.lower() == ".pdf"
    right, checked = count_right_pages(ours.pages, found[-1].pages) if is_paged else (0, 0)
    return Score(
        path,
        _share(expected.total() - missing.total(), expected.total()),
        _share(counted.total() - extra.total(), counted.total()),
        _share(intersect([trigrams, trigrams_of(read)]).total(), trigrams.total()),
        seconds,
        right,
        checked,
        _format_words(missing),
        _format_words(extra),
        faults,
        bool(ours.fault),
    )


_Item = TypeVar("_Item", str, tuple[str, ...])


def intersect(counters: Sequence[Counter[_Item]]) -> Counter[_Item]:
    """What all *counters* have."""
    return reduce(lambda one, other: one & other, counters)


def unite(counters: Sequence[Counter[_Item]]) -> Counter[_Item]:
    """What any of *counters* has."""
    return reduce(lambda one, other: one | other, counters)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _format_words(words: Words) -> str:
    shown = " ".join(
        f"{word}×{count}" if count > 1 else word for word, count in words.most_common(_SHOWN_WORDS)
    )
    return f"{words.total()}: {shown}" if words else ""


def count_right_pages(pages: Sequence[str], reference: Sequence[str]) -> tuple[int, int]:
    """How many pages are most like the same page of the reference, and how many can be checked."""
    places: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for number, page in enumerate(reference):
        for trigram in trigrams_of(words_of(page)):
            places[trigram].add(number)
    right = checked = 0
    for number, page in enumerate(pages):
        votes = Counter(
            place for trigram in trigrams_of(words_of(page)) for place in places.get(trigram, ())
        )
        if votes and max(votes.values()) >= _MIN_TRIGRAMS:
            checked += 1
            right += votes[number] == max(votes.values())
    return right, checked


def measure(path: Path) -> Score:
    """Read a file in all ways."""
    references = [r for r in REFERENCES.get(path.suffix.lower(), []) if r.is_installed]
    texts = [read_with_reference(reference, path) for reference in references]
    return score(path, read_with_product(path), texts)


def measure_all(paths: Sequence[Path]) -> Iterator[Score]:
    """The scores of *paths*, each file with a limit of time."""
    with ProcessPool(_WORKERS) as pool:
        futures: list[tuple[Path, Future[Score]]] = [
            (path, pool.schedule(measure, args=[path], timeout=_SECONDS)) for path in paths
        ]
        for path, future in futures:
            try:
                yield future.result()
            except Exception as error:
                yield Score(path, None, None, None, [], fault=f"{type(error).__name__}: {error}")


def show(suffix: str, scores: Sequence[Score], worst: int) -> None:
    """Print the table of one format, and its worst files."""
    names = [r.name for r in REFERENCES.get(suffix, []) if r.is_installed]
    console.rule(f"{suffix}: {len(scores)} files, compared with {' and '.join(names) or 'nothing'}")
    compared = [s for s in scores if s.recall is not None]
    unread = [s for s in compared if s.precision is None]
    console.print(f"{len(compared)} compared, {len(unread)} of these not read")
    console.print(build_table(compared))
    unreported = [s for s in compared if not s.is_reported]
    if len(unreported) < len(compared):
        console.print(f"the {len(unreported)} files of which the report says nothing is missing:")
        console.print(build_table(unreported))
    for place, name in enumerate(["product", *names]):
        total = sum(s.seconds[place] for s in scores if s.seconds)
        console.print(f"seconds of {name}: {total:.2f}")
    if checked := sum(s.checked_pages for s in scores):
        console.print(f"pages: {sum(s.right_pages for s in scores)} of {checked} right")
    show_worst(compared, worst)
    for failed in scores:
        if failed.recall is None and failed.fault:
            console.print(f"not compared: {failed.path.name}: {failed.fault}", markup=False)


def build_table(scores: Sequence[Score]) -> Table:
    """The measures of several files."""
    table = Table(box=box.SIMPLE)
    for title in ("", "median", "mean", "lowest"):
        table.add_column(title, justify="right" if title else "left")
    for name in ("recall", "precision", "order"):
        values = [v for s in scores if (v := getattr(s, name)) is not None]
        if values:
            table.add_row(name, *(f"{f(values):.4f}" for f in (median, fmean, min)))
    return table


def show_worst(scores: Sequence[Score], worst: int) -> None:
    """Print the files with the lowest recall or precision, and what differs."""
    ranked = sorted(scores, key=lambda s: min(s.recall or 0, s.precision or 0))
    for s in ranked[:worst]:
        figures = " ".join(
            f"{name} {value:.3f}" if value is not None else f"{name} –"
            for name, value in (("R", s.recall), ("P", s.precision), ("O", s.order))
        )
        console.print(f"{figures}  {s.path.name}  {s.fault}", markup=False, highlight=False)
        for title, words in (("missing", s.missing), ("extra", s.extra)):
            if words:
                console.print(f"    {title} {words}", markup=False, highlight=False)


@click.command(context_settings={"show_default": True})
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "suffixes", multiple=True, help="Only files with this ending.")
@click.option("--worst", default=10, help="Files to print of each format.")
def main(*, folders: Sequence[Path], suffixes: Sequence[str], worst: int) -> None:
    """Compare what is read of the files in FOLDERS with what independent readers find."""
    chosen = {f".{suffix.lstrip('.')}" for suffix in suffixes}
    files: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        for path in sorted(folder.rglob("*") if folder.is_dir() else [folder]):
            suffix = path.suffix.lower()
            if path.is_file() and (suffix in chosen if chosen else file_extension(path.name)):
                files[suffix].append(path)
    for suffix, paths in sorted(files.items()):
        show(suffix, [*measure_all(paths)], worst)


if __name__ == "__main__":
    main()
