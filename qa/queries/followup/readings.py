"""A follow-up asked with carried words, and without -> which of the two to show.

A question that stands alone is asked by itself first, any other with the carried words first.  The
other way is tried if the first does not find an answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qa.queries.followup.carryover import StandaloneQuestion
from qa.queries.query import Query

# Verdicts, the best last.
VERDICTS = ("none", "weak", "found")
# The share of the words typed now, by IDF, that a passage about them has: of all of them, and of
# those that the best passage for them alone has.
_MIN_OWN_COVERAGE = 0.5


@dataclass(frozen=True)
class Reading:
    """The outcome of asking in one way; *own_coverage* is of the words that were typed now."""

    is_carried: bool
    verdict: str
    confidence: float
    own_coverage: float

    @property
    def quality(self) -> tuple[int, float]:
        """What is better is greater."""
        return VERDICTS.index(self.verdict), self.confidence


def own_coverage(
    query: Query, term_shares: Mapping[str, float], missing_words: Iterable[str]
) -> float:
    """The share of the words typed now, by IDF, that a passage without *missing_words* has.

    *term_shares* are the normalized IDF of the query's words.
    """
    carried = {word.lower() for word in query.carried_words}
    missing = set(missing_words)
    own_words = [term.word for term in query.terms if term.word.lower() not in carried]
    total = sum(term_shares[word] for word in own_words)
    covered = sum(term_shares[word] for word in own_words if word not in missing)
    return covered / total if total else 1.0


def is_settled(standalone: StandaloneQuestion, first: Reading) -> bool:
    """Whether the *first* way need not be compared with the other."""
    if not standalone.has_own_words:
        return True
    return first.verdict == "found" and not _strays(standalone, first)


def choose_reading(standalone: StandaloneQuestion, first: Reading, other: Reading) -> Reading:
    """The better of two ways to ask; what is asked now outweighs what was asked before.

    A question that stands alone takes words along only if that is better and still about its own
    words; any other is asked without only if that has a better verdict, or is about its own words
    where the other is not.
    """
    carried, bare = (first, other) if first.is_carried else (other, first)
    if standalone.stands_alone:
        is_about_it = carried.own_coverage >= _MIN_OWN_COVERAGE * bare.own_coverage
        return carried if is_about_it and carried.quality > bare.quality else bare
    if _strays(standalone, carried) and carried.own_coverage < bare.own_coverage:
        return carried if bare.verdict == "none" else bare
    is_better = bare.quality > carried.quality and bare.verdict != carried.verdict
    return bare if is_better else carried


def _strays(standalone: StandaloneQuestion, reading: Reading) -> bool:
    """Whether the first passage is about the carried words rather than those typed now."""
    is_about_it = reading.own_coverage >= _MIN_OWN_COVERAGE
    return standalone.is_definite and reading.is_carried and not is_about_it
