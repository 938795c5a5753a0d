"""A question -> its words, each with what it is: a small word, a name, or one that says more."""

from dataclasses import dataclass

import regex

import qa.conversation.vocabulary as v
from qa.text import stem, stop_words, term, words

# What is longer is no word of a person's.
LONGEST_CARRIED = 60
# Of a pasted page only the ends count.
_MOST = 80

_LANGUAGE = "en"
_STOPS = stop_words(_LANGUAGE)
_SENTENCE_END = regex.compile(r"[.?!:;]\s")
_MARK = regex.compile(r"[,.;:?!()\[\]\"“”]")
_NEGATION = regex.compile(r"(?i)n['’]t$")
_CONTRACTION = regex.compile(r"(?i)['’](?:re|ve|ll|d|m)$")


@dataclass(frozen=True)
class Token:
    """A word of a question; *said* when it says something, *marked* when a mark stands before."""

    text: str
    term: str
    stem: str
    start: int
    end: int
    opens: bool
    marked: bool
    said: bool
    name: bool

    @property
    def kind(self) -> str:
        """What may be expected of it: a name, a noun that is of something, a verb, and so on."""
        if self.name:
            return "name"
        if self.term[0].isdigit():
            return "number"
        for kind, stems in v.KINDS.items():
            if self.stem in stems:
                return kind
        return "plain"


def tokens(question: str) -> list[Token]:
    """The words of *question*, in order."""
    found = words(question)
    if len(found) > _MOST:
        found = found[: _MOST // 2] + found[-_MOST // 2 :]
    shouted = len(found) > 3 and all(word.text.isupper() for word in found)
    made: list[Token] = []
    end = 0
    for i, word in enumerate(found):
        between = question[end : word.start]
        opens = i == 0 or bool(_SENTENCE_END.search(between))
        text = word.text.lower() if shouted else _CONTRACTION.sub("", word.text)
        exact = "not" if _NEGATION.search(text) else term(text)
        name = _is_name(text, opens=opens)
        said = (exact not in _STOPS or (name and exact not in v.SPEAKERS)) and (
            text.isdigit() or 1 < len(text) <= LONGEST_CARRIED
        )
        made.append(
            Token(
                text,
                exact,
                stem(text, _LANGUAGE),
                word.start,
                word.start + len(text),
                opens,
                bool(_MARK.search(between)),
                said,
                name and said,
            )
        )
        end = word.end
    return made


def _is_name(text: str, *, opens: bool) -> bool:
    """Whether capitals make it a name; that of a sentence's first word tells nothing."""
    return any(map(str.isupper, text[1:] if opens else text)) and text != "I"


def runs(found: list[Token]) -> list[list[int]]:
    """The places of words that say something, those that stand side by side together."""
    grouped: list[list[int]] = []
    for i, token in enumerate(found):
        if not token.said:
            continue
        if grouped and grouped[-1][-1] == i - 1 and not token.marked:
            grouped[-1].append(i)
        else:
            grouped.append([i])
    return grouped
