"""The conversation in a real browser, with scripts and without: the same walk, the same pages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import (
    ASKED,
    FOLLOWED,
    HERONS,
    REFUSED,
    ask,
    box,
    expect_in_view,
    headings,
    place,
)

ONE = "/?q=Who+demanded+legal+guarantees+from+the+council%3F#q1"
TWO = "/?q=Who+demanded+legal+guarantees+from+the+council%3F&q=When+did+she+repeat+it%3F#q2"


def test_asking_and_following_up_makes_one_address(page):
    page.goto("/")
    ask(page, ASKED)
    page.wait_for_url(f"**{ONE}")
    ask(page, FOLLOWED)
    page.wait_for_url(f"**{TWO}")

    assert place(page) == TWO
    expect(headings(page)).to_have_text([ASKED, FOLLOWED])
    expect(page.locator("article").nth(1).locator("mark.answer").first).to_be_visible()
    expect_in_view(page.locator("#q2"))


def test_back_and_reload_show_what_was_there(page):
    page.goto("/")
    ask(page, ASKED)
    ask(page, FOLLOWED)
    page.go_back()
    page.wait_for_url(f"**{ONE}")
    expect(headings(page)).to_have_text([ASKED])
    page.go_back()
    page.get_by_role("heading", name="Ask the documents").wait_for()
    page.go_forward()
    expect(headings(page)).to_have_text([ASKED])
    page.go_forward()
    page.wait_for_url(f"**{TWO}")
    page.reload()

    assert place(page) == TWO
    expect(headings(page)).to_have_text([ASKED, FOLLOWED])


@pytest.mark.parametrize("script", [True, False])
def test_the_citation_opens_with_the_mark_in_view(open_page, script):
    page = open_page(viewport={"width": 1000, "height": 720}, java_script_enabled=script)
    page.goto("/")
    ask(page, HERONS)
    quoted = page.locator("article mark.answer").inner_text()
    page.get_by_role("link", name=re.compile("A long report")).first.click()
    page.wait_for_url("**/documents/report**")
    mark = page.locator("main mark.answer")

    expect_in_view(mark)
    assert mark.inner_text() == quoted
    assert page.evaluate("scrollY") > 1000
    page.go_back()
    expect(headings(page)).to_have_text([HERONS])


def test_an_answer_put_in_place_is_the_page_of_its_address(script_page):
    script_page.goto("/")
    ask(script_page, ASKED)
    ask(script_page, FOLLOWED)
    fetched = script_page.evaluate(
        """async () => {
            const response = await fetch(location.href);
            const page = new DOMParser().parseFromString(await response.text(), "text/html");
            return [page.title, page.querySelector("main").innerHTML, page.head.children.length];
        }"""
    )

    assert fetched == script_page.evaluate(
        "[document.title, document.querySelector('main').innerHTML, document.head.children.length]"
    )


def test_an_answer_is_put_in_place_without_loading_the_page(script_page):
    script_page.goto("/")
    script_page.evaluate("window.kept = true")
    ask(script_page, ASKED)
    ask(script_page, FOLLOWED)
    script_page.locator("article").last.get_by_text("Why this passage?").first.click()
    script_page.get_by_role("link", name="New conversation").click()
    script_page.get_by_role("heading", name="Ask the documents").wait_for()
    script_page.go_back()
    script_page.locator("#q2").wait_for()

    assert script_page.evaluate("window.kept")
    assert script_page.locator("article details[open].reasons").count() == 1


def test_each_filter_goes_on_and_off(page):
    page.goto("/?q=harbour&q=harbour+bridge+council")
    page.get_by_label("Northern Gazette").check()
    page.get_by_role("button", name="Apply").click()
    chip = page.get_by_role("button", name="Remove the filter Northern Gazette")
    chip.wait_for()
    assert place(page).startswith("/?q=harbour&q=harbour+bridge+council&publisher=Northern+Gazette")
    chip.click()
    chip.wait_for(state="detached")

    expect(headings(page)).to_have_text(["harbour", "harbour bridge council"])
    assert "publisher" not in page.url


def test_a_carried_word_goes_by_a_click(page):
    page.goto(TWO)
    carried = page.locator(".words li", has_text="From earlier questions").get_by_role("link")
    dropped = carried.first.text_content().partition(":")[0]
    carried.first.click()
    page.wait_for_url(f"**drop={dropped}*")

    # The box is below all turns.
    expect(box(page)).to_be_visible()
    assert (
        dropped
        not in page.locator(".words li", has_text="From earlier questions").all_inner_texts()
    )


def test_a_refused_question_can_be_put_another_way(page):
    page.goto(ONE)
    ask(page, REFUSED)
    expect(page.get_by_text("Not found in the documents", exact=True)).to_be_visible()
    expect(box(page)).to_have_value(REFUSED)
    box(page).fill(FOLLOWED)
    page.get_by_role("button", name="Ask").click()
    page.wait_for_url(f"**{TWO}")

    expect(headings(page)).to_have_text([ASKED, FOLLOWED])


def test_what_cannot_be_asked_is_said_beside_the_box(page):
    page.goto("/")
    box(page).fill("??")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("alert").wait_for()

    expect(page.get_by_role("alert")).to_contain_text("no words to search for")
    expect(box(page)).to_have_value("??")


def test_a_link_opens_in_a_tab_of_its_own(page):
    page.goto("/")
    with page.context.expect_page() as tab:
        page.get_by_role("link", name=HERONS).click(modifiers=["ControlOrMeta"])
    tab.value.locator("article mark.answer").wait_for()

    expect(headings(tab.value)).to_have_text([HERONS])
    assert page.get_by_role("heading", name="Ask the documents").is_visible()


def test_a_question_asked_while_another_is_answered_takes_its_place(script_page):
    script_page.goto("/")
    script_page.route("**/?q=slow*", lambda route: None)
    box(script_page).fill("slow question")
    script_page.get_by_role("button", name="Ask").click()
    ask(script_page, ASKED)

    assert place(script_page) == ONE


@pytest.mark.parametrize("sort", ["newest", "oldest"])
def test_passages_are_sorted_by_a_link(page, sort):
    page.goto("/?q=harbour+bridge+council")
    page.get_by_role("button", name=sort).click()
    page.locator(f".sorts [aria-current=true]:text-is('{sort}')").wait_for()

    assert f"sort={sort}" in page.url


def test_the_conversation_is_saved_as_a_file(page):
    page.goto(TWO)
    quoted = page.locator("article mark.answer").last.inner_text()
    for label, ending in (("Markdown", "md"), ("JSON", "json")):
        with page.expect_download() as saving:
            page.get_by_role("link", name=label, exact=True).last.click()
        saved = saving.value

        assert (
            saved.suggested_filename == f"who-demanded-legal-guarantees-from-the-council.{ending}"
        )
        assert quoted in saved.path().read_text(encoding="utf-8")
    assert place(page) == TWO


def test_an_earlier_answer_is_whole_again_a_click_away(page):
    page.goto(TWO)
    first = page.locator("article").first
    expect(headings(page)).to_have_count(2)
    assert first.locator("details").count() == 0
    first.get_by_role("link", name="Back to this answer").click()
    page.wait_for_url(f"**{ONE}")

    expect(headings(page)).to_have_text([ASKED])
    expect(page.locator("article").get_by_text("Why this passage?").first).to_be_visible()
