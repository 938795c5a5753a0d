"""The words of a question -> what form and place tell of each, whatever is asked next."""

from dataclasses import dataclass

import qa.conversation.vocabulary as v
from qa.conversation.tokens import Token, runs

_BE = frozenset({"is", "are", "was", "were"})


@dataclass(frozen=True)
class Said:
    """A word that says something, with its *signs*; *run* numbers the words it stands among."""

    text: str
    stem: str
    kind: str
    run: int
    start: int
    end: int
    signs: tuple[str, ...]


def said(found: list[Token]) -> tuple[Said, ...]:
    """The words of a question that can be carried to the next."""
    grouped = runs(found)
    cased = any(token.name for token in found)
    made = []
    for number, run in enumerate(grouped):
        for i in run:
            token = found[i]
            if token.stem in v.FILLING:
                continue
            signs = [token.kind, *_form(token), *_place(found, run, i)]
            if number == len(grouped) - 1:
                signs.append("last run")
            if not cased:
                signs.append("no capitals")
            made.append(
                Said(
                    token.text,
                    token.stem,
                    token.kind,
                    number,
                    token.start,
                    token.end,
                    tuple(dict.fromkeys(signs)),
                )
            )
    return tuple(made)


def _form(token: Token) -> list[str]:
    if token.name:
        return ["short name"] if len(token.term) <= 3 else []
    signs = [f"-{ending}" for ending in ("ing", "ed", "ly") if token.term.endswith(ending)]
    if not signs and token.term.endswith("s") and not token.term.endswith("ss"):
        signs.append("plural")
    if len(token.term) >= 9:
        signs.append("long")
    return signs


def _place(found: list[Token], run: list[int], i: int) -> list[str]:
    """What stands before the run of a word, and where in the run it stands."""
    before = found[run[0] - 1].term if run[0] else ""
    earlier = found[run[0] - 2].term if run[0] > 1 else ""
    lead = earlier if before in v.ARTICLES else before
    signs = [
        sign
        for sign, holds in (
            ("after of", lead == "of"),
            ("after about", lead == "about"),
            ("after a preposition", lead in v.PREPOSITIONS),
            ("after to", before == "to"),
            ("after do", before in v.DO),
            ("after be", lead in _BE),
            ("after the", before == "the"),
            ("after a", before in {"a", "an"}),
            ("after a question word", before in v.ASKING),
            ("after a person", before in v.SPEAKERS | v.PRONOUNS),
        )
        if holds
    ]
    if len(run) == 1:
        signs.append("by itself")
    elif i == run[-1]:
        signs.append("head")
        if lead in v.DO:
            signs.append("head after do")
    else:
        signs.append("modifier")
        if i == run[0]:
            signs.append("first of its run")
    if len(run) > 3:
        signs.append("long run")
    return signs
