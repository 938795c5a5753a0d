"""The `qa` command, also as `python -m qa`."""

import gc
import sys


def run() -> None:
    """Run the command line; exit with one line on a system that is not supported."""
    # Nothing that is loaded is garbage; to look for some would be a seventh of a start.
    gc.disable()
    try:
        from qa.cli import main  # noqa: PLC0415 - on Windows it cannot be imported
    except ImportError as error:
        if error.name == "fcntl":
            sys.exit(error.msg)
        raise
    finally:
        gc.enable()
    main(prog_name="qa")


if __name__ == "__main__":
    run()
