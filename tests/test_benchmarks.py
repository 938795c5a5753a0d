"""Every module of benchmarks/ can be imported, and every program there says how it is used."""

from importlib import import_module
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
MODULES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py"))}
PROGRAMS = [name for name, source in MODULES.items() if '__name__ == "__main__"' in source]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name):
    assert import_module(f"benchmarks.{name}").__doc__


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_explains_its_options(name, capsys):
    with pytest.raises(SystemExit) as exit_info:
        import_module(f"benchmarks.{name}").main(["--help"])

    assert exit_info.value.code == 0
    assert capsys.readouterr().out.lower().startswith("usage: ")
