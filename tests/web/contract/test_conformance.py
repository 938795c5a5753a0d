"""All that the OpenAPI document allows, and much that it does not, before a real `qa serve`."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT, run_service

HERE = Path(__file__).parent


TOKEN = "a-token-of-some-length"  # noqa: S105 - of a test


def test_what_is_served_is_what_is_described(index, tmp_path, full):
    examples = 2000 if full else 10
    with run_service(index, token=TOKEN) as (host, port):
        address = f"http://{host}:{port}"
        command = [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", HERE / "schemathesis.toml"),
            *("run", f"{address}/openapi.json", "--no-color", "--checks", "all"),
            *("--max-examples", str(examples), "--seed", "1"),
            *("-H", f"Authorization: Bearer {TOKEN}"),
            # A protocol of its own, with errors of its own; its reference client is in test_mcp.py.
            *("--exclude-path", "/mcp"),
        ]
        hooks = {
            "SCHEMATHESIS_HOOKS": "tests.web.contract.hooks",
            "SERVED_AT": address,
            "SERVED_DOCUMENT": "harbour",
            "PYTHONPATH": str(ROOT),
        }
        run = subprocess.run(  # noqa: PLW1510 - its output is shown
            command, env=os.environ | hooks, cwd=tmp_path, capture_output=True, text=True
        )

    # What failed stands before how to repeat it, which may be long.
    lines = [line[:300] for line in run.stdout.splitlines()]
    heads = (n for n, line in enumerate(lines) if "= ERRORS =" in line or "= FAILURES =" in line)
    output = "\n".join(lines[next(heads, -100) :][:300])
    assert run.returncode == 0, output + run.stderr[-1000:]
    assert "No issues found" in run.stdout
