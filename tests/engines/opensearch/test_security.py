"""A cluster that lets nobody in without TLS, a user and rights: a real one, with its own plugin."""

import dataclasses
import gc
import logging
import os
import re
import subprocess
import sys

import pytest
import yaml

from qa.app import create_app
from qa.engines.factory import open_engine
from qa.errors import SettingsError
from qa.publishing.builder import index_folder
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, ROOT, write

pytest.importorskip("opensearchpy")
from tests.engines.opensearch.security import SecuredServer
from tests.engines.opensearch.server import CannotStartError
from tests.processes import without_progress


@pytest.fixture(autouse=True)
def _collect_refused_sockets():
    yield
    gc.collect()


QUESTION = "who demanded guarantees?"
WRONG = "open-says-me"
# Strong enough for the plugin, which rates what a user changes to.
OTHER = "granite-carries-9-lighthouses"
USERS = {"builder": "open-sesame-1", "stranger": "open-sesame-2"}
# All that the service needs; docs/opensearch.md says so too.
ROLE = {
    "cluster_permissions": [
        "cluster_monitor",
        "cluster_composite_ops",
        "indices:data/read/scroll/clear",
    ],
    "index_permissions": [
        {"index_patterns": ["verbatim", "verbatim-*"], "allowed_actions": ["indices_all"]}
    ],
}


def test_the_documents_name_these_rights():
    page = (ROOT / "docs" / "opensearch.md").read_text(encoding="utf-8")
    role = re.search(r"```yaml\n(.*?)```", page, flags=re.DOTALL)[1]

    assert yaml.safe_load(role) == {"verbatim": ROLE}


@pytest.fixture(scope="module")
def secure_node(pytestconfig):
    """A node with users, one of whom may have the index."""
    server = None
    try:
        server = SecuredServer(USERS, {"builder": ROLE})
        server.start()
    except CannotStartError as error:
        if server is not None:
            server.stop()
        tell = pytest.fail if pytestconfig.getoption("--need-opensearch") else pytest.skip
        tell(f"No OpenSearch with its security plugin: {error}.")
    yield server
    server.stop()


@pytest.fixture
def settings(secure_node, tmp_path):
    """Those of who may."""
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    return Settings(
        index=f"{secure_node.url}/verbatim",
        folder=str(tmp_path),
        index_user="builder",
        index_password=USERS["builder"],
        index_ca=str(secure_node.authority),
        index_replicas=0,
        index_seconds=60,
    )


def test_a_user_with_few_rights_builds_asks_and_rolls_back(settings, caplog):
    caplog.set_level(logging.DEBUG)
    engine = open_engine(settings)
    first = index_folder(settings.documents_folder, engine, settings)
    write(settings.documents_folder, pier_md="# Pier\n\nThe pier burnt down.")
    index_folder(settings.documents_folder, engine, settings)
    client = create_app(settings).test_client()
    response = client.get("/ask", query_string={"q": QUESTION})

    assert response.json["verdict"] == "found"
    assert client.get("/readyz").status_code == 200
    assert engine.switch(None).documents == first.manifest.documents
    engine.open_verified(first.manifest.name).check()
    assert [generation.error for generation in engine.generations()] == [None, None]
    assert USERS["builder"] not in caplog.text + response.text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"index_password": WRONG}, "refuses us .status 401.; correct QA_INDEX_USER"),
        ({"index_user": "", "index_password": ""}, "refuses us .status 401."),
        ({"index_user": "stranger", "index_password": USERS["stranger"]}, "status 403.*rights"),
        ({"index_ca": ""}, "is not trusted; name its authority's file in QA_INDEX_CA"),
    ],
    ids=("wrong password", "nobody", "without rights", "unknown authority"),
)
def test_who_is_not_let_in_is_told_why_and_no_secret_is(settings, changed, message, caplog):
    caplog.set_level(logging.DEBUG)
    other = dataclasses.replace(settings, **changed)

    with pytest.raises(SettingsError, match=message) as raised:
        index_folder(other.documents_folder, open_engine(other), other)
    output = caplog.text + str(raised.value) + repr(raised.value.__cause__)
    assert not any(secret in output for secret in (*USERS.values(), WRONG))


def test_an_index_of_another_name_is_refused(settings):
    other = dataclasses.replace(settings, index=settings.index.replace("verbatim", "payroll"))

    with pytest.raises(SettingsError, match="status 403"):
        index_folder(other.documents_folder, open_engine(other), other)


@pytest.mark.parametrize(
    ("command", "code"), [(["index"], 1), (["serve", "--check"], 1), (["ask", QUESTION], 2)]
)
def test_the_commands_tell_a_wrong_password_in_one_line(settings, command, code):
    environ = os.environ | {
        "QA_INDEX": settings.index,
        "QA_FOLDER": settings.folder,
        "QA_INDEX_CA": settings.index_ca,
        "QA_INDEX_USER": "builder",
        "QA_INDEX_PASSWORD": WRONG,
        "QA_INDEX_SECONDS": str(settings.index_seconds),
    }
    result = subprocess.run(
        [sys.executable, "-m", "qa", *command],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert result.returncode == code
    assert "QA_INDEX_PASSWORD" in result.stderr
    assert without_progress(result.stderr).count("\n") == 1
    assert WRONG not in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def ask_in_vain(client):
    """What is said to programs and to people, neither what to correct nor how."""
    asked = {"q": "which engineers chose granite?"}
    response = client.get("/ask", query_string=asked)
    page = client.get("/", query_string=asked, headers={"Accept": "text/html"})

    assert (response.status_code, page.status_code) == (503, 503)
    assert client.get("/readyz").status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.content_type == "application/problem+json"
    assert "does not let the service in" in response.json["detail"]
    return response.text + page.text


def test_a_service_is_let_in_no_more_and_then_again(settings, secure_node, caplog):
    index_folder(settings.documents_folder, open_engine(settings), settings)
    app = create_app(settings)
    app.extensions["qa"].engine.start_reload(lambda new: None)
    client = app.test_client()

    assert client.get("/ask", query_string={"q": QUESTION}).json["verdict"] == "found"
    with secure_node.another_password(OTHER):
        message = ask_in_vain(client)
    assert "The cluster refuses us (status 401); correct QA_INDEX_USER" in caplog.text
    assert not any(secret in message for secret in ("QA_INDEX", USERS["builder"], OTHER))
    assert client.get("/ask", query_string={"q": QUESTION}).json["verdict"] == "found"


@pytest.mark.parametrize(
    ("changed", "logged"),
    [
        ({"index_password": WRONG}, "refuses us (status 401)"),
        ({"index_ca": ""}, "is not trusted; name its authority's file in QA_INDEX_CA"),
    ],
    ids=("wrong password", "unknown authority"),
)
def test_a_worker_that_is_not_let_in_starts_and_says_so(settings, changed, logged, caplog):
    app = create_app(dataclasses.replace(settings, **changed))
    app.extensions["qa"].engine.start_reload(lambda new: None)
    message = ask_in_vain(app.test_client())

    assert logged in caplog.text
    assert not any(secret in message for secret in ("QA_INDEX", settings.index, WRONG))
    assert WRONG not in caplog.text
