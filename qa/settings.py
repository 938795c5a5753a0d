"""All settings: name, default and help; read once from QA_* variables at the edge."""

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qa.errors import SettingsError

# The values of QA_LOG_QUESTIONS.
LOG_QUESTIONS_CHOICES = ("0", "1", "hash")
# A path below which the service is, without a slash at its end; nothing at the root.
MOUNT = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_PUBLIC_HOST = re.compile(
    r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
)

# What each value of these settings looks like.
_FORMS = {
    "language": (re.compile(r"[a-z]{2,3}"), "the code of a language such as en (ISO 639)"),
    "ocr_languages": (
        re.compile(r"[A-Za-z][A-Za-z0-9_/-]*"),
        "a language as Tesseract names it, as eng",
    ),
    "cors_origins": (
        re.compile(rf"\*|[a-z][a-z0-9+.-]*://{_PUBLIC_HOST.pattern}"),
        "an origin such as https://example.org, without a path or a slash at the end",
    ),
    "trusted_hosts": (re.compile(r"[^\s/@?#]+"), "a host name such as docs.example.org"),
}
# What no text may have: they come from files that were read as lines, and name nothing.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_RATE_STORAGE = re.compile(r"memory://|redis[a-z+]*://\S+")
INVALID_RATE_STORAGE = (
    "QA_RATE_STORAGE is neither memory:// nor the URL of a Redis such as"
    " redis://:password@host:6379; correct it (in a password, / is %2F and @ is %40)."
)
_TOKEN_CHARACTERS = re.compile(r"[!-~]*")
# More of anything that is counted is a typing mistake, and more than the system can count with.
_MOST = 1_000_000_000


def setting(
    default: Any,  # noqa: ANN401 - a setting's type is its field's
    help: str,  # noqa: A002 - the table below reads best so
    alias: str | None = None,
    minimum: float = 0,
    maximum: float = _MOST,
    secret: bool = False,
) -> Any:  # noqa: ANN401
    """A field of Settings; *alias* is another environment variable, read when QA_* is unset.

    *minimum* and *maximum* limit a number, or the length of a text that is not empty.  A *secret*
    is never printed.
    """
    bounds = {"minimum": minimum, "maximum": maximum}
    return field(default=default, repr=not secret, metadata={"help": help, "alias": alias} | bounds)


# The operator's folder when the index is in a cluster.
_DEFAULT_HOME = "index"


