"""Earlier turns and a follow-up -> a question that stands alone.

A question leans on earlier ones by what it says (it, the second one, and in 2022?) and by what
it leaves out (what are the symptoms?).  Fitted weights tell whether it does, and which words of
earlier turns it then needs.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from qa.conversation.choosing import chosen
from qa.conversation.memory import Memory
from qa.conversation.tokens import LONGEST_CARRIED
from qa.conversation.turns import turn
from qa.conversation.weights import fitted
from qa.text import stem, words

__all__ = ["LONGEST_CARRIED", "Standalone", "standalone"]


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
    if not turns:
        return Standalone(question)
    weights = fitted()
    memory = Memory()
    for earlier in turns:
        asked = turn(earlier)
        memory = memory.after(asked, chosen(memory, asked, weights))
    asked = turn(question)
    unwanted = {stem(word.text, "en") for text in dropped for word in words(text)}
    stems = chosen(memory, asked, weights, unwanted)
    carried = tuple(memory.mentions[stem].said.text for stem in stems)
    text = f"{question.strip()} ({' '.join(carried)})" if carried else question
    return Standalone(text, carried)
