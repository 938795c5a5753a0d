"""Evaluation sets -> qa/ranking/weights.json: what each signal counts in the confidence.

    python -m benchmarks.fit_confidence --cache /tmp/indexes ../shared/eval/news ... --write

Fitted by logistic regression on whether the first passage is right, to what people ask: the
questions of each set as they are, with their turns, as keywords, and wrapped in instructions; the
titles of its entries; and the same of another set, which this one does not answer.  Of a set to
--withhold from, which has none beside it in its own language, a quarter of the titles is left out
of the index, and their questions have no answer.  With --few a set is also taken as several small
ones of forty entries.  None of what speaks for an answer may count against it, nor the other way
round.  What is printed is a five-fold cross-validation.

Tried in November 2026, and left out:
- further signals: heading_bm25, coverage, window_coverage, adjacent_pairs, the share of the words
  that are in no passage at all, the squares of IDF, whether the heading has all words, 1 over the
  number of terms: no AUROC moved by more than .005, while "score" gained .03 on multihop, .02 on
  covid-qa and .04 on conversations;
- heading_coverage: without it covid-qa and multihop are .008 better, conversations .018;
- without corpus_size: clapnq .009 better, conversations .012 and squad2 .005 worse;
- fitted on clapnq or squad2 alone, impossible questions: .770 and .637; on all: .770 and .606.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import click
import numpy as np

from benchmarks.asking_styles import (
    FITTED_STYLES,
    MEASURED_STYLES,
    to_keywords,
    wrap_in_instructions,
)
from benchmarks.parts import (
    FOLDS,
    IndexedSet,
    index_whole,
    index_without_titles,
    iter_small_indexes,
    number_of,
)
from qa.analysis.tokenizer import normalize
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions, retrieve
from qa.errors import QuestionError
from qa.evaluation.measures import calibration_error, roc_area
from qa.evaluation.runner import question_text
from qa.evaluation.sets import EvaluationQuestion
from qa.index.passages import title_of_heading
from qa.queries.followup.carryover import resolve_followup
from qa.queries.parser import parse_query
from qa.ranking.confidence import SIGNAL_SIGNS, estimate_probability
from qa.ranking.fitting import fit_logistic
from qa.ranking.reranker import WEIGHTS_FILE, RankedPassage, load_ranking_weights, weights_to_json

# What an example of each kind counts.  With more for the others the calibration error of the first
# two rises above 0.05.
_IMPORTANCE = {"own": 1.0, "impossible": 1.0}
_OTHER_IMPORTANCE = 0.2
_RIDGE = 3e-3
_MAX_TITLES = 200


@dataclass(frozen=True)
class Example:
    """The *signals* of an answer to a question of some *kind*, and whether it *is_right*."""

    fold: int
    kind: str
    signals: dict[str, float]
    is_right: bool


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--limit", default=600, show_default=True, help="Most questions of each set.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="For the indexes.")
@click.option("--withhold", multiple=True, metavar="SET", help="Leave out a quarter of its titles.")
@click.option("--few", multiple=True, metavar="SET", help="Take it as small ones, too.")
@click.option("--write", is_flag=True, help="Write the weights into the package.")
def main(
    folders: Sequence[Path],
    limit: int,
    cache: Path,
    withhold: Sequence[str],
    few: Sequence[str],
    *,
    write: bool,
) -> None:
    """Fit on FOLDERS, and say how well the confidence tells, by cross-validation."""
    examples: dict[str, list[Example]] = defaultdict(list)
    for folder in folders:
        index = index_without_titles if folder.name in withhold else index_whole
        small = iter_small_indexes(folder, limit, cache) if folder.name in few else ()
        for indexed in chain([index(folder, limit, cache)], small):
            examples[indexed.set.name] += iter_examples(indexed)
            print_instructions(indexed)
    print_measures(examples)
    weights = fit_confidence([*chain.from_iterable(examples.values())])
    for name in sorted(weights, key=lambda name: -abs(weights[name])):
        click.echo(f"  {name:20} {weights[name]:+.3f}")
    if write:
        known = replace(load_ranking_weights(), confidence=weights)
        WEIGHTS_FILE.write_text(weights_to_json(known), encoding="utf-8")


def iter_examples(indexed: IndexedSet) -> Iterator[Example]:
    """What is asked of a set, in all styles."""
    for question in indexed.questions:
        kind = "impossible" if question.impossible else "own"
        text = question_text(question, "rewrite")[0]
        yield from _ask_in_styles(indexed, question, text, kind)
        if question.turns:
            yield from _examine(indexed, question, question.text, f"{kind} turn", question.turns)
    for question in indexed.foreign:
        yield from _ask_in_styles(indexed, question, question.text, "foreign")
    for entry in [e for e in indexed.set.entries if e.fields.get("title")][:_MAX_TITLES]:
        title = str(entry.fields["title"])
        yield from _examine(indexed, None, title, "title")


def _ask_in_styles(
    indexed: IndexedSet, question: EvaluationQuestion, text: str, kind: str
) -> Iterator[Example]:
    """*text* as it is, and one in three as keywords, one in three in instructions."""
    yield from _examine(indexed, question, text, kind)
    number = number_of(question.id)
    if number % 3 == 0 and (keywords := to_keywords(text, number)):
        yield from _examine(indexed, question, keywords, f"{kind} keywords")
    if number % 3 == 1:
        wrapped = wrap_in_instructions(text, number, FITTED_STYLES)
        yield from _examine(indexed, question, wrapped, f"{kind} wrapped")


def _examine(
    indexed: IndexedSet,
    question: EvaluationQuestion | None,
    text: str,
    kind: str,
    turns: Sequence[str] = (),
) -> Iterator[Example]:
    """The example that *text* makes, if anything is found; without *question* it is a title."""
    standalone = resolve_followup(normalize(text), [*map(normalize, turns)])
    languages, carried = indexed.searcher.manifest.languages, standalone.carried_words
    try:
        query = parse_query(normalize(text), languages=languages, carried_words=carried)
    except QuestionError:
        return
    result = retrieve(indexed.searcher, indexed.settings, query)
    if result.top:
        first = result.top[0]
        is_right = _is_right(question, first) if question else _is_titled(first, text)
        fold = number_of(question.id if question else text) % len(FOLDS)
        yield Example(fold, kind, result.signals, is_right)


def _is_right(question: EvaluationQuestion, first: RankedPassage) -> bool:
    ids = [passage.document_id for passage in (first.passage, *first.duplicates)]
    return not question.impossible and question.is_right(ids, first.passage.text)


def _is_titled(first: RankedPassage, title: str) -> bool:
    heading = title_of_heading(first.passage.heading)
    return normalize(heading).casefold() == normalize(title).casefold()


def fit_confidence(examples: Sequence[Example], without: int = -1) -> dict[str, float]:
    """The weights of the signals, but for the fold *without*; none has the wrong sign."""
    fitted = [example for example in examples if example.fold != without]
    is_right = np.array([float(example.is_right) for example in fitted])
    importance = np.array([_IMPORTANCE.get(example.kind, _OTHER_IMPORTANCE) for example in fitted])
    signals = names = list(fitted[0].signals)
    while True:
        rows = np.array([[example.signals[name] for name in names] for example in fitted])
        found = fit_logistic(rows, is_right, importance, _RIDGE)
        weights = dict(zip(names, found.tolist(), strict=True))
        names = [name for name in names if SIGNAL_SIGNS.get(name, 0) * weights[name] >= 0]
        if len(names) == len(weights):
            return dict.fromkeys(signals, 0.0) | weights


def print_measures(examples: Mapping[str, Sequence[Example]]) -> None:
    """Print how well the confidence tells, each example asked of weights fitted without it."""
    everything = [*chain.from_iterable(examples.values())]
    weights = [fit_confidence(everything, without=fold) for fold in FOLDS]
    for name, group in [*examples.items(), ("all", everything)]:
        rows = sorted(
            ((estimate_probability(one.signals, weights[one.fold]), one) for one in group),
            key=lambda row: row[0],
        )
        by_kind: dict[str, list[float]] = defaultdict(list)
        for probability, one in rows:
            by_kind[one.kind].append(probability)
        asked = [(p, one.is_right) for p, one in rows if one.kind in {"own", "impossible"}]
        error = calibration_error([p for p, _ in asked], [right for _, right in asked])
        areas = [
            f"AUROC {kind} {roc_area(by_kind['own'], by_kind[kind]):.3f}"
            for kind in ("impossible", "foreign")
            if by_kind["own"] and by_kind[kind]
        ]
        click.echo(f"{name:20} calibration error {error:.3f}  {'  '.join(areas)}")


def print_instructions(indexed: IndexedSet) -> None:
    """Print for how many questions instructions around them change nothing."""
    same_first = same_verdict = count = 0
    for question in [q for q in indexed.questions if not q.impossible and not q.turns][:100]:
        text = question_text(question, "rewrite")[0]
        wrapped = wrap_in_instructions(text, number_of(question.id), MEASURED_STYLES)
        options = AskOptions(limit=1)
        bare, other = (
            ask(indexed.searcher, indexed.settings, each, options) for each in (text, wrapped)
        )
        count += 1
        same_first += [p.citation for p in bare.passages] == [p.citation for p in other.passages]
        same_verdict += bare.verdict == other.verdict
    if count:
        click.echo(
            f"{indexed.set.name:20} in instructions, of {count}: same first passage"
            f" {same_first}, same verdict {same_verdict}"
        )


if __name__ == "__main__":
    main()
