"""Everything by keyboard; keys that help, and only where they should."""

from playwright.sync_api import expect

from tests.browser.conftest import ASKED, FOLLOWED, HERONS, box, place

FOCUSED = "document.activeElement.outerHTML"


def test_the_whole_way_needs_no_mouse(page):
    keys = page.keyboard
    page.goto("/about")
    keys.press("Tab")
    assert "Skip to the content" in page.locator(":focus").inner_text()
    keys.press("Tab")
    keys.press("Enter")
    page.get_by_role("heading", name="Ask the documents").wait_for()
    expect(box(page)).to_be_focused()
    keys.type(ASKED)
    keys.press("Tab")
    keys.press("Enter")
    page.locator("#q1").wait_for()
    # Whoever has scripts is still in the box, below the answer.
    key = "Shift+Tab" if box(page).evaluate("box => box === document.activeElement") else "Tab"
    citation = page.get_by_role("link", name="Open in document").first
    for _ in range(40):
        keys.press(key)
        if citation.evaluate("link => link === document.activeElement"):
            break
    keys.press("Enter")

    page.locator("main mark.answer").wait_for()
    assert place(page).startswith("/documents/harbour")


def test_enter_asks_and_shift_enter_starts_a_line(scripted):
    scripted.goto("/")
    expect(box(scripted)).to_be_focused()
    keys = scripted.keyboard
    keys.type("Who counted herons")
    keys.press("Shift+Enter")
    keys.type("below the weir?")
    assert box(scripted).input_value() == "Who counted herons\nbelow the weir?"
    keys.press("Enter")
    scripted.locator("#q1").wait_for()

    assert scripted.locator("#q1").inner_text() == HERONS
    assert place(scripted) == "/?q=Who+counted+herons+below+the+weir%3F#q1"
    assert box(scripted).evaluate("box => box === document.activeElement")


def test_enter_that_ends_a_composition_does_not_ask(scripted):
    scripted.goto("/")
    box(scripted).fill("北约")
    box(scripted).evaluate(
        """box => box.dispatchEvent(new KeyboardEvent("keydown",
            {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    box(scripted).press("Enter")
    scripted.locator("article").wait_for()

    assert scripted.locator("article").count() == 1


def test_an_empty_box_asks_nothing(scripted):
    scripted.goto("/")
    box(scripted).press("Enter")

    assert place(scripted) == "/?#"


def test_keys_lead_to_the_box_and_out_of_it(scripted):
    scripted.goto(f"/?q={ASKED}")
    for key in ("/", "Control+k"):
        scripted.keyboard.press(key)
        assert box(scripted).evaluate("box => box === document.activeElement")
        scripted.keyboard.press("Escape")
        assert scripted.evaluate("document.activeElement === document.body")

    assert box(scripted).input_value() == ""


def test_arrow_up_takes_back_the_questions_before(scripted):
    scripted.goto(f"/?q={ASKED}&q={FOLLOWED}")
    box(scripted).press("ArrowUp")
    assert box(scripted).input_value() == FOLLOWED
    box(scripted).press("ArrowUp")
    assert box(scripted).input_value() == ASKED
    box(scripted).fill("something else")
    box(scripted).press("ArrowUp")

    assert box(scripted).input_value() == "something else"


def test_keys_are_listed_and_can_be_switched_off(scripted):
    scripted.goto("/about")
    scripted.keyboard.press("?")
    listed = scripted.get_by_role("dialog", name="Keys")
    assert listed.is_visible()
    listed.get_by_role("checkbox").uncheck()
    scripted.keyboard.press("Escape")
    assert not listed.is_visible()
    scripted.keyboard.press("?")
    assert not listed.is_visible()
    scripted.goto(f"/?q={ASKED}")
    scripted.locator("#q1").focus()
    scripted.keyboard.press("/")
    assert not box(scripted).evaluate("box => box === document.activeElement")
    scripted.keyboard.press("Control+k")

    assert box(scripted).evaluate("box => box === document.activeElement")


def test_the_list_of_keys_needs_no_key(page):
    page.goto("/")
    page.get_by_role("link", name="Keys").click()

    page.get_by_role("heading", name="Keys").wait_for()


def test_keys_that_belong_to_the_browser_stay_with_it(scripted):
    scripted.goto(f"/?q={ASKED}")
    scripted.evaluate(
        """addEventListener("keydown", event => { window.taken = event.defaultPrevented })"""
    )
    for key in ("Control+Shift+k", "Alt+/", "Control+/", "a", "ArrowUp"):
        scripted.keyboard.press(key)
        assert not scripted.evaluate("window.taken"), key


def test_a_box_nearly_full_tells_what_is_left(scripted):
    scripted.goto("/")
    left = "box => box.parentElement.dataset.left"
    box(scripted).fill("x" * 1700)
    assert box(scripted).evaluate(left) is None
    box(scripted).fill("x" * 1950)

    assert box(scripted).evaluate(left) == "50 left"
