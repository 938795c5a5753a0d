"""An index in a cluster when something is wrong: a node, all of it, a build, the way to it."""

import dataclasses
import logging
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import uuid
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
import yaml

from qa.app import create_app
from qa.engines import open_engine
from qa.errors import IndexingError, SettingsError, UnreachableError
from qa.indexing import index_folder
from qa.queries import read
from qa.settings import Settings, from_environ, table
from tests.conftest import BRIDGE, HARBOUR, ROOT, write

pytest.importorskip("opensearchpy")

from qa.engines.opensearch import lease, writing
from qa.engines.opensearch.addresses import address_of
from qa.engines.opensearch.cluster import Cluster

QUESTION = "who demanded guarantees?"
SECRET = "open-sesame"  # noqa: S105 - nobody's


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
    found = cluster.command("GET", f"/_cat/indices/{cluster.name}-*?format=json")
    return {each["index"] for each in found} - {f"{cluster.name}-lock"}


def eventually(true, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.2)
    return False


def test_no_answer_fails_when_a_node_dies_under_load(settings, nodes):
    build(settings)
    nodes.wait(3)
    app = create_app(settings)
    app.extensions["qa.engine"].follow(lambda new: None)
    ended = threading.Event()

    def asking(number):
        client, found = app.test_client(), []
        while not ended.is_set():
            # Never the same question, so that nothing is remembered.
            word = f"harbour{number}{len(found)}"
            found.append(client.get("/ask", query_string={"q": f"{QUESTION} {word}"}).status_code)
        return found

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(asking, number) for number in range(4)]
        time.sleep(1)
        nodes.nodes[random.randrange(3)].kill()
        time.sleep(4)
        ended.set()
        codes = [code for each in asked for code in each.result()]

    assert len(codes) > 20
    assert {*codes} == {200}


def test_a_cluster_that_is_gone_is_told_and_taken_up_again(settings, nodes):
    build(settings)
    app = create_app(settings)
    app.extensions["qa.engine"].follow(lambda new: None)
    client = app.test_client()

    def ask():
        return client.get("/ask", query_string={"q": QUESTION})

    assert ask().status_code == 200
    for node in nodes.nodes:
        node.kill()
    gone = client.get("/ask", query_string={"q": "which engineers chose granite?"})

    assert gone.status_code == 503
    assert int(gone.headers["Retry-After"]) > 0
    assert "No node of the cluster answers" in gone.json["detail"]
    assert client.get("/readyz").status_code == 503

    nodes.mend()

    assert eventually(lambda: ask().status_code == 200)


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
        answers = engine.searcher().candidates(read("Moberg"), 5).documents

        assert answers == ["harbour"]
        # One that was through with it is live, whole; any other left the one before alone.
        assert live == first.manifest.name or engine.searcher().manifest.documents == 3
        engine.searcher().check()
    _, last = build(settings)
    kept = {each.name for each in engine.generations()}

    assert last.live
    assert {name.split("-")[2] for name in indices(settings)} == kept


def test_what_is_altered_in_the_cluster_is_found(settings):
    engine, _ = build(settings)
    name = engine.searcher().manifest.name
    cluster = engine._cluster
    index = f"{cluster.name}-{name}-passages"
    cluster.command("PUT", f"/{index}/_settings", {"index.blocks.write": False})
    cluster.command("POST", f"/{index}/_delete_by_query?refresh=true", {"query": {"match_all": {}}})

    assert not engine.generations()[0].fault
    with pytest.raises(Exception, match="holds 0 passages where 3 were written"):
        engine.inspect(name)
    with pytest.raises(Exception, match="is damaged"):
        engine.searcher().check()


class Recorded(BaseHTTPRequestHandler):
    """Answers as a cluster of another kind would, and remembers what it was sent."""

    sent: list[str] = []  # noqa: RUF012 - one for all requests

    def do_GET(self):
        self.sent.append(self.headers["Authorization"])
        self.send_response(int(self.server.status))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"version": {"number": "8.1.0"}}')

    def log_message(self, *_):
        pass


