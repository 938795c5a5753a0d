"""The workers of a real `qa serve` count in a real Redis, and without it while it is away."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from qa.cli import main
from tests.conftest import run_service
from tests.processes import workers
from tests.server.test_load_balancing import ASK, sockets_of

PASSWORD = "s3cret"  # noqa: S105 - of a server that lasts for a test
# On a busy machine; elsewhere all of it takes a second or two.
SECONDS = 60
# Windows begin and end by the clock: a test would see two of a short one.
FEW, MANY = "10/year", "9999/year"


class Redis:
    """A redis-server that keeps nothing, and may be killed and started again at its address."""

    def __init__(self, folder):
        # Held all along, so that nobody else is given the port while the server is away.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.bind(("127.0.0.1", 0))
        self._folder, self.port = folder, self._held.getsockname()[1]
        self.url = f"redis://:{PASSWORD}@127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        """Start it, and wait until it answers."""
        address = ["--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", PASSWORD]
        keeping = ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self.process = subprocess.Popen(
            ["redis-server", *address, *keeping], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + SECONDS
        while self.request_count() is None:
            assert self.process.poll() is None, "redis-server stopped"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.02)

    def request_count(self):
        """How many requests it has counted; None where it does not answer."""
        import redis  # noqa: PLC0415 - not everywhere

        with redis.Redis.from_url(self.url) as client, contextlib.suppress(redis.ConnectionError):
            return sum(int(client.get(key) or 0) for key in client.scan_iter())

    def kill(self):
        """Kill it, even where it hangs."""
        self.process.kill()
        self.process.wait()

    def close(self):
        """Kill it for good."""
        self.kill()
        self._held.close()


@pytest.fixture
def redis(tmp_path, pytestconfig):
    """A real Redis with a password."""
    if not (shutil.which("redis-server") and find_spec("redis")):
        tell = pytest.fail if pytestconfig.getoption("--need-redis") else pytest.skip
        tell("No Redis: `apt-get install redis-server` and `pip install redis` bring one.")
    with contextlib.closing(Redis(tmp_path)) as server:
        server.start()
        yield server


def serve_counting(index, redis, limit, **more):
    """The address of a service of two workers that count in *redis*."""
    return run_service(index, workers=2, rate_limit=limit, rate_storage=redis.url, **more)


def ask(address):
    """The status, headers and body that a new client gets."""
    with contextlib.closing(HTTPConnection(*address, timeout=SECONDS)) as connection:
        return ask_over(connection)


def ask_over(connection):
    connection.request("GET", ASK)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def statuses(address, count):
    return [ask(address)[0] for _ in range(count)]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
def test_workers_share_one_count(index, redis):
    with (
        serve_counting(index, redis, FEW) as address,
        contextlib.ExitStack() as open_,
    ):
        before = {pid: sockets_of(pid) for pid in workers(address[1], 2)}
        clients = [
            open_.enter_context(contextlib.closing(HTTPConnection(*address, timeout=SECONDS)))
            for _ in range(30)
        ]
        with ThreadPoolExecutor(30) as pool:
            responses = list(pool.map(ask_over, clients))
        socket_counts = [sockets_of(pid) - count for pid, count in before.items()]

    assert min(socket_counts) > 0
    assert sorted(status for status, _, _ in responses) == [200] * 10 + [429] * 20
    for status, headers, body in responses:
        if status == 429:
            assert headers["Content-Type"] == "application/problem+json"
            assert int(headers["Retry-After"]) > 0
            assert json.loads(body)["status"] == 429


def test_without_redis_each_worker_counts_for_itself_and_warns(index, redis, tmp_path):
    log = tmp_path / "log"
    with log.open("w") as file, serve_counting(index, redis, FEW, log=file) as address:
        assert statuses(address, 11) == [200] * 10 + [429]
        redis.kill()
        codes = statuses(address, 30)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    warned = [line["message"] for line in lines if line["level"] != "info"]

    assert set(codes) == {200, 429}
    assert 10 <= codes.count(200) <= 20
    assert 1 <= len(warned) <= 2
    assert all("falling back to in-memory storage" in message for message in warned)
    assert PASSWORD not in log.read_text()
    assert str(redis.port) not in "".join(warned)


def test_counting_in_redis_is_taken_up_again(index, redis):
    with serve_counting(index, redis, MANY) as address:
        redis.kill()
        assert statuses(address, 10) == [200] * 10
        redis.start()
        deadline = time.monotonic() + SECONDS
        # Each worker looks after a second, and then less and less often.
        while True:
            before = redis.request_count()
            assert statuses(address, 10) == [200] * 10
            if redis.request_count() == before + 10:
                break
            assert time.monotonic() < deadline, "requests are not counted in Redis"
            time.sleep(0.2)


def test_a_redis_that_hangs_holds_nobody_up(index, redis):
    with serve_counting(index, redis, MANY) as address:
        assert statuses(address, 10) == [200] * 10
        redis.process.send_signal(signal.SIGSTOP)
        # With the client's own waits, this would take for ever.
        assert ask(address)[0] == 200


def check(index, redis, monkeypatch):
    """What `qa serve --check` tells."""
    monkeypatch.setenv("QA_RATE_LIMIT", "10/minute")
    monkeypatch.setenv("QA_RATE_STORAGE", redis.url)
    return CliRunner().invoke(main, ["serve", "--check", "--port", "0", "--index", str(index)])


def test_a_check_tells_that_redis_does_not_answer(index, redis, monkeypatch):
    answering = check(index, redis, monkeypatch)
    redis.kill()
    away = check(index, redis, monkeypatch)

    assert "Settings: fine." in answering.output
    assert away.exit_code == 1
    assert "Redis of QA_RATE_STORAGE does not answer; start it" in away.output
    assert PASSWORD not in away.output


def test_a_check_tells_that_redis_takes_another_password(index, redis, monkeypatch):
    redis.url = redis.url.replace(PASSWORD, "other")

    assert "correct its address or password" in check(index, redis, monkeypatch).output
