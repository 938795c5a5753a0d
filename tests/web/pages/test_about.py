"""The page about the service."""

import re
import shutil

import lxml.html

from qa.app import create_app
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.ranking.reranker import load_ranking_weights
from qa.settings import Settings
from tests.web.pages.conftest import one, text


def test_it_tells_what_the_index_holds(get_page, index):
    main = text(get_page("/about").find(".//main"))

    assert "123 documents, dated 3 December 2021 to 29 March 2022" in main
    manifest = open_engine(Settings(index=str(index))).searcher().manifest
    assert f"Passages {manifest.passages}" in main
    assert manifest.name in main
    assert "Files skipped 1, with the reasons" in main


def test_it_lists_the_keys(get_page):
    page = get_page("/about")

    assert page.xpath("//h2[@id='keys']/following-sibling::dl[@class='keys']")


def test_its_example_is_answered(get_page, client):
    (link,) = get_page("/about").xpath("//a[code = '/ask']/@href")

    assert client.get(link).get_json()["verdict"] == "found"


def test_it_tells_which_of_the_operators_questions_have_their_answer(get_page, index):
    words = text(get_page("/about"))
    (link,) = get_page("/about").xpath("//h2[@id='quality']/following-sibling::ul/li/a/@href")

    assert "The operator keeps 3 questions" in words
    assert "2 of them have their answer" in words
    assert link == "/?q=Which+unicorns+dance+on+Jupiter?"


def test_it_tells_what_ranking_won_where_it_was_measured(get_page):
    gains = load_ranking_weights().gain.values()
    best, worst = (max(g["right@1"] for g in gains), min(g["right@1"] for g in gains))
    words = text(one(get_page("/about"), "//h2[@id='quality']/following-sibling::p[1]"))
    ours, plain = (int(share) for share in re.findall(r"(\d+)%", words))

    assert 100 * worst <= ours <= 100 * best
    assert plain < ours


def test_a_wrong_line_among_the_questions_takes_nothing_else_away(index, tmp_path):
    copy = shutil.copytree(index, tmp_path / "index")
    (copy / "questions.jsonl").write_text("{")
    client = create_app(Settings(index=str(copy))).test_client()

    assert "The operator keeps" not in client.get("/about").text


def test_the_reliability_of_each_label_is_shown(get_page):
    rows = get_page("/about").xpath("//table[caption[contains(., 'reliable')]]/tbody/tr")
    shown = {text(row.find("th")): [text(cell) for cell in row.findall("td")] for row in rows}
    measured = load_ranking_weights().reliability

    assert [*shown] == ["Found", "Possible answer", "No clear answer"]
    for cells, row in zip(shown.values(), measured.values(), strict=True):
        assert int(cells[0].replace(",", "")) == row["answers"]
        assert abs(int(cells[1]) - 100 * row["right"] / row["answers"]) <= 0.5


def test_it_lists_the_acronyms_that_the_documents_explain(tmp_path):
    settings = Settings(index=str(tmp_path))
    words = [RawBlock("The Harbour Safety Board (HSB) shut the <i>pier</i> for a week.")]
    documents = [build_document("d", "d.txt", words, Metadata("Pier"))]
    index_documents(documents, open_engine(settings), settings)
    page = lxml.html.fromstring(create_app(settings).test_client().get("/about").text)

    assert text(one(page, "//details[@id='acronyms']/summary")).startswith("1 acronym that")
    assert text(one(page, "//details[@id='acronyms']/dl")) == "HSB Harbour Safety Board"


def test_without_acronyms_there_is_no_list_of_them(get_page):
    assert not get_page("/about").xpath("//details[@id='acronyms']")
