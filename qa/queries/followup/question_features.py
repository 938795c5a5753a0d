"""The words of a question -> the cues that it leans on earlier ones, or stands by itself."""

from itertools import pairwise

import qa.queries.followup.word_features as v
from qa.queries.followup.word_features import Token, runs

# By one of these a question points back; without any it may still leave something out.
POINTING = frozenset(
    {
        "it", "they", "person", "this", "this + noun", "one", "other", "what about",
        "the + of what", "of what", "the + plain", "the + describing", "fragment", "there",
        "quantifier", "no subject", "corrects",
    }
)  # fmt: skip
_COMPLEMENT = frozenset("of for in to about between on with from".split())
# By the word before them, or before their article, where words stand in a question.
_PLACES = {
    "of": {"of"},
    "in": v.PREPOSITIONS,
    "subject": v.AUXILIARIES,
    "asked": {"what", "which"},
    "first": {""},
}
_JOINTS = frozenset({"and", "or", "but"})


def cues(found: list[Token]) -> tuple[str, ...]:
    """All cues of a question, each once."""
    if not found:
        return ()
    all_cues = [*_counts(found), *_form(found), *_pointing(found)]
    if _is_whole(found):
        all_cues.append("whole by itself")
    for run in runs(found):
        all_cues += _run(found, run)
    return tuple(dict.fromkeys(all_cues))


def _counts(found: list[Token]) -> list[str]:
    content = [token for token in found if token.said]
    kinds = [token.kind for token in content]
    plain = kinds.count("plain")
    counted = [
        f"{min(len(content), 5)} said" if len(content) < 7 else "7+ said",
        f"{min(kinds.count('name'), 2)} names",
        f"{min(plain, 2)} plain",
    ]
    if len(found) > 12:
        counted.append("many words")
    if content and set(kinds) <= {"relational", "verb", "describing"}:
        counted.append("only common words")
    return counted


def _form(found: list[Token]) -> list[str]:
    """How it is asked."""
    terms = [token.term for token in found]
    said = set(terms)
    told = said & v.TELLING
    speakers = said & v.SPEAKERS
    about = _asks_about(found)
    # Who leads the group?  What causes it?
    whole = terms[0] in {"who", "what", "which"} and sum(token.said for token in found) > 1
    form = {
        "joins": terms[0] in v.CONJUNCTIONS,
        "asks whether": terms[0] in v.AUXILIARIES,
        "what about": about,
        "tell": bool(told),
        "of us": bool(speakers) and not (told and speakers <= {"me", "us", "you"}),
        "fragment": not (told or said & v.AUXILIARIES or about or whole),
        "corrects": not {"mean", "meant", "no"}.isdisjoint(terms[:3]),
        "compares": not v.COMPARING.isdisjoint(said),
        "comparative": any(map(_is_comparative, found)),
        "no subject": _lacks_subject(found),
        "defines": _defines(found),
    }
    asks = [f"asks {token.term}" for token in found if token.opens and token.term in v.ASKING]
    return [*(cue for cue, holds in form.items() if holds), *([] if about else asks)]


def _asks_about(found: list[Token]) -> bool:
    return any(
        token.opens and token.term in {"what", "how"} and after.term == "about"
        for token, after in pairwise(found)
    )


def _is_comparative(token: Token) -> bool:
    graded = len(token.term) > 4 and token.term.endswith("er") and token.kind == "describing"
    return graded or token.term in {"more", "less", "better", "worse"}


def _lacks_subject(found: list[Token]) -> bool:
    """How is being used in Africa?"""
    return any(
        before.term in {"how", "when", "where", "why"}
        and token.term in v.AUXILIARIES
        and (after.term in v.AUXILIARIES | v.PREPOSITIONS or after.term.endswith("ed"))
        for before, token, after in zip(found, found[1:], found[2:], strict=False)
    )


def _defines(found: list[Token]) -> bool:
    """What is X?  Who was X?"""
    if len(found) < 3 or found[0].term not in {"what", "who"} or found[1].term not in v.BE:
        return False
    rest = found[2:]
    small = {token.term for token in rest if not token.said} - v.ARTICLES
    return not small and any(token.kind in {"name", "plain", "number"} for token in rest)


def _pointing(found: list[Token]) -> list[str]:
    """What points to something outside the question."""
    pointing: list[str] = []
    named = joined = False
    for i, token in enumerate(found):
        joined = joined or (named and (token.marked or token.term in _JOINTS))
        kind = _points(found, i)
        if kind:
            pointing.append(kind)
        if kind in {"it", "they", "person"} and "free pronoun" not in pointing:
            pointing.append("bound pronoun" if joined else "free pronoun")
        named = named or (token.said and token.kind in {"name", "plain", "relational"})
    return pointing


