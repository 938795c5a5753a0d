"""A question -> whether it is a topic, as typed into a search box, and whether the latest is asked.

"NATO", "the Supreme Court" and "latest news about Ukraine" ask for the passages that are about
something, not for one sentence that answers.
"""

from typing import NamedTuple

import regex

from qa.analysis.tokenizer import QUESTION_MARKS, token_texts

_MAX_TOPIC_TERMS = 3
# A question with one of these asks for an answer: pronouns and adverbs of the main languages, and
# verbs that begin a question of yes or no in English.
_QUESTION_WORDS = frozenset(
    "who whom whose what which when where why how"
    " wer wen wem wessen was welche welcher welches wann wo woher wohin warum wieso weshalb wie"
    " qui que quoi quel quelle quels quelles quand où pourquoi comment combien"
    " quién quiénes qué cuál cuáles cuándo dónde cómo cuánto cuánta cuántos cuántas"
    " chi che cosa quale quali quando dove perché come quanto quanta quanti quante"
    " wie wat welke waar wanneer waarom hoe hoeveel"
    " quem qual quais onde porquê quantos quantas"
    " kto co kiedy gdzie dlaczego jak ile кто что где когда почему как сколько".split()
)
_OPENING_VERBS = frozenset(
    "is are was were do does did has have had can could will would should may might must".split()
)
# A title, and what follows it: It, the novel; Us and Them; It by Stephen King.
_FIRST_TITLE = regex.compile(
    r"\s*\p{Lu}\p{L}*(?:,\s|\s+(?:and|by|und|von|et|par|y|por|de|e|di|en|van)\s+\S)"
)
_LATEST = [
    # Language by language: the adjective, what is asked for, the preposition.
    (
        r"latest|newest|most recent",
        r"news|articles?|reports?|stor(?:y|ies)|updates?|documents?|posts?|developments?",
        r"about|on|of|from|regarding|concerning|in",
    ),
    (
        r"neueste[nrs]?|aktuellste[nrs]?|letzte[nrs]?",
        r"nachrichten|artikel|berichte?|meldungen?|dokumente?|neuigkeiten",
        r"über|zu[rm]?|von|aus",
    ),
    (
        r"derni(?:er|ère|ers|ères)",
        r"nouvelles?|articles?|rapports?|actualités?|documents?",
        r"sur|de|du|des|à propos de",
    ),
    (r"últim[oa]s?", r"noticias?|artículos?|informes?|documentos?", r"sobre|de|del|acerca de"),
    (r"ultim[eio]|recenti", r"notizi[ea]|articol[io]|rapport[io]|document[io]", r"su|sul|sulla|di"),
    (r"laatste|nieuwste", r"nieuws|artikelen|berichten|rapporten", r"over|van"),
    (r"últim[oa]s?", r"notícias?|artigos?|relatórios?|documentos?", r"sobre|de|do|da"),
]
_LATEST_PATTERNS = [
    regex.compile(
        rf"^\s*(?P<asking>(?:\p{{L}}{{1,3}}\s+)?(?:{adjective})\s+(?:(?:{noun})\s+)?"
        rf"(?:{preposition}))\s+(?P<topic>\S.*)$",
        regex.IGNORECASE | regex.DOTALL,
    )
    for adjective, noun, preposition in _LATEST
]


class LatestQuestion(NamedTuple):
    """A question for the latest on a *topic*; *asking* are the words that ask."""

    topic: str
    asking: str


def parse_latest(question: str) -> LatestQuestion | None:
    """The topic of a *question* for the latest news about it, if it is one."""
    for pattern in _LATEST_PATTERNS:
        match = pattern.match(question)
        if match:
            return LatestQuestion(match["topic"], match["asking"])
    return None


def has_question_word(text: str) -> bool:
    """Whether *text* has a word that asks: who, how, warum."""
    return not _QUESTION_WORDS.isdisjoint(word.casefold() for word in token_texts(text))


def begins_with_title(text: str) -> bool:
    """Whether the capital of the first word makes a title of it: It by Stephen King."""
    is_question = text.endswith(QUESTION_MARKS) or has_question_word(text)
    return not is_question and _FIRST_TITLE.match(text) is not None


def is_topic(question: str, term_count: int) -> bool:
    """Whether *question*, with so many content words, is a topic rather than a question."""
    words = [word.casefold() for word in token_texts(question)]
    return (
        1 <= term_count <= _MAX_TOPIC_TERMS
        and not has_question_word(question)
        and _OPENING_VERBS.isdisjoint(words[:1])
    )
