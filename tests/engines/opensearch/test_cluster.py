"""The way to a cluster: addresses, secrets, waiting, writing, the lease."""

import dataclasses
import logging
import os
import socket
import ssl
import threading
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
import yaml

from qa.analysis.deadline import Deadline
from qa.app import create_app
from qa.engines.factory import open_engine
from qa.errors import ClusterUnreachableError, DeadlineExceededError, IndexingError, SettingsError
from qa.settings import Settings, settings_from_environ, settings_table
from tests.conftest import ROOT

pytest.importorskip("opensearchpy")
from qa.engines.opensearch import builder as writing
from qa.engines.opensearch import registry as lease
from qa.engines.opensearch.cluster import Cluster, parse_address

QUESTION = "who demanded guarantees?"
SECRET = "open-sesame"  # noqa: S105 - nobody's


class RecordingHandler(BaseHTTPRequestHandler):
    """Answers as a cluster of another kind would, and records the credentials that it gets."""

    credentials: list[str] = []  # noqa: RUF012 - one for all requests

    def do_GET(self):
        self.credentials.append(self.headers["Authorization"])
        self.send_response(int(self.server.status))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"version": {"number": "8.1.0"}}')

    def log_message(self, *_):
        pass


@pytest.fixture
def tls_server(tmp_path):
    """A server with TLS that is no OpenSearch: its address, and its authority's file."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), RecordingHandler) as server:
        server.status = 200
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        RecordingHandler.credentials.clear()
        yield server, f"https://localhost:{server.server_port}/verbatim", str(tmp_path / "ca.pem")
        server.shutdown()
        thread.join()


def test_user_and_password_are_sent_over_trusted_tls_only(tls_server, caplog):
    caplog.set_level(logging.DEBUG)
    _, index, authority = tls_server
    settings = Settings(index=index, index_user="ann", index_password=SECRET, index_ca=authority)

    with pytest.raises(SettingsError, match="OpenSearch 2 or 3 is needed"), untold(settings):
        pass
    assert (
        b64decode(RecordingHandler.credentials[0].removeprefix("Basic "))
        == f"ann:{SECRET}".encode()
    )
    with (
        pytest.raises(SettingsError, match="QA_INDEX_CA"),
        untold(dataclasses.replace(settings, index_ca="")),
    ):
        pass
    assert SECRET not in caplog.text + repr(settings)


def untold(settings):
    return open_engine(settings).build()


def test_an_api_key_is_sent_and_a_refusal_is_told_without_it(tls_server, caplog):
    server, index, authority = tls_server
    server.status = 403
    settings = Settings(index=index, index_api_key="k3y", index_ca=authority)

    with pytest.raises(SettingsError, match="refuses us") as raised, untold(settings):
        pass
    assert RecordingHandler.credentials[0] == "ApiKey k3y"
    assert "k3y" not in caplog.text + repr(settings) + str(raised.value)


def test_the_compose_file_sets_what_there_is_to_set():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    environment = services["verbatim"]["environment"]
    settings = settings_from_environ(environment)

    assert parse_address(settings.index).hosts == ("http://opensearch:9200",)
    assert environment.keys() <= {name for name, _, _ in settings_table()}
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
    assert parse_address(index).hosts == hosts


@pytest.mark.parametrize(
    ("index", "message"),
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
def test_an_address_that_is_none_is_refused(index, message):
    with pytest.raises(SettingsError, match=message) as raised:
        open_engine(Settings(index=index))

    assert "secret" not in str(raised.value)


def test_nobody_waits_for_a_cluster_that_was_just_found_gone():
    settings = Settings(index="http://127.0.0.1:9/verbatim")
    cluster = Cluster(parse_address(settings.index), settings)
    with pytest.raises(ClusterUnreachableError):
        cluster.get("/")
    # What would be asked now is not even tried.
    cluster._search_client = None

    with pytest.raises(ClusterUnreachableError, match="No node"):
        cluster.get("/")


def test_a_cluster_that_takes_questions_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/verbatim"
        app = create_app(Settings(index=index, index_seconds=0.2))
        response = app.test_client().get("/ask", query_string={"q": QUESTION})

    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


def test_a_cluster_is_waited_for_no_longer_than_the_request_may_take():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/verbatim"
        settings = Settings(index=index, index_seconds=600)
        cluster = Cluster(parse_address(index), settings)
        with pytest.raises(DeadlineExceededError):
            cluster.search([("index", {})], deadline=Deadline.after(0.2))

    # That says nothing of the cluster, which others go on asking.
    assert cluster._paused_until == 0.0


def test_a_cluster_is_not_asked_once_the_time_is_over():
    settings = Settings(index="http://127.0.0.1:9/verbatim")
    cluster = Cluster(parse_address(settings.index), settings)
    cluster._search_client = None

    for ask in (cluster.search, cluster.fetch):
        with pytest.raises(DeadlineExceededError):
            ask([("index", {})], deadline=Deadline.after(-1))


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
    writer = writing.BulkWriter(busy)
    for number in range(6):
        writer.add("index", str(number), {"a": 1})
    writer.finish()
    writer.stop()

    assert sorted(busy.got) == sorted({*busy.got})
    assert len(busy.got) == 6


@pytest.mark.parametrize(
    ("busy", "message"), [(Busy(99), "too busy"), (Busy(1, 400), "no room")], ids=("busy", "wrong")
)
def test_what_cannot_be_written_ends_the_build(busy, message, monkeypatch):
    monkeypatch.setattr(writing.time, "sleep", lambda _: None)
    writer = writing.BulkWriter(busy)
    for number in range(20):
        writer.add("index", str(number), {"a": 1})

    with pytest.raises(IndexingError, match=message):
        writer.finish()
    writer.stop()


def test_a_lease_is_taken_over_from_the_dead_only():
    lease_record = {"host": lease.platform.node(), "process": os.getpid(), "seen": time.time()}

    assert not lease._is_expired(lease_record)
    assert lease._is_expired(lease_record | {"process": 2**22 + 1})
    assert not lease._is_expired(lease_record | {"host": "elsewhere", "process": 2**22 + 1})
    assert lease._is_expired(lease_record | {"host": "elsewhere", "seen": time.time() - 100})
