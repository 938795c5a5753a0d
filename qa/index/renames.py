"""The documents before and after a build -> which were renamed, and ids that stay.

A document is renamed if its id is gone and its text has another id now: the same text, or, if it
was edited as well, one that shares most of its paragraphs, as git finds renames.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from qa.documents.document import SEPARATOR

# Old ids that a generation knows; those of the oldest renames are dropped first.
MAX_RENAMES = 20_000
# The share of the characters of both texts that they have in common, at least.
_MIN_SHARED = 0.5
# Documents that may have been edited while they were renamed, and the characters of all of them.
_MAX_COMPARED, _MAX_CHARACTERS = 2_000, 50_000_000
# A paragraph that more new documents have tells nothing.
_MAX_SHARING = 20
_STABLE_ID_DIGITS = 16
_FORGOTTEN_FILE = "forgotten.txt"
# The characters of each paragraph of a text, by its checksum.
_Profile = Counter[bytes]


def stable_id(document_id: str, *, salt: str = "") -> str:
    """The id that a document gets for good when it is first called *document_id*."""
    name = f"document\n{document_id}\n{salt}"
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_STABLE_ID_DIGITS]


@dataclass(frozen=True)
class Renames:
    """*new_ids* are the ids of today by those of before, the oldest first.

    *stable_ids* are those of documents that were renamed, or that have the old name of another; a
    document that is not in it has the stable id of its name.
    """

    new_ids: Mapping[str, str] = field(default_factory=dict)
    stable_ids: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.new_ids or self.stable_ids)

    def stable_id(self, document_id: str) -> str:
        """The id of a document that survives a rename of its file."""
        return self.stable_ids.get(document_id) or stable_id(document_id)

    def current_id(self, document_id: str) -> str:
        """The id today of a document that had *document_id* before, or has it now."""
        return self.new_ids.get(document_id, document_id)

    def includes(self, other: "Renames") -> bool:
        """Whether all of *other* is in it."""
        return (
            self.new_ids.items() >= other.new_ids.items()
            and self.stable_ids.items() >= other.stable_ids.items()
        )


class Version(NamedTuple):
    """A document's id, and the checksum of its text."""

    id: str
    sha256: str


