"""Fixtures: an index over a few small documents, the app over it, a real gunicorn before it."""

import contextlib
import dataclasses
import gc
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from multiprocessing import forkserver
from pathlib import Path

import hypothesis
import pytest

from qa.app import create_app
from qa.engines.factory import open_engine
from qa.publishing.builder import index_folder
from qa.settings import Settings
from tests.engines.opensearch.server import CannotStartError, Server
from tests.processes import reserve_port
from tests.sharing import share_among_apps

# No test is timed: a busy machine would fail it.  Examples are few and the same each time, but
# with --full.
untimed = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("any", untimed)
hypothesis.settings.register_profile("same", untimed, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("same")

# Nor is an answer cut short or refused there, but by the tests of these limits.
PATIENT = {"budget_ms": 60_000, "max_wait_ms": 60_000}
os.environ |= {f"QA_{name.upper()}": str(value) for name, value in PATIENT.items()}
_defaults = {item.name: item.default for item in dataclasses.fields(Settings)} | PATIENT
Settings.__init__.__defaults__ = tuple(_defaults.values())
# The processes that tests start would each compile the whole package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# What other frameworks report of their use, and to whom.
os.environ |= {"HAYSTACK_TELEMETRY_ENABLED": "False", "LANGSMITH_TRACING": "false"}
share_among_apps()

ROOT = Path(__file__).parent.parent
# Taken out, since what begins with QA_ is a setting everywhere else.
OPENSEARCH = os.environ.pop("QA_TEST_OPENSEARCH_URL", None)
SAMPLE = ROOT / "index" / "documents"
# The cluster that is running.
_NODES = pytest.StashKey()

HARBOUR = """---
title: The harbour of Lindholm
publisher: Northern Gazette
date: 2021-12-03
url: https://gazette.example/harbour
---
The old harbour of Lindholm was built in 1874 by the engineer Karl Brandt. It took eleven years
and cost four million crowns, which the town paid back until 1920.

Captain Elsa Moberg demanded legal guarantees from the council that the pier would never be sold.
The council refused because it had no money left. She repeated her demand in the spring.

## Storms

In October 1902 a storm broke the northern pier. Nobody was hurt, but three ships were lost & the
lighthouse <b>went dark</b> for nine days.
"""
BRIDGE = """---
title: Bridge over the Vesa
publisher: Vesa Courier
date: 2022-03-29
---
The bridge over the Vesa was opened by Mayor Ines Falk on 29 March 2022. It is 310 metres long and
replaced a ferry that had run for ninety years.

Engineers chose granite because the river carries ice in winter. The council of Lindholm paid half
of the costs, as it had promised in 2015.
"""


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run heavy campaigns in full")
    parser.addoption("--rounds", type=int, help="rounds of each campaign of faults")
    parser.addoption("--seed", type=int, help="repeat a campaign of faults that printed this seed")
    parser.addoption(
        "--need-browser", action="store_true", help="fail where there is no browser, do not skip"
    )

    parser.addoption(
        "--need-opensearch", action="store_true", help="fail where none can be started, do not skip"
    )
    parser.addoption(
        "--need-redis", action="store_true", help="fail where there is no Redis, do not skip"
    )


def pytest_configure(config):
    if config.getoption("--full"):
        hypothesis.settings.load_profile("any")
    # What is collected stays: the garbage collector need not look at it, now or in any test.
    gc.disable()


def pytest_collection_finish():
    gc.freeze()
    gc.enable()
    # Seldom, since most of what tests leave needs none: a tenth of their time.
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be missing, or turned off
def pytest_xdist_make_scheduler(config, log):
    """Say which tests run in one process where `-n` asks for several."""
    from tests.scheduling import GroupScheduling  # noqa: PLC0415 - it needs pytest-xdist

    return GroupScheduling(config, log)


def pytest_collection_modifyitems(config, items):
    """Have what takes longest begin first where several processes run tests."""
    if hasattr(config, "workerinput"):
        from tests.scheduling import order  # noqa: PLC0415 - it needs pytest-xdist

        items.sort(key=lambda item: order(item.nodeid))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """Stop the cluster behind the last test of it, where the others of a process follow."""
    server = item.config.stash.get(_NODES, None)
    if server and nextitem and hasattr(item.config, "workerinput"):
        from tests.scheduling import group  # noqa: PLC0415 - it needs pytest-xdist

        if group(item.nodeid) == "opensearch" != group(nextitem.nodeid):
            server.stop()


@pytest.fixture(scope="session", autouse=True)
def _load_readers():
    """Start the process from which builds fork others, with what these need."""
    forkserver.set_forkserver_preload(["tests.reading"])
    forkserver.ensure_running()


@pytest.fixture(scope="session")
def nodes(pytestconfig):
    """A real OpenSearch of three nodes, which may be killed and started again."""
    pytest.importorskip("opensearchpy")
    try:
        server = Server(nodes=3, heap=384)
        server.start()
        pytestconfig.stash[_NODES] = server
    except CannotStartError as error:
        needed = pytestconfig.getoption("--need-opensearch")
        tell = pytest.fail if needed else pytest.skip
        tell(f"No OpenSearch: {error}. QA_TEST_OPENSEARCH_URL names any other server.")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def opensearch(request):
    """The address of a real OpenSearch: that of QA_TEST_OPENSEARCH_URL, or of our own nodes."""
    return OPENSEARCH.rstrip("/") if OPENSEARCH else request.getfixturevalue("nodes").url


@pytest.fixture(scope="session")
def full(pytestconfig):
    """Whether heavy campaigns run in full."""
    return pytestconfig.getoption("--full")


def write(folder, **texts):
    """Files in *folder*, an underscore in a name standing for the dot before its ending."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return folder


def build_index(index, **options):
    """Settings over *index*, with *options*, built from the documents in it."""
    settings = Settings(index=str(index), **options)
    index_folder(settings.documents_folder, open_engine(settings), settings)
    return settings


@pytest.fixture(scope="session")
def small_index(tmp_path_factory):
    """A folder with a small index, which no test changes."""
    folder = tmp_path_factory.mktemp("index")
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE)
    build_index(folder)
    return folder


@pytest.fixture(scope="session")
def index(small_index):
    """The small index, or what takes its place in a module."""
    return small_index


@pytest.fixture
def own_index(small_index, tmp_path):
    """A copy of the small index, which the test may change."""
    shutil.copytree(small_index, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="session")
def searcher(index):
    """The live generation of the small index."""
    return open_engine(Settings(index=str(index))).searcher()


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """Settings over an index of the corpus that we ship."""
    settings = Settings(index=str(tmp_path_factory.mktemp("sample")), documents=str(SAMPLE))
    index_folder(SAMPLE, open_engine(settings), settings)
    return settings


@pytest.fixture
def app(index):
    """The app over the small index."""
    return create_app(Settings(index=str(index)))


@pytest.fixture
def offline(monkeypatch):
    """Fails the test if anything in this process connects to a network."""
    addresses = []

    def refuse(_socket, address):
        addresses.append(address)
        raise ConnectionRefusedError(address)

    connect = socket.socket.connect
    # Engines of other tests follow a cluster in theirs for a while.
    others = {*threading.enumerate()} - {threading.current_thread()}

    def connect_here(self, address):
        is_let = self.family == socket.AF_UNIX or threading.current_thread() in others
        return connect(self, address) if is_let else refuse(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    yield
    assert addresses == []


@contextlib.contextmanager
def run_gunicorn(index):
    """The address of a real gunicorn with two workers on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        command = [sys.executable, "-m", "gunicorn", "--workers=2", "--threads=4"]
        bind = f"--bind=fd://{listening.fileno()}"
        gunicorn = subprocess.Popen(
            [*command, bind, "--no-control-socket", "qa.app:create_app()"],
            pass_fds=[listening.fileno()],
            env=os.environ | {"QA_INDEX": str(index)},
            cwd=ROOT,
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            gunicorn.terminate()
            code = gunicorn.wait(timeout=60)

        assert code == 0


@pytest.fixture(scope="session")
def server(index):
    """The address of a real gunicorn before the small index."""
    with run_gunicorn(index) as address:
        yield address


@contextlib.contextmanager
def run_service(index, log=subprocess.DEVNULL, **settings):
    """The address of `qa serve` with these *settings*, once it answers; *log* gets its output."""
    # Raw requests are to host `a`.
    settings = {"trusted_hosts": "a,localhost,127.0.0.1"} | settings
    environ = {f"QA_{name.upper()}": str(value) for name, value in settings.items()}
    with (
        reserve_port() as port,
        subprocess.Popen(
            [sys.executable, "-m", "qa", "serve", "--index", str(index), "--port", str(port)],
            env=os.environ | environ,
            cwd=ROOT,
            stdout=log,
        ) as process,
    ):
        address = ("127.0.0.1", port)
        while True:
            assert process.poll() is None, "the service stopped"
            with contextlib.suppress(OSError), socket.create_connection(address):
                break
            time.sleep(0.05)
        try:
            yield address
        finally:
            process.terminate()
            code = process.wait(timeout=60)

        assert code == 0


@pytest.fixture
def port():
    """A free port that nobody else is given during the test."""
    with reserve_port() as port:
        yield port


def load_questions(path):
    """The questions in a file, with the words that their answers hold."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
