"""The operator's synonyms.txt -> other words to look for besides those of a question.

    # one group a line, its members between commas
    NATO, North Atlantic Treaty Organization, the alliance

A question that has one member of a group is also looked up by the others.  The file is read when an
index is built, which keeps what is in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from qa.errors import SettingsError
from qa.file_access import read_text
from qa.text import normalise, term, tokens

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
