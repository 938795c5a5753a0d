"""Small tools: the theme, the text size, keys for a passage, judgements, and the API's forms."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ASKED, PATIENCE, REST, box, place, stop_clock
from tests.browser.test_accessibility import violations
from tests.conftest import BRIDGE, HARBOUR, build_index, run_gunicorn, write

BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize(("theme", "other"), [("Dark", "light"), ("Light", "dark")])
def test_a_theme_stays_on_every_page_whatever_the_system_says(open_page, theme, other):
    page = open_page(color_scheme=other)
    page.goto("/")
    before = page.evaluate(BACKGROUND)
    page.get_by_role("button", name="Display").click()
    page.get_by_label(theme).check()
    chosen = page.evaluate(BACKGROUND)
    page.goto("/about")

    assert page.evaluate(BACKGROUND) == chosen != before
    page.get_by_role("button", name="Display").click()
    page.get_by_label("System").check()
    assert page.evaluate(BACKGROUND) == before


def test_the_text_size_stays_on_every_page(script_page):
    size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    script_page.goto("/")
    before = script_page.evaluate(size)
    script_page.get_by_role("button", name="Display").click()
    script_page.get_by_label("Larger").check()
    script_page.goto("/documents")

    assert script_page.evaluate(size) == pytest.approx(before * 1.375)


@pytest.mark.parametrize("button", ["Display", "History"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_dialogs(open_page, theme, button):
    page = open_page(color_scheme=theme)
    page.goto(f"/?q={ASKED}")
    page.get_by_role("button", name=button).click()

    assert violations(page) == []


def test_without_scripts_there_are_no_buttons_that_need_them(open_page):
    page = open_page(java_script_enabled=False)
    page.goto("/")

    assert not page.get_by_role("button", name="Display").is_visible()


def test_from_the_first_page_to_a_copied_citation_in_twelve_keys(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/")
    expect(box(page)).to_be_focused()
    keys = ["h", "e", "r", "o", "n", "ArrowDown", "Enter"]
    # On a busy machine there would be suggestions for "hero" first.
    stop_clock(page)
    for key in keys:
        if key == "ArrowDown":
            page.clock.run_for(REST)
            page.locator(".suggestions [role=option]").first.wait_for()
        page.keyboard.press(key)
    page.locator("#q1").wait_for()
    page.clock.resume()
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.locator("[role=status]#said")).to_contain_text("Copied")
    text = page.evaluate("navigator.clipboard.readText()")

    assert len(keys) + 2 <= 12
    assert "nineteen herons" in text
    assert "A long report on the Vesa" in text


def test_a_key_opens_the_document_of_the_passage(script_page):
    script_page.goto(f"/?q={ASKED}")
    script_page.locator("#q1").focus()
    script_page.keyboard.press("o")

    script_page.wait_for_url(lambda url: "open=1" in url or "/documents/harbour" in url)


def test_keys_for_a_passage_can_be_switched_off(script_page):
    script_page.goto(f"/?q={ASKED}")
    script_page.locator("#q1").focus()
    script_page.keyboard.press("?")
    script_page.get_by_label("Single-letter keys").uncheck()
    script_page.keyboard.press("Escape")
    script_page.locator("#q1").focus()
    # What they do begins with a click on a link of the passage.
    script_page.evaluate("addEventListener('click', () => { window.clicked = true }, true)")
    script_page.keyboard.press("o")
    script_page.keyboard.press("c")

    assert not script_page.evaluate("window.clicked")


@pytest.fixture(scope="module")
def feedback_site(tmp_path_factory):
    """The address of a service that stores judgements, and their file."""
    folder = tmp_path_factory.mktemp("judged")
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    build_index(folder)
    path = folder / "judgements.jsonl"
    path.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QA_FEEDBACK", str(path))
        with run_gunicorn(folder) as address:
            yield address, path


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_reader_says_whether_a_passage_answers(browser, feedback_site, script):
    address, path = feedback_site
    before = len(path.read_text().splitlines())
    context = browser.new_context(base_url=address, java_script_enabled=script)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(f"/?q={ASKED}")
    assert violations(page) == [] if script else True
    page.get_by_role("group", name="Does this answer your question?").get_by_text("Yes").click()
    expect(page.get_by_text("Thank you").first).to_be_visible()
    context.close()

    lines = path.read_text().splitlines()[before:]
    assert [(row["question"], row["right"]) for row in map(json.loads, lines)] == [(ASKED, True)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_wrong_with_the_api(open_page, theme, width):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": 800})
    page.goto("/api")
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_call_is_tried_on_the_page(script_page):
    script_page.goto("/api")
    section = script_page.get_by_role("region", name="Answer a question", exact=True)
    section.locator(".try-call summary").click()
    section.locator("input[name=q]").fill(ASKED)
    section.get_by_role("button", name="Send").click()
    output = section.locator("output pre")
    output.wait_for()

    assert json.loads(output.inner_text())["verdict"] == "found"
    assert place(script_page) == "/api?#"


def test_a_posted_call_is_tried_on_the_page(script_page):
    script_page.goto("/api")
    section = script_page.get_by_role("region", name="Check saved citations")
    section.locator(".try-call summary").click()
    section.get_by_role("button", name="Send").click()
    output = section.locator("output pre")
    output.wait_for()

    assert json.loads(output.inner_text())["citations"]


def test_a_call_is_tried_without_scripts(open_page):
    page = open_page(java_script_enabled=False)
    page.goto("/api")
    section = page.get_by_role("region", name="Answer a question", exact=True)
    section.locator(".try-call summary").click()
    section.get_by_role("button", name="Send").click()
    page.wait_for_url("**/ask?q=*")

    assert json.loads(page.inner_text("body"))["verdict"] == "found"
