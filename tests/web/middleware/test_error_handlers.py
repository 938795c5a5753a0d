"""What the public is told when something fails: what to do, and nothing of the machine."""

import inspect

import pytest

from qa import errors
from qa.app import create_app
from qa.engines.factory import open_engine
from qa.errors import (
    AuthenticationError,
    ClusterUnreachableError,
    CorruptIndexError,
    EvaluationError,
    GenerationError,
    NoLiveGenerationError,
    QAError,
    RequestError,
    SettingsError,
)
from qa.settings import Settings

PATHS = [
    "/ask?q=harbour",
    "/",
    "/documents",
    "/documents/a",
    "/readyz",
    "/cite/a",
    "/export.md?q=x",
]
INSIDES = "/srv/secret/index at https://10.1.2.3:9200"
# Their messages are written for whoever asks.
FOR_ALL = (
    "RequestError",
    "QuestionError",
    "FilterError",
    "InvalidCitationError",
    "DeadlineExceededError",
)
FOR_ALL += ("DocumentNotFoundError", "NoLiveGenerationError", "GenerationNotFoundError")


@pytest.fixture
def settings(own_index):
    return Settings(index=str(own_index))


def damage_current(index):
    (index / "CURRENT").write_text("no name")


def damage_manifest(index):
    next(index.glob("generations/*/manifest.json")).write_text("{")


def damage_files(index):
    for path in index.glob("generations/*/*.bin"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [damage_current, damage_manifest, damage_files])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_damaged_index_shows_no_path_but_in_the_log(settings, tmp_path, caplog, damage, accept):
    damage(tmp_path)
    client = create_app(settings).test_client()

    for path in PATHS:
        response = client.get(path, headers={"Accept": accept})
        assert response.status_code == 503, path
        assert "the operator finds the reason in the log" in response.text, path
        assert str(tmp_path) not in response.text + str(response.headers), path
    assert str(tmp_path) in caplog.text


def kinds():
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass)]
    return [cls for cls in classes if issubclass(cls, QAError)]


@pytest.mark.parametrize("kind", kinds())
def test_only_what_is_written_for_all_is_shown_to_all(settings, monkeypatch, caplog, kind):
    def fail(*_):
        raise (
            kind(INSIDES, "question")
            if kind in {RequestError, errors.FilterError}
            else kind(INSIDES)
        )

    app = create_app(settings)
    monkeypatch.setattr(type(app.extensions["qa"].engine), "searcher", fail)
    response = app.test_client().get("/readyz")

    assert (INSIDES in response.text) == (kind.__name__ in FOR_ALL)
    assert response.json["detail"]
    assert response.status_code < 500 or INSIDES in caplog.text


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        *((NoLiveGenerationError, 503), (CorruptIndexError, 503), (ClusterUnreachableError, 503)),
        *((AuthenticationError, 503), (GenerationError, 503), (SettingsError, 500)),
        (EvaluationError, 500),
    ],
)
def test_an_index_that_cannot_be_read_is_worth_another_try(settings, monkeypatch, kind, status):
    def fail(*_):
        raise kind("x")

    app = create_app(settings)
    monkeypatch.setattr(type(app.extensions["qa"].engine), "searcher", fail)
    response = app.test_client().get("/documents.json")

    assert response.status_code == status
    assert ("Retry-After" in response.headers) == (status == 503)


def test_the_reason_stays_whole_on_the_command_line(settings, tmp_path):
    damage_manifest(tmp_path)

    with pytest.raises(CorruptIndexError, match=str(tmp_path)):
        open_engine(settings).searcher()
