"""The dialogue state and the next turn -> the stems to carry over, the most certain first."""

import threading
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from cachetools import LRUCache

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.analysis.tokenizer import stem, tokenize
from qa.queries.followup.dialogue_state import (
    DialogueState,
    TurnAnalysis,
    analyze_turn,
    context_cues,
    extract_mention_features,
)
from qa.queries.followup.substitution import number_form

# Joins the names of features that must be present together.
CONJUNCTION = " & "


@dataclass(frozen=True)
class LinearModel:
    """A sum of weights, each for a set of features that must all be present."""

    bias: float
    weights: tuple[tuple[frozenset[str], float], ...]

    @classmethod
    def from_table(cls, table: Mapping[str, float]) -> "LinearModel":
        """The model in *table*, where `a & b` means both features."""
        weights = tuple(
            (frozenset(names.split(CONJUNCTION)), weight)
            for names, weight in table.items()
            if names != "bias"
        )
        return cls(table.get("bias", 0.0), weights)

    def score(self, features: Iterable[str]) -> float:
        """The sum of the weights of *features*."""
        present = frozenset(features)
        return self.bias + sum(weight for required, weight in self.weights if required <= present)

    def __add__(self, other: "LinearModel") -> "LinearModel":
        return LinearModel(self.bias + other.bias, self.weights + other.weights)


@dataclass(frozen=True)
class CarryoverWeights:
    """Models of whether a question needs words, and of which words.

    *word_models_by_feature* are added for questions with that feature, *rescoring_weights* compare
    the words.  A threshold is the lowest score that counts.
    """

    need_model: LinearModel
    word_model: LinearModel
    word_models_by_feature: Mapping[str, LinearModel]
    rescoring_weights: Mapping[str, float]
    need_threshold: float
    word_threshold: float

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> "CarryoverWeights":
        """The weights in *table*, as weights.toml holds them."""
        return cls(
            need_model=LinearModel.from_table(table["need"]),
            word_model=LinearModel.from_table(table["word"]),
            word_models_by_feature={
                feature: LinearModel.from_table(weights)
                for feature, weights in table["given"].items()
            },
            rescoring_weights=table["again"],
            need_threshold=table["from"]["need"],
            word_threshold=table["from"]["word"],
        )


@lru_cache(maxsize=1)
def load_carryover_weights() -> CarryoverWeights:
    """The weights that benchmarks/fit_conversation.py fitted."""
    text = files("qa.queries.followup").joinpath("weights.toml").read_text("utf-8")
    return CarryoverWeights.from_table(tomllib.loads(text))


# A question with more words of its own does not only vary the last one.
_MAX_ELLIPTICAL_WORDS = 2
# People carry two or three.
MAX_CARRIED_WORDS = 6
# How much the best word's score adds to the need for one.
BEST_SCORE_WEIGHT = 0.8


def choose_carried_stems(
    state: DialogueState,
    turn: TurnAnalysis,
    weights: CarryoverWeights,
    dropped_stems: Collection[str] = (),
) -> tuple[str, ...]:
    """The stems that *turn* needs from earlier turns, without the dropped ones."""
    if not turn.features:
        return ()
    replaced = {*_find_stale_numbers(state, turn), *_find_replaced(state, turn)}
    candidates = {stem for stem in state.mentions if stem not in replaced | turn.stems}
    if _is_elliptical(turn):
        last_stems = state.last_stems | state.last_carried
        varied = [stem for stem in state.mentions if stem in last_stems & candidates]
        return tuple(stem for stem in varied[:MAX_CARRIED_WORDS] if stem not in dropped_stems)
    features = context_cues(state, turn)
    if turn.is_foreign or turn.asks_instead or _is_new_subject(turn, features):
        return ()
    need = weights.need_model.score(features)
    scores = rescore_words(
        state, turn, score_words(state, turn, features, weights), weights.rescoring_weights
    )
    if not scores or need + BEST_SCORE_WEIGHT * max(scores.values()) < weights.need_threshold:
        return ()
    selected = [stem for stem in candidates if scores[stem] >= weights.word_threshold]
    selected.sort(key=lambda stem: (-scores[stem], stem))
    return tuple(stem for stem in selected[:MAX_CARRIED_WORDS] if stem not in dropped_stems)


def _is_new_subject(turn: TurnAnalysis, features: Collection[str]) -> bool:
    """Whether the question starts a new subject and refers to nothing before it.

    So does a phrase such as *bridges from Rye to Deal*; names alone may vary the last question.
    """
    if "2 new names" in features and turn.stands_alone and turn.names_noun:
        return True
    is_self_contained = "2 new names" in features or (
        "whole by itself" in features and "comparative" not in features
    )
    return is_self_contained and "points nowhere" in features


def _find_stale_numbers(state: DialogueState, turn: TurnAnalysis) -> set[str]:
    """The years and versions mentioned before, when *turn* asks about another: and in 2018?"""
    forms = {number_form(word.text) for word in turn.content_words} - {""}
    if not turn.varies_last:
        forms.discard("integer")
    elif forms & {"version", "integer"}:
        forms |= {"version", "integer"}
    if not forms:
        return set()
    return {
        stem for stem, mention in state.mentions.items() if number_form(mention.word.text) in forms
    }


