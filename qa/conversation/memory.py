"""Turns, one after the other -> what has been spoken of, when, and by which words."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from qa.conversation.signs import Said
from qa.conversation.turns import Turn

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
