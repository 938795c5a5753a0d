"""Every knob of the service: name, default, help; read once from QA_* at the edge."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa.errors import SettingsError

# What QA_LOG_QUESTIONS may be.
LOG_QUESTIONS_CHOICES = ("0", "1", "hash")


def setting(
    default: Any,  # noqa: ANN401 - a setting's type is its field's
    help: str,  # noqa: A002 - the table below reads best so
    alias: str | None = None,
    minimum: float = 0,
    maximum: float = float("inf"),
    secret: bool = False,
) -> Any:  # noqa: ANN401
    """A field with its help; *also* is a platform's own name for it, read when QA_* is unset.

    A number is from *least* to *most*; so is the length of a text that is not empty.  What is
    *secret* is shown nowhere.
    """
    bounds = {"minimum": minimum, "maximum": maximum}
    return field(default=default, repr=not secret, metadata={"help": help, "alias": alias} | bounds)


# Where documents and the operator's files are when the index is not in a folder.
_DEFAULT_HOME = "index"


@dataclass(frozen=True)
class Settings:
    """The values of all settings, each read from the environment as QA_<NAME>."""

    index: str = setting("index", "Folder of the index, or https://host:9200/name of a cluster.")
    folder: str = setting("", "Folder of cache, synonyms and golden questions; <index> when empty.")
    documents: str = setting("", "Folder of the documents; <folder>/documents when empty.")
    language: str = setting("en", "Language of documents that show none (ISO 639-1).")
    passage_min_words: int = setting(
        60, "A passage shorter than this takes in the next paragraph.", minimum=1
    )
    passage_max_words: int = setting(150, "Longest passage, in words.", minimum=1)
    max_file_mb: int = setting(100, "Larger files are skipped, unpacked size included.", minimum=1)
    extract_seconds: int = setting(
        120, "Longest time to read one file; then it is skipped.", minimum=1
    )
    extract_memory_mb: int = setting(
        4096, "Most memory a process reading files may take.", minimum=1
    )
    max_file_documents: int = setting(
        500_000, "A file with more rows or members is skipped.", minimum=1
    )
    max_files: int = setting(1_000_000, "Most files and folders of a build.", minimum=1)
    max_folder_gb: int = setting(100, "Most bytes of all files of a build.", minimum=1)
    max_build_minutes: int = setting(1440, "Longest time to read all files.", minimum=1)
    follow_links: bool = setting(False, "1 follows links out of the documents folder.")
    keep_generations: int = setting(3, "Built indexes to keep, the live one included.", minimum=1)
    max_shrink: float = setting(
        0.5, "Share of the documents that may be gone at once, unforced.", maximum=1
    )
    candidates: int = setting(200, "Passages that the engine proposes for ranking.", minimum=1)
    found: float = setting(0.5, "Confidence from which an answer counts as found.", maximum=1)
    weak: float = setting(
        0.3, "Confidence below which nothing answers but a sentence with all words.", maximum=1
    )
    max_question: int = setting(2000, "Longest question, in characters.", minimum=1)
    max_terms: int = setting(
        24, "Most words looked for, the rarest of a longer question; most phrases.", minimum=1
    )
    max_limit: int = setting(50, "Most passages in one answer.", minimum=1)
    max_turns: int = setting(20, "Most earlier turns sent along with a question.")
    max_filters: int = setting(
        100, "Most publishers, or documents, to limit a question or a list to.", minimum=1
    )
    max_filter: int = setting(
        1000,
        "Longest publisher, document or words of a title to limit to, in characters.",
        minimum=1,
    )
    max_body_kb: int = setting(256, "Largest request body.", minimum=1)
    host: str = setting("127.0.0.1", "Address to serve at.")
    port: int = setting(8000, "Port to serve at.", alias="PORT", maximum=65535)
    workers: int = setting(2, "Worker processes of `qa serve`.", alias="WEB_CONCURRENCY", minimum=1)
    threads: int = setting(2, "Threads of each worker process; they share one core.", minimum=1)
    recent_answers: int = setting(500, "Answers that a worker process remembers; 0 for none.")
    recent_mb: int = setting(16, "Most memory that these take, with their questions.", minimum=1)
    max_requests: int = setting(20000, "Requests after which a worker is replaced; 0 for never.")
    read_seconds: int = setting(20, "Longest time for a client to send a request.", minimum=1)
    max_connections: int = setting(
        1000, "Most connections of a worker; over that, idle ones are closed.", minimum=16
    )
    max_wait_ms: int = setting(
        150, "A request that waited longer for a thread gets 503.", minimum=1
    )
    budget_ms: int = setting(
        2000, "Time for a request, from its head on; then the answer is what there is.", minimum=1
    )
    rate_limit: str = setting(
        "", "Most requests of one client, such as 60/minute; no limit if empty."
    )
    rate_storage: str = setting(
        "memory://", "Where requests are counted: in each worker for itself, or at a redis:// URL."
    )
    log_questions: str = setting(
        "0", "Whether questions stand in the log: 0 no, 1 yes, hash only a hash of each."
    )
    token: str = setting(
        "", "Whoever reads must send this; all may when empty.", minimum=16, secret=True
    )
    trusted_hosts: tuple[str, ...] = setting(
        (), "Names to be asked by; when empty, loopback names if QA_HOST is one, or else any."
    )
    trusted_proxies: int = setting(0, "Proxies before the service, to believe what they forward.")
    cors_origins: tuple[str, ...] = setting((), "Sites whose scripts may ask; * for all.")
    index_user: str = setting("", "User at the cluster that keeps the index.")
    index_password: str = setting("", "Password of that user.", secret=True)
    index_api_key: str = setting("", "API key for the cluster, in place of a user.", secret=True)
    index_ca: str = setting("", "File of the authority that signed the cluster's certificate.")
    index_seconds: float = setting(1.5, "Longest wait for the cluster, in seconds.", minimum=0.1)
    index_shards: int = setting(
        1, "Shards of a cluster's index; one for each 10 million passages.", minimum=1
    )
    index_replicas: int = setting(1, "Copies of each shard, as far as there are nodes for them.")

    @property
    def home(self) -> Path:
        """Where all is that belongs to the operator and not to an engine."""
        return Path(self.folder or (_DEFAULT_HOME if "://" in self.index else self.index))

    @property
    def documents_folder(self) -> Path:
        """Where the documents are."""
        return Path(self.documents) if self.documents else self.home / "documents"


def settings_from_environ(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raise SettingsError for an unknown QA_* or a value that does not fit."""
    fields = {
        f"QA_{setting_field.name.upper()}": setting_field
        for setting_field in dataclasses.fields(Settings)
    }
    unknown_names = sorted(
        name for name in environ if name.startswith("QA_") and name not in fields
    )
    if unknown_names:
        raise SettingsError(
            f"Unknown setting {', '.join(unknown_names)}; `qa serve --help` lists all."
        )
    values = {}
    for name, setting_field in fields.items():
        text = environ.get(name) or environ.get(setting_field.metadata["alias"] or "")
        if text:
            values[setting_field.name] = _check_bounds(
                name, _parse_value(name, text, setting_field.type), setting_field
            )
    return _check_consistency(Settings(**values))


