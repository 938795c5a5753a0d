"""The list of documents in a real browser, with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import expect_in_view, place
from tests.browser.test_accessibility import UNFOLD, violations

PAGES = [
    "/documents",
    "/documents?title=the&publisher=Vesa+Courier&from=2020-01-01&sort=newest",
    "/documents?title=unicorn",
    "/documents?from=2022-03-01&to=2022-03-31",
]


def titles(page):
    return page.locator("tbody a").all_inner_texts()


def test_filters_go_on_and_off(page):
    page.goto("/documents?sort=newest")
    page.get_by_label("Title has").fill("lindholm")
    # Scripts give the page the same address a little after a pause in typing.
    with page.expect_event("load"):
        page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"/documents\?title=lindholm&sort=newest$"))
    assert titles(page) == ["The harbour of Lindholm"]
    assert page.get_by_text("1 of 3 documents").is_visible()
    page.get_by_role("link", name="Remove the filter title has").click()
    page.wait_for_url("**/documents?sort=newest")

    assert len(titles(page)) == 3


def test_publishers_and_dates_are_chosen_together(page):
    page.goto("/documents")
    page.get_by_text("Publishers and dates", exact=True).click()
    page.get_by_label("Vesa Courier").check()
    page.get_by_label("River Board").check()
    page.get_by_label("Published from").fill("2023-01-01")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url("**from=2023-01-01")

    assert titles(page) == ["A long report on the Vesa"]
    assert page.get_by_label("Vesa Courier").is_checked()
    assert page.get_by_label("Vesa Courier").locator("..").inner_text().split()[-1] == "0"


def test_a_bar_leads_into_its_time_and_back_leads_out(page):
    page.goto("/documents")
    page.locator(".bars a").first.click()
    page.wait_for_url("**/documents?from=2021-12-01&to=2021-12-31")
    assert titles(page) == ["The harbour of Lindholm"]
    page.reload()
    assert titles(page) == ["The harbour of Lindholm"]
    page.go_back()
    page.wait_for_url("**/documents")

    assert len(titles(page)) == 3


def test_bars_are_reached_and_read_by_keyboard(script_page):
    script_page.goto("/documents")
    bars = script_page.get_by_role("list").filter(has_text="December 2021").get_by_role("link")
    names = [bar.inner_text() for bar in bars.all()]
    bars.first.focus()
    script_page.keyboard.press("Tab")
    script_page.keyboard.press("Enter")
    script_page.wait_for_url("**from=2022-03-01*")

    assert len(names) == 3
    assert titles(script_page) == ["Bridge over the Vesa"]


@pytest.mark.parametrize("width", [320, 700, 1280])
def test_bars_are_large_enough_to_touch(open_page, width):
    page = open_page(viewport={"width": width, "height": 640})
    page.goto("/documents")
    for bar in page.locator(".bars a").all():
        box = bar.bounding_box()

        assert box["width"] >= 23.5
        assert box["height"] >= 23.5


def test_order_is_changed_by_a_link_and_kept_by_a_filter(page):
    page.goto("/documents")
    page.get_by_role("link", name="Words").click()
    page.wait_for_url("**sort=longest")
    assert titles(page)[0] == "A long report on the Vesa"
    page.get_by_label("Title has").fill("the")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**title=the*")

    assert place(page) == "/documents?title=the&sort=longest#"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_wrong_and_nothing_scrolls_sideways(open_page, theme, width):
    page = open_page(color_scheme=theme, viewport={"width": width, "height": 640})
    for path in PAGES:
        page.goto(path)
        page.evaluate(UNFOLD)

        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_colours_that_are_forced_leave_the_bars_apart(open_page):
    page = open_page(forced_colors="active")
    page.goto("/documents")
    bar, body = page.locator(".bars rect.column").first, page.locator("body")

    fill = bar.evaluate("bar => getComputedStyle(bar).fill")
    assert fill != body.evaluate("body => getComputedStyle(body).backgroundColor")


def test_paper_gets_the_list(open_page):
    page = open_page()
    page.goto("/documents")
    page.emulate_media(media="print")

    assert not page.get_by_label("Title has").is_visible()
    assert page.locator("tbody a").last.is_visible()
    expect_in_view(page.locator("h1"))


def test_the_list_follows_the_title_while_it_is_typed(script_page):
    script_page.goto("/documents?sort=newest")
    script_page.get_by_label("Title has").press_sequentially("Lindhlom", delay=10)
    script_page.wait_for_url("**/documents?title=Lindhlom&sort=newest")
    script_page.get_by_text("spelt almost alike").wait_for()

    expect(script_page.locator("tbody a")).to_have_text(["The harbour of Lindholm"])
    assert script_page.get_by_label("Title has").input_value() == "Lindhlom"
    script_page.get_by_label("Title has").fill("")
    script_page.wait_for_url("**/documents?sort=newest")
    expect(script_page.locator("tbody a")).to_have_count(3)
    expect(script_page.get_by_role("link", name="Remove the filter")).to_have_count(0)


def test_the_list_can_be_saved_as_csv(page):
    page.goto("/documents?title=the")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as CSV").click()

    text = download.value.path().read_text()
    assert download.value.suggested_filename == "documents.csv"
    assert "Bridge over the Vesa" in text


def test_bars_stay_inside_their_column_with_their_counts(open_page):
    page = open_page(viewport={"width": 1280, "height": 800})
    page.goto("/documents")
    column = page.locator("#listing").bounding_box()
    for bar in page.locator(".bars li").all():
        bounds = bar.bounding_box()

        assert bounds["x"] >= column["x"] - 1
        assert bounds["x"] + bounds["width"] <= column["x"] + column["width"] + 1
    assert page.locator(".bars a .count").first.is_visible()
