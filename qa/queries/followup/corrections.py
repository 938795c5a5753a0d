"""A question that corrects the last one -> what it asks, and the words that it takes back."""

from dataclasses import dataclass
from functools import lru_cache

import regex

from qa.analysis.tokenizer import stem, tokenize

_OPENERS = "no|nope|nah|sorry|oh|oops|wait|actually|well|rather|instead|excuse me|my mistake"
_OPENING = regex.compile(rf"(?i)\s*(?:(?:{_OPENERS})\b\s*[,.;:!–—-]+\s*)+")
# I mean; what I meant was; I was asking about.
_INTENT = regex.compile(
    rf"(?i)\s*(?:(?:{_OPENERS})\s+)*(?:what\s+)?(?:i|we)\s+(?:really\s+|actually\s+|just\s+)?"
    r"(?:mean|meant|was asking|am asking|were asking|wanted to ask|was talking|am talking)\b"
    r"(?:\s+(?:was|is|to ask|to say|about|for))*\s*[,:;–—-]*\s*"
)
# More than a name is a clause of the question.
_FEW_WORDS = r"[^\s,;?!]{1,40}(?:\s+[^\s,;?!]{1,40}){0,3}?"
_NEGATED_FIRST = regex.compile(
    rf"(?i)\s*not\s+(?!only\b)(?:about\s+)?(?P<out>{_FEW_WORDS})\s*(?:[,;–—]\s*(?:but\b)?|\bbut\b)\s*"
    r"(?P<kept>[^\s].*)"
)
_NEGATED_LAST = regex.compile(
    rf"(?i)(?P<kept>.*[^\s,;–—])\s*[,;–—]\s*(?:and\s+)?not\s+(?P<out>{_FEW_WORDS})\s*[.?!]*\s*"
)


@dataclass(frozen=True)
class Correction:
    """What a question asks without the words that correct the last one.

    *text* is the question itself if it corrects nothing; if *is_continued*, it begins within a
    sentence.  *rejected_stems* are those of the words that were not meant: not Quill, but Hale.
    *removed_words* are all that are not in *text*.
    """

    text: str
    is_correction: bool = False
    is_continued: bool = False
    rejected_stems: frozenset[str] = frozenset()
    removed_words: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def split_correction(question: str) -> Correction:
    """Split "no, I meant …" and "not X, but …" from *question*; it corrects only if a word is left.

    A question that only has a negation in it (is there no war?) corrects nothing.
    """
    opening = _OPENING.match(question)
    rest = question[opening.end() :] if opening else question
    intent = _INTENT.match(rest)
    rest = rest[intent.end() :] if intent else rest
    negated = _NEGATED_FIRST.fullmatch(rest) or (
        _NEGATED_LAST.fullmatch(rest) if opening or intent else None
    )
    rejected = ""
    if negated and tokenize(negated["kept"]):
        rest, rejected = negated["kept"], negated["out"]
    if rest == question or not tokenize(rest):
        return Correction(question)
    stems = frozenset(stem(word.text, "en") for word in tokenize(rejected))
    rest = rest.strip()
    before = question[: question.rfind(rest)].rstrip()
    is_continued = bool(before) and before[-1] not in ".?!"
    removed = tokenize(question.replace(rest, " ", 1))
    return Correction(
        rest,
        is_correction=True,
        is_continued=is_continued,
        rejected_stems=stems,
        removed_words=tuple(dict.fromkeys(word.text.lower() for word in removed)),
    )