def _check_consistency(settings: Settings) -> Settings:
    """*settings*, unless one contradicts another."""
    for low, high in (("weak", "found"), ("passage_min_words", "passage_max_words")):
        if getattr(settings, low) > getattr(settings, high):
            raise SettingsError(f"QA_{low.upper()} must not be above QA_{high.upper()}.")
    if settings.log_questions not in LOG_QUESTIONS_CHOICES:
        raise SettingsError(f"QA_LOG_QUESTIONS must be one of {', '.join(LOG_QUESTIONS_CHOICES)}.")
    return settings


def _parse_value(name: str, text: str, type_: Any) -> Any:  # noqa: ANN401 - a setting's type is its field's
    try:
        return _PARSERS[type_](text)
    except (ValueError, KeyError) as error:
        raise SettingsError(
            f"{name}={text!r} is not {_TYPE_NAMES[type_]}; correct or unset it."
        ) from error


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_PARSERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    bool: lambda text: _BOOLEANS[text.lower()],
    tuple[str, ...]: _parse_list,
}
_TYPE_NAMES = {int: "a whole number", float: "a number", bool: "1 or 0"}


def _check_bounds(name: str, value: Any, setting_field: "dataclasses.Field[Any]") -> Any:  # noqa: ANN401
    """*value*, unless it is out of the bounds of its setting; NaN is out of any."""
    size = value if isinstance(value, (int, float)) else len(value)
    minimum, maximum = setting_field.metadata["minimum"], setting_field.metadata["maximum"]
    if minimum <= size <= maximum:
        return value
    unit = "" if isinstance(value, (int, float)) else " characters"
    bounds = f"at least {minimum}{unit}" if size < minimum else f"at most {maximum}{unit}"
    raise SettingsError(f"{name} must be {bounds}; correct or unset it.")


def settings_table() -> list[tuple[str, str, str]]:
    """Name, default and help of every setting, as the help texts and the README show them."""
    return [
        (
            f"QA_{setting_field.name.upper()}",
            _format_default(setting_field.default),
            _help_text(setting_field),
        )
        for setting_field in dataclasses.fields(Settings)
    ]


def _format_default(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return str(int(default)) if isinstance(default, bool) else str(default)


def _help_text(setting_field: "dataclasses.Field[Any]") -> str:
    alias = setting_field.metadata["alias"]
    return (
        f"{setting_field.metadata['help']} Also read from {alias}."
        if alias
        else str(setting_field.metadata["help"])
    )