def _points(found: list[Token], i: int) -> str:
    """How the word at *i* points to another; not at all, mostly."""
    token, exact = found[i], found[i].term
    before = found[i - 1] if i else None
    after = found[i + 1] if i + 1 < len(found) and not found[i + 1].marked else None
    if token.name:
        return ""
    kind = next((kind for kind, forms in v.POINTERS.items() if exact in forms), "")
    if kind == "this":
        return _demonstrative(token, before, after)
    stands = {
        "it": exact != "it" or not _is_empty(found, i),
        "there": before is not None and not _is_existential(before, after),
        "one": before is not None and (exact == "ones" or after is None or before.said),
        "quantifier": _is_alone(after),
    }
    return kind if stands.get(kind, True) else ""


def _is_existential(before: Token, after: Token | None) -> bool:
    """Is there, how many are there, there is."""
    near = {before.term, after.term if after else ""}
    return not near.isdisjoint(v.BE | {"be"})


def _is_empty(found: list[Token], i: int) -> bool:
    """Whether the `it` at *i* stands for nothing: is it possible to, what time is it, worth it to.

    How long does it take to boil an egg: there, too, but not where nothing is said to be boiled.
    """
    before, rest = [token.term for token in found[:i]], [token.term for token in found[i + 1 :]]
    if rest[:1] in (["take"], ["takes"]) and "to" in rest:
        named = [token.said for token in found[i + 1 + rest.index("to") :]]
        return sum(named) > 1
    return (
        (not v.EMPTY_IT.isdisjoint(rest[:4]) and ("to" in rest or "that" in rest))
        or not v.WEATHER.isdisjoint(rest[:1])
        or (before[-1:] == ["worth"] and rest[:1] == ["to"])
        or (not v.BE.isdisjoint(before[-1:]) and not v.TIMES.isdisjoint(before[-2:-1]))
    )


def _is_whole(found: list[Token]) -> bool:
    """Whether an `it` that stands for nothing is followed by two things by their names."""
    for i, token in enumerate(found):
        if token.term == "it" and _is_empty(found, i):
            kinds = [each.kind for each in found if each.said and each.term not in v.EMPTY_IT]
            named = sum(kind in {"plain", "name", "number"} for kind in kinds)
            return named > 1 or ("name" in kinds and len(kinds) > 1)
    return False


def _is_alone(after: Token | None) -> bool:
    """Whether what counts or chooses does so without a noun *after* it."""
    if after is None:
        return True
    if after.said:
        return after.term.endswith(("ed", "ing"))
    return after.term in v.AUXILIARIES | v.PREPOSITIONS - {"of"}


def _demonstrative(token: Token, before: Token | None, after: Token | None) -> str:
    if token.term == "that" and after is not None:
        # Behind a noun, or before another small word, it joins sentences.
        if before is not None and before.said and not token.opens:
            return ""
        if not after.said:
            return "this" if token.opens and after.term in v.AUXILIARIES else ""
    return "this + noun" if after is not None and after.said else "this"


def _run(found: list[Token], run: list[int]) -> list[str]:
    """What words that stand side by side tell, by what stands around them."""
    before = found[run[0] - 1].term if run[0] else ""
    earlier = found[run[0] - 2].term if run[0] > 1 else ""
    after = found[run[-1] + 1] if run[-1] + 1 < len(found) else None
    kinds = {found[i].kind for i in run}
    whole = "name" if "name" in kinds else "plain" if kinds & {"plain", "number"} else "common"
    ends = after is None or after.marked or after.term not in _COMPLEMENT
    lead = earlier if before in v.ARTICLES else before
    told = [f"{place} {whole}" for place, leads in _PLACES.items() if lead in leads][:1]
    if before == "the" and whole != "name":
        told += _definite(found[run[-1]], whole, ends=ends)
    elif found[run[-1]].kind == "relational" and whole == "common" and ends:
        told.append("of what")
    if after is not None and after.term == "of":
        told.append("has of")
    return told


def _definite(head: Token, whole: str, *, ends: bool) -> list[str]:
    """What `the` before words tells, when nothing after them says which is meant."""
    if head.kind == "describing" or head.term in v.SUPERLATIVES:
        return ["the + describing"]
    if not ends:
        return []
    if head.kind == "relational":
        return ["the + of what" if whole == "common" else "the + plain of what"]
    return ["the + plain"]
