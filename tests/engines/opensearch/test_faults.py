"""An index in a cluster when something is wrong: a node, all of it, a build, its texts."""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.app import create_app
from qa.engines.factory import open_engine
from qa.errors import CorruptIndexError
from qa.publishing.builder import index_folder
from qa.queries.parser import parse_query
from qa.settings import Settings
from tests.conftest import BRIDGE, HARBOUR, ROOT, write
from tests.waiting import wait_for

pytest.importorskip("opensearchpy")


QUESTION = "who demanded guarantees?"


@pytest.fixture
def settings(tmp_path, nodes):
    """Settings over an index with copies, and all nodes up before and after."""
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    index = f"{nodes.url}/test-{uuid.uuid4().hex[:8]}"
    yield Settings(index=index, folder=str(tmp_path), index_seconds=10)
    nodes.mend()


def build(settings):
    engine = open_engine(settings)
    return engine, index_folder(settings.documents_folder, engine, settings)


def indices(settings):
    cluster = open_engine(settings)._cluster
    rows = cluster.command("GET", f"/_cat/indices/{cluster.name}-*?format=json")
    return {row["index"] for row in rows} - {f"{cluster.name}-lock"}


def test_no_answer_fails_when_a_node_dies_under_load(settings, nodes):
    build(settings)
    nodes.wait(3)
    app = create_app(settings)
    app.extensions["qa"].engine.start_reload(lambda new: None)
    stop, codes = threading.Event(), []

    def ask_until_stopped(number):
        client = app.test_client()
        while not stop.is_set():
            # Never the same question, so that nothing is remembered.
            word = f"harbour{number}{len(codes)}"
            codes.append(client.get("/ask", query_string={"q": f"{QUESTION} {word}"}).status_code)

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(ask_until_stopped, number) for number in range(4)]
        wait_for(lambda: len(codes) > 10)
        nodes.nodes[random.randrange(3)].kill()
        before = len(codes)
        # The others take it for gone after three seconds.
        time.sleep(4)
        try:
            wait_for(lambda: len(codes) > before + 20)
        finally:
            stop.set()
    for future in futures:
        future.result()

    assert {*codes} == {200}


def test_a_cluster_that_is_gone_is_told_and_taken_up_again(settings, nodes):
    build(settings)
    app = create_app(settings)
    app.extensions["qa"].engine.start_reload(lambda new: None)
    client = app.test_client()

    def ask():
        return client.get("/ask", query_string={"q": QUESTION})

    assert ask().status_code == 200
    for node in nodes.nodes:
        node.kill()
    response = client.get("/ask", query_string={"q": "which engineers chose granite?"})

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert "No node of the cluster answers" in response.json["detail"]
    assert client.get("/readyz").status_code == 503

    nodes.mend()

    wait_for(lambda: ask().status_code == 200)


def test_a_build_that_is_killed_changes_nothing_and_is_swept(settings, pytestconfig, full):
    engine, first = build(settings)
    rounds = pytestconfig.getoption("--rounds") or (20 if full else 3)
    seed = pytestconfig.getoption("--seed") or random.randrange(1 << 32)
    print(f"--seed {seed}")
    chance = random.Random(seed)
    for number in range(rounds):
        write(settings.documents_folder, pier_md=f"# Pier\n\nPier {number} burnt down.")
        command = [sys.executable, "-m", "qa", "index", "--force"]
        environ = os.environ | {"QA_INDEX": settings.index, "QA_FOLDER": settings.folder}
        killed = subprocess.Popen(
            command, env=environ, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.5, 4))
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        live = engine.searcher().manifest.name
        answers = engine.searcher().search(parse_query("Moberg"), 5).document_ids

        assert answers == ["harbour"]
        # One that was through with it is live, whole; any other left the one before alone.
        assert live == first.manifest.name or engine.searcher().manifest.documents == 3
        engine.searcher().check()
    _, last = build(settings)
    names = {generation.name for generation in engine.generations()}

    assert last.is_live
    assert {name.split("-")[2] for name in indices(settings)} == names


def test_an_index_of_another_version_is_told_and_built_anew(settings, monkeypatch):
    for module in ("builder", "search"):
        monkeypatch.setattr(f"qa.engines.opensearch.{module}.LAYOUT", 1)
    build(settings)
    monkeypatch.undo()
    engine = open_engine(settings)

    with pytest.raises(CorruptIndexError, match="written by another version; run `qa index`"):
        engine.searcher()
    assert index_folder(settings.documents_folder, engine, settings, force=True).is_live
    assert engine.searcher().search(parse_query("Moberg"), 5).document_ids == ["harbour"]


def test_what_is_altered_in_the_cluster_is_found(settings):
    engine, _ = build(settings)
    name = engine.searcher().manifest.name
    cluster = engine._cluster
    index = f"{cluster.name}-{name}-passages"
    cluster.command("PUT", f"/{index}/_settings", {"index.blocks.write": False})
    cluster.command("POST", f"/{index}/_delete_by_query?refresh=true", {"query": {"match_all": {}}})

    assert not engine.generations()[0].error
    with pytest.raises(Exception, match="holds 0 passages where 3 were written"):
        engine.open_verified(name)
    with pytest.raises(Exception, match="is damaged"):
        engine.searcher().check()


def test_the_generation_before_stays_whatever_the_clock_says(settings, monkeypatch):
    settings = dataclasses.replace(settings, keep_generations=2)
    catalogue = "qa.engines.opensearch.registry"
    names = []
    for number, year in enumerate((2030, 2029, 2028, 2031)):
        monkeypatch.setattr(
            f"{catalogue}.utc_now", lambda year=year: f"{year}-01-01T00:00:00+00:00"
        )
        write(settings.documents_folder, new_txt=f"The ferry ran {number} times.")
        engine, report = build(settings)
        names.append(report.manifest.name)
        assert [generation.name for generation in engine.generations()] == names[-2:][::-1]

    assert engine.switch(None).name == names[-2]