@dataclass(frozen=True)
class Settings:
    """The values of all settings, each read from the environment as QA_<NAME>."""

    index: str = setting("index", "Folder of the index, or https://host:9200/name in a cluster.")
    folder: str = setting("", "Folder of cache, synonyms and golden questions; <index> if empty.")
    documents: str = setting("", "Folder of the documents; <folder>/documents if empty.")
    language: str = setting("en", "Language of documents where none is detected (ISO 639-1).")
    passage_min_words: int = setting(
        60, "A shorter passage is joined with the next paragraph.", minimum=1
    )
    passage_max_words: int = setting(150, "Maximum length of a passage, in words.", minimum=1)
    max_file_mb: int = setting(
        100, "Maximum file size in MB, also when unpacked; larger files are skipped.", minimum=1
    )
    extract_seconds: int = setting(
        120, "Time limit for reading one file, in seconds; then it is skipped.", minimum=1
    )
    build_memory_mb: int = setting(
        400, "About the most memory of all processes of a build together, in MB.", minimum=200
    )
    extract_memory_mb: int = setting(
        4096, "Maximum memory of a process that reads files, in MB.", minimum=1
    )
    ocr: bool = setting(False, "1 reads pages that are pictures with Tesseract, if installed.")
    ocr_languages: tuple[str, ...] = setting(
        ("eng",), "Languages of such pages, as Tesseract names them, separated by commas."
    )
    ocr_seconds: int = setting(
        1800, "Time limit for such pages of one file, in seconds; others are left out.", minimum=1
    )
    max_file_documents: int = setting(
        500_000, "Maximum rows or archive members; a file with more is skipped.", minimum=1
    )
    max_files: int = setting(
        1_000_000, "Maximum number of files and folders in one build.", minimum=1
    )
    max_folder_gb: int = setting(
        100, "Maximum total size of the files in one build, in GB.", minimum=1
    )
    max_build_minutes: int = setting(
        1440, "Time limit for reading all files, in minutes.", minimum=1
    )
    follow_links: bool = setting(False, "1 follows symbolic links out of the documents folder.")
    keep_generations: int = setting(3, "Generations to keep, the live one included.", minimum=1)
    max_shrink: float = setting(
        0.5, "Maximum share of documents that a build may remove without --force.", maximum=1
    )
    candidates: int = setting(
        200, "Candidate passages that the engine returns for ranking.", minimum=1
    )
    found: float = setting(0.5, 'Minimum confidence for the verdict "found".', maximum=1)
    weak: float = setting(
        0.16, 'Minimum confidence for "weak", unless one sentence has all words.', maximum=1
    )
    max_question: int = setting(2000, "Maximum length of a question, in characters.", minimum=1)
    max_terms: int = setting(
        24, "Maximum words to search for (the rarest are used), and maximum phrases.", minimum=1
    )
    max_limit: int = setting(50, "Maximum passages in one answer.", minimum=1)
    max_offset: int = setting(10_000, "Maximum passages to skip in one request.")
    max_turns: int = setting(20, "Maximum earlier questions in one request.")
    max_filters: int = setting(100, "Maximum publishers, or document ids, to filter by.", minimum=1)
    max_filter: int = setting(
        1000,
        "Maximum length of a publisher, document id or title filter, in characters.",
        minimum=1,
    )
    max_body_kb: int = setting(256, "Maximum size of a request body, in kB.", minimum=1)
    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(8000, "Port to listen on.", alias="PORT", maximum=65535)
    workers: int = setting(
        2, "Worker processes of `qa serve`.", alias="WEB_CONCURRENCY", minimum=1, maximum=1000
    )
    threads: int = setting(
        2, "Threads per worker process; they share one core.", minimum=1, maximum=1000
    )
    kernel: bool = setting(
        True, "0 computes in NumPy what the compiled kernel, where it was built, does faster."
    )
    recent_answers: int = setting(500, "Answers that each worker process caches; 0 for none.")
    recent_mb: int = setting(
        16, "Maximum memory for cached answers and their questions, in MB.", minimum=1
    )
    max_requests: int = setting(20000, "Requests after which a worker is replaced; 0 for never.")
    read_seconds: int = setting(
        20, "Time limit for a client to send a request, in seconds.", minimum=1
    )
    max_connections: int = setting(
        1000, "Maximum connections per worker; above that, idle ones are closed.", minimum=16
    )
    max_wait_ms: int = setting(
        150, "Maximum wait for a thread, in ms; after that a request gets 503.", minimum=1
    )
    budget_ms: int = setting(
        2000,
        "Time limit of a request, in ms from its headers; then the answer is partial.",
        minimum=1,
    )
    rate_limit: str = setting(
        "", "Maximum requests per client, such as 60/minute; no limit if empty."
    )
    rate_storage: str = setting(
        "memory://", "Where to count requests: in each worker separately, or at a redis:// URL."
    )
    log_questions: str = setting(
        "0", "Questions in the log: 0 no, 1 yes, hash only a hash of each."
    )
    feedback: str = setting(
        "",
        "File to which readers' judgements of answers are added; the page asks for none if empty.",
    )
    token: str = setting(
        "", "Token that clients must send; none is needed if empty.", minimum=16, secret=True
    )
    trusted_hosts: tuple[str, ...] = setting(
        (), "Host names to answer to; if empty, loopback names if QA_HOST is one, else any."
    )
    trusted_proxies: int = setting(
        0, "Number of proxies in front whose forwarded headers are trusted.", maximum=100
    )
    url: str = setting(
        "", "Address of the service for readers, such as https://example.org/kb; as asked if empty."
    )
    cors_origins: tuple[str, ...] = setting(
        (), "Origins whose scripts may send requests; * for all."
    )
    index_user: str = setting("", "User for the cluster.")
    index_password: str = setting("", "Password of that user.", secret=True)
    index_api_key: str = setting("", "API key for the cluster, instead of a user.", secret=True)
    index_ca: str = setting("", "CA certificate file, to check the cluster's TLS certificate.")
    index_seconds: float = setting(1.5, "Maximum wait for the cluster, in seconds.", minimum=0.1)
    index_shards: int = setting(
        1, "Shards of the cluster's index; one per 10 million passages.", minimum=1
    )
    index_replicas: int = setting(1, "Replicas of each shard, limited by the number of nodes.")

    @property
    def home(self) -> Path:
        """The operator's folder: cache, synonyms, golden questions."""
        return Path(self.folder or (_DEFAULT_HOME if "://" in self.index else self.index))

    @property
    def mount(self) -> str:
        """The path of QA_URL without a slash at its end."""
        return urlsplit(self.url).path.rstrip("/")

    @property
    def documents_folder(self) -> Path:
        """The folder of the documents."""
        return Path(self.documents) if self.documents else self.home / "documents"


_SECRETS = {item.name for item in dataclasses.fields(Settings) if not item.repr}


