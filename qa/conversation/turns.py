"""A question -> a Turn: its words that say something, its cues, whether it is English at all."""

from dataclasses import dataclass
from functools import lru_cache

import qa.conversation.vocabulary as v
from qa.conversation.cues import POINTING, cues
from qa.conversation.signs import Said, said
from qa.conversation.tokens import tokens

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
