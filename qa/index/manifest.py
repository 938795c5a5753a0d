"""The contents of a generation -> its manifest, whose checksum is the generation's name.

The manifest has the checksum of every file, so the name is a checksum of every byte.  The time of
publication is not in it: that is the modification time of the manifest's file.
"""

import datetime
import hashlib
import json
import os
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from qa.analysis.tokenizer import normalize, stop_terms, to_term, token_texts
from qa.documents.file_access import read_text
from qa.documents.skips import MAX_LISTED, Reasons, Skip, count_reasons
from qa.documents.versions import analysis_version
from qa.errors import CorruptIndexError, GenerationNotFoundError, SettingsError
from qa.index.acronyms import Acronym
from qa.index.renames import Renames

FILE_NAME = "synonyms.txt"
_MAX_MEMBERS, _MAX_WORDS = 20, 8
# The members of each group, as an index stores them.
SynonymGroups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Synonym:
    """A member of a group of synonyms, and its terms; *in_capitals* if only so it is meant."""

    text: str
    terms: tuple[str, ...]
    in_capitals: bool = False

    def is_in(self, words: Sequence[str], terms: Sequence[str]) -> bool:
        """Whether it is in *words*, whose terms are *terms*."""
        if not self.terms:
            return not self.in_capitals
        for i, term in enumerate(terms):
            if (
                term == self.terms[0]
                and tuple(terms[i : i + len(self.terms)]) == self.terms
                and (not self.in_capitals or words[i].isupper())
            ):
                return True
        return False


@dataclass(frozen=True)
class SynonymMap:
    """Groups of words and phrases that mean the same; *stop_terms* are in no phrase."""

    groups: tuple[tuple[Synonym, ...], ...] = ()
    stop_terms: frozenset[str] = frozenset()

    def iter_synonyms(self, words: Sequence[str]) -> Iterator[tuple[Synonym, Synonym]]:
        """The first member of each group that is in *words*, with each member that is not."""
        words = [word for word in words if to_term(word) not in self.stop_terms]
        terms = [to_term(word) for word in words]
        numbers = {n for term in {*terms} for n in self._groups_by_first_term.get(term, ())}
        for group in (self.groups[number] for number in sorted(numbers)):
            present = [member for member in group if member.is_in(words, terms)]
            for member in present[:1]:
                yield from ((member, other) for other in group if other not in present)

    @cached_property
    def _groups_by_first_term(self) -> dict[str, tuple[int, ...]]:
        """The numbers of the groups in which a member begins with a term."""
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        for number, group in enumerate(self.groups):
            for term in {member.terms[0] for member in group if member.terms}:
                numbers[term].append(number)
        return {term: tuple(groups) for term, groups in numbers.items()}


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


def build_synonym_map(
    groups: SynonymGroups, acronyms: Sequence[Acronym] = (), languages: Iterable[str] = ()
) -> SynonymMap:
    """*groups* and *acronyms* as they are matched with questions in *languages*."""
    ignored = frozenset[str]().union(*map(stop_terms, languages))

    def build(text: str, *, in_capitals: bool = False) -> Synonym:
        member = _parse_synonym(text)
        # Questions lose their stop words, too.
        terms = tuple(term for term in member.terms if term not in ignored)
        return replace(member, terms=terms or member.terms, in_capitals=in_capitals)

    members = [tuple(map(build, group)) for group in groups]
    members += [(build(a.short, in_capitals=a.is_word), build(a.long)) for a in acronyms]
    return SynonymMap(tuple(members), ignored)


def synonym_terms(groups: SynonymGroups) -> Iterator[tuple[str, ...]]:
    """The terms of each member of *groups*."""
    return (_parse_synonym(member).terms for group in groups for member in group)


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

    *acronyms* are those that the documents define; none that the operator's *synonyms* have.
    *made_of* is everything that it depends on: the documents' checksum, versions, settings.
    *renames* are old ids of documents, and ids that stay.
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
    acronyms: tuple[Acronym, ...] = ()
    tuned: TunedRanking | None = None
    renames: Renames = field(default_factory=Renames)
    reasons: Reasons = ()
    files: Mapping[str, FileChecksum] = field(default_factory=dict)
    name: str = ""
    published_at: datetime.datetime | None = None

    @cached_property
    def synonym_map(self) -> SynonymMap:
        """The operator's synonyms, and the acronyms that the documents define."""
        return build_synonym_map(self.synonyms, self.acronyms, self.languages)

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
            # Versions before this field read it, too; so below.
            del values["tuned"]
        if not self.acronyms:
            del values["acronyms"]
        if not self.renames:
            del values["renames"]
        return json.dumps(values, default=str, ensure_ascii=False, indent=1) + "\n"


def seal_generation(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest of the files in *folder*, and flush all of them to the disk."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    with ThreadPoolExecutor() as pool:
        written = pool.map(sync_to_disk, paths)
        files = dict(zip(names, pool.map(_checksum_of, paths), strict=True))
        deque(written, 0)
    manifest = replace(manifest, files=files)
    text = manifest.to_json()
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    folders = (path for path in folder.rglob("*") if path.is_dir())
    for path in [folder / MANIFEST, *folders, folder]:
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
    record["acronyms"] = tuple(Acronym(*entry) for entry in record.get("acronyms", ()))
    tuned = record.get("tuned")
    record["tuned"] = parse_tuned_ranking(tuned) if tuned else None
    record["renames"] = Renames(**record.get("renames", {}))
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