def settings_from_environ(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raise SettingsError for an unknown QA_* variable or an invalid value."""
    fields = {f"QA_{item.name.upper()}": item for item in dataclasses.fields(Settings)}
    unknown_names = sorted(
        name for name in environ if name.startswith("QA_") and name not in fields
    )
    if unknown_names:
        raise SettingsError(
            f"Unknown setting {', '.join(unknown_names)}; `qa serve --help` lists all."
        )
    values = {}
    for name, item in fields.items():
        # The variable that was read is the one to correct.
        source = name if environ.get(name) else item.metadata["alias"] or name
        text = environ.get(source)
        if text:
            _check_text(source, text, item)
            value = _parse_value(source, text, item.type)
            values[item.name] = _check_bounds(source, value, item)
    return _check_consistency(Settings(**values))


def _check_consistency(settings: Settings) -> Settings:
    """Return *settings*, unless two of them contradict each other."""
    for low, high in (("weak", "found"), ("passage_min_words", "passage_max_words")):
        if getattr(settings, low) > getattr(settings, high):
            raise SettingsError(f"QA_{low.upper()} must not be above QA_{high.upper()}.")
    if settings.log_questions not in LOG_QUESTIONS_CHOICES:
        raise SettingsError(f"QA_LOG_QUESTIONS must be one of {', '.join(LOG_QUESTIONS_CHOICES)}.")
    _check_url(settings.url)
    _check_language(settings.language)
    _check_paths(settings)
    if settings.index_user and settings.index_api_key:
        raise SettingsError("QA_INDEX_USER and QA_INDEX_API_KEY exclude each other; unset one.")
    if not _RATE_STORAGE.fullmatch(settings.rate_storage):
        # It may have a password in it.
        raise SettingsError(INVALID_RATE_STORAGE)
    if not _TOKEN_CHARACTERS.fullmatch(settings.token):
        raise SettingsError(
            "QA_TOKEN may only have letters, digits and signs of ASCII, without spaces, as HTTP"
            " headers do; choose another one."
        )
    for name, (pattern, description) in _FORMS.items():
        value = getattr(settings, name)
        for part in value if isinstance(value, tuple) else (value,):
            if not pattern.fullmatch(part):
                raise SettingsError(
                    f"QA_{name.upper()}: {part!r} is not {description}; correct or unset it."
                )
    return settings


def _check_text(name: str, text: str, setting_field: "dataclasses.Field[Any]") -> None:
    """Raise SettingsError if *text* is blank, or has line ends and the like in it.

    Those with a form of their own are checked against that, which says more.
    """
    if setting_field.name in {*_FORMS, "url"}:
        return
    if _CONTROL_CHARACTERS.search(text) or text.isspace():
        shown = "" if setting_field.name in _SECRETS else f"={text[:100]!r}"
        raise SettingsError(
            f"{name}{shown} is blank, or has control characters such as line ends in it; correct"
            " or unset it."
        )


def _check_language(code: str) -> None:
    """Raise SettingsError if no language has that *code*."""
    if code == Settings.language or not _FORMS["language"][0].fullmatch(code):
        return
    # Not loaded for the default.
    from babel import localedata  # noqa: PLC0415

    if not localedata.exists(code):
        raise SettingsError(
            f"QA_LANGUAGE={code!r} is the code of no language that is known (ISO 639-1), such as"
            " en, de or zh; correct or unset it."
        )


def _check_paths(settings: Settings) -> None:
    """Raise SettingsError if a folder is a file, or the certificate is missing."""
    for name in ("index", "folder", "documents"):
        value = getattr(settings, name)
        if "://" not in value and Path(value).is_file():
            raise SettingsError(f"QA_{name.upper()}={value!r} is a file; name a folder.")
    if settings.index_ca and not Path(settings.index_ca).is_file():
        raise SettingsError(
            f"QA_INDEX_CA={settings.index_ca!r} is no file; name the certificate, or unset it."
        )


def _check_url(url: str) -> None:
    """Raise SettingsError unless *url* is empty, or an address of which others can be made."""
    if url and not _is_public_address(url):
        raise SettingsError(
            f"QA_URL={url!r} is no address such as https://example.org/kb (a host in ASCII, and a"
            " path of letters, digits and -._~; no user, query or fragment); correct or unset it."
        )


def _is_public_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_valid_port = parts.port != 0
    except ValueError:
        return False
    return (
        # It also drops line ends and the like.
        url.lower() == parts.geturl().lower()
        and parts.scheme in {"http", "https"}
        and has_valid_port
        and _PUBLIC_HOST.fullmatch(parts.netloc) is not None
        and MOUNT.fullmatch(parts.path.rstrip("/")) is not None
        and not (parts.query or parts.fragment)
    )


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
    """Return *value* if it is within the bounds of its setting, which NaN never is."""
    size, unit = (value, "") if isinstance(value, (int, float)) else (len(value), " characters")
    minimum, maximum = setting_field.metadata["minimum"], setting_field.metadata["maximum"]
    if minimum <= size <= maximum:
        return value
    # NaN is neither below nor above.
    bounds = f"at least {minimum:,}{unit}" if size < minimum else f"at most {maximum:,}{unit}"
    raise SettingsError(f"{name} must be {bounds}; correct or unset it.")


def settings_table() -> list[tuple[str, str, str]]:
    """Name, default and help of each setting, for `qa serve --help` and docs/operating.md."""
    rows = []
    for item in dataclasses.fields(Settings):
        alias = item.metadata["alias"]
        help_text = item.metadata["help"] + (f" Also read from {alias}." if alias else "")
        rows.append((f"QA_{item.name.upper()}", _format_default(item.default), help_text))
    return rows


def _format_default(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(default)
    return str(int(default)) if isinstance(default, bool) else str(default)
