"""Nothing is lost when the service is busy, away or restarts: turns, question and draft stay."""

import itertools
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ASKED, FOLLOWED, ask, box, headings, place, stop_clock

QUESTION = "**/?*"


def notice(page):
    return page.locator(".held")


def fail(page, times, **answer):
    """Answer the next questions with an error, or with nothing at all; then let them pass."""
    left = itertools.count(times, -1)

    def handle(route):
        if next(left) > 0:
            route.fulfill(**answer) if answer else route.abort("connectionrefused")
        else:
            route.continue_()

    page.route("**/?*", handle)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 429, "headers": {"Retry-After": "30"}}, "a lot of questions"),
        ({"status": 503, "headers": {"Retry-After": "30"}, "body": "{}"}, "busy"),
        ({}, "cannot be reached"),
        ({"status": 500, "content_type": "text/html", "body": "<p>Oops"}, "went wrong"),
    ],
)
def test_what_happened_is_said_beside_the_box_and_one_button_asks_again(script_page, answer, words):
    script_page.goto(f"/?q={ASKED}")
    fail(script_page, 1, **answer)
    box(script_page).fill(FOLLOWED)
    box(script_page).press("Enter")
    notice(script_page).wait_for()

    assert words in notice(script_page).inner_text()
    assert box(script_page).input_value() == FOLLOWED
    expect(headings(script_page)).to_have_text([ASKED])
    notice(script_page).get_by_role("button", name="Try again now").click()
    script_page.locator("#q2").wait_for()
    expect(headings(script_page)).to_have_text([ASKED, FOLLOWED])
    assert notice(script_page).count() == 0
    assert box(script_page).input_value() == ""


def test_the_wait_is_counted_down_and_the_question_asked_by_itself(script_page):
    script_page.goto("/")
    stop_clock(script_page)
    fail(script_page, 1, status=503, headers={"Retry-After": "9"})
    box(script_page).fill(ASKED)
    box(script_page).press("Enter")
    expect(notice(script_page)).to_contain_text("Trying again in 9 s")
    script_page.clock.run_for(4000)
    expect(notice(script_page)).to_contain_text("Trying again in 5 s")
    script_page.clock.run_for(6000)
    script_page.locator("#q1").wait_for()

    assert script_page.locator("#q1").inner_text() == ASKED


def test_whoever_changes_the_question_asks_by_hand(script_page):
    script_page.goto("/")
    stop_clock(script_page)
    fail(script_page, 1, status=503, headers={"Retry-After": "2"})
    box(script_page).fill(ASKED)
    box(script_page).press("Enter")
    notice(script_page).wait_for()
    box(script_page).press_sequentially(" Really?")
    script_page.clock.run_for(9000)

    assert script_page.locator("article").count() == 0
    box(script_page).press("Enter")
    expect(script_page.locator("#q1")).to_have_text(f"{ASKED} Really?")


def test_offline_is_said_and_the_question_goes_out_when_the_network_is_back(script_page):
    script_page.goto(f"/?q={ASKED}")
    script_page.context.set_offline(True)
    box(script_page).fill(FOLLOWED)
    box(script_page).press("Enter")
    expect(notice(script_page)).to_contain_text("You are offline")
    script_page.context.set_offline(False)

    expect(headings(script_page)).to_have_text([ASKED, FOLLOWED])


def test_a_filter_that_fails_keeps_turns_and_draft(script_page):
    script_page.goto("/?q=harbour+bridge+council")
    fail(script_page, 1, status=503, headers={"Retry-After": "30"})
    box(script_page).fill("and what did it c")
    script_page.get_by_role("button", name="newest").click()
    notice(script_page).wait_for()
    assert box(script_page).input_value() == "and what did it c"
    notice(script_page).get_by_role("button").click()
    script_page.locator(".sorts [aria-current]:text-is('newest')").wait_for()

    assert box(script_page).input_value() == "and what did it c"
    assert script_page.locator("article").count() == 1


@pytest.mark.parametrize("change", ["sort", "filter", "strip"])
def test_what_is_being_typed_outlives_a_click(page, change):
    page.goto("/?q=harbour&q=harbour+bridge+council")
    before = page.url
    box(page).fill("and what did it c")
    if change == "sort":
        page.get_by_role("button", name="newest").click()
    elif change == "filter":
        page.get_by_label("Northern Gazette").check()
        page.get_by_role("button", name="Apply").click()
    elif page.locator("html.scripted").count():
        page.locator("details:not([open]) > summary", has_text="How this").last.click()
        page.get_by_role("link", name=re.compile("^bridge")).click()
    else:
        pytest.skip("a link has nothing of the form")
    expect(page).not_to_have_url(before)

    expect(box(page)).to_have_value("and what did it c")
    expect(page.locator("article")).to_have_count(2)


def test_a_draft_outlives_a_reload(script_page):
    script_page.goto(f"/?q={ASKED}")
    box(script_page).fill("and what did it c")
    script_page.reload()

    assert box(script_page).input_value() == "and what did it c"


def test_a_long_conversation_through_outages_loses_no_question(script_page, full):
    count = 100 if full else 12
    script_page.goto("/")
    stop_clock(script_page)
    answers = itertools.cycle(
        [
            lambda route: route.fulfill(status=503, headers={"Retry-After": "0"}, body="{}"),
            lambda route: route.fulfill(status=429, headers={"Retry-After": "0"}, body="Slow down"),
            lambda route: route.abort("connectionreset"),
            lambda route: route.continue_(),
        ]
    )

    def handle(route):
        next(answers)(route)

    script_page.route(QUESTION, handle)
    asked = [f"Who built pier {number}?" for number in range(count)]
    for number, question in enumerate(asked, 1):
        box(script_page).fill(question)
        box(script_page).press("Enter")
        # Nobody presses a button: each question goes out again by itself.
        for _ in range(3):
            notice(script_page).wait_for()
            script_page.clock.run_for(2_000)
        script_page.locator(f"#q{number}").wait_for()
        assert script_page.locator(f"#q{number}").inner_text() == question

    sent = script_page.evaluate("new URLSearchParams(location.search).getAll('q')")
    assert sent == asked


def test_the_skeleton_shows_the_question_at_once(script_page):
    script_page.goto("/")
    script_page.route(QUESTION, lambda route: None)
    box(script_page).fill(ASKED)
    box(script_page).press("Enter")

    assert script_page.locator(".pending h2").inner_text() == ASKED
    assert place(script_page) == "/?#"
    assert script_page.locator("main[aria-busy]").count() == 1


def test_the_next_question_can_be_typed_while_one_is_answered(script_page):
    def type_meanwhile(route):
        box(script_page).press_sequentially("and then")
        route.continue_()

    script_page.goto("/")
    script_page.route(QUESTION, type_meanwhile)
    box(script_page).fill(ASKED)
    box(script_page).press("Enter")
    script_page.locator("#q1").wait_for()

    assert box(script_page).input_value() == "and then"
    script_page.unroute(QUESTION)
    ask(script_page, FOLLOWED)
