"""The `qa` command, also as `python -m qa`."""

import sys
from importlib.util import find_spec

# Windows has no module for the file locks that builds and the service use.
_WRONG_SYSTEM = (
    "Verbatim runs on Linux and macOS. On Windows, install and run it in WSL"
    " (Windows Subsystem for Linux)."
)


def run() -> None:
    """Run the command line; exit with one line where there are no POSIX file locks."""
    if find_spec("fcntl") is None:
        sys.exit(_WRONG_SYSTEM)
    from qa.cli import main  # noqa: PLC0415 - it cannot be imported without fcntl

    main(prog_name="qa")


if __name__ == "__main__":
    run()
