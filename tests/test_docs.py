"""The README says what the code does."""

import re
import tomllib

import pytest

from qa import __version__
from qa.cli import main
from qa.documents.reader import EXTENSIONS
from qa.settings import settings_table
from tests.conftest import ROOT
from tests.test_imports import ORDER

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_table_is_that_of_the_code():
    written = README.split("<!-- settings -->\n")[1].split("<!-- /settings -->")[0]
    rows = [
        f"| `{name}` | {default or '(empty)'} | {help_} |"
        for name, default, help_ in settings_table()
    ]

    assert written.splitlines() == rows


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_explained(command):
    assert f"| `qa {command}" in README


@pytest.mark.parametrize("ending", EXTENSIONS)
def test_every_kind_of_file_is_listed(ending):
    assert f"`{ending}`" in README


@pytest.mark.parametrize("module", sorted({name.partition(".")[0] for name in ORDER}))
def test_every_module_is_on_the_map(module):
    parts = README.split("## Reading the code")[1]

    assert module == "__main__" or re.search(rf"`{module}/?`", parts)


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == __version__


def test_the_two_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    for command in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)
