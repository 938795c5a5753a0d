"""Clients that others' generators make of the OpenAPI document compile, and ask a real service."""

import json
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import run_service

TYPESCRIPT = Path(__file__).parent / "typescript"
QUESTION = "Who demanded legal guarantees from the council?"

# Run with the generated package beside it: an address, and a question.
ASK = """
import json
import sys

from verbatim_client import Client
from verbatim_client.api.citations import cite, verify
from verbatim_client.api.documents import document, documents
from verbatim_client.api.questions import ask, ask_posted, suggest
from verbatim_client.models import (
    AnswerBody,
    AskBatch,
    AskRequest,
    BatchBody,
    DocumentBody,
    DocumentsBody,
    ProblemBody,
    SavedCitation,
    VerificationBody,
    VerifyRequest,
)

address, question = sys.argv[1:]
GONE = "000000000000"
client = Client(base_url=address)
asked = ask.sync(client=client, q=[question], limit=1)
assert isinstance(asked, AnswerBody)
posted = ask_posted.sync(client=client, body=AskRequest(question=question))
assert isinstance(posted, AnswerBody)
batch = ask_posted.sync(
    client=client,
    body=AskBatch(questions=[AskRequest(question=question), AskRequest("old", generation=GONE)]),
)
assert isinstance(batch, BatchBody)
quoted = asked.passages[0].citation
read = document.sync(quoted.document_id, client=client)
assert isinstance(read, DocumentBody)
listed = documents.sync(client=client)
assert isinstance(listed, DocumentsBody)
gone = document.sync("none/such", client=client)
assert isinstance(gone, ProblemBody)
saved = SavedCitation(document_id=quoted.document_id, exact=quoted.exact)
checked = verify.sync(client=client, body=VerifyRequest(citations=[saved]))
assert isinstance(checked, VerificationBody)
place = f"{quoted.start}-{quoted.end}"
print(
    json.dumps(
        {
            "document_id": quoted.document_id,
            "verdicts": [
                each.verdict.value if isinstance(each, AnswerBody) else each.code
                for each in batch.answers
            ],
            "title": read.title,
            "listed": [item.id for item in listed.items],
            "problem": gone.code,
            "states": [each.state.value for each in checked.citations],
            "cited": cite.sync(
                quoted.document_id, client=client, cite=place, quote_sha256="0123456789ab"
            ),
            "suggested": suggest.sync(client=client, q="har"),
        }
    )
)
"""


@pytest.fixture(scope="module")
def address(index):
    """Where a running service has the addresses that stay."""
    with run_service(index) as (host, port):
        yield f"http://{host}:{port}"


def run(*command, cwd):
    """What a program printed; its errors are shown if it fails."""
    result = subprocess.run(  # noqa: PLW1510 - its output is shown
        list(map(str, command)),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout


def fetch_description(address, folder):
    """The OpenAPI document of the service, as a file in *folder*."""
    with urllib.request.urlopen(f"{address}/openapi.json") as response:
        path = folder / "openapi.json"
        path.write_bytes(response.read())
    return path


def test_a_generated_python_client_passes_strict_types_and_asks(address, tmp_path):
    pytest.importorskip("openapi_python_client")
    description = fetch_description(address, tmp_path)
    # It would format the package with ruff, of whatever version.
    (tmp_path / "config.yaml").write_text("post_hooks: []")
    generate = ["generate", "--path", description, "--meta", "none", "--fail-on-warning"]
    generate += ["--config", tmp_path / "config.yaml"]
    package = tmp_path / "verbatim_client"
    program = "import openapi_python_client.cli; openapi_python_client.cli.app()"
    run(sys.executable, "-c", program, *generate, "--output-path", package, cwd=tmp_path)
    (tmp_path / "ask.py").write_text(ASK)
    run(sys.executable, "-m", "mypy", "--strict", "ask.py", "verbatim_client", cwd=tmp_path)

    said = json.loads(run(sys.executable, "ask.py", f"{address}/v1", QUESTION, cwd=tmp_path))

    assert said["document_id"] == "harbour"
    assert said["verdicts"] == ["found", "index-gone"]
    assert (said["title"], said["problem"]) == ("The harbour of Lindholm", "document-not-found")
    assert sorted(said["listed"]) == ["bridge", "harbour"]
    assert said["states"] == ["unchanged"]
    assert "The harbour of Lindholm" in said["cited"]
    assert said["suggested"][0] == "har"


def test_a_generated_typescript_client_compiles_strictly_and_asks(address, tmp_path):
    if not shutil.which("node") or not (TYPESCRIPT / "node_modules").is_dir():
        pytest.skip("No Node.js packages: npm ci --prefix tests/web/contract/typescript")
    fetch_description(address, tmp_path)
    for name in ("ask.ts", "tsconfig.json", "package.json"):
        shutil.copy(TYPESCRIPT / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT / "node_modules")
    programs = TYPESCRIPT / "node_modules" / ".bin"
    run(programs / "openapi-typescript", "openapi.json", "-o", "api.d.ts", cwd=tmp_path)
    run(programs / "tsc", "-p", ".", cwd=tmp_path)

    said = json.loads(run("node", "ask.js", f"{address}/v1", QUESTION, cwd=tmp_path))

    assert said["document_id"] == "harbour"
    assert said["verdicts"] == ["found", "index-gone"]
    assert (said["title"], said["problem"]) == ("The harbour of Lindholm", "document-not-found")
