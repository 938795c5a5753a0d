"""Facts of the collection, wherever answers are given: apart from quotes, with links that work."""

import pytest
from click.testing import CliRunner

from qa.cli import main
from tests.web.pages.conftest import one, text

QUESTION = "how many articles mention Lindholm?"


@pytest.fixture
def facts(client):
    return client.get("/ask", query_string={"q": QUESTION}).json["about"]


def test_the_page_shows_them_in_a_box_without_a_quote(get_page, facts):
    shown = get_page(f"/?q={QUESTION}")
    box = one(shown, "//section[@class='facts']")

    assert text(one(box, "./p")) == facts["text"]
    assert [a.get("href") for a in box.xpath("./ul/li/a")] == [u["url"] for u in facts["links"]]
    assert text(one(shown, "//p[contains(@class, 'verdict')]")) == "About the collection"
    assert not shown.xpath("//blockquote | //div[@class='why'] | //ul[@class='words']")
    assert not one(shown, "//textarea[@name='q']").text


def test_every_link_leads_to_a_page(client, facts):
    assert [client.get(link["url"]).status_code for link in facts["links"]] == [200] * 3


def test_who_asks_for_help_gets_questions_to_try(get_page):
    assert get_page("/?q=help").xpath("//section[@class='facts']/ul[2]/li/a")
    assert not get_page("/?q=who+are+you%3F").xpath("//section[@class='facts']/h3")


def test_an_earlier_turn_keeps_its_facts(get_page, facts):
    shown = get_page(f"/?q={QUESTION}&q=Who+built+the+old+harbour%3F")

    assert text(one(shown, "//div[@class='facts']")) == facts["text"]


def test_a_saved_conversation_has_them_as_text(client, facts):
    saved = client.get("/export.md", query_string={"q": QUESTION}).text
    links = client.get("/export.json", query_string={"q": QUESTION}).json["turns"][0]["about"]

    assert "**About the collection.**" in saved
    assert "\n> " not in saved
    assert f"](http://localhost{facts['links'][0]['url']})" in saved
    assert links["links"][0]["address"] == f"http://localhost{facts['links'][0]['url']}"


def test_a_model_is_told_them_apart_from_results(client, facts):
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {"query": QUESTION}},
    }
    result = client.post("/mcp", json=call).json["result"]["structuredContent"]

    assert result["results"] == []
    assert result["about"]["text"] == facts["text"]
    assert result["about"]["urls"][0] == f"http://localhost{facts['links'][0]['url']}"


def test_the_command_line_prints_them(index, facts):
    printed = CliRunner().invoke(main, ["ask", "--index", str(index), QUESTION])

    assert printed.exit_code == 0
    assert printed.output.startswith(facts["text"])
    assert facts["links"][0]["url"] in printed.output


def test_other_answers_have_none(client):
    assert client.get("/ask?q=Who+built+the+old+harbour%3F").json["about"] is None
