"""The passages for a question and for each of its parts -> one ranking with a passage for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa.answers.answer import AnswerPart
from qa.queries.followup.readings import VERDICTS
from qa.ranking.highlighter import Highlighter
from qa.ranking.reranker import RankedPassage

Place = tuple[str, int]


@dataclass(frozen=True)
class PartResult:
    """The first passage for a part of a question, and whether it answers."""

    question: str
    verdict: str
    confidence: float
    first: RankedPassage | None
    highlighter: Highlighter

    @property
    def place(self) -> Place | None:
        """The place of the passage that answers, or may answer, the part."""
        return place_of(self.first) if self.first and self.verdict != "none" else None


def place_of(ranked: RankedPassage) -> Place:
    """The document of a passage and its number there."""
    return ranked.passage.document_id, ranked.passage.number


def merge_parts(
    ranked: Sequence[RankedPassage], parts: Sequence[PartResult], whole_verdict: str
) -> list[RankedPassage]:
    """*ranked* for the whole question, behind the first passage for each part that has one.

    Of these, what answers comes before what may answer; before all comes the first of *ranked* if
    it answers the whole question.
    """
    answered = [part for part in parts if part.place]
    answered.sort(key=lambda part: -VERDICTS.index(part.verdict))
    firsts = [part.first for part in answered if part.first]
    if whole_verdict == "found":
        firsts = [*ranked[:1], *firsts]
    merged: list[RankedPassage] = []
    places: set[Place] = set()
    for passage in (*firsts, *ranked):
        if places.isdisjoint(_places(passage)):
            merged.append(passage)
            places.update(_places(passage))
    return merged


def _places(ranked: RankedPassage) -> list[Place]:
    """The places of a passage and of its duplicates."""
    return [(each.document_id, each.number) for each in (ranked.passage, *ranked.duplicates)]


def judge_first(
    whole: tuple[str, float], merged: Sequence[RankedPassage], parts: Sequence[PartResult]
) -> tuple[str, float]:
    """Verdict and confidence of the first passage: the best of what it answers.

    *whole* are those of the whole question, which count if no part has a passage.
    """
    judgements = [
        (part.verdict, part.confidence)
        for part in parts
        if merged and part.place in _places(merged[0])
    ]
    return max(judgements or [whole], key=lambda pair: (VERDICTS.index(pair[0]), pair[1]))


def part_highlighters(parts: Sequence[PartResult]) -> Mapping[Place, Highlighter]:
    """For the first passage of each part what marks the words of that part in it."""
    return {part.place: part.highlighter for part in reversed(parts) if part.place}


def number_parts(
    shown: Sequence[RankedPassage], parts: Sequence[PartResult], offset: int = 0
) -> tuple[AnswerPart, ...]:
    """The parts, each with the rank of its passage among those *shown* after *offset*."""
    ranks = {
        place: rank for rank, passage in enumerate(shown, offset + 1) for place in _places(passage)
    }
    return tuple(
        AnswerPart(part.question, part.verdict, ranks.get(part.place) if part.place else None)
        for part in parts
    )
