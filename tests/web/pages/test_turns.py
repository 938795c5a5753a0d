"""Turns as the page shows them: what became of the words, why there is no answer, what is short."""

import lxml.html
import pytest

from qa.app import create_app
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings
from tests.web.pages.conftest import BROWSER, HARBOUR, one, text

BUILT = "Who built the old harbour of Lindholm?"
COST = "What did it cost?"


@pytest.fixture
def get_synonym_page(tmp_path):
    """Get a page over an index whose operator has told synonyms."""
    (tmp_path / "synonyms.txt").write_text("pier, dock, jetty\n", encoding="utf-8")
    settings = Settings(index=str(tmp_path))
    index_documents([HARBOUR], open_engine(settings), settings)
    client = create_app(settings).test_client()

    def get(path):
        return lxml.html.fromstring(client.get(path, headers=BROWSER).text)

    return get


def test_synonyms_looked_for_are_told_and_can_be_left_out(get_synonym_page):
    page = get_synonym_page("/?q=Who+would+sell+the+pier%3F")
    link = one(page, "//ul[@class='words']/li[starts-with(normalize-space(), 'For pier')]/a")

    assert text(link) == "dock, jetty: search for pier only"
    assert link.get("href") == "/?q=Who+would+sell+the+%22pier%22%3F#q1"
    assert not get_synonym_page(link.get("href")).xpath(
        "//ul[@class='words']/li[contains(., 'For pier')]"
    )


@pytest.fixture
def wary(app):
    """An app that is never sure enough of an answer."""
    index = app.extensions["qa"].settings.index
    app.extensions["qa"].settings = Settings(index=index, found=1.0, weak=1.0)


@pytest.mark.usefixtures("wary")
def test_words_that_never_meet_are_told_and_each_can_be_left_out(get_page):
    page = get_page("/?q=zebra+lighthouse+mayor")
    (why,) = [text(p) for p in page.xpath("//div[@class='why']/p[contains(., 'both')]")]
    links = [text(link) for link in page.xpath("//div[@class='ways']//a")]

    assert why.startswith("No passage contains both ")
    assert "zebra and lighthouse" in why or "lighthouse and zebra" in why
    assert {"without zebra", "without lighthouse"} <= {*links}


@pytest.mark.usefixtures("wary")
def test_the_closest_passages_are_open_below_the_reasons(get_page):
    turn = one(get_page("/?q=zebra+lighthouse+mayor"), "//article")

    assert turn.xpath("./div[@class='why']/following-sibling::figure")
    assert turn.xpath("./figure//blockquote//mark[@class='term']")
    assert len(turn.xpath("./ol[@class='cards']/li")) > 1
    assert text(turn.xpath("./h3")[0]) == "Closest passages"
    assert all(link.get("href") for link in turn.xpath(".//figure//a"))


@pytest.mark.usefixtures("wary")
def test_what_has_all_the_words_is_shown_though_it_may_not_answer(get_page):
    turn = one(get_page("/?q=which+northern+pier%3F"), "//article")

    verdict = text(turn.find("./p[@class='verdict none']"))
    assert verdict == "No clear answer"
    assert "The first passage contains every word" in text(turn.find("./div[@class='why']"))
    assert "northern pier" in text(turn.find("./figure"))


def test_more_passages_are_one_link_away(get_page):
    turn = one(get_page("/?q=the+harbour&limit=1"), "//article")
    more = one(turn, ".//a[.='Show more']").get("href")

    assert more == "/?q=the+harbour&limit=11#q1"
    assert get_page(more).xpath("//article//li[@class='card']")
    assert not get_page("/?q=granite").xpath("//a[.='Show more']")


def test_a_likelier_spelling_is_offered_beside_an_answer(get_page):
    page = get_page("/?q=Who+built+the+old+harbour+of+Lindholm+by+the+Vessa%3F")
    offered = one(page, "//li[@class='corrected']")

    assert page.xpath("//p[@class='verdict found' or @class='verdict weak']")
    assert text(offered) == "Did you mean vesa instead of Vessa?"
    assert "Vessa" not in one(offered, "./a").get("href")


def test_turns_before_the_last_are_short_and_lead_back(get_page):
    path = f"/?q={BUILT}&q={COST}&q=Do+unicorns+sleep%3F&q=Who+opened+the+bridge%3F"
    page = get_page(path)
    first, second, refused, last = page.xpath("//article")

    assert text(first.find(".//mark[@class='answer']")) in text(get_page(f"/?q={BUILT}"))
    assert text(second.find("./p[@class='words']")).startswith("From earlier questions: ")
    assert "No document contains unicorns" in text(refused)
    for turn in (first, second, refused):
        assert not turn.xpath(".//details | .//ul")
        back = get_page(turn.xpath(".//a[starts-with(., 'Back to this')]/@href")[0])
        assert text(back.xpath("//article[last()]/h2")[0]) == text(turn.find("./h2"))
        assert back.xpath("//article[last()]//ul[@class='words']")
    assert last.xpath(".//ul[@class='words'] and .//details[@class='cite']")


def test_more_passages_are_those_of_the_last_answer(client):
    path = "/export.json?q=the+harbour&q=the+old+harbour&limit="
    (before, one_more), (again, two_more) = (
        [turn["passages"] for turn in client.get(f"{path}{limit}").get_json()["turns"]]
        for limit in (1, 2)
    )

    assert before == again
    assert len(before) > 1
    assert (len(one_more), len(two_more)) == (1, 2)


def test_filters_are_told_beside_the_verdict(get_page):
    page = get_page(f"/?q={BUILT}&q={COST}&publisher=Northern+Gazette&from=2020-01-01")
    _, last = page.xpath("//article")
    empty = get_page("/?publisher=Northern+Gazette")

    limits = one(last, "./p[starts-with(@class, 'verdict')]/following-sibling::*[1]")
    assert text(limits).startswith("Remove the filter Northern Gazette")
    assert len(page.xpath("//ul[@class='applied']")) == 1
    assert text(one(page, "//button[@popovertarget='filters']")) == "Filters (2)"
    assert one(empty, "//form//ul[@class='applied']") is not None


def test_the_last_answer_stays_whole_when_the_next_question_cannot_be_asked(get_page):
    (turn,) = get_page(f"/?q={BUILT}&q=%3F%3F", 422).xpath("//article")

    assert turn.xpath(".//ul[@class='words'] and .//details[@class='cite']")


def test_the_parts_of_a_question_are_named_with_their_passages(get_synonym_page):
    found = get_synonym_page("/?q=Who+built+the+old+harbour+and+who+discovered+Jupiter%3F")
    lines = found.xpath("//ul[@aria-label='The parts of the question']/li")

    assert [text(line) for line in lines] == [
        "“Who built the old harbour” is answered by passage 1.",
        "“who discovered Jupiter?” has no clear answer.",
    ]