@pytest.fixture
def secured(tmp_path):
    """A server with TLS that is no OpenSearch: its address, and its authority's file."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorded) as server:
        server.status = 200
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        Recorded.sent.clear()
        yield server, f"https://localhost:{server.server_port}/verbatim", str(tmp_path / "ca.pem")
        server.shutdown()
        thread.join()


def test_user_and_password_are_sent_over_trusted_tls_only(secured, caplog):
    caplog.set_level(logging.DEBUG)
    _, index, authority = secured
    settings = Settings(index=index, index_user="ann", index_password=SECRET, index_ca=authority)

    with pytest.raises(SettingsError, match="OpenSearch 2 or 3 is needed"), untold(settings):
        pass
    assert b64decode(Recorded.sent[0].removeprefix("Basic ")) == f"ann:{SECRET}".encode()
    with (
        pytest.raises(SettingsError, match="QA_INDEX_CA"),
        untold(dataclasses.replace(settings, index_ca="")),
    ):
        pass
    assert SECRET not in caplog.text + repr(settings)


def untold(settings):
    return open_engine(settings).build()


def test_an_api_key_is_sent_and_a_refusal_is_told_without_it(secured, caplog):
    server, index, authority = secured
    server.status = 403
    settings = Settings(index=index, index_api_key="k3y", index_ca=authority)

    with pytest.raises(SettingsError, match="refuses us") as raised, untold(settings):
        pass
    assert Recorded.sent[0] == "ApiKey k3y"
    assert "k3y" not in caplog.text + repr(settings) + str(raised.value)


def test_the_compose_file_sets_what_there_is_to_set():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    environment = services["verbatim"]["environment"]
    settings = from_environ(environment)

    assert address_of(settings.index).hosts == ("http://opensearch:9200",)
    assert environment.keys() <= {name for name, _, _ in table()}
    assert services["verbatim"]["build"]["args"]["EXTRAS"] == "opensearch"


@pytest.mark.parametrize(
    ("index", "hosts"),
    [
        ("https://one:9200/verbatim", ("https://one:9200",)),
        ("https://one/verbatim/", ("https://one:443",)),
        ("http://one,two:9201/my-news", ("http://one:9200", "http://two:9201")),
        ("http://[::1]:9200/v", ("http://[::1]:9200",)),
    ],
)
def test_an_address_names_hosts_and_an_alias(index, hosts):
    assert address_of(index).hosts == hosts


@pytest.mark.parametrize(
    ("index", "told"),
    [
        ("https://one:9200", "must end in a name"),
        ("https://one:9200/Verbatim", "small letters"),
        ("https://one:9200/a/b", "must end in a name"),
        ("https://ann:secret@one/verbatim", "QA_INDEX_PASSWORD"),
        ("ftp://one/verbatim", "begins with ftp"),
        ("https:///verbatim", "names no host"),
        ("https://one:port/verbatim", "names no host"),
    ],
)
def test_an_address_that_is_none_is_refused(index, told):
    with pytest.raises(SettingsError, match=told) as raised:
        open_engine(Settings(index=index))

    assert "secret" not in str(raised.value)


def test_nobody_waits_for_a_cluster_that_was_just_found_gone():
    settings = Settings(index="http://127.0.0.1:9/verbatim")
    cluster = Cluster(address_of(settings.index), settings)
    with pytest.raises(UnreachableError):
        cluster.look("/")
    # What would be asked now is not even tried.
    cluster._asking = None

    with pytest.raises(UnreachableError, match="No node"):
        cluster.look("/")


def test_a_cluster_that_takes_questions_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/verbatim"
        app = create_app(Settings(index=index, index_seconds=0.2))
        told = app.test_client().get("/ask", query_string={"q": QUESTION})

    assert told.status_code == 503
    assert int(told.headers["Retry-After"]) > 0


class Busy:
    """A cluster that turns away what it is sent, so many times."""

    def __init__(self, times, status=429):
        self.times, self.status, self.got = times, status, []

    def bulk(self, lines):
        rows = lines.splitlines()[::2]
        if self.times:
            self.times -= 1
            self.got += rows[:1]
            results = [{"index": {"status": 201}}] + [
                {"index": {"status": self.status, "error": {"reason": "no room"}}}
            ] * (len(rows) - 1)
            return {"errors": True, "items": results}
        self.got += rows
        return {"errors": False, "items": []}


def test_what_was_turned_away_is_written_again_and_nothing_twice(monkeypatch):
    monkeypatch.setattr(writing.time, "sleep", lambda _: None)
    busy = Busy(3)
    writer = writing.Writer(busy)
    for number in range(6):
        writer.add("index", str(number), {"a": 1})
    writer.finish()
    writer.stop()

    assert sorted(busy.got) == sorted({*busy.got})
    assert len(busy.got) == 6


@pytest.mark.parametrize(
    ("busy", "told"), [(Busy(99), "too busy"), (Busy(1, 400), "no room")], ids=("busy", "wrong")
)
def test_what_cannot_be_written_ends_the_build(busy, told, monkeypatch):
    monkeypatch.setattr(writing.time, "sleep", lambda _: None)
    writer = writing.Writer(busy)
    for number in range(20):
        writer.add("index", str(number), {"a": 1})

    with pytest.raises(IndexingError, match=told):
        writer.finish()
    writer.stop()


def test_a_lease_is_taken_over_from_the_dead_only():
    own = {"host": lease.platform.node(), "process": os.getpid(), "seen": time.time()}

    assert not lease._is_dead(own)
    assert lease._is_dead(own | {"process": 2**22 + 1})
    assert not lease._is_dead(own | {"host": "elsewhere", "process": 2**22 + 1})
    assert lease._is_dead(own | {"host": "elsewhere", "seen": time.time() - 100})
