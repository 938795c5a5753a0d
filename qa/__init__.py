"""Verbatim: ask a folder of documents, read the passages that answer, word for word.

The Python API is what this module has in `__all__`; docs/python.md explains it.  Each name is
imported when it is first used, so that `import qa` costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.library.building import TextDocument, build_index
    from qa.library.evaluation import EvaluationReport, Question, QuestionOutcome
    from qa.library.index import Answer, Index, IndexVersion, Verification, ask, open_index
    from qa.settings import Settings, settings_from_environ

__version__ = "0.1.0"

_MODULES = {
    "qa.library.building": ("TextDocument", "build_index"),
    "qa.library.evaluation": ("EvaluationReport", "Question", "QuestionOutcome"),
    "qa.library.index": ("Answer", "Index", "IndexVersion", "Verification", "ask", "open_index"),
    "qa.settings": ("Settings", "settings_from_environ"),
}
__all__ = [
    "Answer",
    "EvaluationReport",
    "Index",
    "IndexVersion",
    "Question",
    "QuestionOutcome",
    "Settings",
    "TextDocument",
    "Verification",
    "__version__",
    "ask",
    "build_index",
    "open_index",
    "settings_from_environ",
]


def __getattr__(name: str) -> object:
    """The public name *name*, from the module that has it."""
    from importlib import import_module  # noqa: PLC0415 - `import qa` costs nothing

    from qa.errors import require_posix  # noqa: PLC0415

    for module, names in _MODULES.items():
        if name in names:
            require_posix()
            value: object = getattr(import_module(module), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'qa' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, also those that were not used yet."""
    return sorted({*globals(), *__all__})
