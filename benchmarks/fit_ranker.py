"""Evaluation sets -> qa/ranking/weights.json: what each feature counts in ranking.

    python -m benchmarks.fit_ranker --cache /tmp/indexes ../shared/eval/news ... --write

Fitted by listwise softmax over the candidates of each set in its own index, and of all sets joined
in one index, where the entries of each compete with those of the others: small indexes alone teach
weights that are wrong for large ones.  The gain that is printed and stored is that of a five-fold
cross-validation; the weights that are written are fitted on all questions.  benchmarks/
fit_confidence.py then has to be run, because the confidence depends on the ranking.

Tried in November 2026 on nine English sets in an index of 83,000 passages and on thirteen sets
alone (points of RR@10, two or five folds), and left out:
- the engine's own score: as a sum, scifact, squad2 and clapnq 0.3 worse, mtrag-un 0.5 better; by
  passage, heading and whole document, only the heading's helps, which is now HEADING_BM25; the
  whole document's is worth up to 0.3 on news and 0.9 on conversations, costs 0.5 to 1 on scifact
  and chunking-eval, and the two engines round it differently;
- the passage's rank among the candidates of its document, its distance from the best of these, and
  their number: -0.4 to 0.4, without a pattern;
- a weight that depends on the size of the index (each feature times the logarithm of the number of
  passages): joined 0.1 better, alone 0.1 worse;
- weights that depend on the number of words of the question: conversations 2 better, news 0.4
  worse;
- which words of the question the whole document has, or the neighboring passages; names and the two
  rarest words by themselves; the square of coverage and proximity: none moved by more than 0.3;
- the length of the heading: it tells the joined sets from each other, and nothing else; the share
  of the heading that is in the question: Wikipedia 4 better, news 0.6 worse than HEADING_BM25;
- re-ranking the first five or eight by their best sentence and its type of answer: 0.3 on news and
  covid-qa, 0.5 on squad2, -0.3 on conversations;
- gradient-boosted trees (LightGBM, 60 trees of six leaves, on top of the linear sum): 3 points
  worse on news, 6 on covid-qa; ten sets alone, earlier: 3 to 8 points of right@1 worse on five.
Tried earlier, on ten sets alone: terms of the ten best passages fed back (1.2 points on news,
nothing elsewhere, for reading fifty texts); a softmax over ten features for the answering sentence
in place of its rule (no set moved by more than a point); neighboring words looked for as one too,
"peace keeping" as "peacekeeping" (no first place changed).
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from benchmarks.parts import JOINED, IndexedSet, fold_of, index_joined, index_whole
from qa.analysis.tokenizer import normalize
from qa.engines.candidates import FloatArray
from qa.errors import QuestionError
from qa.evaluation.runner import question_text
from qa.evaluation.sets import EvaluationQuestion
from qa.evaluation.tuning import (
    CandidateList,
    cross_validate,
    list_candidates,
    pool_lists,
    reciprocal_rank,
)
from qa.index.passages import Passage
from qa.queries.parser import parse_query
from qa.ranking.features import Feature
from qa.ranking.fitting import fit_ranking
from qa.ranking.reranker import WEIGHTS_FILE, load_ranking_weights, weights_to_json

# With more, news and multihop lose up to a point.
_RIDGE = 0.003
_BM25 = [*Feature].index(Feature.BM25)


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--limit", default=1500, show_default=True, help="Most questions of each set.")
@click.option("--cache", type=click.Path(path_type=Path), required=True, help="For the indexes.")
@click.option("--alone", multiple=True, metavar="SET", help="Do not join it with the others.")
@click.option("--share", multiple=True, metavar="SET=W", help="What a set counts; 1 by default.")
@click.option("--write", is_flag=True, help="Write the weights into the package.")
def main(
    folders: Sequence[Path],
    limit: int,
    cache: Path,
    alone: Sequence[str],
    share: Sequence[str],
    *,
    write: bool,
) -> None:
    """Fit on FOLDERS, and say what is gained by cross-validation."""
    lists: dict[str, list[CandidateList]] = {}
    for folder in folders:
        lists[folder.name] = [*candidate_lists(index_whole(folder, limit, cache))]
    to_join = [folder for folder in folders if folder.name not in alone]
    lists |= split_by_set(index_joined(to_join, limit, cache))
    shares = parse_shares(share)
    gain = measure_gain(lists, shares)
    ranking = fit_ranking(pool_lists(lists, shares), _RIDGE)
    print_fit(ranking, gain)
    if write:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        # Each question once.
        alone_gain = {name: gain[name] for name in gain if not name.startswith(JOINED)}
        known = load_ranking_weights()
        weights = replace(known, ranking=ranking, gain=alone_gain, fitted_on=today)
        WEIGHTS_FILE.write_text(weights_to_json(weights), encoding="utf-8")


def parse_shares(values: Sequence[str]) -> dict[str, float]:
    """What each set counts, from values like "news=4"; 1 for the others."""
    pairs = (value.partition("=") for value in values)
    return defaultdict(lambda: 1.0, {name: float(number) for name, _, number in pairs})


def candidate_lists(
    indexed: IndexedSet, questions: Sequence[EvaluationQuestion] | None = None
) -> Iterator[CandidateList]:
    """The candidates of each of the *questions* that has an answer, by default all of the set."""
    for question in indexed.questions if questions is None else questions:
        text = normalize(question_text(question, "rewrite")[0])
        try:
            query = parse_query(text, languages=indexed.searcher.manifest.languages)
        except QuestionError:
            continue

        def is_right(passage: Passage, question: EvaluationQuestion = question) -> bool:
            return question.is_right([passage.document_id], passage.text)

        candidates = list_candidates(
            indexed.searcher, indexed.settings, query, is_right, fold_of(question)
        )
        if candidates and not question.impossible:
            yield candidates


def split_by_set(indexed: IndexedSet) -> dict[str, list[CandidateList]]:
    """The candidates of the questions of each of the sets that are joined."""
    by_name: dict[str, list[EvaluationQuestion]] = defaultdict(list)
    for question in indexed.questions:
        by_name[question.id.partition(":")[0]].append(question)
    return {
        f"{JOINED} {name}": [*candidate_lists(indexed, questions)]
        for name, questions in by_name.items()
    }


def measure_gain(
    lists: Mapping[str, Sequence[CandidateList]], shares: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Right first and RR@10, of BM25 and of weights that were fitted without the question."""
    bm25 = np.eye(len(Feature))[_BM25]
    ordered = cross_validate(lists, shares, _RIDGE)
    return {
        name: {
            "questions": len(group),
            **_measure(
                "bm25_", [one.is_right[np.argsort(-(one.features @ bm25))] for one in group]
            ),
            **_measure("", ordered[name]),
        }
        for name, group in lists.items()
    }


def _measure(prefix: str, judgements: Sequence[FloatArray]) -> dict[str, float]:
    return {
        f"{prefix}right@1": float(np.mean([one[0] for one in judgements])),
        f"{prefix}RR@10": float(np.mean([*map(reciprocal_rank, judgements)])),
    }


def print_fit(ranking: FloatArray, gain: Mapping[str, Mapping[str, float]]) -> None:
    """Print the weights, and what they gain over BM25."""
    rows = zip(Feature, ranking.tolist(), strict=True)
    for feature, weight in sorted(rows, key=lambda row: -abs(row[1])):
        click.echo(f"  {feature:16} {weight:+.3f}")
    for name, measures in gain.items():
        parts = [f"{name:28} {measures['questions']:5.0f} questions"]
        for measure in ("right@1", "RR@10"):
            before, after = measures[f"bm25_{measure}"], measures[measure]
            parts.append(f"{measure} {before:.3f} -> {after:.3f} ({after / before - 1:+.1%})")
        click.echo("  ".join(parts))


if __name__ == "__main__":
    main()
