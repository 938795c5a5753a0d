"""A memory and the next turn -> how that turn stands to it, and how each remembered word does."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import qa.queries.followup.word_features as v
from qa.queries.followup.question_features import POINTING, cues
from qa.queries.followup.word_features import Said, said, tokens

# A question of so few words need not have an English one to be English.
_SHORT = 3


@dataclass(frozen=True)
class Turn:
    """A question taken apart, without regard to others."""

    text: str
    said: tuple[Said, ...]
    stems: frozenset[str]
    cues: frozenset[str]
    foreign: bool

    @property
    def introduces(self) -> bool:
        """Whether it asks about something by its name: what is X, tell me about X."""
        asks = self.cues & {"defines", "tell", "what about"}
        points = self.cues & {"it", "they", "person", "this", "this + noun", "one"}
        named = any(word.kind in {"name", "plain", "number"} for word in self.said)
        return bool(asks) and not points and named


@lru_cache(maxsize=256)
def turn(question: str) -> Turn:
    """Take *question* apart."""
    found = tokens(question)
    words = said(found)
    own = set(cues(found))
    if own and not own & POINTING:
        own.add("points nowhere")
    return Turn(
        text=question,
        said=words,
        stems=frozenset(token.stem for token in found if token.said),
        cues=frozenset(own),
        foreign=len(found) > _SHORT and v.ENGLISH.isdisjoint(token.term for token in found),
    )


# Words remembered: of a pasted page, or of twenty, the latest.
_MOST = 60


@dataclass(frozen=True)
class Mention:
    """A word spoken of: *turn* said it last, *active* said it or carried it last.

    *mates* are the stems that ever stood beside it.
    """

    said: Said
    turn: int
    active: int
    turns: int
    first: bool
    mates: frozenset[str]


@dataclass(frozen=True)
class Memory:
    """What was spoken of so far.

    *opener* is the last turn that carried nothing, *introduced* the last that asked about
    something by its name; *said* and *carried* are the stems of the last turn.
    """

    turns: int = 0
    mentions: Mapping[str, Mention] = field(default_factory=dict)
    said: frozenset[str] = frozenset()
    carried: frozenset[str] = frozenset()
    opener: int = 0
    introduced: int = -1
    pointed: frozenset[str] = frozenset()

    def after(self, turn: Turn, carried: Collection[str]) -> "Memory":
        """The memory once *turn* was asked, with the stems that it *carried*."""
        mentions = dict(self.mentions)
        for word in turn.said:
            mentions[word.stem] = self._said(word, turn, mentions.get(word.stem))
        for stem in carried:
            known = mentions[stem]
            mentions[stem] = replace(known, active=self.turns, turns=known.turns + 1)
        return Memory(
            turns=self.turns + 1,
            mentions=_latest(mentions),
            said=frozenset(word.stem for word in turn.said),
            carried=frozenset(carried),
            opener=self.opener if carried else self.turns,
            introduced=self.turns if turn.introduces else self.introduced,
            pointed=turn.cues & {"it", "they", "person", "this", "this + noun"},
        )

    def _said(self, word: Said, turn: Turn, known: Mention | None) -> Mention:
        mates = frozenset(
            other.stem for other in turn.said if other.run == word.run and other.stem != word.stem
        )
        if known is None:
            return Mention(word, self.turns, self.turns, 1, self.turns == 0, mates)
        # Written as a name once, it is one.
        kept = known.said if known.said.kind == "name" != word.kind else word
        return Mention(
            kept,
            self.turns,
            self.turns,
            known.turns + (known.active < self.turns),
            known.first,
            known.mates | mates,
        )


def _latest(mentions: dict[str, Mention]) -> dict[str, Mention]:
    if len(mentions) <= _MOST:
        return mentions
    kept = sorted(mentions, key=lambda stem: -mentions[stem].active)[:_MOST]
    return {stem: mentions[stem] for stem in kept}


def context_cues(memory: Memory, turn: Turn) -> frozenset[str]:
    """The cues of *turn*, and those that only its place in the conversation gives."""
    known = turn.stems & memory.mentions.keys()
    mentions = [memory.mentions[stem] for stem in known]
    active = len(known & (memory.said | memory.carried))
    new = [word.kind for word in turn.said if word.stem not in memory.mentions]
    found = {
        f"repeats {min(len(known), 2)}",
        f"repeats {min(active, 2)} of the last",
        f"{min(new.count('name'), 2)} new names",
        f"{min(new.count('plain'), 3)} new plain",
        "second turn" if memory.turns == 1 else "later turn",
        "after an opener" if not memory.carried else "after a follow-up",
    }
    found |= {
        cue
        for cue, holds in (
            ("introduces", turn.introduces),
            ("after an introduction", memory.introduced == memory.turns - 1),
            ("repeats a name", any(m.said.kind == "name" for m in mentions)),
            ("repeats the first topic", any(m.first and _is_topic(m) for m in mentions)),
            ("points freely", "free pronoun" in turn.cues and not known),
        )
        if holds
    }
    for mention in mentions:
        found |= _repeated(memory, turn, mention)
    return turn.cues | found


def _is_topic(mention: Mention) -> bool:
    return mention.said.kind in {"name", "plain", "number"}


def _repeated(memory: Memory, turn: Turn, mention: Mention) -> set[str]:
    """Whether a word comes back with the words that stood beside it, or without."""
    if not mention.mates:
        return {"repeats the whole"}
    if mention.mates & turn.stems:
        return set()
    kinds = {memory.mentions[m].said.kind for m in mention.mates if m in memory.mentions}
    if not kinds & {"name", "plain"}:
        return {"repeats a part"}
    return {"repeats a part", f"repeats a part of a {'name' if 'name' in kinds else 'plain'}"}


def signs(memory: Memory, turn: Turn, mention: Mention) -> frozenset[str]:
    """What a remembered word is to *turn*."""
    last = memory.turns - 1
    stem = mention.said.stem
    age = last - mention.active
    found = {
        f"{'1' if age < 1 else '2' if age < 2 else '3-5' if age < 5 else '6+'} turns ago",
        f"in {min(mention.turns, 4)} turns",
        "in the opener" if mention.turn == memory.opener
        else "before the opener" if mention.turn < memory.opener
        else "after the opener",
    }  # fmt: skip
    if stem in memory.said:
        found.add("just said")
    elif stem in memory.carried:
        found.add("just carried")
    if mention.first:
        found.add("in the first turn")
    if memory.introduced >= 0:
        if mention.turn == memory.introduced:
            found.add("just introduced" if memory.introduced == last else "introduced")
        elif mention.active < memory.introduced:
            found.add("before an introduction")
    if mention.mates & turn.stems:
        found.add("beside a word asked")
    if memory.pointed & turn.cues:
        found.add("same pronoun again")
    elif memory.pointed:
        found.add("after a pronoun")
    return frozenset(found).union(mention.said.signs)
