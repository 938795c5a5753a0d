"""An index folder that faults are brought upon, and what must hold of it after each."""

import json
import os
import random
import re
import shutil
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, NamedTuple

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from qa.index.generations import GenerationFolder
from qa.settings import Settings
from qa.web.response_schemas import answer_body
from tests.conftest import ROOT, SAMPLE

ASKED = (
    "what guarantees did Putin demand?",
    "Who said that Russia has no veto over new members?",
    "boiling point of mercury",
)
_QA = (sys.executable, "-m", "qa")
# Few, so that publishing has something to prune.
_KEPT = 2
# Rows of which there are enough for a build to have other processes index them.
MANY = 260
_OURS = {
    *("CURRENT", "HISTORY", "LOCK", "LOCK.current", "cache.sqlite"),
    *("documents", "generations", "questions.jsonl", "skipped.jsonl"),
    *("last_build.json", "near-duplicates.csv", "sketches.npz"),
}
# Runs the command line with a fault at the file operation of this number, counted from the first
# on a path that holds a certain text.
_AT = """
    import os, signal, sys
    from qa.cli import main

    beginning, number, ballast, left = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    seen, done = 0, False

    def operation(event, arguments):
        global seen, done
        if done or event.partition(".")[0] not in ("open", "os", "shutil"):
            return
        if seen or any(beginning in str(each) for each in arguments):
            seen += 1
            if seen >= number:
                done = True
                fault()

    def fault():
        if not ballast:
            os.kill(os.getpid(), signal.SIGKILL)
        descriptor = os.open(ballast, os.O_CREAT | os.O_WRONLY)
        status = os.statvfs(descriptor)
        size = status.f_bavail * status.f_frsize - left
        if size > 0:
            os.posix_fallocate(descriptor, 0, size)
        os.close(descriptor)

    sys.addaudithook(operation)
    try:
        main(sys.argv[5:])
    finally:
        print("operations", seen)
"""


class LiveState(NamedTuple):
    """The name of the live generation, and what it answers, byte by byte."""

    generation: str
    answers: tuple[str, ...]


class ProcessResult(NamedTuple):
    """How a build ended, and what it said."""

    code: int
    output: str
    error: str


class Place:
    """An index folder, and the folder of its documents."""

    def __init__(self, index: Path, documents: Path) -> None:
        self.index = index
        self.documents = documents
        self.generations = GenerationFolder(index)

    def set_up(self, rows: int = 0) -> None:
        """Build a first generation of the sample corpus and so many *rows*."""
        shutil.copytree(SAMPLE, self.documents)
        (self.documents / "rows.jsonl").write_text("\n".join(map(json.dumps, _rows(rows))))
        result = self.build()
        assert result.code == 0, result.error

    def change(self, text: object) -> None:
        """Let the documents differ from what they were."""
        (self.documents / "extra.txt").write_text(f"The note of this round says {text}.")

    def start(self, **how: Any) -> Popen[str]:
        """A build that runs by itself, in a session of its own."""
        return self._start([*_QA, "index", str(self.documents)], **how)

    def start_with_fault(
        self, beginning: str, number: int, ballast: Path | None = None, free_bytes: int = 0
    ) -> Popen[str]:
        """A build that is killed, or finds the disk filled with *ballast*, at a file operation.

        That is the one of this *number*, from the first on a path that holds *beginning*; *left*
        bytes are left free.
        """
        fault = [beginning, str(number), str(ballast or ""), str(free_bytes)]
        command = [sys.executable, "-c", textwrap.dedent(_AT), *fault]
        return self._start([*command, "index", str(self.documents)])

    def _start(self, command: Sequence[str], **how: Any) -> Popen[str]:
        ours = {"QA_INDEX": str(self.index), "QA_KEEP_GENERATIONS": str(_KEPT)}
        return Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | ours,
            start_new_session=True,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
            **how,
        )

    def roll_back(self) -> ProcessResult:
        """Roll back by the command."""
        return wait_for_end(self._start([*_QA, "rollback"]))

    def build(self, **how: Any) -> ProcessResult:
        """A build, waited for."""
        return wait_for_end(self.start(**how))

    def live_state(self) -> LiveState:
        """What is live, opened anew."""
        settings = Settings(index=str(self.index))
        searcher = open_engine(settings).searcher()
        answers = []
        for question in ASKED:
            body = answer_body(ask(searcher, settings, question))
            answers.append(body.model_dump_json(exclude={"took_ms"}))
        return LiveState(searcher.manifest.name, tuple(answers))

    def check(self) -> None:
        """Nothing is there that does not belong, and the live generation is whole."""
        names = {path.name for path in self.index.iterdir()}
        folders = {path.name for path in (self.index / "generations").iterdir()}

        assert names - _OURS == set(), "litter"
        assert [name for name in folders if not re.fullmatch("[0-9a-f]{12}", name)] == []
        assert len(folders) <= _KEPT
        self.generations.check(self.generations.live_name())

    def comes_back(self, before: LiveState) -> str:
        """Hold that the generation *before* answers as it did, unless the new one is live, whole.

        And that the next build succeeds, and leaves no litter.
        """
        state = self.live_state()
        if state.generation == before.generation:
            assert state == before
        else:
            self.generations.check(state.generation)
        result = self.build()

        assert result.code == 0, result.error
        self.check()
        return "old live, byte-identical" if state == before else "new live and whole"


def wait_for_end(process: Popen[str]) -> ProcessResult:
    """How *process* ends."""
    with process:
        output, error = process.communicate()
    return ProcessResult(process.returncode, output, error)


def _rows(count: int) -> list[dict[str, str]]:
    """So many documents of random words, five passages each."""
    rnd = random.Random(1)
    words = ["".join(rnd.choices("abdefgiklmnoprstuv", k=rnd.randint(3, 9))) for _ in range(900)]
    return [
        {"_id": f"row-{n}", "title": f"Row {n}", "text": " ".join(_sentences(rnd, words))}
        for n in range(count)
    ]


def _sentences(rnd: random.Random, words: list[str]) -> list[str]:
    return [" ".join(rnd.choices(words, k=14)).capitalize() + "." for _ in range(50)]


def remaining_processes(process: Popen[str], seconds: float = 60) -> list[int]:
    """The processes of a session that are still there after a long time."""
    ends = time.monotonic() + seconds
    while (processes := _session(process.pid)) and time.monotonic() < ends:
        time.sleep(0.02)
    return processes


def _session(leader: int) -> list[int]:
    processes = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == leader and fields[0] != "Z":
                processes.append(int(path.name))
    return processes
