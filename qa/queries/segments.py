"""A long question -> the parts of it that may ask by themselves.

Whoever writes to an assistant adds who they are, what the answer should look like, and thanks. None
of this is in the documents: only a part of such a text asks, mostly the sentence with the question
mark, at times with the one before it.
"""

from collections.abc import Iterator

import regex

from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import token_texts
from qa.queries.topics import has_question_word

# A question of fewer words is asked as it is.
_MIN_WORDS = 36
_MAX_QUESTIONS, _MAX_PARTS = 3, 5
_QUESTION_MARKS = ("?", "？", "؟")
# Within a sentence: lines, what follows a colon or a dash.
_BOUNDARY = regex.compile(r"(?<=[:;])\s+|\n+|\s[—–-]\s")
_COMMA = regex.compile(r",\s+")


def find_asking_parts(text: str, language: str) -> tuple[str, ...]:
    """The parts of a long *text* that may be the question; none if it is short, or all one part."""
    if len(token_texts(text)) < _MIN_WORDS:
        return ()
    segments = [*_iter_segments(text, language)]
    places = [n for n, part in enumerate(segments) if part.endswith(_QUESTION_MARKS)] or sorted(
        (n for n, part in enumerate(segments) if has_question_word(part)),
        key=lambda n: not has_question_word(token_texts(segments[n])[0]),
    )
    if len(segments) < 2:
        return ()
    parts: list[str] = []
    for place in places[:_MAX_QUESTIONS]:
        parts += [
            segments[place],
            _without_introduction(segments[place]),
            " ".join(segments[max(0, place - 1) : place + 1]),
        ]
    return tuple(dict.fromkeys(parts))[:_MAX_PARTS]


def _iter_segments(text: str, language: str) -> Iterator[str]:
    for span in split_sentences(text, language):
        for part in _BOUNDARY.split(text[slice(*span)]):
            if token_texts(part):
                yield part.strip()


def _without_introduction(segment: str) -> str:
    """*segment* from the first comma on that a question follows, if there is one."""
    for match in _COMMA.finditer(segment):
        rest = segment[match.end() :]
        if has_question_word(rest.split(maxsplit=1)[0]):
            return rest
    return segment