class RenameTracker:
    """Finds what was renamed since the live generation, while the documents of a new one come in.

    *versions* are the live documents, *read_text* gives the text of one of them, and *renames* are
    those of the live generation.
    """

    def __init__(
        self,
        versions: Iterable[Version] = (),
        renames: Renames | None = None,
        read_text: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._before = {version.id: version.sha256 for version in versions}
        self._checksums = {*self._before.values()}
        self._renames = renames or Renames()
        self._read_text = read_text
        self._now: dict[str, str] = {}
        # Of the documents with new names and new texts.
        self._profiles: dict[str, _Profile] = {}
        self._room = _MAX_CHARACTERS

    def add(self, version: Version, read_text: Callable[[], str]) -> None:
        """Add a document of the new generation, changed or not."""
        self._now[version.id] = version.sha256
        is_new = version.id not in self._before and version.sha256 not in self._checksums
        if self._before and is_new and len(self._profiles) < _MAX_COMPARED:
            profile = self._build_profile(read_text())
            if profile:
                self._profiles[version.id] = profile

    def finish(self, forgotten: "Forgotten | None" = None) -> Renames:
        """The renames that the new generation knows; none of what is *forgotten*."""
        new = self._find_renames()
        new_ids = {old: new.get(now, now) for old, now in self._renames.new_ids.items()} | new
        kept = [
            (old, now)
            for old, now in new_ids.items()
            if now in self._now and old not in self._now and not (forgotten and forgotten.has(old))
        ]
        return Renames(dict(kept[-MAX_RENAMES:]), self._assign_stable_ids(new))

    def _build_profile(self, text: str) -> _Profile:
        """The profile of a text; empty where too many characters were compared already."""
        self._room -= len(text)
        return profile_of(text) if self._room >= 0 else Counter()

    def _find_renames(self) -> dict[str, str]:
        """Today's ids of the documents whose id is gone, where they have one."""
        ids_by_checksum = {sha256: id_ for id_, sha256 in self._now.items()}
        gone = {id_: sha for id_, sha in self._before.items() if id_ not in self._now}
        same = {id_: ids_by_checksum[sha] for id_, sha in gone.items() if sha in ids_by_checksum}
        return same | self._find_edited([id_ for id_ in gone if id_ not in same])

    def _find_edited(self, gone: list[str]) -> dict[str, str]:
        """The documents of *gone* that were edited while they were renamed."""
        if not self._profiles:
            return {}
        sharing = defaultdict(list)
        for id_, profile in self._profiles.items():
            for paragraph in profile:
                sharing[paragraph].append(id_)
        pairs = []
        for old in gone[:_MAX_COMPARED]:
            before = self._build_profile(self._read_text(old))
            pairs += [
                (-_measure_overlap(before, self._profiles[new]), old, new)
                for new in _candidates(before, sharing)
            ]
        return _match([pair for pair in pairs if -pair[0] >= _MIN_SHARED])

    def _assign_stable_ids(self, new: Mapping[str, str]) -> dict[str, str]:
        """The stable ids of the new generation that are not those of the names."""
        known = {id_: own for id_, own in self._renames.stable_ids.items() if id_ in self._now}
        moved = {
            now: self._renames.stable_id(old) for old, now in new.items() if now not in self._before
        }
        stable_ids = {id_: own for id_, own in (known | moved).items() if own != stable_id(id_)}
        stable_ids = dict([*stable_ids.items()][-MAX_RENAMES:])
        taken = {*stable_ids.values()}
        if taken:
            for id_, sha256 in self._now.items():
                if id_ not in stable_ids and stable_id(id_) in taken:
                    stable_ids[id_] = stable_id(id_, salt=sha256)
        return stable_ids


def profile_of(text: str) -> _Profile:
    """The characters of each paragraph of *text*, by its checksum."""
    profile: _Profile = Counter()
    for paragraph in text.split(SEPARATOR):
        profile[hashlib.blake2b(paragraph.encode(), digest_size=8).digest()] += len(paragraph)
    return profile


def _candidates(profile: _Profile, sharing: Mapping[bytes, list[str]]) -> Iterator[str]:
    """The new documents that have a paragraph of *profile* which is not in many of them."""
    lists = (sharing.get(paragraph, ()) for paragraph in profile)
    yield from dict.fromkeys(id_ for ids in lists if len(ids) <= _MAX_SHARING for id_ in ids)


def _measure_overlap(one: _Profile, other: _Profile) -> float:
    """The share of the characters of two texts, of the longer one, that both have."""
    return (one & other).total() / max(1, one.total(), other.total())


def _match(pairs: list[tuple[float, str, str]]) -> dict[str, str]:
    """Each old id with the new one it shares most with; none twice."""
    matches: dict[str, str] = {}
    taken = set()
    for _, old, new in sorted(pairs):
        if old not in matches and new not in taken:
            matches[old] = new
            taken.add(new)
    return matches


class Forgotten:
    """The old ids that no generation may know any more, as checksums in a file of the index."""

    def __init__(self, home: Path) -> None:
        self._path = home / _FORGOTTEN_FILE
        try:
            self._checksums = {*self._path.read_text(encoding="ascii").split()}
        except (FileNotFoundError, NotADirectoryError):
            self._checksums = set()

    def has(self, document_id: str) -> bool:
        """Whether *document_id* is forgotten."""
        return bool(self._checksums) and _checksum(document_id) in self._checksums

    def add(self, document_ids: Iterable[str]) -> None:
        """Forget *document_ids* from the next build on."""
        new = sorted({_checksum(id_) for id_ in document_ids} - self._checksums)
        if new:
            self._checksums.update(new)
            with self._path.open("a", encoding="ascii") as file:
                file.writelines(f"{checksum}\n" for checksum in new)


def _checksum(document_id: str) -> str:
    return hashlib.sha256(document_id.encode("utf-8", "surrogatepass")).hexdigest()
