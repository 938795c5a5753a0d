"""`qa demo`: where the sample is copied to, and where not."""

import pytest
from click.testing import CliRunner

from qa.cli import main
from qa.commands import demo
from qa.commands.demo import QUESTIONS
from tests.conftest import SAMPLE


@pytest.fixture
def services(monkeypatch):
    """The settings that would be served, in place of a service."""
    settings = []
    monkeypatch.setattr(demo, "serve_index", lambda each, _socket: settings.append(each))
    return settings


def run(*arguments, **environ):
    return CliRunner().invoke(main, ["demo", *map(str, arguments)], env=environ)


def test_the_sample_is_served_from_a_folder_that_is_gone_afterwards(
    services, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run(QA_FOLDER="/elsewhere", QA_HOST="0.0.0.0", PORT="80")  # noqa: S104 - to be ignored
    (settings,) = services

    assert result.exit_code == 0, result.output
    assert (settings.host, settings.port, settings.folder) == ("127.0.0.1", 0, "")
    assert settings.home.parent == tmp_path
    assert all(question in result.output for question in QUESTIONS)
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_is_given_stays_and_is_served_again(services, tmp_path):
    first = run(tmp_path / "try", "--port", "8123")
    (tmp_path / "try" / "documents" / "own.txt").write_text("A text of my own.")
    again = run(tmp_path / "try", "--port", "8123")

    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    names = {path.name for path in (tmp_path / "try" / "documents").iterdir()}
    assert names == {path.name for path in SAMPLE.iterdir()} | {"own.txt"}
    assert services[0] == services[1]


def test_nothing_is_copied_into_a_folder_that_is_used(services, tmp_path):
    (tmp_path / "thesis.txt").write_text("Mine.")
    result = run(tmp_path)

    assert result.exit_code == 1
    assert "is not empty; name an empty folder" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert services == []


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(services, tmp_path):
    (tmp_path / "file").write_text("")
    result = run(tmp_path / "file" / "try")

    assert result.exit_code == 1
    assert "name another folder" in result.stderr or "choose another folder" in result.stderr
