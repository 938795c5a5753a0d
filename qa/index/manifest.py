"""What a generation holds and is made of -> its manifest, whose checksum is the generation's name.

The manifest lists every file with its checksum, so the name vouches for every byte.  When a
generation was published is not among them: that is the time of the manifest's own file.
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

from qa.analysis.tokenizer import normalise, term, tokens
from qa.documents.document import MAX_LISTED, Reasons, Skip, count_reasons
from qa.documents.file_access import read_text
from qa.documents.versions import analysis_version
from qa.errors import DamagedError, NotKeptError, SettingsError

NAME = "synonyms.txt"
_MOST_MEMBERS, _MOST_WORDS = 20, 8
# As an index keeps them: the members of each.
Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Member:
    """One way to say it, and its terms."""

    text: str
    terms: tuple[str, ...]


@dataclass(frozen=True)
class Synonyms:
    """Groups of members that mean the same."""

    groups: tuple[tuple[Member, ...], ...] = ()

    def others(self, words: Sequence[str]) -> Iterator[tuple[Member, Member]]:
        """Each member that stands in *words*, with each other one of its group that does not."""
        asked = [term(word) for word in words]
        for group in self.groups:
            there = [member for member in group if _stands(member.terms, asked)]
            for member in there[:1]:
                yield from ((member, other) for other in group if other not in there)


def _stands(wanted: tuple[str, ...], asked: Sequence[str]) -> bool:
    size = len(wanted)
    return any(tuple(asked[i : i + size]) == wanted for i in range(len(asked) - size + 1))


def groups_in(folder: Path) -> Groups:
    """Those told in *folder*; raise SettingsError, naming the line, for one that is wrong."""
    path = folder / NAME
    try:
        lines = read_text(path).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); save it as UTF-8.") from None
    groups = []
    for number, line in enumerate(lines, 1):
        members = [_member(part) for part in line.partition("#")[0].split(",")]
        kept = tuple({member.terms: member for member in members if member.terms}.values())
        if len(kept) == 1:
            raise SettingsError(f"{path}, line {number}: only one word; put others behind commas.")
        if len(kept) > _MOST_MEMBERS or any(len(each.terms) > _MOST_WORDS for each in kept):
            raise SettingsError(
                f"{path}, line {number}: at most {_MOST_MEMBERS} members of {_MOST_WORDS} words."
            )
        if kept:
            groups.append(tuple(member.text for member in kept))
    return tuple(groups)


@lru_cache(maxsize=4)
def synonyms(groups: Groups) -> Synonyms:
    """*groups* as they are looked for."""
    return Synonyms(tuple(tuple(map(_member, group)) for group in groups))


def _member(text: str) -> Member:
    text = normalise(text)
    return Member(text, tuple(term(word) for word in tokens(text)))


MANIFEST = "manifest.json"
_DIGITS = 12


class FileSum(NamedTuple):
    """The size of a file and the checksum of its bytes."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a generation holds; *first* and *last* are the earliest and latest document's dates.

    *made_of* names all that went in: the documents' checksum, versions, settings; *synonyms* are
    those that its questions are looked up by; *skipped* are the first that were left out, *reasons*
    count all of them.  *name* and *files* are empty until it is sealed, *published* until it is
    read back.
    """

    documents: int
    passages: int
    languages: tuple[str, ...]
    first: datetime.date | None
    last: datetime.date | None
    skipped: tuple[Skip, ...]
    made_of: Mapping[str, str | int] = field(default_factory=dict)
    synonyms: Groups = ()
    reasons: Reasons = ()
    files: Mapping[str, FileSum] = field(default_factory=dict)
    name: str = ""
    published: datetime.datetime | None = None

    @property
    def left_out(self) -> int:
        """How many files and rows were left out."""
        return sum(count for _, count in self.reasons) or len(self.skipped)

    @property
    def built(self) -> str:
        """When it was published, in ISO 8601."""
        return self.published.isoformat(timespec="seconds") if self.published else ""

    @property
    def same_analysis(self) -> bool:
        """Whether its words were made as those of questions are; else answers may be wrong."""
        return self.made_of.get("analysis") == analysis_version()

    def to_json(self) -> str:
        """The manifest as it is stored: the same text for the same generation."""
        values = asdict(self)
        del values["name"], values["published"]
        return json.dumps(values, default=str, ensure_ascii=False, indent=1) + "\n"


def sealed(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest of all that is in *folder*, and make every file reach the disk."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): _sum_of(path) for path in paths}
    manifest = replace(manifest, files=files)
    text = manifest.to_json()
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    for path in [*folder.rglob("*"), folder]:
        sync(path)
    return replace(manifest, name=_name_of(text.encode()))


def read_manifest(folder: Path, name: str) -> Manifest:
    """The manifest of the generation in *folder*; raise DamagedError when it is not as sealed."""
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
        seconds = path.stat().st_mtime
        if _name_of(data) != name:
            raise ValueError("its checksum is not the generation's name")
        return parsed(json.loads(data), name, seconds)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"{path} is damaged ({error}). Run `qa index`, or roll back.") from None


def parsed(values: dict[str, Any], name: str, seconds: float) -> Manifest:
    """The manifest of *values*, as JSON has them, called *name*, published at that time."""
    for bound in ("first", "last"):
        if values[bound]:
            values[bound] = datetime.date.fromisoformat(values[bound])
    values["languages"] = tuple(values["languages"])
    values["synonyms"] = tuple(map(tuple, values.get("synonyms", ())))
    skipped = tuple(Skip(*skip) for skip in values["skipped"])
    # Older manifests list all of them, and count none.
    reasons = values.get("reasons") or count_reasons(skipped)
    values["skipped"], values["reasons"] = skipped[:MAX_LISTED], tuple(map(tuple, reasons))
    values["files"] = {path: FileSum(*each) for path, each in values["files"].items()}
    published = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return Manifest(**values, name=name, published=published)


def analysis_warning(manifest: Manifest) -> str:
    """What to tell and do where another analysis made the generation; empty where ours did."""
    if manifest.same_analysis:
        return ""
    return (
        f"Generation {manifest.name} was made by another version of the analysis: answers from it"
        " may be wrong or missing. Run `qa index`."
    )


def check_still_asked(older: Manifest) -> None:
    """Raise NotKeptError when another analysis made the *older* generation: that is over, then."""
    if not older.same_analysis:
        raise NotKeptError(
            f"Generation {older.name} was made by another version of the analysis, and cannot be"
            " asked any more; ask without it."
        )


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every byte of every file; raise DamagedError, naming the first that differs."""
    for path in manifest.files:
        check_file(folder, manifest, path)


def check_file(folder: Path, manifest: Manifest, path: str) -> None:
    """Compare the file at *path* with its checksum; raise DamagedError when it differs."""
    expected = manifest.files[path]
    try:
        if (folder / path).stat().st_size != expected.size:
            raise ValueError(f"it should have {expected.size:,} bytes")
        if _sum_of(folder / path) != expected:
            raise ValueError("its checksum is wrong")
    except (OSError, ValueError) as error:
        raise DamagedError(
            f"{folder / path} is damaged: {error}. Run `qa index`, or roll back."
        ) from None


def sync(path: Path) -> None:
    """Make what *path* holds, a file or the names in a folder, reach the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sum_of(path: Path) -> FileSum:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileSum(file.tell(), digest.hexdigest())


def _name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
