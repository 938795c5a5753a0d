"""What is kept is kept under the versions of all that made it: no byte may change unnoticed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qa.app import create_app
from qa.documents import versions
from qa.documents.cache import file_cache_key
from qa.documents.versions import analysis_version, code_version, template_folder
from qa.settings import Settings
from tests.conftest import ROOT

PACKAGE = Path(versions.__file__).parent.parent


@pytest.fixture
def forget(monkeypatch):
    """Have versions counted anew, now and after the test."""
    cached = [function for function in vars(versions).values() if hasattr(function, "cache_clear")]

    def clear():
        for function in cached:
            function.cache_clear()

    clear()
    yield clear
    monkeypatch.undo()
    clear()


@pytest.fixture
def copy(tmp_path, monkeypatch, forget):
    """A copy of the package, of which versions are counted."""
    away = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "qa", ignore=away)
    shutil.copytree(template_folder(), tmp_path / "qa" / "templates", dirs_exist_ok=True)
    monkeypatch.setattr(versions, "_PACKAGE", tmp_path / "qa")
    forget()
    return tmp_path / "qa"


def change(path):
    """Change the last byte of the file at *path*; what undoes it."""
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if data else b"?")
    return lambda: path.write_bytes(data)


def version_of_code():
    """The version, computed anew; libraries stay as they are, and take longest to look at."""
    versions.code_version.cache_clear()
    return code_version()


def test_one_byte_of_any_file_changes_the_version(copy):
    before = version_of_code()
    files, other_versions = [path for path in copy.rglob("*") if path.is_file()], set()
    for path in files:
        undo = change(path)
        other_versions.add(version_of_code())
        undo()

    assert version_of_code() == before
    assert len(other_versions - {before}) == len(files)


def test_another_version_changes_the_key_of_the_cache_and_the_tag_of_answers(copy, index):
    def key_and_tag():
        versions.code_version.cache_clear()
        client = create_app(Settings(index=str(index))).test_client()
        tag = client.get("/documents.json").headers["ETag"]
        return file_cache_key(index / "documents" / "bridge.md", "bridge.md", Settings()), tag

    # One file of each kind and package.
    files = {(path.suffix, path.parent): path for path in copy.rglob("*") if path.is_file()}
    (key, tag), keys_and_tags = key_and_tag(), set()
    for path in files.values():
        undo = change(path)
        other_key, other_tag = key_and_tag()
        undo()

        assert other_key != key, path
        assert other_tag != tag, path
        keys_and_tags |= {other_key, other_tag}

    assert key_and_tag() == (key, tag)
    assert len(keys_and_tags) == 2 * len(files)
    kinds = {kind for kind, _ in files}
    assert {".py", ".json", ".txt", ".toml", ".css", ".js", ".html", ".svg"} <= kinds


@pytest.mark.parametrize("alter", [
    lambda package: (package / "new.txt").write_text(""),
    lambda package: (package / "analysis" / "stop_words.txt").rename(package / "words.txt"),
    lambda package: (package / "ranking" / "weights.json").unlink(),
])  # fmt: skip
def test_files_that_come_go_or_move_change_it(copy, forget, alter):
    before = code_version()
    alter(copy)
    forget()

    assert code_version() != before


def test_what_python_compiled_does_not_change_it(copy, forget):
    before = code_version()
    (copy / "documents" / "__pycache__").mkdir()
    (copy / "documents" / "__pycache__" / "pdf.cpython-311.pyc").write_bytes(b"?")
    forget()

    assert code_version() == before


def test_it_is_that_of_the_code_that_runs_whatever_is_installed_meanwhile(copy):
    before = code_version(), analysis_version()
    change(copy / "analysis/tokenizer.py")

    assert (code_version(), analysis_version()) == before


def test_it_is_the_same_in_every_process():
    source = "from qa.documents.versions import *; print(code_version(), analysis_version())"
    command = [sys.executable, "-c", source]
    versions_seen = {subprocess.check_output(command, cwd=ROOT, text=True) for _ in range(3)}

    assert versions_seen == {f"{code_version()} {analysis_version()}\n"}


def install(folder, name, version):
    """Have *name* look as if it were installed in that *version*."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (about / "RECORD").write_text(f"{name}/__init__.py,,\n{about.name}/METADATA,,\n")


# What reads HTML needs htmldate, which needs dateparser; py3langid it only uses if it is there.
@pytest.mark.parametrize("name", ["lxml", "trafilatura", "dateparser", "py3langid"])
def test_another_library_changes_it_be_it_needed_by_others_or_optional(
    tmp_path, monkeypatch, forget, name
):
    before, analysis = code_version(), analysis_version()
    install(tmp_path, name, "99.9")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()

    assert code_version() != before
    assert analysis_version() == analysis


@pytest.mark.parametrize("name", ["regex", "PyStemmer", "babel"])
def test_another_library_that_cuts_or_stems_is_another_analysis(
    tmp_path, monkeypatch, forget, name
):
    before = analysis_version()
    install(tmp_path, name, "99.9")
    (tmp_path / f"{name}-99.9.dist-info" / "RECORD").write_text(
        f"{name.removeprefix('Py')}/__init__.py,,\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()

    assert analysis_version() != before


def test_a_library_that_nobody_needs_changes_nothing(tmp_path, monkeypatch, forget):
    before = code_version()
    install(tmp_path, "unneeded", "1.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()

    assert code_version() == before


def test_run_from_a_folder_all_that_is_installed_counts(tmp_path, monkeypatch, forget):
    monkeypatch.setattr(versions, "_NAME", "verbatim-that-is-not-installed")
    forget()
    before = code_version()
    install(tmp_path, "unneeded", "1.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()

    assert code_version() != before


@pytest.mark.parametrize("name", [
    "analysis/tokenizer.py", "analysis/languages.py", "analysis/normalization.py",
    "analysis/stop_words.txt", "index/passages.py", "index/questions.py",
])  # fmt: skip
def test_what_cuts_and_stems_is_the_analysis(copy, forget, name):
    before = analysis_version()
    change(copy / name)
    forget()

    assert analysis_version() != before


@pytest.mark.parametrize("name", [
    "ranking/weights.json", "queries/followup/weights.toml", "web/static/css/10_tokens.css",
    "templates/base.html", "documents/formats/pdf.py", "web/middleware/access.py",
])  # fmt: skip
def test_what_ranks_shows_and_reads_is_not(copy, forget, name):
    before = analysis_version()
    change(copy / name)
    forget()

    assert analysis_version() == before


def test_what_the_analysis_comes_to_import_is_part_of_it(copy, forget):
    (copy / "analysis" / "endings.py").write_text("RULES = 'endings.txt'\n")
    with (copy / "analysis" / "normalization.py").open("a") as file:
        file.write("\nfrom qa.analysis import endings\n")
    before = analysis_version()
    (copy / "endings.txt").write_text("-ing\n")
    forget()

    assert analysis_version() != before
