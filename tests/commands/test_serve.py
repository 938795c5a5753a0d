"""What `qa serve` checks before it begins, and how it says what is wrong."""

import os
import socket
import subprocess
import sys

import pytest
from click.testing import CliRunner

from qa.cli import main


def test_serve_checks_all_settings_and_serves_nothing(index, monkeypatch):
    monkeypatch.setenv("QA_TRUSTED_HOSTS", "a.example")
    checked = CliRunner().invoke(main, ["serve", "--check", "--port", "0", "--index", str(index)])

    assert checked.exit_code == 0
    assert "Settings: fine." in checked.output
    monkeypatch.setenv("QA_TOKENS", "x")
    refused = CliRunner().invoke(main, ["serve", "--check", "--index", str(index)])
    assert refused.exit_code == 1
    assert "QA_TOKENS" in refused.output


def test_serve_checks_that_its_address_is_free(index):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        checked = CliRunner().invoke(
            main, ["serve", "--check", "--port", port, "--index", str(index)]
        )

    assert checked.exit_code == 1
    assert f"Port {port} is in use" in checked.output


def serve(index, *arguments, **environ):
    """What `qa serve` says that cannot begin."""
    return subprocess.run(
        [sys.executable, "-m", "qa", "serve", *arguments, "--index", str(index)],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_serve_says_that_its_port_is_in_use_in_one_line_and_nothing_else(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        refused = serve(tmp_path, "--port", port)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"Error: Port {port} is in use; ")
    assert refused.stderr.count("\n") == 1
    # Not even an index is built.
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_serve_says_that_there_is_no_such_address_in_one_line(index, host):
    refused = serve(index, "--host", host, "--port", "0")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"Error: Nothing can be served at {host}:0: ")
    assert refused.stderr.count("\n") == 1


def test_serve_tells_what_it_cannot_use_in_one_line(index):
    wrong = {"QA_RATE_LIMIT": "10/minute", "QA_RATE_STORAGE": "nowhere://"}
    served = serve(index, "--port", "0", **wrong)

    assert served.returncode == 1
    assert served.stderr.startswith("Error: QA_RATE_STORAGE is neither")
    assert served.stderr.count("\n") == 1
