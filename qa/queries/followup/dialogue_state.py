"""The dialogue state and the next turn -> features of that turn and of each mentioned word."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import qa.queries.followup.word_features as v
from qa.queries.followup.corrections import Correction, split_correction
from qa.queries.followup.question_features import POINTER_FEATURES, extract_question_features
from qa.queries.followup.substitution import Slot, find_replaced_stems, find_slots
from qa.queries.followup.word_features import ContentWord, extract_content_words, tokenize_question

# A question of so few words need not have an English one to be English.
_MAX_SHORT_QUESTION = 3


_PRONOUN_FEATURES = frozenset({"it", "they", "person", "this", "this + noun", "one"})
# And others?
_NEVER_VARYING = _PRONOUN_FEATURES | {"other", "there"}
_MAX_VARYING_WORDS = 4
# The yard; the oldest; the price: of what?
_DEFINITE_FEATURES = frozenset(
    {
        "the + plain",
        "the + describing",
        "the + of what",
        "of what",
        "quantifier",
        "fragment",
        "corrects",
    }
)


@dataclass(frozen=True)
class TurnAnalysis:
    """The analysis of a question by itself, without the words that correct the last one."""

    correction: Correction
    content_words: tuple[ContentWord, ...]
    stems: frozenset[str]
    features: frozenset[str]
    is_foreign: bool

    @property
    def text(self) -> str:
        """The question that is analyzed."""
        return self.correction.text

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The names and nouns, which another question may replace."""
        return find_slots(self.text, is_continued=self.correction.is_continued)

    @property
    def stands_alone(self) -> bool:
        """Whether it names what it is about and refers to nothing: who restores clocks?  Clocks."""
        pointers = self.features & POINTER_FEATURES
        is_bare_phrase = pointers == {"fragment"} and "joins" not in self.features
        # A correction refers to the last question, but what it asks may need nothing of it.
        return self.names_topic and (is_bare_phrase or pointers <= {"corrects"})

    @property
    def is_definite(self) -> bool:
        """Whether it names what it is about, and refers to more at most by an article: the yard."""
        return self.names_topic and self.features & POINTER_FEATURES <= _DEFINITE_FEATURES

    @property
    def asks_instead(self) -> bool:
        """Whether it is a whole question in place of the last: no, I meant who built the pier."""
        is_whole = self.is_definite and "fragment" not in self.features
        return self.correction.is_correction and is_whole

    @property
    def varies_last(self) -> bool:
        """Whether it asks the last question of something else: and in Quorn?  No, the other."""
        is_elliptical = "what about" in self.features or (
            "fragment" in self.features and not self.features.isdisjoint({"joins", "corrects"})
        )
        is_short = len(self.content_words) <= _MAX_VARYING_WORDS
        return is_elliptical and is_short and self.features.isdisjoint(_NEVER_VARYING)

    @property
    def names_topic(self) -> bool:
        """Whether it says what it is about by a name, a noun or a number."""
        return any(word.kind in {"name", "plain", "number"} for word in self.content_words)

    @property
    def names_noun(self) -> bool:
        """Whether it has a noun that is no name."""
        return any(word.kind == "plain" for word in self.content_words)

    @property
    def introduces_topic(self) -> bool:
        """Whether it asks about something by name: what is X, tell me about X."""
        asks_by_name = self.features & {"defines", "tell", "what about"}
        has_pointer = self.features & _PRONOUN_FEATURES
        return bool(asks_by_name) and not has_pointer and self.names_topic


@lru_cache(maxsize=256)
def analyze_turn(question: str) -> TurnAnalysis:
    """Analyze *question* by itself."""
    correction = split_correction(question)
    question_tokens = tokenize_question(correction.text, is_continued=correction.is_continued)
    content_words = extract_content_words(question_tokens)
    features = set(extract_question_features(question_tokens))
    if correction.is_correction:
        features.add("corrects")
    if features and not features & POINTER_FEATURES:
        features.add("points nowhere")
    return TurnAnalysis(
        correction=correction,
        content_words=content_words,
        stems=frozenset(token.stem for token in question_tokens if token.is_content),
        features=frozenset(features),
        is_foreign=len(question_tokens) > _MAX_SHORT_QUESTION
        and v.ENGLISH_MARKERS.isdisjoint(token.term for token in question_tokens),
    )


# Mentions to keep, the latest, in case someone pastes a page.
_MAX_MENTIONS = 60


@dataclass(frozen=True)
class Mention:
    """A word mentioned: *last_said* is the last turn with it, *last_active* counts carrying too.

    *neighbors* are the stems that ever occurred next to it.
    """

    word: ContentWord
    last_said: int
    last_active: int
    turn_count: int
    in_first_turn: bool
    neighbors: frozenset[str]


