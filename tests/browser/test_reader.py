"""The reader page in a real browser: the mark in view, on any screen, and the way on and back."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ASKED, HERONS, expect_in_view, place
from tests.browser.test_accessibility import violations

LONG_READ = "/documents/report"
MATCHES = "Matches of the question in this document"


def open_citation(page, question=HERONS):
    """Open the first citation of an answer, and wait until its mark is in view."""
    page.goto(f"/?q={question}")
    # On a wide screen, a click would open it beside the answer.
    page.goto(page.get_by_role("link", name="Open in document").first.get_attribute("href"))
    mark = page.locator("main mark.answer")
    expect_in_view(mark)
    return mark


@pytest.mark.parametrize("width", [320, 1280])
def test_the_cited_sentence_is_in_view(open_page, width):
    for script in (True, False):
        page = open_page(viewport={"width": width, "height": 640}, java_script_enabled=script)

        expect_in_view(open_citation(page))


def test_an_address_that_was_sent_opens_at_the_sentence(open_page):
    page = open_page(viewport={"width": 390, "height": 700})
    open_citation(page)
    address = page.url.partition("#")[0]
    other = open_page(viewport={"width": 390, "height": 700})
    other.goto(f"{address}#cited")

    expect_in_view(other.locator("main mark.answer"))


def test_back_leads_to_the_answer_and_forward_to_the_sentence(page):
    mark = open_citation(page)
    page.go_back()
    page.locator("#q1").wait_for()
    assert page.locator("#q1").inner_text() == HERONS
    page.go_forward()
    expect_in_view(mark)
    page.reload()

    expect_in_view(mark)


def test_the_place_is_found_again_after_reading_on(page):
    mark = open_citation(page)
    page.keyboard.press("Control+Home")
    page.get_by_role("link", name="Go to the cited passage").click()

    expect(mark).to_be_in_viewport()


def test_the_answer_is_one_step_away(page):
    open_citation(page)
    page.get_by_role("navigation", name=MATCHES).get_by_role("link", name="answer").click()
    page.locator("#q1").wait_for()

    assert place(page).startswith("/?q=Who+counted+herons+below+the+weir%3F#q1")


def test_each_match_is_in_view_when_it_is_stepped_to(page):
    page.goto("/documents/harbour?q=harbour+council+storm+lighthouse")
    steps = page.get_by_role("navigation", name=MATCHES)
    positions = []
    for name in ("First", "Next", "Previous"):
        before = page.url
        steps.get_by_role("link", name=name).click()
        expect(page).not_to_have_url(before)
        mark = page.locator("main mark.answer")
        expect(mark).to_be_in_viewport()
        positions.append(mark.inner_text())

    assert positions[0] == positions[2] != positions[1]


def test_the_document_itself_can_be_asked(page):
    page.goto("/documents/harbour")
    page.get_by_label("Ask within this document").fill(ASKED)
    page.get_by_role("button", name="Ask").click()
    page.locator("#q1").wait_for()

    assert "document=harbour" in page.url
    expect(page.get_by_role("button", name="Remove the filter")).to_be_visible()


def test_a_citation_is_copied_by_a_click(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    mark = open_citation(page).inner_text()
    page.locator("summary", has_text="Cite").click()
    for name, part in (("Plain text", "“"), ("Markdown", "> "), ("BibTeX", "@")):
        page.get_by_role("link", name=name).click()
        expect(page.locator("#said")).to_have_text(f"Copied: {name}")
        copied = page.evaluate("navigator.clipboard.readText()")

        assert copied.startswith(part)
        assert mark in copied
    assert place(page).startswith(LONG_READ)


def test_a_citation_opens_where_there_is_no_script(open_page):
    page = open_page(java_script_enabled=False)
    mark = open_citation(page).inner_text()
    page.locator("summary", has_text="Cite").click()
    page.get_by_role("link", name="Plain text").click()
    page.wait_for_url("**/cite/**")

    assert mark in page.locator("body").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_wrong_with_a_document_in_full(open_page, theme, width):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": 640})
    open_citation(page)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_quote_is_found_again_in_a_text_that_has_changed(open_page):
    page = open_page()
    open_citation(page)
    page.goto(page.url.partition("#")[0].replace("sha256=", "sha256=0000") + "#cited")

    assert "has changed" in page.locator(".notice").inner_text()
    expect_in_view(page.locator("main mark.answer"))


def test_a_quote_that_is_gone_is_said_in_view(open_page):
    page = open_page()
    open_citation(page)
    address = page.url.partition("#")[0]
    page.goto(address.replace("sha256=", "sha256=0000").replace("quote=", "quote=0000"))

    expect_in_view(page.get_by_role("status").filter(has_text="nothing is highlighted"))
    assert page.locator("main mark").count() == 0


def test_words_are_found_in_a_document(page):
    page.goto("/documents/report")
    page.get_by_label("Find in this document").fill("Herons")
    page.get_by_role("button", name="Find").click()
    page.get_by_text("1 place with “Herons”").wait_for()
    page.locator("p.found a").click()

    expect_in_view(page.locator("mark.found"))
