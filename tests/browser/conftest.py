"""A real browser before a real gunicorn; every test gets a profile of its own."""

import json
import os
import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.conftest import BRIDGE, HARBOUR, build_index, run_gunicorn, write

# The same engine without the windows of a desktop first: a test takes a quarter less.
NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable"),
)
# Each new window would start a process for the suggestions of the address bar and one to spare: two
# thirds of what a test takes.  The flag replaces the one of Playwright, whose features follow.
_FEATURES = """
SpareRendererForSitePerProcess PreloadTopChromeWebUI
WebUIOmniboxPopup WebUIOmniboxFullPopup WebUIOmniboxAimPopup

AvoidUnnecessaryBeforeUnloadCheckSync DestroyProfileOnBrowserClose HttpsUpgrades
HttpsFirstBalancedModeAutoEnable LensOverlay MediaRouter PaintHolding ThirdPartyStoragePartitioning
AvoidCorsURLLoaderRestartOnRedirect TcpPortRandomizationWin OptimizationHints
NetworkTimeServiceQuerying AimEnabled PreconnectToSearch
""".split()
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(_FEATURES)}",
]
ASKED = "Who demanded legal guarantees from the council?"
FOLLOWED = "When did she repeat it?"
REFUSED = "Which unicorns sleep on Jupiter?"
FERRY = "The ferry ran every hour, and nobody wrote down who was on it or what they carried. "
LONG = f"""---
title: A long report on the Vesa
publisher: River Board
date: 2023-06-01
---
{"".join(f"{FERRY * 6}" + chr(10) * 2 for _ in range(40))}
Inspector Nora Quill counted nineteen herons below the weir at Asker in the spring of 2023.

{"".join(f"{FERRY * 6}" + chr(10) * 2 for _ in range(40))}
"""
HERONS = "Who counted herons below the weir?"
# Waiting ends early anyway; a busy machine takes its time.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
# How many milliseconds of rest in typing are waited for before there are suggestions.
REST = 120


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The address of the service over documents of three publishers, one of them long."""
    folder = tmp_path_factory.mktemp("site")
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE, report_md=LONG)
    rows = [{"question": question} for question in (ASKED, HERONS)]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)))
    build_index(folder)
    with run_gunicorn(folder) as address:
        yield address


@pytest.fixture(scope="session")
def browser(pytestconfig):
    """The system's Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        tell = pytest.fail if pytestconfig.getoption("--need-browser") else pytest.skip
        tell("There is no Chromium here; run `apt-get install chromium-headless-shell` on Debian.")
    # As root there is no sandbox to drop into.
    flags = FLAGS + ["--no-sandbox"] * (os.getuid() == 0)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, site):
    """Open a page with the given options; in the end, all it asked for must have been ours."""
    contexts, troubles = [], []

    def open_page(**options):
        context = browser.new_context(base_url=site, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        context.on("request", lambda request: _check(request, site, troubles))
        context.on("weberror", lambda error: troubles.append(str(error.error)))
        context.on("console", lambda message: _listen(message, troubles))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()

    assert troubles == []


def _check(request, site, troubles):
    if urlsplit(request.url).netloc != urlsplit(site).netloc:
        troubles.append(f"asked another origin: {request.url}")


def _listen(message, troubles):
    # A page of status 422 or 404 is a page, but Chromium calls it an error.
    if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
        troubles.append(message.text)


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(open_page, request):
    """A page, once with scripts and once without."""
    return open_page(java_script_enabled=request.param)


@pytest.fixture
def script_page(open_page):
    """A page with scripts."""
    return open_page()


def box(page):
    """The box to ask in."""
    return page.locator(".composer textarea")


def ask(page, question):
    """Type a question and press the button."""
    turns = page.locator("article")
    count = turns.count()
    box(page).fill(question)
    page.get_by_role("button", name="Ask").click()
    turns.nth(count).wait_for()


def place(page):
    """The address without the server's."""
    parts = urlsplit(page.url)
    return f"{parts.path}?{parts.query}#{parts.fragment}"


def stop_clock(page):
    """Have no timer of the page pass but by `page.clock.run_for`."""
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))


def expect_in_view(locator):
    """Wait until a part of the page is wholly in the window: pages scroll once they are drawn."""
    expect(locator).to_be_in_viewport(ratio=1)


def headings(page):
    """The questions of the turns on the page."""
    return page.locator("article h2")
