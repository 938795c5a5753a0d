"""Every knob of the service: name, default, help; read once from QA_* at the edge."""

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.errors import SettingsError


def setting(
    default: Any,  # noqa: ANN401 - a setting's type is its field's
    help: str,  # noqa: A002 - the table below reads best so
    also: str | None = None,
) -> Any:  # noqa: ANN401
    """A field with its help; *also* is a platform's own name for it, read when QA_* is unset."""
    return field(default=default, metadata={"help": help, "also": also})


@dataclass(frozen=True)
class Settings:
    """The values of all settings, each read from the environment as QA_<NAME>."""

    index: str = setting("index", "Folder of the index.")
    folder: str = setting("", "Folder of cache, synonyms and golden questions; <index> when empty.")
    documents: str = setting("", "Folder of the documents; <folder>/documents when empty.")
    language: str = setting("en", "Language of documents that show none (ISO 639-1).")
    passage_min_words: int = setting(60, "A passage shorter than this takes in the next paragraph.")
    passage_max_words: int = setting(150, "Longest passage, in words.")
    max_file_mb: int = setting(100, "Larger files are skipped, unpacked size included.")
    extract_seconds: int = setting(120, "Longest time to read one file; then it is skipped.")
    extract_memory_mb: int = setting(4096, "Most memory a process reading files may take.")
    keep_generations: int = setting(3, "Built indexes to keep, the live one included.")
    max_shrink: float = setting(0.5, "Share of the documents that may be gone at once, unforced.")
    candidates: int = setting(200, "Passages that the engine proposes for ranking.")
    found: float = setting(0.5, "Confidence from which an answer counts as found.")
    weak: float = setting(0.3, "Confidence below which there is no answer.")
    max_question: int = setting(2000, "Longest question, in characters.")
    max_terms: int = setting(24, "Most words looked for; of a longer question, the rarest.")
    max_limit: int = setting(50, "Most passages in one answer.")
    max_turns: int = setting(20, "Most earlier turns sent along with a question.")
    max_body_kb: int = setting(256, "Largest request body.")
    host: str = setting("127.0.0.1", "Address to serve at.")
    port: int = setting(8000, "Port to serve at.", also="PORT")
    workers: int = setting(2, "Worker processes of `qa serve`.", also="WEB_CONCURRENCY")
    threads: int = setting(4, "Threads of each worker process.")
    max_requests: int = setting(20000, "Requests after which a worker is replaced; 0 for never.")

    @property
    def home(self) -> Path:
        """Where all is that belongs to the operator and not to an engine."""
        return Path(self.folder or self.index)

    @property
    def documents_folder(self) -> Path:
        """Where the documents are."""
        return Path(self.documents) if self.documents else self.home / "documents"


def from_environ(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raise SettingsError for an unknown QA_* or a value that does not fit."""
    fields = {f"QA_{f.name.upper()}": f for f in dataclasses.fields(Settings)}
    unknown = sorted(name for name in environ if name.startswith("QA_") and name not in fields)
    if unknown:
        raise SettingsError(f"Unknown setting {', '.join(unknown)}; `qa serve --help` lists all.")
    values = {}
    for name, f in fields.items():
        text = environ.get(name) or environ.get(f.metadata["also"] or "")
        if text:
            values[f.name] = _cast(name, text, f.type)
    return Settings(**values)


def _cast(name: str, text: str, kind: Any) -> Any:  # noqa: ANN401 - a setting's type is its field's
    try:
        return kind(text)
    except ValueError as error:
        raise SettingsError(
            f"{name}={text!r} is not {_article(kind)}; correct or unset it."
        ) from error


def _article(kind: type) -> str:
    return {int: "a whole number", float: "a number"}.get(kind, kind.__name__)


def table() -> list[tuple[str, str, str]]:
    """Name, default and help of every setting, as the help texts and the README show them."""
    return [
        (f"QA_{f.name.upper()}", str(f.default), _help(f)) for f in dataclasses.fields(Settings)
    ]


def _help(f: "dataclasses.Field[Any]") -> str:
    also = f.metadata["also"]
    return f"{f.metadata['help']} Also read from {also}." if also else str(f.metadata["help"])
