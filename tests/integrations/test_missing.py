"""A framework that is not installed: the error says what to install."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "package"), [("langchain", "langchain_core"), ("haystack", "haystack")]
)
def test_the_extra_is_named(module, package):
    source = f"import sys; sys.modules[{package!r}] = None; import qa.integrations.{module}"
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert f"run `pip install 'verbatim-qa[{module}]'`" in result.stderr
