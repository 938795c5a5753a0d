"""How soon an edited file is answered from, and how much memory a first build takes.

    python -m benchmarks.freshness [ARTICLES] [--edits N] [--folder DIR]

Makes ARTICLES made-up articles of 15 passages (by default 4,000), builds an index of them, and
samples the memory of all processes meanwhile.  Then serves it with two workers, watches the folder
as `qa index --watch` does, and edits one file after the other: changed, added, renamed, deleted.
The time is from the end of the edit until every one of several requests in a row shows it.
"""

import contextlib
import itertools
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import click

_VOCABULARY, _PARAGRAPHS, _SENTENCES = 60_000, 15, 4
_SYLLABLES = (
    "ba ce di fo gu la me ni po ru sa te vi zo an el in or us tra sto pli gre cha ne ko mi ta ri le"
).split()
_ENDINGS = ("", "s", "ed", "ing", "ly", "er")
_SMALL_WORDS = "the of and to in a that is was for on with as by at".split()
# Answers in a row, from both workers, that must show an edit.
_SHOWN = 4
_TIMEOUT = 120.0


class Author:
    """Writes articles of random words, whose frequencies are those of a language."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - made-up words
        words: dict[str, None] = {}
        while len(words) < _VOCABULARY:
            syllables = self._random.choices(_SYLLABLES, k=self._random.choice((1, 2, 2, 3, 3, 4)))
            words["".join(syllables) + self._random.choice(_ENDINGS)] = None
        self._words = [*words]
        weights = (1 / (rank + 5) for rank in range(len(self._words)))
        self._cumulative = [*itertools.accumulate(weights)]

    def write_article(self, mark: str = "") -> str:
        """A title and paragraphs; *mark* is a word of the first one."""
        rare = iter(self._random.choices(self._words, cum_weights=self._cumulative, k=1200))
        title = " ".join(next(rare).capitalize() for _ in range(5))
        paragraphs = [
            " ".join(self._write_sentence(rare) for _ in range(_SENTENCES))
            for _ in range(_PARAGRAPHS)
        ]
        paragraphs[0] += f" The {mark} came to the harbour." if mark else ""
        return "\n\n".join((title, *paragraphs)) + "\n"

    def _write_sentence(self, rare: Iterator[str]) -> str:
        words = [
            self._random.choice(_SMALL_WORDS) if self._random.random() < 0.4 else next(rare, "so")
            for _ in range(self._random.randint(14, 24))
        ]
        if self._random.random() < 0.1:
            words[5] = str(self._random.randint(1, 9999))
        return f"{' '.join(words).capitalize()}."


def write_corpus(folder: Path, articles: int) -> None:
    """Write *articles* into folders below *folder*."""
    author = Author(1)
    for number in range(articles):
        path = folder / f"part-{number % 100:02}" / f"article-{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(author.write_article())


def process_tree(pid: int) -> list[int]:
    """A process and all below it."""
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children[int(fields[1])].append(int(entry.name))
    tree = [pid]
    for each in tree:
        tree += children[each]
    return tree


def memory_of(pid: int) -> int:
    """Bytes of memory of a process, what it shares divided by those that share it."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def peak_memory(command: Sequence[str]) -> tuple[int, float, float]:
    """Run *command*: the peak of the memory of all its processes, seconds, and processor time."""
    started, before = time.monotonic(), os.times()
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        while process.poll() is None:
            peak = max(peak, sum(map(memory_of, process_tree(process.pid))))
            time.sleep(0.05)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed")
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return peak, time.monotonic() - started, used


