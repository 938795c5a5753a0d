"""A question -> the same without the marks of prose that look like operators.

Whoever pastes a text brings its quotation marks and dashes along: they are not meant to require or
exclude anything.  In a text of several sentences no quotation is required, and words are excluded
only at its very end: "Who built it? And when? -Brandt".
"""

from collections.abc import Iterator
from typing import NamedTuple

import regex

from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import has_words, is_stop_word

QUOTED_PHRASE = regex.compile(r"""(?<![\p{L}\p{N}])(-?)(?:"([^"]+)"|“([^“”]+)”|«([^«»]+)»)""")
EXCLUDED_WORD = regex.compile(r"(?<!\S)-(?=\p{L})([\p{L}\p{N}\p{M}&.'’-]+)")
_OPERATOR = regex.compile(rf"{QUOTED_PHRASE.pattern}|{EXCLUDED_WORD.pattern}")
# The price rose -as feared- in spring.
_DASHED = regex.compile(r"(?<!\S)-(?=\p{L})((?:(?!\s-).)+?)(?<=\p{L})-(?![^\s,;:.!?)])")
# Exclusions at the end of a text, unless the last word ends its sentence.
_LAST_EXCLUSIONS = regex.compile(
    r"""(?:(?<!\S)-(?:"[^"]+"|“[^“”]+”|«[^«»]+»|\p{L}[^\s"“”«»]*)\s*)+(?<!\p{Ll}[.!?…])\Z"""
)
_QUOTATION_MARKS = regex.compile('["“”«»]')
_LEADING_MINUS = regex.compile(r"(?<!\S)-(?=[\p{L}\"“«])")


class ProseText(NamedTuple):
    """A *text* with the operators that are meant, and the *quotations* that are none."""

    text: str
    quotations: tuple[str, ...] = ()


def may_have_operators(text: str) -> bool:
    """Whether *text* has any sign of an operator; most questions have none."""
    return "-" in text or '"' in text or "“" in text or "«" in text


def strip_prose_marks(text: str, language: str) -> ProseText:
    """*text* without quotation marks and dashes that belong to prose in *language*."""
    if not (may_have_operators(text) and _OPERATOR.search(text)):
        return ProseText(text)
    text = _strip_dashes(text, language)
    exclusions = _LAST_EXCLUSIONS.search(text)
    body, end = (text[: exclusions.start()], exclusions[0]) if exclusions else (text, "")
    if not is_prose(body, language):
        return ProseText(text)
    quotations = dict.fromkeys(
        (match[2] or match[3] or match[4]).strip() for match in QUOTED_PHRASE.finditer(body)
    )
    body = _QUOTATION_MARKS.sub(" ", _LEADING_MINUS.sub(" ", body))
    return ProseText(f"{body}{end}", tuple(filter(has_words, quotations)))


def is_prose(text: str, language: str) -> bool:
    """Whether *text* has several sentences with words outside of quotations."""
    sentences = _split_outside_quotations(text, language)
    return sum(has_words(_OPERATOR.sub(" ", sentence)) for sentence in sentences) > 1


def _strip_dashes(text: str, language: str) -> str:
    """*text* without pairs of dashes, and without a minus before a stop word, which all have."""
    return EXCLUDED_WORD.sub(
        lambda match: f" {match[1]}" if is_stop_word(match[1], language) else match[0],
        _DASHED.sub(r" \1 ", text),
    )


def _split_outside_quotations(text: str, language: str) -> Iterator[str]:
    """The sentences of *text*, where none ends inside a quotation."""
    quotations = [match.span() for match in QUOTED_PHRASE.finditer(text)]
    start = 0
    for _, end in split_sentences(text, language):
        if not any(first < end < last for first, last in quotations):
            yield text[start:end]
            start = end