def _find_replaced(state: DialogueState, turn: TurnAnalysis) -> frozenset[str]:
    """The stems that have given way to others; "they" may mean both."""
    return frozenset() if "they" in turn.features else state.find_replaced(turn)


def _is_elliptical(turn: TurnAnalysis) -> bool:
    """Whether it only varies the last question: why?  And in 2022?  When did he say that?"""
    is_dependent = (
        {"joins", "fragment"} <= turn.features
        or {"joins", "what about"} <= turn.features
        or {"corrects", "fragment"} <= turn.features
        or {"this", "only common words"} <= turn.features
    )
    is_short = len(turn.content_words) <= _MAX_ELLIPTICAL_WORDS
    return not turn.content_words or (is_dependent and is_short)


def score_words(
    state: DialogueState, turn: TurnAnalysis, features: Collection[str], weights: CarryoverWeights
) -> dict[str, float]:
    """The score of each mentioned word by itself."""
    model = weights.word_model
    for feature, cue_model in weights.word_models_by_feature.items():
        if feature in features:
            model += cue_model
    return {
        stem: model.score(extract_mention_features(state, turn, mention))
        for stem, mention in state.mentions.items()
        if stem not in turn.stems
    }


def rescore_words(
    state: DialogueState,
    turn: TurnAnalysis,
    scores: Mapping[str, float],
    weights: Mapping[str, float],
) -> dict[str, float]:
    """The *scores* in relation to each other: neighbouring words are carried together."""
    best = max(scores.values(), default=0.0)
    return {
        stem: sum(
            weights[name] * value
            for name, value in rescoring_features(state, turn, scores, stem, best)
        )
        for stem in scores
    }


def rescoring_features(
    state: DialogueState, turn: TurnAnalysis, scores: Mapping[str, float], stem: str, best: float
) -> list[tuple[str, float]]:
    """The score of *stem* compared with the *best*, and with those of its neighbours."""
    score = scores[stem]
    neighbor_scores = [
        scores[neighbor] for neighbor in state.mentions[stem].neighbors if neighbor in scores
    ]
    return [
        ("bias", 1.0),
        ("own", score),
        ("below the best", score - best),
        ("is the best", float(score == best)),
        ("better mate", max(0.0, max(neighbor_scores) - score) if neighbor_scores else 0.0),
        ("mates", sum(neighbor_scores) / len(neighbor_scores) - score if neighbor_scores else 0.0),
        ("beside a word asked", float(not state.mentions[stem].neighbors.isdisjoint(turn.stems))),
    ]


@dataclass(frozen=True)
class StandaloneQuestion:
    """A question that needs no other, and the words carried over from earlier turns.

    *own_text* is what it asks by itself, without *correction_words* (no, I meant).  It
    *stands_alone* if it names what it is about and refers to nothing else; it *is_definite* if it
    refers to more by an article at most.  Without *has_own_words* it is like: and why?
    """

    text: str
    carried_words: tuple[str, ...] = ()
    own_text: str = ""
    stands_alone: bool = True
    is_definite: bool = True
    has_own_words: bool = True
    correction_words: tuple[str, ...] = ()


# States of recent conversations, by their turns: a page answers all turns of one.
_states: LRUCache[tuple[str, ...], DialogueState] = LRUCache(64)
_lock = threading.Lock()


def resolve_followup(
    question: str,
    turns: Sequence[str] = (),
    *,
    dropped: Collection[str] = (),
    deadline: Deadline = NO_DEADLINE,
) -> StandaloneQuestion:
    """Complete *question* with words of earlier *turns*, oldest first, but for those *dropped*.

    Raises DeadlineExceededError when there is no time to read all turns.
    """
    if not turns:
        return StandaloneQuestion(question, own_text=question)
    weights = load_carryover_weights()
    state = _load_state(tuple(turns), weights, deadline)
    deadline.check()
    analysis = analyze_turn(question)
    dropped_stems = {stem(word.text, "en") for text in dropped for word in tokenize(text)}
    stems = choose_carried_stems(state, analysis, weights, dropped_stems)
    carried_words = tuple(state.mentions[stem].word.text for stem in stems)
    own_text = analysis.text
    text = f"{own_text.strip()} ({' '.join(carried_words)})" if carried_words else own_text
    return StandaloneQuestion(
        text,
        carried_words,
        own_text,
        stands_alone=analysis.stands_alone,
        is_definite=analysis.is_definite,
        has_own_words=not _is_elliptical(analysis) or analysis.names_topic,
        correction_words=analysis.correction.removed_words,
    )


def _load_state(
    turns: tuple[str, ...], weights: CarryoverWeights, deadline: Deadline
) -> DialogueState:
    """The state after *turns*."""
    counts = range(len(turns), 0, -1)
    with _lock:
        analyzed = next((count for count in counts if turns[:count] in _states), 0)
        state = _states.get(turns[:analyzed]) or DialogueState()
    for text in turns[analyzed:]:
        deadline.check()
        turn = analyze_turn(text)
        state = state.advance(turn, choose_carried_stems(state, turn, weights))
    with _lock:
        _states[turns] = state
    return state
