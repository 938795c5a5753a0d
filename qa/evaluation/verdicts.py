"""Results of questions -> how often each verdict was right, and topics that were refused."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from qa.analysis.tokenizer import is_stop_word, token_texts
from qa.answers.pipeline import ask
from qa.engines.base import Searcher
from qa.evaluation.runner import QuestionResult
from qa.queries.parser import parse_query
from qa.settings import Settings

VERDICTS = ("found", "weak", "none")
# The rows of a verdict table; a foreign question has no right answer.
ROWS = ("right at 1", "right in 5", "wrong", "unanswerable")
_DEPTH = 5
_TOPICS, _MIN_PASSAGES = 100, 20
_MAX_TRIES = 2000

VerdictTable = dict[str, dict[str, int]]


def count_verdicts(
    results: Sequence[QuestionResult], foreign: Sequence[QuestionResult]
) -> VerdictTable:
    """How many questions of each row of ROWS got each verdict, of those that got one."""
    table = {row: dict.fromkeys(VERDICTS, 0) for row in ROWS}
    for result in results:
        if result.verdict and result.question.is_usable:
            table[_row_of(result)][result.verdict] += 1
    for result in foreign:
        if result.verdict:
            table["unanswerable"][result.verdict] += 1
    return table


def _row_of(result: QuestionResult) -> str:
    if result.question.impossible:
        return "unanswerable"
    for rank, passage in enumerate(result.passages[:_DEPTH]):
        if result.question.is_right(passage.entries, passage.text):
            return "right in 5" if rank else "right at 1"
    return "wrong"


def draw_topics(searcher: Searcher, count: int = _TOPICS) -> list[str]:
    """Names of one or two words from titles that many passages have, always the same."""
    singles: Counter[str] = Counter()
    for summary in searcher.summaries():
        words = token_texts(summary.title)
        names = [word for word in words if _is_name(word)]
        singles.update(names)
        singles.update(
            f"{first} {second}"
            for first, second in pairwise(words)
            if _is_name(first) and _is_name(second)
        )
    names = sorted(singles)
    random.Random(0).shuffle(names)  # noqa: S311 - a sample, not a secret
    topics = [name for name in names[:_MAX_TRIES] if _is_frequent(searcher, name)]
    return topics[:count]


def _is_name(word: str) -> bool:
    return word[0].isupper() and len(word) > 2 and not is_stop_word(word.lower(), "en")


def _is_frequent(searcher: Searcher, name: str) -> bool:
    query = parse_query(f'"{name}"', languages=searcher.manifest.languages)
    return searcher.search(query, 1).matches.total >= _MIN_PASSAGES


def count_refused_topics(searcher: Searcher, settings: Settings, topics: Sequence[str]) -> int:
    """How many of *topics* are answered with the verdict "none" or with no passage."""
    answers = [ask(searcher, settings, topic) for topic in topics]
    return sum(answer.verdict == "none" or not answer.passages for answer in answers)
