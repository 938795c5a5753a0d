"""Filters of an answer in a real browser: beside it or in a sheet, with scripts and without."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import box, place
from tests.browser.test_accessibility import violations

FOUND = "/?q=ferry+bridge+council"


def test_a_bar_of_the_timeline_limits_the_answer_to_its_years(page):
    page.goto(FOUND)
    box(page).fill("and what did it c")
    page.locator(".timeline button", has_text="2022").click()
    chip = page.get_by_role("button", name="Remove the filter from 2022-01-01")
    chip.wait_for()

    assert "from=2022-01-01&to=2022-12-31" in page.url
    expect(box(page)).to_have_value("and what did it c")
    assert page.locator("article time").first.get_attribute("datetime") == "2022-03-29"


def test_a_stretch_is_drawn_over_the_timeline(script_page):
    script_page.goto(FOUND)
    bars = script_page.locator(".timeline button")
    first, second = (bars.nth(number).bounding_box() for number in (0, 1))
    mouse = script_page.mouse
    mouse.move(first["x"] + 4, first["y"] + 20)
    mouse.down()
    mouse.move(second["x"] + 4, second["y"] + 20, steps=4)
    expect(script_page.locator(".timeline .brushed")).to_have_count(2)
    mouse.up()
    script_page.get_by_role("button", name="Remove the filter to 2022-12-31").wait_for()

    assert "from=2021-01-01&to=2022-12-31" in script_page.url


def test_a_year_is_enough_of_a_date(page):
    page.goto(FOUND)
    page.get_by_label("To", exact=True).fill("2021")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Remove the filter to 2021-12-31").wait_for()

    expect(page.get_by_label("To", exact=True)).to_have_value("2021-12-31")


def test_a_date_that_is_none_is_said_in_words(page):
    page.goto(FOUND)
    page.get_by_label("To", exact=True).fill("soon")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("alert").wait_for()

    expect(page.get_by_role("alert")).to_contain_text("a date is written YYYY-MM-DD")
    assert "error" not in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="Remove the filter to soon").click()
    page.locator("#q1").wait_for()
    assert place(page).startswith(FOUND)


@pytest.mark.parametrize("script", [True, False])
def test_on_a_small_screen_they_are_in_a_sheet(open_page, script):
    page = open_page(viewport={"width": 390, "height": 800}, java_script_enabled=script)
    page.goto(FOUND)
    sheet = page.locator("#filters")
    expect(sheet).to_be_hidden()
    page.get_by_role("button", name="Filters").click()
    expect(sheet).to_be_visible()
    sheet.get_by_label("Vesa Courier").check()
    sheet.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Remove the filter Vesa Courier").wait_for()

    expect(sheet).to_be_hidden()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_sheets(open_page, theme):
    page = open_page(viewport={"width": 390, "height": 800}, color_scheme=theme)
    page.goto(FOUND)
    for name in ("Filters", "Search operators"):
        page.get_by_role("button", name=name).click()

        assert violations(page) == [], name
        page.keyboard.press("Escape")
