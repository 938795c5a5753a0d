"""Every page in both themes, at every width, for everyone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import ASKED, FOLLOWED, HERONS, REFUSED, ask, box

PAGES = [
    "/",
    f"/?q={ASKED}",
    f"/?q={ASKED}&q={FOLLOWED}&publisher=Northern+Gazette&from=2020-01-01&sort=newest",
    "/?q=harbour+bridge+council",
    f"/?q={REFUSED}&from=2020-01-01",
    "/?q=harbour&q=%3F%3F",
    "/?from=never",
    "/about",
    "/documents",
    "/documents/bridge",
    "/documents/nothing",
]
UNFOLD = "for (const details of document.querySelectorAll('details')) details.open = true"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # What is right is not listed: on a page of ten thousand elements that takes most of the time.
    "resultTypes": ["violations"],
}


def violations(page):
    results = Axe().run(page, options=RULES).response["violations"]
    return [
        (violation["id"], [node["html"] for node in violation["nodes"]]) for violation in results
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong(open_page, theme):
    page = open_page(color_scheme=theme)
    for path in PAGES:
        page.goto(path)
        page.evaluate(UNFOLD)
        assert violations(page) == [], path
    page.keyboard.press("?")
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_a_cited_document(open_page, theme):
    page = open_page(color_scheme=theme)
    page.goto(f"/?q={HERONS}")
    page.goto(page.get_by_role("link", name="Open in document").first.get_attribute("href"))
    page.locator("mark.answer").wait_for()

    assert violations(page) == []


def test_no_page_scrolls_sideways_on_a_small_screen(open_page):
    page = open_page(viewport={"width": 320, "height": 640})
    for path in PAGES:
        page.goto(path)
        page.evaluate(UNFOLD)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_text_may_be_spaced_as_readers_need_it(open_page):
    page = open_page(viewport={"width": 320, "height": 640}, bypass_csp=True)
    for path in PAGES:
        page.goto(path)
        page.add_style_tag(
            content="* { line-height: 1.5 !important; letter-spacing: .12em !important;"
            " word-spacing: .16em !important } p { margin-bottom: 2em !important }"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_what_is_touched_is_large_enough(open_page):
    page = open_page(viewport={"width": 320, "height": 640})
    small = """() => [...document.querySelectorAll("a, button, summary, .choices label, textarea")]
        .filter(e => e.checkVisibility() && !e.matches("p a, dd a, dt a, .ignored a, .skip"))
        .map(e => [e.outerHTML, e.getBoundingClientRect()])
        .filter(([, {width, height}]) => width && (width < 24 || height < 23.5))
        .map(([html]) => html)"""
    for path in PAGES[:8]:
        page.goto(path)
        page.evaluate(UNFOLD)
        assert page.evaluate(small) == [], path


def test_an_answer_is_spoken_once(script_page):
    script_page.goto("/")
    status = script_page.locator("[role=status]")
    script_page.evaluate(
        """() => { window.spoken = [];
            // Suggestions may be spoken while the question is typed.
            document.addEventListener("submit", () => { spoken.length = 0 }, true);
            new MutationObserver(() => spoken.push(document.getElementById("said").textContent))
                .observe(document.getElementById("said"), {childList: true}) }"""
    )
    ask(script_page, ASKED)
    expect(status).not_to_be_empty()

    assert status.count() == 1
    verdict = script_page.locator(".verdict").inner_text()
    assert status.inner_text().startswith(f"{verdict}. The harbour of Lindholm Northern Gazette")
    assert [words for words in script_page.evaluate("spoken") if words] == [status.inner_text()]


def test_on_a_touch_screen_the_answer_gets_the_focus(open_page):
    page = open_page(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800})
    page.goto("/")
    ask(page, ASKED)

    expect(page.locator("#q1")).to_be_focused()


def test_colours_that_are_forced_leave_the_marks_apart(open_page):
    page = open_page(forced_colors="active")
    page.goto(f"/?q={ASKED}")
    background = "mark => getComputedStyle(mark).backgroundColor"

    answer, body = page.locator("mark.answer").first, page.locator("body")
    assert answer.evaluate(background) != body.evaluate(background)


def test_paper_gets_the_passages_and_where_they_are_from(open_page):
    page = open_page()
    page.goto("/?q=harbour+bridge+council")
    page.emulate_media(media="print")

    assert not box(page).is_visible()
    assert page.locator("article cite").last.is_visible()
