"""Pictures of pages -> words with places and certainties, by Tesseract where it is installed.

Each page is a process with limits on processor time, so that none outlives its page for long, even
if the process that started it is killed.  Several run at a time, each on one core.
"""

import csv
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from io import StringIO
from itertools import pairwise
from statistics import fmean, median
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qa.documents.layout.segments import Segment, is_unspaced_joint
from qa.settings import Settings

# Dots per inch, and the most dots of a page; a larger page is read with fewer per inch.
RESOLUTION = 300
MAX_DOTS = 16_000_000
# Seconds of processor time for one page.
_PAGE_SECONDS = 90
# Pages of a lower certainty are pictures in which letters were imagined.
_MIN_CERTAINTY = 0.5
POINTS_PER_INCH = 72

OUT_OF_TIME = "not all words recognized in the time; set QA_OCR_SECONDS higher"

# Shape (height, width), dark letters on light paper.
Picture = NDArray[np.uint8]


class RecognizedPage(NamedTuple):
    """The words of a picture, in points with y upwards, and their mean certainty from 0 to 1.

    Where the text is turned, the boxes are turned back.
    """

    segments: list[Segment]
    certainty: float


class _Word(NamedTuple):
    """A word as Tesseract found it; its box in dots from the top left, its line, its certainty."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    line: tuple[str, ...]
    certainty: float


@cache
def tesseract_version() -> str:
    """The first line of what Tesseract says of itself; empty where it is not installed."""
    path = shutil.which("tesseract")
    return _ask(path, "--version").partition("\n")[0] if path else ""


def describe_ocr(settings: Settings) -> str:
    """All that changes what is recognized; empty where nothing is."""
    if not settings.ocr:
        return ""
    languages = ",".join(settings.ocr_languages)
    missing = missing_requirement(settings.ocr_languages)
    return f"{tesseract_version()} {languages} {settings.ocr_seconds} {missing}"


def missing_requirement(languages: Iterable[str]) -> str:
    """What must be installed to read *languages*; empty where all is there."""
    if not tesseract_version():
        return "install Tesseract (tesseract-ocr) to read it"
    missing = sorted(set(languages) - _installed_languages())
    if not missing:
        return ""
    packages = " ".join(f"tesseract-ocr-{name.replace('_', '-')}" for name in missing)
    return f"install {packages} to read it, or change QA_OCR_LANGUAGES"


@cache
def _installed_languages() -> frozenset[str]:
    return frozenset(_ask("tesseract", "--list-langs").splitlines()[1:])


def _ask(program: str, option: str) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603
            [program, option], capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout or done.stderr
    return ""


def recognize_pages(
    numbers: Iterable[int], draw: Callable[[int], tuple[Picture, float]], settings: Settings
) -> dict[int, RecognizedPage | None]:
    """What is read of each page; None where nothing is; pages left for lack of time are missing.

    *draw* gives the picture of a page, and its dots per point.
    """
    deadline = time.monotonic() + settings.ocr_seconds
    pages: dict[int, RecognizedPage | None] = {}
    running: deque[tuple[int, _Recognition]] = deque()
    try:
        for number in numbers:
            if time.monotonic() >= deadline:
                break
            try:
                picture, scale = draw(number)
            except (RuntimeError, ValueError, ArithmeticError):  # a page too odd to be drawn
                pages[number] = None
                continue
            running.append((number, _Recognition(picture, scale, settings.ocr_languages)))
            if len(running) >= (os.cpu_count() or 1):
                _finish(running, pages, deadline)
        while running:
            _finish(running, pages, deadline)
    finally:
        for _, recognition in running:
            recognition.stop()
    return pages


def _finish(
    running: "deque[tuple[int, _Recognition]]",
    pages: dict[int, RecognizedPage | None],
    deadline: float,
) -> None:
    number, recognition = running.popleft()
    with suppress(subprocess.TimeoutExpired):
        pages[number] = recognition.wait(deadline)


class _Recognition:
    """A running Tesseract; its files have no names, so none is left behind."""

    def __init__(self, picture: Picture, scale: float, languages: Iterable[str]) -> None:
        self._picture, self._scale, self._languages = picture, scale, "+".join(languages)
        self._start(picture)

    def _start(self, picture: Picture) -> None:
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        height, width = picture.shape
        with tempfile.TemporaryFile() as image:
            image.write(b"P5 %d %d 255\n" % (width, height))
            image.write(np.ascontiguousarray(picture).data)
            image.seek(0)
            self._process = subprocess.Popen(  # noqa: S603
                self._command(),
                stdin=image,
                stdout=self._output,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            )
        _limit_time(self._process.pid)

    def _command(self) -> list[str]:
        dots_per_inch = str(max(70, round(self._scale * POINTS_PER_INCH)))
        options = ["-l", self._languages, "--dpi", dots_per_inch, "--psm", "1"]
        return ["tesseract", "stdin", "stdout", *options, "-c", "tessedit_create_tsv=1"]

    def wait(self, deadline: float) -> RecognizedPage | None:
        """What is in the picture, also upside down; raise TimeoutExpired after *deadline*."""
        words = self._wait_for_words(deadline)
        if _certainty(words) >= _MIN_CERTAINTY:
            return _build_page(words, self._picture.shape, self._scale)
        self._picture = self._picture[::-1, ::-1]
        self._start(self._picture)
        words = self._wait_for_words(deadline)
        if _certainty(words) >= _MIN_CERTAINTY:
            return _build_page(words, self._picture.shape, self._scale)
        return None

    def _wait_for_words(self, deadline: float) -> list[_Word]:
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
            self._output.seek(0)
            return [*_iter_words(self._output.read().decode("utf-8", "replace"))]
        finally:
            self.stop()

    def stop(self) -> None:
        """End the process, if it runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()


