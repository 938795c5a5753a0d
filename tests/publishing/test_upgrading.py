"""After an upgrade: what another analysis made is never asked without a word, nor followed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

import qa
from qa.app import create_app
from qa.cli import main
from qa.documents.versions import template_folder
from qa.engines.factory import open_engine
from qa.errors import GenerationNotFoundError
from qa.publishing import generation_writer as writing
from tests.conftest import BRIDGE, HARBOUR, run_service, write
from tests.engines.indexes import ENGINES, prepare_settings, run_build
from tests.waiting import wait_for

QUESTION = "who demanded guarantees?"
WARNING = "was made by another version of the analysis"


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another version of the package, with a stop word more."""
    folder = tmp_path_factory.mktemp("other")
    shutil.copytree(
        Path(qa.__file__).parent, folder / "qa", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(template_folder(), folder / "qa" / "templates", dirs_exist_ok=True)
    words = folder / "qa" / "analysis" / "stop_words.txt"
    words.write_text(words.read_text().replace("en: a an the", "en: a an the harbour"))
    return folder


@pytest.fixture
def index(tmp_path):
    """A folder with two documents, not built yet."""
    write(tmp_path / "index" / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    return tmp_path / "index"


def run_other(package, *arguments):
    """Run a command of another version of the package."""
    command = [sys.executable, "-m", "qa", *map(str, arguments)]
    environ = os.environ | {"PYTHONPATH": str(package)}
    return subprocess.run(
        command, env=environ, cwd=package, capture_output=True, text=True, check=True
    )


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def live(index):
    return (index / "CURRENT").read_text().strip()


def test_what_another_version_built_is_told_by_every_command_that_asks_it(other, index, tmp_path):
    run_other(other, "index", "--index", index)
    result = run("ask", QUESTION, "--json", "--index", index)
    checked = run("serve", "--check", "--port", 0, "--index", index)
    (tmp_path / "saved.json").write_text(result.stdout)

    assert f"Warning: Generation {live(index)} {WARNING}" in result.stderr
    assert "Run `qa index`." in result.stderr
    assert json.loads(result.stdout)["generation"] == live(index)
    assert (result.exit_code, checked.exit_code) == (0, 1)
    assert f"{WARNING}: answers from it may be wrong or missing. Run `qa index`." in checked.output
    for arguments in (
        ("verify", tmp_path / "saved.json"),
        ("verify-index",),
        ("rollback", live(index)),
        ("ask", QUESTION, "--generation", live(index)),
    ):
        assert WARNING in run(*arguments, "--index", index).stderr, arguments


def test_building_again_ends_that(other, index):
    run_other(other, "index", "--index", index)
    before = live(index)
    again = run("index", "--index", index)
    result = run("ask", QUESTION, "--index", index)
    checked = run("serve", "--check", "--port", 0, "--index", index)

    assert again.exit_code == result.exit_code == checked.exit_code == 0
    assert live(index) != before
    assert WARNING not in again.output + result.output + checked.output


def test_the_same_version_builds_the_same_wherever_it_lies(other, index, tmp_path):
    shutil.copytree(other, tmp_path / "again")
    shutil.copytree(index, tmp_path / "copy")
    run_other(other, "index", "--index", index)
    run_other(tmp_path / "again", "index", "--index", tmp_path / "copy")

    assert live(index) == live(tmp_path / "copy")


def test_a_service_that_starts_answers_and_says_so(other, index, tmp_path):
    run_other(other, "index", "--index", index)
    with (tmp_path / "log").open("wb") as log, run_service(index, log) as (host, port):
        with urlopen(f"http://{host}:{port}/readyz") as response:
            ready = json.load(response)
        with urlopen(f"http://{host}:{port}/about") as response:
            about = response.read().decode()
        result = run("index", "--index", index)
        wait_for(lambda: "warning" not in json.load(urlopen(f"http://{host}:{port}/readyz")))
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()[1:]]

    assert (ready["status"], WARNING in ready["warning"]) == ("ok", True)
    assert "built by another version of the service" in about
    assert result.exit_code == 0
    assert any(e["level"] == "warning" and WARNING in e["message"] for e in lines)


def test_a_running_service_keeps_its_index_when_another_version_builds(other, index, tmp_path):
    assert run("index", "--index", index).exit_code == 0
    before = live(index)
    # Workers are replaced all the time: the new ones, too, begin with the index that suits them.
    with (
        (tmp_path / "log").open("wb") as log,
        run_service(index, log, max_requests=3) as (host, port),
    ):
        address = f"http://{host}:{port}/ask?q=who+demanded+guarantees%3F"
        run_other(other, "index", "--index", index)
        wait_for(lambda: "answers meanwhile" in (tmp_path / "log").read_text())
        answered = {json.load(urlopen(address))["generation"] for _ in range(20)}
        between = live(index)
        assert run("index", "--index", index, "--force").exit_code == 0
        wait_for(lambda: json.load(urlopen(address))["generation"] == live(index))

    assert answered == {before} != {between}


@pytest.fixture(params=ENGINES)
def settings(request, tmp_path):
    """Settings over an index that is not there yet, in a folder or in a cluster."""
    return prepare_settings(request, tmp_path)


def build(settings, monkeypatch, analysis=None):
    """Build a generation, as *analysis* would have, or with our own; its name."""
    with monkeypatch.context() as patch:
        if analysis:
            patch.setattr(writing, "analysis_version", lambda: analysis)
        return run_build(settings, force=True)[1].manifest.name


# "2" is what generations held before this was counted.
@pytest.mark.parametrize("analysis", ["2", "another"])
def test_what_is_held_goes_on_until_the_live_one_suits_again(
    settings, monkeypatch, caplog, analysis
):
    built_generation = build(settings, monkeypatch)
    engine, first = open_engine(settings), open_engine(settings)
    assert engine.searcher().manifest.name == first.searcher().manifest.name == built_generation
    others = build(settings, monkeypatch, analysis)

    # As a worker does, and as the first process does, which holds it for others.
    assert engine.searcher().manifest.name == built_generation != others
    first.release_stale()
    assert first.searcher().manifest.name == built_generation
    assert f"Generation {others} is live, but {WARNING}" in caplog.text.replace("\n", " ")
    assert caplog.text.count("is live, but") == 2
    write(settings.documents_folder, more_md="# More\n\nOne more text of the harbour.")
    assert build(settings, monkeypatch) == engine.searcher().manifest.name


def test_where_nothing_else_is_held_it_is_asked_and_logged(settings, monkeypatch, caplog):
    name = build(settings, monkeypatch, "2")
    client = create_app(settings).test_client()

    assert client.get("/ask", query_string={"q": QUESTION}).json["generation"] == name
    assert client.get("/ask", query_string={"q": QUESTION}).json["generation"] == name
    assert caplog.text.count(WARNING) == 1
    assert WARNING in client.get("/readyz").json["warning"]


def test_an_older_one_of_another_analysis_cannot_be_asked_any_more(settings, monkeypatch):
    older = build(settings, monkeypatch, "2")
    name = build(settings, monkeypatch)
    client = create_app(settings).test_client()
    query = {"q": QUESTION, "generation": older}

    with pytest.raises(GenerationNotFoundError, match="ask without it"):
        open_engine(settings).searcher(older)
    assert client.get("/ask", query_string=query).status_code == 410
    page = client.get("/", query_string=query)
    assert (page.status_code, f"index {name[:6]}" in page.text) == (200, True)


def test_what_was_made_before_analyses_were_counted_is_told_and_does_no_harm(settings, monkeypatch):
    real = writing.BuildCounts.manifest

    def plain(*arguments):
        manifest = real(*arguments)
        del manifest.made_of["analysis"]
        return manifest

    with monkeypatch.context() as patch:
        patch.setattr(writing.BuildCounts, "manifest", plain)
        run_build(settings)
    client = create_app(settings).test_client()

    assert client.get("/ask", query_string={"q": QUESTION}).status_code == 200
    assert WARNING in client.get("/readyz").json["warning"]
    assert "another version of the service" in client.get("/about").text
