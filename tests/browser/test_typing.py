"""Help while typing: a list that the keyboard walks, with what this browser asked before."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ASKED, HERONS, REST, ask, box, place, stop_clock
from tests.browser.test_accessibility import violations

SUGGESTIONS = "**/suggest?q=*"


def options(page):
    return page.locator(".suggestions [role=option]")


def type_in(page, text):
    """Type *text* at once: a rest in between would bring suggestions for its beginning."""
    box(page).focus()
    page.keyboard.insert_text(text)
    options(page).first.wait_for()


def test_a_question_is_chosen_with_the_arrows_and_asked(script_page):
    script_page.goto("/")
    type_in(script_page, "herons")
    script_page.keyboard.press("ArrowDown")
    active = options(script_page).first
    expect(active).to_have_attribute("aria-selected", "true")
    expect(box(script_page)).to_have_attribute("aria-activedescendant", "suggestion-0")
    expect(box(script_page)).to_be_focused()
    script_page.keyboard.press("Enter")
    script_page.locator("#q1").wait_for()

    assert script_page.locator("#q1").inner_text() == HERONS
    assert options(script_page).count() == 0


def test_a_document_is_opened_by_name_in_one_click(script_page):
    script_page.goto("/")
    type_in(script_page, "bridge ove")
    options(script_page).filter(has_text="Bridge over the Vesa").click()
    script_page.wait_for_url("**/documents/bridge")


def test_typing_errors_are_tolerated(script_page):
    script_page.goto("/")
    type_in(script_page, "lindhlom")

    expect(options(script_page).filter(has_text="The harbour of Lindholm")).to_have_count(1)


def test_escape_closes_the_list_and_the_arrows_leave_it_at_its_ends(script_page):
    script_page.goto("/")
    type_in(script_page, "vesa")
    script_page.keyboard.press("ArrowUp")
    expect(options(script_page).last).to_have_attribute("aria-selected", "true")
    script_page.keyboard.press("ArrowDown")
    assert box(script_page).get_attribute("aria-activedescendant") is None
    script_page.keyboard.press("Escape")

    assert options(script_page).count() == 0
    expect(box(script_page)).to_be_focused()
    assert box(script_page).input_value() == "vesa"


def test_a_list_is_announced_but_not_one_that_is_closed_at_once(script_page):
    script_page.goto("/")
    stop_clock(script_page)
    announced = script_page.locator("#said")
    for text, wait, words in (("vesa", 50, "use the down arrow"), ("herons", 49, "")):
        box(script_page).fill(text)
        script_page.clock.run_for(REST)
        options(script_page).first.wait_for()
        script_page.clock.run_for(wait)
        script_page.keyboard.press("Escape")
        script_page.clock.run_for(1000)

        assert announced.inner_text().endswith(words)
        assert bool(announced.inner_text()) == bool(words)


def test_enter_without_a_choice_asks_what_was_typed(script_page):
    script_page.goto("/")
    type_in(script_page, "herons")
    script_page.keyboard.press("Enter")
    script_page.locator("#q1").wait_for()

    assert script_page.locator("#q1").inner_text() == "herons"


def test_a_pause_is_waited_for_and_only_the_last_request_counts(script_page):
    asked, late = [], []

    def answer(route):
        asked.append(route.request.url)
        if "q=he&" in route.request.url + "&":
            late.append(route)
        else:
            route.continue_()

    script_page.route(SUGGESTIONS, answer)
    script_page.goto("/")
    stop_clock(script_page)
    box(script_page).focus()
    for part in ("he", "rons"):
        for letter in part:
            script_page.clock.run_for(REST - 1)
            script_page.keyboard.type(letter)
        with script_page.expect_request(SUGGESTIONS):
            script_page.clock.run_for(4 * REST)
    options(script_page).first.wait_for()

    assert [url.rpartition("q=")[2] for url in asked] == ["he", "herons"]
    assert options(script_page).first.inner_text() == HERONS


def test_no_help_while_the_service_does_not_answer_and_none_is_missed(script_page):
    script_page.route(SUGGESTIONS, lambda route: route.abort())
    script_page.goto("/")
    box(script_page).focus()
    with script_page.expect_event("requestfailed"):
        script_page.keyboard.insert_text("herons")
    script_page.keyboard.press("Enter")
    script_page.locator("#q1").wait_for()

    assert options(script_page).count() == 0


def test_what_was_asked_is_offered_again_until_it_is_cleared(script_page):
    script_page.goto("/")
    ask(script_page, ASKED)
    script_page.goto("/")
    box(script_page).click()
    expect(options(script_page)).to_have_text([ASKED])
    script_page.get_by_role("button", name="Clear").click()
    expect(options(script_page)).to_have_count(0)
    script_page.reload()
    box(script_page).click()

    assert options(script_page).count() == 0
    assert script_page.evaluate("localStorage.getItem('history')") is None


def test_a_history_that_is_switched_off_keeps_nothing(script_page):
    script_page.goto("/")
    script_page.get_by_role("button", name="History").click()
    script_page.get_by_label("Keep a history in this browser").uncheck()
    script_page.keyboard.press("Escape")
    ask(script_page, ASKED)
    script_page.get_by_role("button", name="History").click()

    expect(script_page.get_by_text("Nothing yet.")).to_be_visible()


def test_a_question_in_the_history_brings_its_conversation_back(script_page):
    script_page.goto("/")
    ask(script_page, ASKED)
    script_page.goto("/about")
    script_page.get_by_role("button", name="History").click()
    script_page.get_by_role("link", name=ASKED).click()
    script_page.locator("#q1").wait_for()

    assert place(script_page).startswith("/?q=Who+demanded")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_list(open_page, theme, width):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": 640})
    page.goto("/")
    type_in(page, "vesa")
    page.keyboard.press("ArrowDown")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_list_opens_above_a_box_at_the_bottom(open_page):
    page = open_page(viewport={"width": 1280, "height": 440})
    page.goto(f"/?q={ASKED}")
    type_in(page, "vesa")
    listed, field = page.locator(".suggestions").bounding_box(), box(page).bounding_box()

    assert listed["y"] >= 0
    assert listed["y"] + listed["height"] <= field["y"] + 1


def test_related_questions_lead_on_without_scripts_too(page):
    page.goto("/?q=herons+below+the+weir+and+guarantees+council")
    related = page.locator(".related a")
    question = related.first.inner_text()
    related.first.click()
    page.locator("#q2").wait_for()

    assert page.locator("#q2").inner_text() == question
