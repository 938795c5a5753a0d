"""Below a path, scripts ask for nothing outside of it."""

from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import ASKED, HERONS, PATIENCE, ask, box
from tests.conftest import run_service


@pytest.fixture
def address(index, monkeypatch):
    """The address of a service over the small index at /kb."""
    monkeypatch.setenv("SCRIPT_NAME", "/kb")
    with run_service(index, threads=4) as (host, port):
        yield f"http://{host}:{port}/kb/"


def test_all_that_scripts_do_stays_below_the_path(browser, address):
    context = browser.new_context(base_url=address)
    context.set_default_timeout(PATIENCE)
    requested, errors = [], []
    context.on("request", lambda request: requested.append(request.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    page.goto("")
    box(page).press_sequentially("harbour")
    page.locator(".suggestions [role=option]").first.wait_for()
    page.goto("")
    ask(page, ASKED)
    page.locator("[data-open]").first.click()
    page.locator(".panel").wait_for()
    ask(page, HERONS)
    page.get_by_role("button", name="History").click()
    page.get_by_role("link", name=ASKED, exact=True).click()
    page.locator("#q1").wait_for()
    page.goto("documents")
    page.get_by_label("Title").first.fill("bridge")
    page.wait_for_url("**title=bridge*")
    page.goto("api")
    page.locator(".try-call summary").first.click()
    page.locator(".try-call button").first.click()
    page.locator(".try-call output pre").first.wait_for()
    context.close()

    paths = [urlsplit(url).path for url in requested]
    assert errors == []
    assert {"/kb/suggest", "/kb/documents", "/kb/ask"} <= {*paths}
    assert [path for path in paths if not path.startswith("/kb/")] == []
