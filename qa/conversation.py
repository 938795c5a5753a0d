"""Earlier turns and a follow-up -> a question that stands alone.

A first rule: a follow-up that points back, by a pronoun or by saying hardly anything itself, takes
along the words of the question before it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qa.text import stop_words, term, words

# What is longer is no word of a person's.
LONGEST_CARRIED = 60

_POINTING = frozenset(
    "he him his she her hers it its they them their theirs this that these those there then".split()
)


@dataclass(frozen=True)
class Standalone:
    """A question that needs no other, and the words it took from earlier turns."""

    text: str
    carried: tuple[str, ...] = ()


def standalone(
    question: str, turns: Sequence[str] = (), *, dropped: Collection[str] = ()
) -> Standalone:
    """Make *question* stand alone after the questions in *turns*, oldest first.

    None of the words in *dropped* is carried into this question.
    """
    carried: tuple[str, ...] = ()
    texts: list[str] = []
    for turn in [*turns, question]:
        own = _content(turn)
        known = {term(word) for word in own}
        before = [*carried, *texts]
        carried = ()
        if before and _points_back(turn, own):
            carried = tuple(word for word in before if term(word) not in known)
        texts = own
    unwanted = {term(word) for word in dropped}
    carried = tuple(word for word in carried if term(word) not in unwanted)
    text = f"{question.strip()} ({' '.join(carried)})" if carried else question
    return Standalone(text, carried)


def _content(question: str) -> list[str]:
    """The words of *question* that say something, each once."""
    stops = stop_words("en")
    found = {term(word.text): word.text for word in words(question)}
    return [
        word for exact, word in found.items() if exact not in stops and len(word) <= LONGEST_CARRIED
    ]


def _points_back(question: str, content: list[str]) -> bool:
    found = [term(word.text) for word in words(question)]
    if len(content) == 0:
        return bool(found)
    if found[0] in {"and", "but", "or"} and len(content) <= 2:
        return True
    named = any(word[0].isupper() for word in content[:1])
    return not named and not _POINTING.isdisjoint(found)
