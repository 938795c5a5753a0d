"""What a platform, a container and a host are given: each works as docs/operating.md has it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import regex

from tests.conftest import HARBOUR, ROOT, build_index, write
from tests.server.test_service import wait_until_ready

PROCFILE = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", "")
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


@pytest.fixture
def index(tmp_path):
    """A folder with an index, and one golden question that it answers."""
    write(tmp_path / "documents", harbour_md=HARBOUR)
    ask(tmp_path, "who demanded guarantees?", "Elsa Moberg")
    build_index(tmp_path)
    return tmp_path


def ask(index, question, words):
    golden = {"question": question, "contains": words}
    (index / "questions.jsonl").write_text(json.dumps(golden))


def start(kind, index, **how):
    """The process of a line of the Procfile, from a checkout that is not installed."""
    python, *arguments = PROCFILE[kind].split()

    assert python == "python"
    environ = os.environ | {"QA_INDEX": str(index), **how.pop("environ", {})}
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environ, text=True, stdout=-1, **how
    )


def test_the_platform_serves_the_index_that_is_there_without_building(index, port):
    with start("web", index, environ={"PORT": str(port)}) as process:
        status = wait_until_ready(f"http://127.0.0.1:{port}/readyz", process)[0]
        process.terminate()
        printed = process.communicate()[0]

    assert (status, process.returncode) == (200, 0)
    assert "documents" not in printed


def test_the_platform_builds_at_boot_where_there_is_no_index(tmp_path, port):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    with start("web", tmp_path, environ={"PORT": str(port)}) as process:
        status = wait_until_ready(f"http://127.0.0.1:{port}/readyz", process)[0]
        process.terminate()
        printed = process.communicate()[0]

    assert (status, process.returncode) == (200, 0)
    assert printed.startswith("1 document")


def test_a_release_passes_when_all_golden_questions_are_answered(index):
    with start("release", index) as process:
        printed = process.communicate()[0]

    assert process.returncode == 0
    assert "1 golden question: 1 answered" in printed


def test_a_release_fails_when_one_is_not(index):
    ask(index, "who sold the pier to the moon?", "It was nobody")
    with start("release", index, stderr=-1) as process:
        error = process.communicate()[1]

    assert process.returncode == 3
    assert "unanswered who sold the pier to the moon?" in error


def test_a_release_fails_without_an_index_or_with_a_damaged_one(index, tmp_path_factory):
    for folder, words in ((tmp_path_factory.mktemp("none"), "qa index"), (index, "is damaged")):
        for path in folder.glob("generations/*/documents.bin"):
            path.write_bytes(path.read_bytes()[:-1])
        with start("release", folder, stderr=-1) as process:
            error = process.communicate()[1]

        assert process.returncode == 1
        assert words in error


def test_the_image_is_made_of_what_is_sent_to_docker():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        name
        for line in DOCKERFILE.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }

    assert copied == patterns
    assert [name for name in patterns if not (ROOT / name).exists()] == []


def test_the_image_is_asked_for_its_health_at_the_port_it_serves_at(index, port):
    python, *command = regex.search(r'HEALTHCHECK .* CMD (python) (-c) "(.*)"', DOCKERFILE).groups()

    def health():
        environ = os.environ | {"PORT": str(port)}
        return subprocess.run([sys.executable, *command], env=environ, check=False, stderr=-1)

    assert python == "python"
    assert health().returncode != 0
    with start("web", index, environ={"PORT": str(port)}) as process:
        wait_until_ready(f"http://127.0.0.1:{port}/livez", process)
        assert health().returncode == 0
        process.terminate()


def test_nobody_is_root_in_the_image():
    users = regex.findall(r"^USER (\d+)", DOCKERFILE, flags=regex.MULTILINE)

    assert users
    assert "0" not in users


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    unit = regex.search(r"```ini\n(.*?)```", OPERATING, flags=regex.DOTALL)[1]
    path = tmp_path / "verbatim.service"
    path.write_text(unit.replace("/srv/verbatim/venv/bin/qa", sys.executable))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stderr) == (0, "")
