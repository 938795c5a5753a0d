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
from qa.conversation.weights import Weights, fitted
from qa.deadlines import NEVER, Deadline
from qa.remembering import Remembered
from qa.text import stem, words

__all__ = ["LONGEST_CARRIED", "Standalone", "standalone"]


@dataclass(frozen=True)
class Standalone:
    """A question that needs no other, and the words it took from earlier turns."""

    text: str
    carried: tuple[str, ...] = ()


# Conversations of which is remembered what was spoken of: a page answers all turns of one.
_memories: Remembered[tuple[str, ...], Memory] = Remembered(64)


def standalone(
    question: str,
    turns: Sequence[str] = (),
    *,
    dropped: Collection[str] = (),
    deadline: Deadline = NEVER,
) -> Standalone:
    """Make *question* stand alone after the questions in *turns*, oldest first.

    None of the words in *dropped* is carried into this question.  Raises DeadlineExceededError
    when there is no time to read all turns.
    """
    if not turns:
        return Standalone(question)
    weights = fitted()
    memory = _spoken_of(tuple(turns), weights, deadline)
    deadline.check()
    asked = turn(question)
    unwanted = {stem(word.text, "en") for text in dropped for word in words(text)}
    stems = chosen(memory, asked, weights, unwanted)
    carried = tuple(memory.mentions[stem].said.text for stem in stems)
    text = f"{question.strip()} ({' '.join(carried)})" if carried else question
    return Standalone(text, carried)


def _spoken_of(turns: tuple[str, ...], weights: Weights, deadline: Deadline) -> Memory:
    """What was spoken of in *turns*."""
    counts = range(len(turns), 0, -1)
    known = next((count for count in counts if turns[:count] in _memories), 0)
    memory = _memories.get(turns[:known]) or Memory()
    for earlier in turns[known:]:
        deadline.check()
        asked = turn(earlier)
        memory = memory.after(asked, chosen(memory, asked, weights))
    _memories[turns] = memory
    return memory
