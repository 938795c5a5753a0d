"""A memory and the next turn -> how that turn stands to it, and how each remembered word does."""

from qa.conversation.memory import Memory, Mention
from qa.conversation.turns import Turn


def cues(memory: Memory, turn: Turn) -> frozenset[str]:
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