@dataclass(frozen=True)
class DialogueState:
    """What was mentioned so far.

    *last_opener* is the last turn that carried nothing, *last_introduction* the last that asked
    about something by name; *last_stems* and *last_carried* are those of the last turn, *last_turn*
    is its analysis.  *replaced_stems* have given way to other words and were not said since.
    """

    turn_count: int = 0
    mentions: Mapping[str, Mention] = field(default_factory=dict)
    last_stems: frozenset[str] = frozenset()
    last_carried: frozenset[str] = frozenset()
    last_opener: int = 0
    last_introduction: int = -1
    last_pronouns: frozenset[str] = frozenset()
    last_turn: TurnAnalysis | None = None
    replaced_stems: frozenset[str] = frozenset()

    def find_replaced(self, turn: TurnAnalysis) -> frozenset[str]:
        """The stems that *turn* replaces, rejects, or that were replaced before."""
        replaced = self.replaced_stems | turn.correction.rejected_stems
        if turn.varies_last and self.last_turn:
            introduced = self.last_turn.introduces_topic
            replaced |= find_replaced_stems(self.last_turn.slots, turn.slots, introduced=introduced)
        return replaced - turn.stems

    def advance(self, turn: TurnAnalysis, carried_stems: Collection[str]) -> "DialogueState":
        """The state after *turn*, into which *carried_stems* were carried."""
        mentions = dict(self.mentions)
        runs: dict[int, set[str]] = {}
        for word in turn.content_words:
            runs.setdefault(word.run_number, set()).add(word.stem)
        for word in turn.content_words:
            neighbors = frozenset(runs[word.run_number] - {word.stem})
            mentions[word.stem] = self._update_mention(word, neighbors, mentions.get(word.stem))
        for stem in carried_stems:
            mention = mentions[stem]
            mentions[stem] = replace(
                mention, last_active=self.turn_count, turn_count=mention.turn_count + 1
            )
        return DialogueState(
            turn_count=self.turn_count + 1,
            mentions=_latest_mentions(mentions),
            last_stems=frozenset(word.stem for word in turn.content_words),
            last_carried=frozenset(carried_stems),
            last_opener=self.last_opener if carried_stems else self.turn_count,
            last_introduction=self.turn_count if turn.introduces_topic else self.last_introduction,
            last_pronouns=turn.features & {"it", "they", "person", "this", "this + noun"},
            last_turn=turn,
            replaced_stems=self.find_replaced(turn).difference(carried_stems),
        )

    def _update_mention(
        self, word: ContentWord, neighbors: frozenset[str], previous: Mention | None
    ) -> Mention:
        if previous is None:
            return Mention(
                word, self.turn_count, self.turn_count, 1, self.turn_count == 0, neighbors
            )
        # Written as a name once, it is one.
        preferred = previous.word if previous.word.kind == "name" != word.kind else word
        return Mention(
            preferred,
            self.turn_count,
            self.turn_count,
            previous.turn_count + (previous.last_active < self.turn_count),
            previous.in_first_turn,
            previous.neighbors | neighbors,
        )


def _latest_mentions(mentions: dict[str, Mention]) -> dict[str, Mention]:
    if len(mentions) <= _MAX_MENTIONS:
        return mentions
    latest = sorted(mentions, key=lambda stem: -mentions[stem].last_active)[:_MAX_MENTIONS]
    return {stem: mentions[stem] for stem in latest}


def context_cues(memory: DialogueState, turn: TurnAnalysis) -> frozenset[str]:
    """The features of *turn*, by itself and in the conversation."""
    repeated = turn.stems & memory.mentions.keys()
    mentions = [memory.mentions[stem] for stem in repeated]
    active = len(repeated & (memory.last_stems | memory.last_carried))
    new = [word.kind for word in turn.content_words if word.stem not in memory.mentions]
    features = {
        f"repeats {min(len(repeated), 2)}",
        f"repeats {min(active, 2)} of the last",
        f"{min(new.count('name'), 2)} new names",
        f"{min(new.count('plain'), 3)} new plain",
        "second turn" if memory.turn_count == 1 else "later turn",
        "after an opener" if not memory.last_carried else "after a follow-up",
    }
    features |= {
        cue
        for cue, holds in (
            ("introduces", turn.introduces_topic),
            ("after an introduction", memory.last_introduction == memory.turn_count - 1),
            ("repeats a name", any(m.word.kind == "name" for m in mentions)),
            ("repeats the first topic", any(m.in_first_turn and _is_topic(m) for m in mentions)),
            ("points freely", "free pronoun" in turn.features and not repeated),
        )
        if holds
    }
    for mention in mentions:
        features |= _repetition_features(memory, turn, mention)
    return turn.features | features


def _is_topic(mention: Mention) -> bool:
    return mention.word.kind in {"name", "plain", "number"}


def _repetition_features(state: DialogueState, turn: TurnAnalysis, mention: Mention) -> set[str]:
    """Whether a word is repeated with its earlier neighbours, or without."""
    if not mention.neighbors:
        return {"repeats the whole"}
    if mention.neighbors & turn.stems:
        return set()
    neighbor_kinds = {
        state.mentions[neighbor].word.kind
        for neighbor in mention.neighbors
        if neighbor in state.mentions
    }
    if not neighbor_kinds & {"name", "plain"}:
        return {"repeats a part"}
    return {
        "repeats a part",
        f"repeats a part of a {'name' if 'name' in neighbor_kinds else 'plain'}",
    }


def extract_mention_features(
    state: DialogueState, turn: TurnAnalysis, mention: Mention
) -> frozenset[str]:
    """The features of a mentioned word, seen from *turn*."""
    last_turn = state.turn_count - 1
    stem = mention.word.stem
    age = last_turn - mention.last_active
    features = {
        f"{'1' if age < 1 else '2' if age < 2 else '3-5' if age < 5 else '6+'} turns ago",
        f"in {min(mention.turn_count, 4)} turns",
        "in the opener" if mention.last_said == state.last_opener
        else "before the opener" if mention.last_said < state.last_opener
        else "after the opener",
    }  # fmt: skip
    if stem in state.last_stems:
        features.add("just said")
    elif stem in state.last_carried:
        features.add("just carried")
    if mention.in_first_turn:
        features.add("in the first turn")
    if state.last_introduction >= 0:
        if mention.last_said == state.last_introduction:
            features.add(
                "just introduced" if state.last_introduction == last_turn else "introduced"
            )
        elif mention.last_active < state.last_introduction:
            features.add("before an introduction")
    if mention.neighbors & turn.stems:
        features.add("beside a word asked")
    if state.last_pronouns & turn.features:
        features.add("same pronoun again")
    elif state.last_pronouns:
        features.add("after a pronoun")
    return frozenset(features).union(mention.word.features)
