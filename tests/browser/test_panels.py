"""Documents beside the answer in a real browser: open, step, compare, close, and all by address."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ask, box, expect_in_view
from tests.browser.test_accessibility import violations

COUNCIL = "/?q=harbour+bridge+council"
WIDE = {"width": 1280, "height": 800}


@pytest.fixture
def wide_page(open_page):
    """A page with scripts, with room for a document beside the answer."""
    return open_page(viewport=WIDE)


def panels(page):
    return page.locator(".panel")


def titles(page):
    return page.locator(".panel h2[id$=title]").all_inner_texts()


@pytest.mark.parametrize("opener", [".quote .title", ".card .title", ".card .by", ".card .number"])
def test_a_title_a_number_or_a_card_opens_its_document_at_the_mark(wide_page, opener):
    wide_page.goto(COUNCIL)
    wide_page.locator(opener).first.click()
    panels(wide_page).wait_for()
    passage = wide_page.locator("[data-rank].open")
    mark = panels(wide_page).locator("mark.answer")

    assert titles(wide_page) == [passage.locator("cite").first.inner_text()]
    expect(mark).to_be_in_viewport()
    assert mark.inner_text() == passage.locator("mark.answer").first.inner_text()
    assert wide_page.evaluate("document.activeElement.matches('.scroll')")


def test_the_answer_does_not_move_sideways_when_a_document_opens(wide_page):
    wide_page.goto(COUNCIL)
    heading = wide_page.locator(".turn h1, .turn h2").first
    before = heading.bounding_box()["x"]
    wide_page.locator(".quote .title").click()
    panels(wide_page).wait_for()

    assert heading.bounding_box()["x"] == before


def test_back_a_link_and_reload_lead_to_the_same_documents(wide_page, open_page):
    wide_page.goto(COUNCIL)
    wide_page.locator(".quote .title").click()
    panels(wide_page).wait_for()
    wide_page.locator(".card .title").first.click()
    expect(wide_page.locator(".card.open")).to_have_count(1)
    second, address = titles(wide_page), wide_page.url
    wide_page.go_back()
    expect(wide_page.locator(".quote.open")).to_have_count(1)
    first = titles(wide_page)
    wide_page.go_back()
    expect(panels(wide_page)).to_have_count(0)
    wide_page.goto(address)
    assert titles(wide_page) == second != first
    wide_page.reload()
    assert titles(wide_page) == second
    other = open_page(viewport=WIDE, java_script_enabled=False)
    other.goto(address)

    assert titles(other) == second


def test_two_sources_are_compared_in_two_clicks(wide_page):
    wide_page.goto(COUNCIL)
    wide_page.locator(".quote .title").click()
    panels(wide_page).get_by_role("link", name="Compare").click()
    expect(panels(wide_page)).to_have_count(2)
    boxes = [panel.bounding_box() for panel in panels(wide_page).all()]

    assert len({*titles(wide_page)}) == 2
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    for mark in panels(wide_page).locator("mark.answer").all():
        expect(mark).to_be_in_viewport()


def test_a_passage_of_choice_is_compared_with_the_open_one(wide_page):
    wide_page.goto(COUNCIL)
    wide_page.locator(".card .title").first.click()
    panels(wide_page).wait_for()
    first = titles(wide_page)
    wide_page.locator(".quote .compare").click()
    expect(panels(wide_page)).to_have_count(2)

    assert titles(wide_page)[0] == first[0]


def test_sources_are_compared_without_scripts(open_page):
    page = open_page(viewport=WIDE, java_script_enabled=False)
    page.goto(COUNCIL)
    page.locator(".card .compare").first.click()
    page.wait_for_url("**open=**")

    assert len({*titles(page)}) == 2


def test_keys_step_through_the_matches_and_close(wide_page):
    wide_page.goto("/?q=harbour+storm+lighthouse+pier&document=harbour&open=1")
    keys = wide_page.keyboard
    steps = panels(wide_page).locator(".steps span").first
    marks = []
    total = steps.inner_text().split(" of ")[1]
    here = int(steps.inner_text().split(" of ")[0])
    there = here % int(total) + 1
    panels(wide_page).locator(".scroll").focus()
    for key, number in (
        ("n" if there > here else "p", there),
        ("p" if there > here else "n", here),
    ):
        marks.append(panels(wide_page).locator("mark.answer").inner_text())
        keys.press(key)
        expect(steps).to_have_text(f"{number} of {total}")
        expect(panels(wide_page).locator("mark.answer")).to_be_in_viewport()
    keys.press("Escape")
    expect(panels(wide_page)).to_have_count(0)

    assert int(total) > 1
    assert marks[0] != marks[1]
    assert wide_page.evaluate("document.activeElement.matches('.quote [data-open]')")


def test_where_there_is_no_room_the_links_lead_to_the_page_of_the_document(open_page):
    page = open_page(viewport={"width": 1100, "height": 800})
    page.goto(COUNCIL)
    page.locator(".quote .title").click()
    page.wait_for_url("**/documents/**")

    expect_in_view(page.locator("main mark.answer"))


def test_what_is_being_typed_and_the_turns_stay_when_a_document_opens(wide_page):
    wide_page.goto(f"{COUNCIL}&q=who+opened+the+bridge%3F")
    box(wide_page).fill("and what did it c")
    wide_page.locator(".quote .title").last.click()
    panels(wide_page).wait_for()
    assert box(wide_page).input_value() == "and what did it c"
    wide_page.locator("article").first.locator(".title").click()
    expect(wide_page.locator(".panel")).to_have_attribute("data-opened", "1.1")

    assert box(wide_page).input_value() == "and what did it c"
    assert wide_page.locator("article").count() == 2


def test_the_text_around_a_quote_is_shown_in_place(page):
    page.goto("/?q=Who+counted+herons+below+the+weir%3F")
    quote = page.locator("blockquote").first.inner_text()
    page.get_by_role("link", name="Show context").first.click()
    context = page.locator(".context")

    expect(context.first).to_contain_text("The ferry ran every hour")
    # The box is below all turns.
    expect(box(page)).to_be_visible()
    assert page.locator(".around blockquote").inner_text().split() == quote.split()
    page.get_by_role("link", name="Hide context").click()
    expect(page.get_by_role("link", name="Show context").first).to_be_visible()
    expect(context).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_open_documents(open_page, theme):
    page = open_page(viewport=WIDE, color_scheme=theme)
    for path in (f"{COUNCIL}&open=1", f"{COUNCIL}&open=1&open=2", f"{COUNCIL}&around=1"):
        page.goto(path)

        assert violations(page) == [], path


def test_a_question_closes_the_documents(wide_page):
    wide_page.goto(f"{COUNCIL}&open=1")
    ask(wide_page, "who opened the bridge?")

    assert panels(wide_page).count() == 0