@contextlib.contextmanager
def running(command: Sequence[str]) -> Iterator[None]:
    """*command* runs meanwhile."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:  # noqa: S603
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def ask(address: str, question: str) -> tuple[str, list[str]]:
    """The generation that answers, and the documents of the passages with all of the words."""
    query = urlencode({"q": question, "limit": 5})
    with urlopen(f"{address}/ask?{query}", timeout=30) as response:  # noqa: S310 - our own
        body = json.load(response)
    word = question.split(maxsplit=1)[0].lower()
    passages = [p for p in body["passages"] if word in p["text"].lower()]
    return body["generation"], [p["citation"]["document_id"] for p in passages]


def seconds_until(address: str, mark: str, expected: Sequence[str]) -> float:
    """Seconds until the documents with *mark* are those *expected*, in several answers."""
    started, shown, seconds = time.monotonic(), 0, 0.0
    while shown < _SHOWN:
        if time.monotonic() - started > _TIMEOUT:
            sys.exit(f"{mark} was not answered from in {_TIMEOUT} s")
        with contextlib.suppress(URLError, OSError):
            documents = ask(address, f"{mark} harbour")[1]
            shown = shown + 1 if sorted(set(documents)) == sorted(expected) else 0
        if shown == 1:
            seconds = time.monotonic() - started
        time.sleep(0.02)
    return seconds


class Editor:
    """Edits one file after the other below *folder*."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._address = address
        self._author = Author(2)
        self._paths = sorted(folder.rglob("article-*.txt"))
        self._random = random.Random(3)  # noqa: S311 - any file

    def round(self, number: int) -> Iterator[tuple[str, float]]:
        """The kind of each edit, and the seconds until it is answered from."""
        mark = f"zq{'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}quux"
        path = self._random.choice(self._paths)
        before = path.read_text()
        path.write_text(before.rstrip() + f" The {mark} came to the harbour.\n")
        yield "changed", self._wait(mark, path)
        path.write_text(before)
        added = path.with_name(f"{mark}a.txt")
        added.write_text(self._author.write_article(f"{mark}a"))
        yield "added", self._wait(f"{mark}a", added)
        renamed = path.with_name(f"{mark}b.txt")
        added.rename(renamed)
        yield "renamed", self._wait(f"{mark}a", renamed)
        renamed.unlink()
        yield "deleted", self._wait(f"{mark}a")

    def _wait(self, mark: str, *paths: Path) -> float:
        names = [path.relative_to(self._folder).with_suffix("").as_posix() for path in paths]
        return seconds_until(self._address, mark, names)


@click.command()
@click.argument("articles", default=4000)
@click.option("--edits", default=5, help="Rounds of one edit of each kind.")
@click.option("--folder", type=click.Path(path_type=Path), help="Articles of a former run.")
def main(articles: int, edits: int, folder: Path | None) -> None:
    """Print the times of edits, and the memory of the first build."""
    with tempfile.TemporaryDirectory() as temporary:
        documents = folder or Path(temporary) / "documents"
        if not documents.exists():
            write_corpus(documents, articles)
        index = Path(temporary) / "index"
        qa = [sys.executable, "-m", "qa"]
        build = [*qa, "index", "--index", str(index), str(documents)]
        peak, seconds, used = peak_memory(build)
        click.echo(f"first build: {seconds:.1f} s, {used:.1f} s of processors, {peak >> 20} MB")
        address = f"http://127.0.0.1:{(port := free_port())}"
        serve = [*qa, "serve", "--index", str(index), "--port", str(port), "--workers", "2"]
        with running(serve), running([*build, "--watch"]):
            seconds_until(address, "nothing", [])
            # The watch begins with a build of its own.
            time.sleep(5)
            print_times(Editor(documents, address), edits)


def print_times(editor: Editor, edits: int) -> None:
    """Edit files, and print the times until they are answered from."""
    times = defaultdict(list)
    for number in range(edits):
        for kind, seconds in editor.round(number):
            times[kind].append(seconds)
            click.echo(f"  {kind}: {seconds:.2f} s")
            time.sleep(3)
    for kind, values in times.items():
        click.echo(f"{kind}: p50 {statistics.median(values):.2f} s of {len(values)}")


if __name__ == "__main__":
    main()
