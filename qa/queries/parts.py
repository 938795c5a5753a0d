"""A question that asks several things -> its parts, each a question; English only.

"How many were built and when did they open?" has two.  What merely joins nouns (the size and the
price) or describes one (the people who came and who left) is one question.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import regex

from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import Token, to_term, tokenize
from qa.queries.segments import find_asking_parts

# A question with more asks the rest in its last part.
MAX_PARTS = 4
# A longer question is a text with questions in it.
_MAX_CHARACTERS = 400

_QUESTION_WORDS = frozenset("what who whom whose which when where why how".split())
_RELATIVE_WORDS = frozenset("who whom whose which where when".split())
_AUXILIARIES = frozenset(
    """is are was were do does did has have had will would can could should may might must
    isn't aren't wasn't weren't don't doesn't didn't""".split()
)
_PRONOUNS = frozenset("it they he she we you i there this that these those".split())
_DETERMINERS = frozenset("the a an any all its their his her".split())
_PREPOSITIONS = frozenset("in by for at on to from with of about under since until".split())
_CONJUNCTIONS = frozenset({"and", "or", "but"})
_ADVERBS = frozenset({"also", "then", "if", "so"})
_OPERATORS = regex.compile(r"""["“”«»]|(?<!\S)-\p{L}""")
# Without any of these, nothing is joined: most questions.
_SEPARATORS = regex.compile(r"(?i)\b(?:and|or|but)\b|[,;?.!]\s+\S")
_SHARED_QUESTION = regex.compile(
    r"(?i)\s*(?P<first>how (?:many|much|long|often)|what|who|when|where|why|how)"
    r"\s+(?:and|or)\s+(?P<second>how (?:many|much|long|often)|what|who|when|where|why|how)\s+"
    r"(?P<rest>\S.*)"
)


@lru_cache(maxsize=256)
def split_parts(question: str) -> tuple[str, ...]:
    """The parts of *question*, two to MAX_PARTS; none if it asks one thing."""
    if len(question) > _MAX_CHARACTERS or not _SEPARATORS.search(question):
        return ()
    # Of a text with a question in it, only a part asks.
    if _OPERATORS.search(question) or find_asking_parts(question, "en"):
        return ()
    shared = _SHARED_QUESTION.fullmatch(question)
    if shared:
        return tuple(f"{shared[word]} {shared['rest']}" for word in ("first", "second"))
    parts: list[str] = []
    context = ""
    sentences = [question[span.start : span.end] for span in split_sentences(question)]
    for i, sentence in enumerate(sentences):
        clauses = _split_clauses(sentence)
        # What is said before a question belongs to it.
        if len(clauses) == 1 and not _is_question(sentence, is_last=i == len(sentences) - 1):
            context = f"{context} {sentence}".strip()
            continue
        parts += [f"{context} {clauses[0]}".strip(), *clauses[1:]]
        context = ""
    if len(parts) < 2:
        return ()
    whole = min(len(parts), MAX_PARTS) - 1
    return (*parts[:whole], " ".join([*parts[whole:], context]).strip())


def _is_question(sentence: str, *, is_last: bool) -> bool:
    """Whether it ends with a question mark, or begins as a question where that was not typed."""
    terms = [to_term(word.text) for word in tokenize(sentence)[:1]]
    begins = not (_QUESTION_WORDS | _AUXILIARIES).isdisjoint(terms)
    return sentence.endswith("?") or (is_last and begins)


def _split_clauses(sentence: str) -> list[str]:
    """The clauses of *sentence* that ask something, joined by "and"."""
    words = tokenize(sentence)
    terms = [to_term(word.text) for word in words]
    starts = [
        i
        for i in range(1, len(words))
        if _begins_clause(words, terms, i) or _begins_listed_clause(sentence, words, terms, i)
    ]
    # According to the report, what did it cost, and who paid?
    while starts and not _asks(terms[: starts[0]]):
        del starts[0]
    if not starts:
        return [_trim_clause(sentence)]
    bounds = [0, *(words[i].start for i in starts), len(sentence)]
    clauses = [sentence[a:b] for a, b in pairwise(bounds)]
    return [_trim_clause(clause) for clause in clauses]


def _begins_clause(words: Sequence[Token], terms: Sequence[str], i: int) -> bool:
    """Whether a clause that asks something begins at word *i*, after a conjunction."""
    before = i - 1
    while before > 0 and terms[before] in _ADVERBS:
        before -= 1
    if terms[before] not in _CONJUNCTIONS or before < 1:
        return False
    asked_at = i + (terms[i] in _PREPOSITIONS)
    if asked_at >= len(terms):
        return False
    if terms[asked_at] in _QUESTION_WORDS:
        # The people who came and who left.
        is_relative = terms[asked_at] in _RELATIVE_WORDS & {*terms[1:before]}
        return not is_relative
    if terms[i] not in _AUXILIARIES or i + 1 == len(terms):
        return False
    is_parallel = terms[0] in _AUXILIARIES
    return terms[i + 1] in _PRONOUNS or (is_parallel and _begins_noun(words[i + 1].text))


def _begins_listed_clause(
    sentence: str, words: Sequence[Token], terms: Sequence[str], i: int
) -> bool:
    """Whether a clause begins at word *i*, after a comma: how many came, how many left."""
    gap = sentence[words[i - 1].end : words[i].start]
    return terms[i] in _QUESTION_WORDS - _RELATIVE_WORDS and not {",", ";"}.isdisjoint(gap)


def _begins_noun(word: str) -> bool:
    return word[:1].isupper() or to_term(word) in _DETERMINERS


def _asks(terms: Sequence[str]) -> bool:
    """Whether the first clause is a question, direct or not, about something."""
    asks = not {*terms}.isdisjoint(_QUESTION_WORDS) or terms[0] in _AUXILIARIES
    return asks and len(terms) > 2


_JOINT = r"(?:and|or|but)(?:\s+(?:also|then|if|so)\b)*"
_JOINTS = regex.compile(rf"(?i)^\s*{_JOINT}\s+|[\s,;–—]*\b{_JOINT}[\s,]*$")


def _trim_clause(clause: str) -> str:
    """*clause* without the conjunction before or after it."""
    return _JOINTS.sub("", clause).strip(" ,;–—")
