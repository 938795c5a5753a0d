"""How long after the response a browser has painted the answer: loaded anew, again, and in place.

    python -m benchmarks.painting [--index INDEX] [--questions FILE] [--limit N]

INDEX is an index folder, by default one built of the documents we ship; FILE has an object with a
`question`, or a `text`, on each line, by default INDEX/questions.jsonl.  The browser is the
system's Chromium (`pip install -e '.[test]'` brings what drives it), before one worker of gunicorn.
Others at work on the machine make all of it longer, but for the time that the page's thread ran.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from qa.engines.factory import open_engine
from qa.publishing.builder import index_folder
from qa.settings import Settings

ROOT = Path(__file__).parent.parent
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking"]
# What is painted by when: the largest thing so far, which is the quote, is inside a turn.
_LOADED = """() => new Promise(resolve => new PerformanceObserver(list => {
    const quote = list.getEntries().findLast(entry => entry.element?.closest("article"));
    const [page] = performance.getEntriesByType("navigation");
    if (quote) resolve(quote.startTime - page.responseEnd);
}).observe({type: "largest-contentful-paint", buffered: true}))"""
# A task after the next frame was drawn runs when that is painted.
_IN_PLACE = """() => { window.painted = new Promise(resolve => new MutationObserver(() => {
    if (!document.querySelector("main article")) return;
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
}).observe(document.querySelector("main"), {childList: true})) }"""
_FETCHED = """async () => await window.painted - performance.getEntriesByType("resource")
    .findLast(entry => entry.initiatorType === "fetch").responseEnd"""


def main(argv: Sequence[str] | None = None) -> None:
    """Print the median and the 95th percentile of each way, in milliseconds."""
    parser = argparse.ArgumentParser(prog="painting", description=__doc__)
    parser.add_argument("--index", type=Path)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--limit", type=int, default=50)
    options = parser.parse_args(argv)
    with contextlib.ExitStack() as stack:
        index = options.index or stack.enter_context(_sample_index())
        questions = _load_questions(options.questions or index / "questions.jsonl")[: options.limit]
        address = stack.enter_context(_serve(index))
        browser = stack.enter_context(_chromium())
        load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
        _print(f"{len(questions)} questions, {os.cpu_count()} cores, load {load}")
        for name, measure in _MEASURES.items():
            times = [*_times(browser, address, questions, measure)]
            high = sorted(times)[round(0.95 * (len(times) - 1))]
            fast = sum(value <= 100 for value in times) / len(times)
            _print(
                f"{name:13} p50 {statistics.median(times):6.1f} ms   p95 {high:6.1f} ms"
                f"   within 100 ms {fast:.0%}"
            )


def _times(
    browser: Browser, address: str, questions: list[str], measure: Callable[[Page, str], float]
) -> Iterator[float]:
    """What *measure* gives for each question, in a profile of its own."""
    for question in questions:
        context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
        context.set_default_timeout(10_000)
        try:
            yield measure(context.new_page(), question)
        finally:
            context.close()


def _load(page: Page, question: str) -> float:
    """The page with the answer, with nothing in the cache."""
    page.goto(f"/?{urlencode({'q': question})}")
    milliseconds: float = page.evaluate(_LOADED)
    return milliseconds


def _load_again(page: Page, question: str) -> float:
    """The same with style sheet and script in the cache."""
    page.goto("/about")
    return _load(page, question)


def _fetch(page: Page, question: str) -> float:
    """The answer put in place by the script."""
    page.goto("/")
    page.evaluate(_IN_PLACE)
    page.locator(".composer textarea").fill(question)
    page.locator(".composer textarea").press("Enter")
    page.locator("article").wait_for()
    milliseconds: float = page.evaluate(_FETCHED)
    return milliseconds


def _work(page: Page, question: str) -> float:
    """How long the thread that parses, lays out and runs scripts was at work on a page."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    _load_again(page, question)
    page.wait_for_load_state("networkidle")
    metrics = session.send("Performance.getMetrics")["metrics"]
    seconds: float = next(m["value"] for m in metrics if m["name"] == "TaskDuration")
    return 1000 * seconds


_MEASURES = {
    "loaded": _load,
    "loaded again": _load_again,
    "in place": _fetch,
    "thread's work": _work,
}


@contextlib.contextmanager
def _sample_index() -> Iterator[Path]:
    """An index of the documents that we ship, with their questions."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=folder, documents=str(ROOT / "index" / "documents"))
        shutil.copy(ROOT / "index" / "questions.jsonl", folder)
        index_folder(settings.documents_folder, open_engine(settings), settings)
        yield Path(folder)


def _load_questions(path: Path) -> list[str]:
    """The questions in a file, but those that nothing should answer."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.open(encoding="utf-8")]
    return [row.get("question") or row["text"] for row in rows if "verdict" not in row]


@contextlib.contextmanager
def _serve(index: Path) -> Iterator[str]:
    """The address of a gunicorn before *index*."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        bind = f"--bind=fd://{listening.fileno()}"
        command = [sys.executable, "-m", "gunicorn", "--workers=1", "--threads=4", bind]
        gunicorn = subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--no-control-socket", "--log-level=warning", "qa.app:create_app()"],
            pass_fds=[listening.fileno()],
            env=os.environ | {"QA_INDEX": str(index.resolve())},
            cwd=ROOT,
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            gunicorn.terminate()
            gunicorn.wait(timeout=30)


@contextlib.contextmanager
def _chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        sys.exit("There is no Chromium here; on Debian, `apt-get install chromium` brings it.")
    flags = _FLAGS + ["--no-sandbox"] * (os.getuid() == 0)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - for who runs it


if __name__ == "__main__":
    main()
