"""The words of a question -> features of whether it depends on earlier questions."""

from itertools import pairwise

import qa.queries.followup.word_features as v
from qa.queries.followup.word_features import QuestionToken, group_runs

# A question with one of these refers back; without any, it may still leave something out.
POINTER_FEATURES = frozenset(
    {
        "it", "they", "person", "this", "this + noun", "one", "other", "what about",
        "the + of what", "of what", "the + plain", "the + describing", "fragment", "there",
        "quantifier", "no subject", "corrects",
    }
)  # fmt: skip
_COMPLEMENT_PREPOSITIONS = frozenset("of for in to about between on with from".split())
# The role of words in a question, by the word before them or before their article.
_LEAD_TERMS = {
    "of": {"of"},
    "in": v.PREPOSITIONS,
    "subject": v.AUXILIARIES,
    "asked": {"what", "which"},
    "first": {""},
}
_COORDINATORS = frozenset({"and", "or", "but"})


def extract_question_features(tokens: list[QuestionToken]) -> tuple[str, ...]:
    """All features of a question, each once."""
    if not tokens:
        return ()
    features = [*_count_features(tokens), *_form_features(tokens), *_pointer_features(tokens)]
    if _is_self_contained(tokens):
        features.append("whole by itself")
    for run in group_runs(tokens):
        features += _run_features(tokens, run)
    return tuple(dict.fromkeys(features))


def _count_features(tokens: list[QuestionToken]) -> list[str]:
    content_tokens = [token for token in tokens if token.is_content]
    kinds = [token.kind for token in content_tokens]
    plain_count = kinds.count("plain")
    features = [
        f"{min(len(content_tokens), 5)} said" if len(content_tokens) < 7 else "7+ said",
        f"{min(kinds.count('name'), 2)} names",
        f"{min(plain_count, 2)} plain",
    ]
    if len(tokens) > 12:
        features.append("many words")
    if content_tokens and set(kinds) <= {"relational", "verb", "describing"}:
        features.append("only common words")
    return features


def _form_features(tokens: list[QuestionToken]) -> list[str]:
    """The form of the question."""
    terms = [token.term for token in tokens]
    term_set = set(terms)
    request_verbs = term_set & v.REQUEST_VERBS
    speakers = term_set & v.SPEAKER_PRONOUNS
    asks_about = _asks_about(tokens)
    # Who leads the group?  What causes it?
    is_whole_question = (
        terms[0] in {"who", "what", "which"} and sum(token.is_content for token in tokens) > 1
    )
    conditions = {
        "joins": terms[0] in v.CONJUNCTIONS,
        "asks whether": terms[0] in v.AUXILIARIES,
        "what about": asks_about,
        "tell": bool(request_verbs),
        "of us": bool(speakers) and not (request_verbs and speakers <= {"me", "us", "you"}),
        "fragment": not (
            request_verbs or term_set & v.AUXILIARIES or asks_about or is_whole_question
        ),
        "compares": not v.COMPARISON_WORDS.isdisjoint(term_set),
        "comparative": any(map(_is_comparative, tokens)),
        "no subject": _lacks_subject(tokens),
        "defines": _defines(tokens),
    }
    question_words = [
        f"asks {token.term}"
        for token in tokens
        if token.starts_sentence and token.term in v.QUESTION_WORDS
    ]
    return [
        *(feature for feature, holds in conditions.items() if holds),
        *([] if asks_about else question_words),
    ]


def _asks_about(tokens: list[QuestionToken]) -> bool:
    return any(
        token.starts_sentence and token.term in {"what", "how"} and following.term == "about"
        for token, following in pairwise(tokens)
    )


def _is_comparative(token: QuestionToken) -> bool:
    is_graded = len(token.term) > 4 and token.term.endswith("er") and token.kind == "describing"
    return is_graded or token.term in {"more", "less", "better", "worse"}


def _lacks_subject(tokens: list[QuestionToken]) -> bool:
    """How is being used in Africa?"""
    return any(
        previous.term in {"how", "when", "where", "why"}
        and token.term in v.AUXILIARIES
        and (following.term in v.AUXILIARIES | v.PREPOSITIONS or following.term.endswith("ed"))
        for previous, token, following in zip(tokens, tokens[1:], tokens[2:], strict=False)
    )


def _defines(tokens: list[QuestionToken]) -> bool:
    """What is X?  Who was X?"""
    if (
        len(tokens) < 3
        or tokens[0].term not in {"what", "who"}
        or tokens[1].term not in v.FORMS_OF_BE
    ):
        return False
    rest = tokens[2:]
    function_words = {token.term for token in rest if not token.is_content} - v.ARTICLES
    return not function_words and any(token.kind in {"name", "plain", "number"} for token in rest)


def _pointer_features(tokens: list[QuestionToken]) -> list[str]:
    """References to something outside the question."""
    features: list[str] = []
    seen_noun = is_coordinated = False
    for i, token in enumerate(tokens):
        is_coordinated = is_coordinated or (
            seen_noun and (token.after_punctuation or token.term in _COORDINATORS)
        )
        kind = _pointer_kind(tokens, i)
        if kind:
            features.append(kind)
        if kind in {"it", "they", "person"} and "free pronoun" not in features:
            features.append("bound pronoun" if is_coordinated else "free pronoun")
        seen_noun = seen_noun or (
            token.is_content and token.kind in {"name", "plain", "relational"}
        )
    return features


