"""The contents of a generation -> its manifest, whose checksum is the generation's name.

The manifest has the checksum of every file, so the name is a checksum of every byte.  The time of
publication is not in it: that is the modification time of the manifest's file.
"""

import datetime
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from qa.analysis.tokenizer import normalize, to_term, token_texts
from qa.documents.document import MAX_LISTED, Reasons, Skip, count_reasons
from qa.documents.file_access import read_text
from qa.documents.versions import analysis_version
from qa.errors import CorruptIndexError, GenerationNotFoundError, SettingsError

FILE_NAME = "synonyms.txt"
_MAX_MEMBERS, _MAX_WORDS = 20, 8
# The members of each group, as an index stores them.
SynonymGroups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Synonym:
    """A member of a group of synonyms, and its terms."""

    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class SynonymMap:
    """Groups of words and phrases that mean the same."""

    groups: tuple[tuple[Synonym, ...], ...] = ()

    def iter_synonyms(self, words: Sequence[str]) -> Iterator[tuple[Synonym, Synonym]]:
        """The first member of each group that is in *words*, with each member that is not."""
        terms = [to_term(word) for word in words]
        for group in self.groups:
            present = [member for member in group if _contains_phrase(member.terms, terms)]
            for member in present[:1]:
                yield from ((member, other) for other in group if other not in present)


def _contains_phrase(phrase: tuple[str, ...], terms: Sequence[str]) -> bool:
    size = len(phrase)
    return any(tuple(terms[i : i + size]) == phrase for i in range(len(terms) - size + 1))


def load_synonym_groups(folder: Path) -> SynonymGroups:
    """The groups in the file in *folder*; raise SettingsError, naming the line, if one is wrong."""
    path = folder / FILE_NAME
    try:
        lines = read_text(path).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); save it as UTF-8.") from None
    groups = []
    for number, line in enumerate(lines, 1):
        members = [_parse_synonym(part) for part in line.partition("#")[0].split(",")]
        distinct = tuple({member.terms: member for member in members if member.terms}.values())
        if len(distinct) == 1:
            raise SettingsError(f"{path}, line {number}: only one word; put others behind commas.")
        if len(distinct) > _MAX_MEMBERS or any(len(m.terms) > _MAX_WORDS for m in distinct):
            raise SettingsError(
                f"{path}, line {number}: at most {_MAX_MEMBERS} members of {_MAX_WORDS} words."
            )
        if distinct:
            groups.append(tuple(member.text for member in distinct))
    return tuple(groups)


@lru_cache(maxsize=4)
def build_synonym_map(groups: SynonymGroups) -> SynonymMap:
    """*groups* as they are matched with questions."""
    return SynonymMap(tuple(tuple(map(_parse_synonym, group)) for group in groups))


def _parse_synonym(text: str) -> Synonym:
    text = normalize(text)
    return Synonym(text, tuple(to_term(word) for word in token_texts(text)))


TUNED_FILE = "weights.json"


@dataclass(frozen=True)
class TunedRanking:
    """Weights of the features of ranking, fitted to *questions* of the operator's on *date*.

    *success_at_1* is the share of these whose first passage answers, each one asked with weights
    that were fitted without it, *shipped_success_at_1* that with the weights of the package.
    """

    date: str
    questions: int
    success_at_1: float
    shipped_success_at_1: float
    weights: tuple[tuple[str, float], ...]

    def to_json(self) -> str:
        """The content of the file in the operator's folder."""
        return json.dumps(asdict(self) | {"weights": dict(self.weights)}, indent=1) + "\n"


def parse_tuned_ranking(record: Mapping[str, Any]) -> TunedRanking:
    """The weights in *record*; raise ValueError, TypeError or KeyError where it has none."""
    weights = sorted((str(name), float(value)) for name, value in dict(record["weights"]).items())
    return TunedRanking(
        str(record["date"]),
        int(record["questions"]),
        float(record["success_at_1"]),
        float(record["shipped_success_at_1"]),
        tuple(weights),
    )


def load_tuned_ranking(folder: Path) -> TunedRanking | None:
    """The weights in *folder*, if any; raise SettingsError when they cannot be read."""
    path = folder / TUNED_FILE
    try:
        return parse_tuned_ranking(json.loads(read_text(path)))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SettingsError(
            f"{path} has no weights ({error}); run `qa tune` again, or remove it."
        ) from None


MANIFEST = "manifest.json"
_NAME_LENGTH = 12


