"""Everything by keyboard; keys that help, and only where they should."""

from playwright.sync_api import expect

from tests.browser.conftest import ASKED, FOLLOWED, HERONS, box, place

FOCUSED = "element => element === document.activeElement"


def test_the_whole_way_needs_no_mouse(page):
    keys = page.keyboard
    page.goto("/about")
    keys.press("Tab")
    assert "Skip to content" in page.locator(":focus").inner_text()
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
    # Where the browser has not come to the address's heading yet, it begins at the top of the page.
    for _ in range(200):
        keys.press(key)
        if citation.evaluate("link => link === document.activeElement"):
            break
    keys.press("Enter")
    page.locator(".reader mark.answer, .panel mark.answer").wait_for()

    assert place(page).startswith("/documents/harbour") or "&open=1" in page.url


def test_a_citation_is_copied_with_few_keys(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/")
    expect(box(page)).to_be_focused()
    page.keyboard.type(ASKED)
    pressed = ["Enter"]
    page.keyboard.press("Enter")
    page.locator("#q1").wait_for()
    copy = page.get_by_role("link", name="Copy passage 1")
    for key in ("Escape", *["Tab"] * 9):
        pressed.append(key)
        page.keyboard.press(key)
        if copy.evaluate(FOCUSED):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Copied")

    assert len(pressed) + 1 <= 8
    assert "Captain Elsa Moberg demanded" in page.evaluate("navigator.clipboard.readText()")


def test_enter_asks_and_shift_enter_starts_a_line(script_page):
    script_page.goto("/")
    expect(box(script_page)).to_be_focused()
    keys = script_page.keyboard
    keys.type("Who counted herons")
    keys.press("Shift+Enter")
    keys.type("below the weir?")
    assert box(script_page).input_value() == "Who counted herons\nbelow the weir?"
    keys.press("Enter")
    script_page.locator("#q1").wait_for()

    assert script_page.locator("#q1").inner_text() == HERONS
    assert place(script_page) == "/?q=Who+counted+herons+below+the+weir%3F#q1"
    assert box(script_page).evaluate("box => box === document.activeElement")


def test_enter_that_ends_a_composition_does_not_ask(script_page):
    script_page.goto("/")
    box(script_page).fill("北约")
    box(script_page).evaluate(
        """box => box.dispatchEvent(new KeyboardEvent("keydown",
            {key: "Enter", isComposing: true, bubbles: true, cancelable: true}))"""
    )
    box(script_page).press("Enter")
    script_page.locator("article").wait_for()

    assert script_page.locator("article").count() == 1


def test_an_empty_box_asks_nothing(script_page):
    script_page.goto("/")
    box(script_page).press("Enter")

    assert place(script_page) == "/?#"


def test_keys_lead_to_the_box_and_out_of_it(script_page):
    script_page.goto(f"/?q={ASKED}")
    for key in ("/", "Control+k"):
        script_page.keyboard.press(key)
        assert box(script_page).evaluate("box => box === document.activeElement")
        script_page.keyboard.press("Escape")
        assert script_page.locator("#q1").evaluate(FOCUSED)

    assert box(script_page).input_value() == ""


def test_arrow_up_takes_back_the_questions_before(script_page):
    script_page.goto(f"/?q={ASKED}&q={FOLLOWED}")
    box(script_page).press("ArrowUp")
    assert box(script_page).input_value() == FOLLOWED
    box(script_page).press("ArrowUp")
    assert box(script_page).input_value() == ASKED
    box(script_page).fill("something else")
    box(script_page).press("ArrowUp")

    assert box(script_page).input_value() == "something else"


def test_keys_are_listed_and_can_be_switched_off(script_page):
    script_page.goto("/about")
    script_page.keyboard.press("?")
    listed = script_page.get_by_role("dialog", name="Keys")
    expect(listed).to_be_visible()
    listed.get_by_role("checkbox").uncheck()
    script_page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    script_page.keyboard.press("?")
    assert not listed.is_visible()
    script_page.goto(f"/?q={ASKED}")
    script_page.locator("#q1").focus()
    script_page.keyboard.press("/")
    assert not box(script_page).evaluate("box => box === document.activeElement")
    script_page.keyboard.press("Control+k")

    assert box(script_page).evaluate("box => box === document.activeElement")


def test_the_list_of_keys_needs_no_key(page):
    page.goto("/")
    page.get_by_role("link", name="Keys").click()

    page.get_by_role("heading", name="Keys").wait_for()


def test_keys_that_belong_to_the_browser_stay_with_it(script_page):
    script_page.goto(f"/?q={ASKED}")
    script_page.evaluate(
        """addEventListener("keydown", event => { window.taken = event.defaultPrevented })"""
    )
    for key in ("Control+Shift+k", "Alt+/", "Control+/", "a", "ArrowUp"):
        script_page.keyboard.press(key)
        assert not script_page.evaluate("window.taken"), key


def test_a_box_nearly_full_tells_what_is_left(script_page):
    script_page.goto("/")
    letters_left = "box => box.parentElement.dataset.left"
    box(script_page).fill("x" * 1700)
    assert box(script_page).evaluate(letters_left) is None
    box(script_page).fill("x" * 1950)

    assert box(script_page).evaluate(letters_left) == "50 left"