def _limit_time(process: int) -> None:
    """Have the system end *process* after a page's time, where it can."""
    set_limit = getattr(resource, "prlimit", None)
    if set_limit:
        with suppress(OSError, ValueError):
            set_limit(process, resource.RLIMIT_CPU, (_PAGE_SECONDS, _PAGE_SECONDS))


def _iter_words(table: str) -> Iterator[_Word]:
    """The words of Tesseract's table, in its order."""
    for row in csv.DictReader(StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        text = (row.get("text") or "").strip()
        if row.get("level") != "5" or not text:
            continue
        left, top, width, height = (int(row[name]) for name in ("left", "top", "width", "height"))
        line = (row["block_num"], row["par_num"], row["line_num"])
        certainty = max(0.0, float(row["conf"])) / 100
        yield _Word(text, left, top, left + width, top + height, line, certainty)


def _certainty(words: list[_Word]) -> float:
    """The mean certainty, by letters; 0 without words."""
    if not words:
        return 0.0
    return sum(w.certainty * len(w.text) for w in words) / sum(len(w.text) for w in words)


def _build_page(words: list[_Word], shape: tuple[int, ...], scale: float) -> RecognizedPage:
    words = [*_turn_upright(words, shape)]
    lines: dict[tuple[str, ...], list[_Word]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    usual = median(_height_of(line) for line in lines.values())
    segments = [s for line in lines.values() for s in _build_segments(line, scale, usual)]
    return RecognizedPage(segments, round(_certainty(words), 3))


def _height_of(line: list[_Word]) -> int:
    return max(w.bottom for w in line) - min(w.top for w in line)


def _turn_upright(words: list[_Word], shape: tuple[int, ...]) -> Iterator[_Word]:
    """*words* in a picture turned so that they run to the right."""
    height, width = shape
    long = [word for word in words if len(word.text) > 2]
    is_upright = sum(word.bottom - word.top > word.right - word.left for word in long)
    if 2 * is_upright <= len(long):
        yield from words
        return
    steps = [b.top - a.top for a, b in pairwise(words) if a.line == b.line]
    for w in words:
        if steps and fmean(steps) < 0:  # they run up
            yield w._replace(
                left=height - w.bottom, right=height - w.top, top=w.left, bottom=w.right
            )
        else:
            yield w._replace(left=w.top, right=w.bottom, top=width - w.right, bottom=width - w.left)


# A wider gap, in heights of the line, divides segments.
_GAP = 1.2
# Lines differ in height by their letters; one that is this many times as high is in larger type.
_LARGE = 1.4


def _build_segments(line: list[_Word], scale: float, usual: float) -> Iterator[Segment]:
    """The parts of a line without wide gaps, all as high as the line."""
    size = round((usual if _height_of(line) < _LARGE * usual else _height_of(line)) / scale)
    top, bottom = min(w.top for w in line), max(w.bottom for w in line)
    height = median(w.bottom - w.top for w in line)
    parts: list[list[_Word]] = []
    for word in line:
        if not parts or word.left - parts[-1][-1].right > _GAP * height:
            parts.append([])
        parts[-1].append(word)
    for part in parts:
        text = part[0].text
        for before, word in pairwise(part):
            text += " " * (not is_unspaced_joint(before.text, word.text)) + word.text
        left, right = min(w.left for w in part), max(w.right for w in part)
        box = (left / scale, -bottom / scale, right / scale, -top / scale)
        yield Segment(text, *box, size)