def _pointer_kind(tokens: list[QuestionToken], i: int) -> str:
    """How the word at *i* refers to something else; "" if it does not."""
    token, term = tokens[i], tokens[i].term
    previous = tokens[i - 1] if i else None
    following = (
        tokens[i + 1] if i + 1 < len(tokens) and not tokens[i + 1].after_punctuation else None
    )
    if token.is_name:
        return ""
    kind = next((kind for kind, forms in v.POINTERS.items() if term in forms), "")
    if kind == "this":
        return _demonstrative_kind(token, previous, following)
    conditions = {
        "it": term != "it" or not _is_expletive(tokens, i),
        "there": previous is not None and not _is_existential(previous, following),
        "one": previous is not None
        and (term == "ones" or following is None or previous.is_content),
        "quantifier": _lacks_noun(following),
    }
    return kind if conditions.get(kind, True) else ""


def _is_existential(previous: QuestionToken, following: QuestionToken | None) -> bool:
    """Is there, how many are there, there is."""
    neighbor_terms = {previous.term, following.term if following else ""}
    return not neighbor_terms.isdisjoint(v.FORMS_OF_BE | {"be"})


def _is_expletive(tokens: list[QuestionToken], i: int) -> bool:
    """Whether the `it` at *i* refers to nothing: is it possible to, what time is it, worth it to.

    Also in "how long does it take to boil an egg", but not without the egg.
    """
    terms_before = [token.term for token in tokens[:i]]
    terms_after = [token.term for token in tokens[i + 1 :]]
    if terms_after[:1] in (["take"], ["takes"]) and "to" in terms_after:
        content_flags = [token.is_content for token in tokens[i + 1 + terms_after.index("to") :]]
        return sum(content_flags) > 1
    return (
        (
            not v.EXPLETIVE_CUES.isdisjoint(terms_after[:4])
            and ("to" in terms_after or "that" in terms_after)
        )
        or not v.WEATHER_VERBS.isdisjoint(terms_after[:1])
        or (terms_before[-1:] == ["worth"] and terms_after[:1] == ["to"])
        or (
            not v.FORMS_OF_BE.isdisjoint(terms_before[-1:])
            and not v.TIME_NOUNS.isdisjoint(terms_before[-2:-1])
        )
    )


def _is_self_contained(tokens: list[QuestionToken]) -> bool:
    """Whether a question with an expletive `it` names two things."""
    for i, token in enumerate(tokens):
        if token.term == "it" and _is_expletive(tokens, i):
            kinds = [
                other.kind
                for other in tokens
                if other.is_content and other.term not in v.EXPLETIVE_CUES
            ]
            named_count = sum(kind in {"plain", "name", "number"} for kind in kinds)
            return named_count > 1 or ("name" in kinds and len(kinds) > 1)
    return False


def _lacks_noun(following: QuestionToken | None) -> bool:
    """Whether no noun follows a quantifier."""
    if following is None:
        return True
    if following.is_content:
        return following.term.endswith(("ed", "ing"))
    return following.term in v.AUXILIARIES | v.PREPOSITIONS - {"of"}


def _demonstrative_kind(
    token: QuestionToken, previous: QuestionToken | None, following: QuestionToken | None
) -> str:
    if token.term == "that" and following is not None:
        # After a noun, or before another function word, it is a conjunction.
        if previous is not None and previous.is_content and not token.starts_sentence:
            return ""
        if not following.is_content:
            return "this" if token.starts_sentence and following.term in v.AUXILIARIES else ""
    return "this + noun" if following is not None and following.is_content else "this"


def _run_features(tokens: list[QuestionToken], run: list[int]) -> list[str]:
    """Features of adjacent content words, from the words around them."""
    previous = tokens[run[0] - 1].term if run[0] else ""
    second_previous = tokens[run[0] - 2].term if run[0] > 1 else ""
    following = tokens[run[-1] + 1] if run[-1] + 1 < len(tokens) else None
    kinds = {tokens[i].kind for i in run}
    run_kind = "name" if "name" in kinds else "plain" if kinds & {"plain", "number"} else "common"
    is_complete = (
        following is None
        or following.after_punctuation
        or following.term not in _COMPLEMENT_PREPOSITIONS
    )
    lead = second_previous if previous in v.ARTICLES else previous
    features = [
        f"{place} {run_kind}" for place, lead_terms in _LEAD_TERMS.items() if lead in lead_terms
    ][:1]
    if previous == "the" and run_kind != "name":
        features += _definite_features(tokens[run[-1]], run_kind, is_complete=is_complete)
    elif tokens[run[-1]].kind == "relational" and run_kind == "common" and is_complete:
        features.append("of what")
    if following is not None and following.term == "of":
        features.append("has of")
    return features


def _definite_features(head: QuestionToken, run_kind: str, *, is_complete: bool) -> list[str]:
    """Features of `the` before words when nothing after them says which is meant."""
    if head.kind == "describing" or head.term in v.SUPERLATIVES:
        return ["the + describing"]
    if not is_complete:
        return []
    if head.kind == "relational":
        return ["the + of what" if run_kind == "common" else "the + plain of what"]
    return ["the + plain"]
