"""The wheel: all of the package in it, and `qa demo` from it in an empty folder."""

import re
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from qa.commands.demo import SAMPLE
from tests.conftest import ROOT
from tests.conftest import SAMPLE as CLONED_SAMPLE


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, made offline."""
    pytest.importorskip("hatchling", reason="hatchling is not installed: make .venv/tested")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def commands(wheel, tmp_path_factory):
    """The commands of a fresh environment with the wheel, and the libraries of this one."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", str(folder), "install", "--quiet"]
    options = ["--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*pip, *options, wheel], check=True, capture_output=True, timeout=600)
    # After its own, so that the package is that of the wheel.
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin"


@pytest.fixture
def temporary():
    """A temporary folder with a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Path(folder)


def files_of(folder):
    """The paths of the files below *folder*, without what Python compiled."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix() for p in paths if "__pycache__" not in p.parts}


def test_the_wheel_has_every_file_of_the_package_and_no_other(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    packed = {name for name in names if not re.match(r"verbatim_qa-[\w.]+\.dist-info/", name)}
    expected = {f"qa/{name}" for name in files_of(ROOT / "qa")}

    assert packed == expected | {f"qa/templates/{name}" for name in files_of(ROOT / "templates")}
    assert "qa/sample/polityka-legal-guarantees.md" in packed


def test_the_sample_of_the_demo_is_that_of_the_repository():
    """In it are no documents that somebody put beside those."""
    command = ["git", "ls-files", "."]
    listing = subprocess.run(
        command, cwd=CLONED_SAMPLE, capture_output=True, text=True, check=False
    )

    assert listing.returncode or files_of(SAMPLE) == set(listing.stdout.split())
    for name in files_of(SAMPLE):
        assert (SAMPLE / name).read_bytes() == (CLONED_SAMPLE / name).read_bytes(), name


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_of_an_installed_wheel_answers_until_it_is_stopped(
    commands, tmp_path, temporary, stop
):
    away = tmp_path / "empty"
    away.mkdir()
    environ = {"PATH": "/usr/bin:/bin", "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [commands / "qa", "demo"],
        cwd=away,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        watchdog = threading.Timer(120, demo.kill)
        watchdog.start()
        printed = []
        for line in demo.stdout:
            printed.append(line)
            if line.startswith("Serving at "):
                break
        text = "".join(printed)
        assert "Serving at http://127.0.0.1:" in text, text
        address = re.search(r"http://127\.0\.0\.1:\d+", text)[0]
        question = re.search(r"ask for example:\n  (.+)\n", text)[1]
        asked = f"{address}/ask?q={question.replace(' ', '+')}"
        with urllib.request.urlopen(asked, timeout=60) as response:
            answer = response.read().decode()
        with urllib.request.urlopen(f"{address}/", timeout=60) as response:
            page = response.read().decode()
        demo.send_signal(stop)
        rest = demo.stdout.read()
        code = demo.wait(timeout=60)
        watchdog.cancel()

    assert '"verdict":"found"' in answer
    assert "14 documents" in text
    assert "<title>" in page
    assert (code, "Traceback" in rest) == (0, False)
    assert [*away.iterdir()] == [*temporary.iterdir()] == []


def test_the_installed_package_is_the_one_that_is_asked(commands, tmp_path):
    source = (
        "import qa; print(qa.__file__); print(qa.build_index(qa.__path__[0] + '/sample').version)"
    )
    result = subprocess.run(
        [commands / "python", "-c", source],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(result.stdout.split()[0]).is_relative_to(commands.parent)
    assert "documents=14 " in result.stdout
