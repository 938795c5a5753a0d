"""The kernel is built where it can be, and left out of the wheel where it cannot."""

import shutil
import sysconfig
from types import SimpleNamespace

import pytest

from qa.app import create_app
from qa.engines.kernel.loader import _Switch, find_kernel, is_kernel_built
from qa.settings import Settings
from tests.conftest import ROOT

pytest.importorskip("hatchling", reason="hatchling is not installed: make .venv/tested")
hatch_build = pytest.importorskip("hatch_build", reason="not a checkout")


@pytest.fixture
def checkout(tmp_path):
    """The sources of the kernel in a folder of their own."""
    folder = tmp_path / hatch_build.KERNEL
    shutil.copytree(ROOT / hatch_build.KERNEL, folder, ignore=shutil.ignore_patterns("*.so*"))
    return tmp_path


def build(root, target="wheel"):
    """What the hook adds to a wheel, and what it says."""
    lines = []
    hook = hatch_build.KernelBuildHook(
        str(root), {}, None, None, "", target, SimpleNamespace(display_info=lines.append)
    )
    data = {"artifacts": [], "pure_python": True}
    hook.initialize("standard", data)
    return data, lines


def test_a_wheel_without_a_compiler_is_for_every_platform(checkout, monkeypatch):
    monkeypatch.setenv("LDSHARED", "no-such-compiler -shared")
    # One of an earlier build.
    (checkout / hatch_build.TARGET).touch()
    data, lines = build(checkout)

    assert data == {"artifacts": [], "pure_python": True}
    assert "no-such-compiler" in lines[0]
    assert not [*checkout.rglob("*.so*")]


def test_a_compiler_that_fails_leaves_no_kernel(checkout, monkeypatch):
    monkeypatch.setenv("LDSHARED", "false")
    _, lines = build(checkout)

    assert lines == ["Without the compiled kernel: the compiler returned 1"]


def test_a_kernel_that_is_wanted_and_cannot_be_built_is_an_error(checkout, monkeypatch):
    monkeypatch.setenv("LDSHARED", "no-such-compiler -shared")
    monkeypatch.setenv("QA_BUILD_KERNEL", "1")
    with pytest.raises(RuntimeError, match=r"cannot be built: .*no-such-compiler"):
        build(checkout)


def test_a_kernel_that_is_not_wanted_is_left_out(checkout, monkeypatch):
    monkeypatch.setenv("QA_BUILD_KERNEL", "0")
    data, lines = build(checkout)

    assert data["artifacts"] == []
    assert lines == ["Without the compiled kernel: QA_BUILD_KERNEL is 0"]


def test_an_archive_of_the_sources_has_no_kernel(checkout):
    data, _ = build(checkout, target="sdist")

    assert data == {"artifacts": [], "pure_python": True}


@pytest.mark.skipif(
    not (is_kernel_built() and shutil.which(sysconfig.get_config_var("CC").split()[0])),
    reason="the kernel is not compiled here, or its compiler is gone",
)
def test_a_wheel_with_the_kernel_is_for_its_platform_and_every_python(checkout):
    data, lines = build(checkout)

    assert data["artifacts"] == [hatch_build.TARGET]
    assert data["tag"].startswith("cp311-abi3-")
    assert (checkout / hatch_build.TARGET).stat().st_size > 10_000
    assert lines == []


def test_questions_are_answered_without_a_kernel(index, monkeypatch):
    monkeypatch.setattr(_Switch, "kernel", None)
    client = create_app(Settings(index=str(index), recent_answers=0)).test_client()

    assert find_kernel() is None
    assert client.get("/version").get_json()["kernel"] == "numpy"
    assert client.get("/ask?q=who+demanded+guarantees").get_json()["passages"]
