"""A running service, and what it answers."""

import contextlib
import signal
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.conftest import ROOT
from tests.processes import children, reserve_port, workers
from tests.waiting import wait_for


@contextlib.contextmanager
def run_service(index):
    """The address of `qa serve` over an index, ready; it must end well."""
    command = [sys.executable, "-m", "qa", "serve", "--index", str(index), "--port"]
    with (
        reserve_port() as port,
        subprocess.Popen([*command, str(port)], cwd=ROOT, stdout=subprocess.DEVNULL) as service,
    ):
        try:
            wait_for(lambda: len(children(service.pid)) == 2)
            workers(index, 2)
            yield f"http://127.0.0.1:{port}"
        finally:
            service.send_signal(signal.SIGTERM)
            code = service.wait(timeout=60)

    assert code == 0


def get(address, path):
    """Status and text of an answer."""
    try:
        with urlopen(address + path, timeout=60) as response:
            return response.status, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()
