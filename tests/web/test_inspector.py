"""The command line of the MCP inspector before a real `qa serve`."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import run_service

FOLDER = Path(__file__).parent / "inspector"
PROGRAM = FOLDER / "node_modules" / ".bin" / "mcp-inspector"


@pytest.fixture(scope="module")
def inspect(index):
    """What the inspector prints for a method, and its exit code."""
    if not shutil.which("node") or not PROGRAM.exists():
        pytest.skip("No MCP inspector: run `npm install` in tests/web/inspector")
    with run_service(index) as (host, port):

        def run(path, *arguments):
            address = f"http://{host}:{port}{path}"
            command = [PROGRAM, "--cli", address, "--transport", "http", "--method", *arguments]
            result = subprocess.run(  # noqa: PLW1510 - it fails where a tool does
                command, capture_output=True, text=True, timeout=600
            )
            assert result.stdout, result.stderr
            return json.loads(result.stdout), result.returncode

        yield run


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/v1/mcp"])
def test_the_inspector_lists_the_tools(inspect, path):
    listed, code = inspect(path, "tools/list")

    assert code == 0
    assert [tool["name"] for tool in listed["tools"]] == ["fetch", "list_documents", "search"]


def test_the_inspector_searches_with_filters_and_turns(inspect):
    result, code = inspect(
        *("/v1/mcp", "tools/call", "--tool-name", "search"),
        *("--tool-arg", "query=Who built it?", "--tool-arg", "limit=1"),
        *("--tool-arg", 'turns=["Where is the old harbour of Lindholm?"]'),
        *("--tool-arg", 'publisher=["Northern Gazette"]'),
    )

    assert code == 0
    (found,) = result["structuredContent"]["results"]
    assert "Karl Brandt" in found["text"]


def test_the_inspector_shows_what_is_wrong_with_a_call(inspect):
    result, code = inspect("/v1/mcp", "tools/call", "--tool-name", "fetch", "--tool-arg", "id=none")

    assert code != 0
    assert result["isError"]
    assert result["content"][0]["text"] == "There is no document 'none'; search first."
