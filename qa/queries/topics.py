"""A question -> whether it is a topic, as typed into a search box, or asks for the latest or first.

"NATO", "the Supreme Court" and "latest news about Ukraine" ask for the passages that are about
something, not for one sentence that answers.
"""

from functools import lru_cache
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
_FIRST = [
    # The same, for the first that was said of something.
    (
        r"first|earliest|oldest",
        r"mentions?|news|articles?|reports?|stor(?:y|ies)|documents?|posts?",
        r"about|on|of|from|regarding|concerning",
    ),
    (
        r"erste[nrs]?|früheste[nrs]?|älteste[nrs]?",
        r"erwähnung(?:en)?|nachrichten|artikel|berichte?|meldungen?|dokumente?",
        r"über|zu[rm]?|von|der|des",
    ),
    (
        r"premi(?:er|ère|ers|ères)",
        r"mentions?|articles?|rapports?|documents?",
        r"sur|de|du|des|d['’]|à propos de",
    ),
    (
        r"primer(?:a|o|as|os)?",
        r"mención|noticias?|artículos?|documentos?",
        r"sobre|del?|a|acerca de",
    ),
    (
        r"prim[aoie]",
        r"menzion[ei]|notizi[ea]|articol[io]|document[io]",
        r"su|sul|sulla|di|del|della",
    ),
    (r"eerste|oudste", r"vermelding(?:en)?|nieuws|artikel(?:en)?|berichten", r"over|van"),
    (r"primeir[oa]s?", r"menç(?:ão|ões)|notícias?|artigos?|documentos?", r"sobre|de|do|da|a|ao|à"),
]
# "What is the ..."
_INTRODUCTION = (
    r"(?:(?:what|which|was|quelle?|cuál|qual|wat|qual[eé])(?:['’]s|['’]è|\s+(?:is|was|are|were|ist|war"
    r"|sind|est|es|é|è|fue|foi|zijn))\s+)?"
)


# And an article before the adjective.
_BEFORE_ADJECTIVE = rf"{_INTRODUCTION}(?:\p{{L}}{{1,3}}\s+)?"


def _compile_asking(adjective: str, noun: str, preposition: str) -> "regex.Pattern[str]":
    return regex.compile(
        rf"^\s*(?P<asking>{_BEFORE_ADJECTIVE}(?:{adjective})\s+{noun}"
        rf"(?:{preposition}))(?:\s+|(?<=['’]))(?P<topic>\S.*)$",
        regex.IGNORECASE | regex.DOTALL,
    )


_ORDER_PATTERNS = [
    *(("newest", _compile_asking(a, rf"(?:(?:{noun})\s+)?", p)) for a, noun, p in _LATEST),
    *(("oldest", _compile_asking(a, rf"(?:{noun})\s+", p)) for a, noun, p in _FIRST),
]
# How all of them begin; few questions do.
_ORDER_BEGINNING = regex.compile(
    rf"^\s*{_BEFORE_ADJECTIVE}(?:{'|'.join(adjective for adjective, *_ in (*_LATEST, *_FIRST))})\s",
    regex.IGNORECASE,
)


class OrderedQuestion(NamedTuple):
    """A question for the newest or oldest on a *topic*; *asking* are the words that ask.

    *sort* is "newest" or "oldest".
    """

    topic: str
    asking: str
    sort: str


@lru_cache(maxsize=1 << 8)
def parse_order(question: str) -> OrderedQuestion | None:
    """The topic of a *question* for the latest news about it, or the first, if it is one."""
    if not _ORDER_BEGINNING.match(question):
        return None
    for sort, pattern in _ORDER_PATTERNS:
        match = pattern.match(question)
        if match:
            return OrderedQuestion(match["topic"], match["asking"], sort)
    return None


def has_question_word(text: str) -> bool:
    """Whether *text* has a word that asks: who, how, warum."""
    return not _QUESTION_WORDS.isdisjoint(map(str.casefold, token_texts(text)))


def begins_with_title(text: str) -> bool:
    """Whether the capital of the first word makes a title of it: It by Stephen King."""
    if text.endswith(QUESTION_MARKS) or not _FIRST_TITLE.match(text):
        return False
    return not has_question_word(text)


def is_topic(question: str, term_count: int) -> bool:
    """Whether *question*, with so many content words, is a topic rather than a question."""
    if not 1 <= term_count <= _MAX_TOPIC_TERMS or has_question_word(question):
        return False
    return _OPENING_VERBS.isdisjoint(map(str.casefold, token_texts(question)[:1]))
