"""Tuning: weights fitted to the operator's questions, used only where they win."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from qa.answers.pipeline import ask
from qa.cli import main
from qa.engines.factory import open_engine
from qa.errors import SettingsError
from qa.evaluation.tuning import MIN_QUESTIONS, make_tuned_ranking, tune_ranking
from qa.index.manifest import TUNED_FILE, load_tuned_ranking
from qa.publishing.gate import GoldenQuestion
from qa.ranking.features import Feature
from qa.ranking.reranker import load_ranking_weights, select_ranking_weights
from qa.settings import Settings
from tests.conftest import build_index, write

TOWNS = [
    f"{first}{last}"
    for first in ("Ald", "Bern", "Cor", "Dun", "Eil")
    for last in ("ham", "wick", "ford", "ton", "by", "mouth")
]


def write_towns(folder):
    """For each town a note that answers, and a page with the town in its title that does not."""
    for town in TOWNS:
        note = f"Council\n\nThe harbour of {town} was opened to ships by the mayor in spring."
        page = f"{town} harbour\n\nOpened daily. Tickets for {town} harbour are sold at the gate."
        write(folder, **{f"note_{town}_txt": note, f"page_{town}_txt": page})


@pytest.fixture(scope="module")
def towns(tmp_path_factory):
    folder = tmp_path_factory.mktemp("towns")
    write_towns(folder / "documents")
    return open_engine(build_index(folder)).searcher(), Settings(index=str(folder))


def golden(words, towns=TOWNS):
    return [
        GoldenQuestion(f"When was the {town} harbour opened?", contains=(words.format(town),))
        for town in towns
    ]


def test_questions_that_the_shipped_weights_get_wrong_win_new_ones(towns):
    report = tune_ranking(*towns, golden("Tickets for {} harbour"))
    other = tune_ranking(*towns, golden("harbour of {} was opened"))

    assert report.usable == other.usable == len(TOWNS)
    assert {report.wins, other.wins} == {True, False}
    (winner,) = [each for each in (report, other) if each.wins]
    assert winner.success_at_1 > winner.shipped_success_at_1
    assert winner.rr > winner.shipped_rr


def test_few_questions_fit_nothing(towns):
    report = tune_ranking(*towns, golden("Tickets for {} harbour", TOWNS[: MIN_QUESTIONS - 1]))

    assert report.usable == MIN_QUESTIONS - 1
    assert report.weights is None
    assert not report.wins


def test_a_passage_that_was_judged_wrong_does_not_count_as_right(towns):
    lines = golden("harbour")
    wrong = [GoldenQuestion(line.question, contains=("Tickets",), right=False) for line in lines]
    only_right = tune_ranking(*towns, [*lines, *wrong])
    all_right = tune_ranking(*towns, lines)

    assert only_right.shipped_success_at_1 < all_right.shipped_success_at_1 == 1


def tuned_values(**values):
    ranking = load_ranking_weights().ranking
    weights = dict(zip(map(str, Feature), ranking.tolist(), strict=True)) | values
    record = {"date": "2026-01-01", "questions": 40, "success_at_1": 0.8}
    return record | {"shipped_success_at_1": 0.7, "weights": weights}


def test_tuned_weights_become_part_of_the_index(tmp_path):
    write(tmp_path / "documents", a_txt="Title\n\nThe harbour.", b_txt="Harbour\n\nThe title.")
    first = build_index(tmp_path)
    searcher = open_engine(first).searcher()
    before = ask(searcher, first, "harbour title what")
    (tmp_path / TUNED_FILE).write_text(json.dumps(tuned_values(heading_coverage=-90.0)))
    settings = build_index(tmp_path)
    tuned = open_engine(settings).searcher()
    after = ask(tuned, settings, "harbour title what")

    assert tuned.manifest.name != searcher.manifest.name
    assert tuned.manifest.tuned == load_tuned_ranking(tmp_path)
    assert before.generation != after.generation
    column = [*Feature].index(Feature.HEADING_COVERAGE)
    assert select_ranking_weights(tuned.manifest.tuned).ranking[column] == -90.0
    assert select_ranking_weights(None) is load_ranking_weights()


def test_weights_for_other_features_are_not_used(tmp_path):
    (tmp_path / TUNED_FILE).write_text(json.dumps(tuned_values(unheard_of=1.0)))

    assert select_ranking_weights(load_tuned_ranking(tmp_path)) is load_ranking_weights()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"weights": 3}', "{" * 99_999])
def test_weights_that_cannot_be_read_are_an_error_that_says_what_to_do(tmp_path, text):
    (tmp_path / TUNED_FILE).write_text(text)

    with pytest.raises(SettingsError, match="qa tune"):
        load_tuned_ranking(tmp_path)


def test_the_command_writes_what_wins_and_removes_what_does_not(tmp_path):
    write_towns(tmp_path / "documents")
    settings = build_index(tmp_path)
    searcher = open_engine(settings).searcher()
    path, questions = tmp_path / TUNED_FILE, tmp_path / "questions.jsonl"

    def run(words, *options):
        rows = [{"question": g.question, "contains": [*g.contains]} for g in golden(words)]
        questions.write_text("\n".join(map(json.dumps, rows)))
        return CliRunner().invoke(main, ["tune", "--index", str(tmp_path), *options])

    winning, losing = sorted(
        ("Tickets for {} harbour", "harbour of {} was opened"),
        key=lambda words: not tune_ranking(searcher, settings, golden(words)).wins,
    )
    assert "win" in run(winning, "--dry-run").output
    assert not path.exists()
    assert run(winning).exit_code == 0
    assert load_tuned_ranking(tmp_path).questions == len(TOWNS)
    assert "not more than chance" in run(losing).output
    assert not path.exists()


def test_what_is_stored_is_what_was_fitted(towns):
    report = tune_ranking(*towns, golden("Tickets for {} harbour"))
    weights = dict(make_tuned_ranking(report, "2026-01-01").weights)

    assert [weights[feature] for feature in Feature] == pytest.approx(
        np.round(report.weights, 4).tolist()
    )
