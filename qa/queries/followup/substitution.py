"""The last question and a follow-up that varies it -> the words that the follow-up replaces.

"And in Quorn?" asks the last question of another place: a name replaces a name, a noun a noun, and
a year or version another.
"""

from dataclasses import dataclass
from functools import lru_cache

import regex

import qa.queries.followup.word_features as v
from qa.queries.followup.word_features import QuestionToken, group_runs, tokenize_question

_YEAR = regex.compile(r"(?:1\d|20)\d\d")
_VERSION = regex.compile(r"v?\d+(?:\.\d+)+")
_TOPIC_KINDS = frozenset({"name", "plain"})


def number_form(text: str) -> str:
    """Whether a word is a year, a version or an integer; "" if it is no number."""
    if _YEAR.fullmatch(text):
        return "year"
    if _VERSION.fullmatch(text):
        return "version"
    return "integer" if text.isdecimal() else ""


@dataclass(frozen=True)
class Slot:
    """Adjacent words of a kind (name or plain), with the preposition and article before them."""

    kind: str
    preposition: str
    article: str
    stems: frozenset[str]


@lru_cache(maxsize=256)
def find_slots(question: str, *, is_continued: bool = False) -> tuple[Slot, ...]:
    """The names and nouns of *question*, in order; one that *is_continued* begins in a sentence."""
    tokens = tokenize_question(question, is_continued=is_continued)
    slots: list[Slot] = []
    for run in group_runs(tokens):
        start = run[0]
        for i in run:
            is_last = i == run[-1]
            if is_last or tokens[i + 1].kind != tokens[i].kind:
                slots += _build_slot(tokens, start, i + 1)
                start = i + 1
    return tuple(slots)


def _build_slot(tokens: list[QuestionToken], start: int, end: int) -> list[Slot]:
    """The slot of adjacent *tokens* from *start* to *end*; none if they are of another kind."""
    previous = tokens[start - 1].term if start else ""
    is_after_name = start > 0 and tokens[start - 1].is_name
    # Who restores clocks?  When did Finland join?
    if tokens[start].kind == "plain" and is_after_name and not tokens[start].after_punctuation:
        return []
    start += previous == "who" and tokens[start].kind == "plain"
    if start == end or tokens[start].kind not in _TOPIC_KINDS:
        return []
    article = previous if previous in v.ARTICLES else ""
    lead_at = start - 1 - bool(article)
    lead = tokens[lead_at].term if lead_at >= 0 else ""
    before = tokens[lead_at - 1].term if lead_at > 0 else ""
    is_preposition = lead in v.PREPOSITIONS and not (lead == "about" and before in {"what", "how"})
    stems = frozenset(token.stem for token in tokens[start:end])
    return [Slot(tokens[start].kind, lead if is_preposition else "", article, stems)]


def find_replaced_stems(
    last_slots: tuple[Slot, ...], slots: tuple[Slot, ...], *, introduced: bool = False
) -> frozenset[str]:
    """The stems of the last question that a question which varies it has other words for.

    After a question that *introduced* its subject (who is X?) all of that is replaced.
    """
    replaced: set[str] = set()
    for slot in slots:
        same_kind = [other for other in last_slots if _are_alike(slot, other, last_slots)]
        if slot.preposition:
            same_kind = [other for other in same_kind if other.preposition == slot.preposition]
        elif introduced:
            same_kind = list(last_slots)
        elif len(same_kind) > 1:
            same_kind = _choose_slot(same_kind)
        replaced.update(*(other.stems - slot.stems for other in same_kind))
    return frozenset(replaced)


def _are_alike(slot: Slot, other: Slot, last_slots: tuple[Slot, ...]) -> bool:
    """Whether both are of a kind; small letters may be a name where nothing else is."""
    if slot.kind == other.kind:
        return True
    has_names = any(each.kind == "name" for each in last_slots)
    return not slot.article and not (has_names and slot.kind == "name")


def _choose_slot(slots: list[Slot]) -> list[Slot]:
    """The one of several *slots* that a word without a preposition replaces.

    Of names that is the first, which is the subject; of nouns the last, which is the object, but
    not what the subject is asked to be (is chilli a stew?).
    """
    free = [slot for slot in slots if not slot.preposition] or slots
    free = [slot for slot in free if slot.article not in {"a", "an"}] or free
    return free[:1] if free[0].kind == "name" else free[-1:]