class FileChecksum(NamedTuple):
    """The size of a file and the checksum of its bytes."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The contents of a generation; *first* and *last* are the earliest and latest dates.

    *made_of* is everything that it depends on: the documents' checksum, versions, settings.
    *skipped* are the first files and rows that were skipped, *reasons* count all of them.  *name*
    and *files* are empty until it is sealed, *published_at* until it is read back.
    """

    documents: int
    passages: int
    languages: tuple[str, ...]
    first: datetime.date | None
    last: datetime.date | None
    skipped: tuple[Skip, ...]
    made_of: Mapping[str, str | int] = field(default_factory=dict)
    synonyms: SynonymGroups = ()
    tuned: TunedRanking | None = None
    reasons: Reasons = ()
    files: Mapping[str, FileChecksum] = field(default_factory=dict)
    name: str = ""
    published_at: datetime.datetime | None = None

    @property
    def left_out(self) -> int:
        """How many files and rows were skipped."""
        return sum(count for _, count in self.reasons) or len(self.skipped)

    @property
    def build_time(self) -> str:
        """When it was published, in ISO 8601."""
        return self.published_at.isoformat(timespec="seconds") if self.published_at else ""

    @property
    def same_analysis(self) -> bool:
        """Whether its words were analyzed as those of questions are; else answers may be wrong."""
        return self.made_of.get("analysis") == analysis_version()

    def to_json(self) -> str:
        """The manifest as JSON: the same text for the same generation."""
        values = asdict(self)
        del values["name"], values["published_at"]
        if self.tuned is None:
            # Versions before tuning read it, too.
            del values["tuned"]
        return json.dumps(values, default=str, ensure_ascii=False, indent=1) + "\n"


def seal_generation(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest of the files in *folder*, and flush all of them to the disk."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): _checksum_of(path) for path in paths}
    manifest = replace(manifest, files=files)
    text = manifest.to_json()
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    for path in [*folder.rglob("*"), folder]:
        sync_to_disk(path)
    return replace(manifest, name=_generation_name(text.encode()))


def read_manifest(folder: Path, name: str) -> Manifest:
    """The manifest of the generation in *folder*; raise CorruptIndexError if it has changed."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
        seconds = path.stat().st_mtime
        if _generation_name(data) != name:
            raise ValueError("its checksum is not the generation's name")
        return manifest_from_json(json.loads(data), name, seconds)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorruptIndexError(
            f"{path} is damaged ({error}). Run `qa index`, or roll back."
        ) from None


def manifest_from_json(record: dict[str, Any], name: str, seconds: float) -> Manifest:
    """The manifest in *record*, called *name*, published at *seconds* since the epoch."""
    for bound in ("first", "last"):
        if record[bound]:
            record[bound] = datetime.date.fromisoformat(record[bound])
    record["languages"] = tuple(record["languages"])
    record["synonyms"] = tuple(map(tuple, record.get("synonyms", ())))
    tuned = record.get("tuned")
    record["tuned"] = parse_tuned_ranking(tuned) if tuned else None
    skipped = tuple(Skip(*skip) for skip in record["skipped"])
    # Older manifests list all skips and have no counts.
    reasons = record.get("reasons") or count_reasons(skipped)
    record["skipped"], record["reasons"] = skipped[:MAX_LISTED], tuple(map(tuple, reasons))
    record["files"] = {path: FileChecksum(*entry) for path, entry in record["files"].items()}
    published = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return Manifest(**record, name=name, published_at=published)


def analysis_warning(manifest: Manifest) -> str:
    """A warning where another version of the analysis made the generation, else empty."""
    if manifest.same_analysis:
        return ""
    return (
        f"Generation {manifest.name} was made by another version of the analysis: answers from it"
        " may be wrong or missing. Run `qa index`."
    )


def check_same_analysis(older: Manifest) -> None:
    """Raise GenerationNotFoundError when another analysis made the *older* generation."""
    if not older.same_analysis:
        raise GenerationNotFoundError(
            f"Generation {older.name} was made by another version of the analysis, and cannot be"
            " asked any more; ask without it."
        )


def check_files(folder: Path, manifest: Manifest) -> None:
    """Verify every file; raise CorruptIndexError, naming the first that differs."""
    for path in manifest.files:
        check_file(folder, manifest, path)


def check_file(folder: Path, manifest: Manifest, path: str) -> None:
    """Verify the checksum of the file at *path*; raise CorruptIndexError when it differs."""
    expected = manifest.files[path]
    try:
        if (folder / path).stat().st_size != expected.size:
            raise ValueError(f"it should have {expected.size:,} bytes")
        if _checksum_of(folder / path) != expected:
            raise ValueError("its checksum is wrong")
    except (OSError, ValueError) as error:
        raise CorruptIndexError.of_damage(folder / path, error) from None


def sync_to_disk(path: Path) -> None:
    """Flush a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checksum_of(path: Path) -> FileChecksum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileChecksum(file.tell(), digest.hexdigest())


def _generation_name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_NAME_LENGTH]
