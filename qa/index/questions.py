"""A document -> the questions that its passages answer word for word.

A heading, a title or a question in the text is answered by what comes after it.  Each is reduced to
a key, a number that depends on its words alone, small ones included.  The index stores which
passage answers which key, so a question that a document asks itself is found however common its
words are.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

import regex

from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import (
    QUESTION_MARKS,
    Span,
    is_question,
    to_term,
    token_texts,
)
from qa.documents.document import Block, Document

# A longer text is no heading, and no question that somebody types again.
_MAX_WORDS, _MAX_CHARACTERS = 100, 1000
# A line without markup is a heading if it has so many words, and prose comes after it.
_MIN_LINE_WORDS, _MAX_LINE_WORDS, _MAX_LINE_CHARACTERS = 2, 12, 100
# "Q:", "3.", "Q3)", "Question 4:" before a question, and "2.1 " before a heading.
_LABEL = regex.compile(
    r"\W*(?:\p{L}?\p{N}+(?:\.\p{N}+)*|\p{L}"
    r"|(?:question|frage|pregunta|domanda|pergunta|vraag|вопрос|问题|質問)(?:\s*\p{N}+)?)"
    r"(?:[.)\]]\s+|\s*[:：]\s*|\s+[–-]\s+)(?=\w)",
    regex.IGNORECASE,
)
_SECTION_NUMBER = regex.compile(r"\W*\p{N}+(?:\.\p{N}+)*\s+(?=\p{L})")
# "A. ", "b) ", "(c) " before a choice in a quiz, in three alphabets.
_FIRST_CHOICE = regex.compile(r"[\s(\[]*(?P<letter>[aаα])[.)\]]\s", regex.IGNORECASE)
_CHOICE = regex.compile(r"[\s(\[]*\p{L}[.)\]]\s")
_MAX_CHOICE_CHARACTERS = 300
_PROSE_ENDS, _CLOSING = (".", "!", "…", "。", "！", "।"), "\"'”’»)]"


def wordings(text: str, *, section_numbers: bool = True) -> set[str]:
    """The words of *text*, with and without a label before it.

    Case, accents and punctuation do not count.  Where *section_numbers*, a number alone is a label.
    """
    if len(text) > _MAX_CHARACTERS:
        return set()
    rests = [text]
    for label in (_LABEL, _SECTION_NUMBER) if section_numbers else (_LABEL,):
        if match := label.match(text):
            rests += [text[match.end() :]]
    words = [token_texts(rest) for rest in rests]
    return {" ".join([to_term(w).lower() for w in ws]) for ws in words if 0 < len(ws) <= _MAX_WORDS}


def begins_choices(text: str) -> bool:
    """Whether *text*, after a question, begins with choices: "A. Bee B. Spider"."""
    first = _FIRST_CHOICE.match(text)
    if not first:
        return False
    second = rf"\s[(\[]*{chr(ord(first['letter']) + 1)}[.)\]]\s"
    return (
        regex.search(second, text[first.end() : first.end() + _MAX_CHOICE_CHARACTERS]) is not None
    )


def is_choice(sentence: str) -> bool:
    """Whether *sentence* may be one of several choices."""
    return _CHOICE.match(sentence) is not None


class QuestionKeys(NamedTuple):
    """The keys of a question: as a heading, and as a sentence in a text."""

    heading: tuple[int, ...] = ()
    sentence: tuple[int, ...] = ()


def keys_of_question(question: str) -> QuestionKeys:
    """The keys of a *question* that somebody typed."""
    texts = sorted(wordings(question, section_numbers=False))
    return QuestionKeys(tuple(map(_heading_key, texts)), tuple(map(_sentence_key, texts)))


def _heading_key(words: str) -> int:
    return _hash(f"# {words}")


def _sentence_key(words: str) -> int:
    return _hash(f"? {words}")


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def find_answered_keys(document: Document, starts: Sequence[int]) -> list[tuple[int, int]]:
    """The keys that the passages of *document*, which begin at *starts*, answer.

    Pairs of a passage's number and a key, sorted.
    """
    if not starts:
        return []
    pairs = {(bisect_right(starts, start) - 1, key) for start, key in _iter_keys(document)}
    keys = {key for _, key in pairs}
    # A title that is a heading of the text, too, has its text there.
    above = {_heading_key(words) for text in _titles(document) for words in wordings(text)}
    return sorted(pairs.union((0, key) for key in above - keys))


def _titles(document: Document) -> Iterator[str]:
    """The title, and other fields that ask, such as the question in a row of a table."""
    yield document.metadata.title
    yield from filter(is_question, document.metadata.extra.values())


def _iter_keys(document: Document) -> Iterator[tuple[int, int]]:
    """The start of each answer in the text of *document*, with the key that it answers."""
    blocks = document.blocks
    marks = [mark for mark in QUESTION_MARKS if mark in document.text]
    for number, block in enumerate(blocks):
        first, end, level = block
        is_long = not level and end - first > _MAX_LINE_CHARACTERS
        # Most paragraphs neither ask nor are like a heading.
        if is_long and all(document.text.find(mark, first, end) < 0 for mark in marks):
            continue
        after = blocks[number + 1] if number + 1 < len(blocks) else None
        if level:
            start = _section_start(document, block, after)
            answered = [(start, document.text[block.start : block.end])] if start else []
            make_key = _heading_key
        else:
            before = blocks[number - 1] if number else None
            answered = list(_iter_answered(document, before, block, after))
            make_key = _sentence_key
        for start, text in answered:
            # The question of a quiz has no answer there.
            if not begins_choices(document.text[start : start + 2 * _MAX_CHOICE_CHARACTERS]):
                yield from ((start, make_key(words)) for words in wordings(text))


def iter_heading_questions(document: Document) -> Iterator[tuple[int, str]]:
    """The headings of *document* that ask and have text below, and where that text begins.

    The title first, if it asks.
    """
    title = document.metadata.title
    if is_question(title) and document.paragraphs:
        yield document.paragraphs[0].start, title
    blocks = document.blocks
    for number, block in enumerate(blocks):
        if block.level and is_question(text := document.text[block.start : block.end]):
            after = blocks[number + 1] if number + 1 < len(blocks) else None
            start = _section_start(document, block, after)
            if start is not None and text != title:
                yield start, text


def _section_start(document: Document, heading: Block, after: Block | None) -> int | None:
    """Where the text under *heading* begins; None if another of its level follows at once."""
    if after is None or 0 < after.level <= heading.level:
        return None
    number = bisect_right(document.paragraphs, heading.start, key=lambda block: block.start)
    return document.paragraphs[number].start if number < len(document.paragraphs) else None


def _iter_answered(
    document: Document, before: Block | None, block: Block, after: Block | None
) -> Iterator[tuple[int, str]]:
    """The questions in a paragraph, and the paragraph if it is like a heading, with the answers.

    A question that another question follows, as in a quiz or a list of contents, is not answered.
    """
    text = document.text[block.start : block.end]
    after_text = document.text[after.start : after.end] if after and not after.level else ""
    if after and after_text and _is_heading_line(text, after_text):
        yield after.start, text
    if not _may_ask(text):
        return
    spans = _sentences_with_words(text, document.metadata.language)
    for span, following in zip_longest(spans, spans[1:]):
        sentence = text[slice(*span)]
        if not is_question(sentence):
            continue
        if following:
            if not is_question(text[slice(*following)]):
                yield block.start + following.start, sentence
        elif after and after_text and not _begins_with_question(after_text[:_MAX_CHARACTERS]):
            is_last_of_list = len(spans) == 1 and _asks(document, before)
            if not is_last_of_list:
                yield after.start, sentence


def _sentences_with_words(text: str, language: str) -> list[Span]:
    """The sentences of *text* but for numbers and signs between them."""
    spans = split_sentences(text, language)
    return [span for span in spans if any(map(str.isalpha, text[slice(*span)]))]


def _may_ask(text: str) -> bool:
    first, *others = QUESTION_MARKS
    return first in text or (not text.isascii() and any(mark in text for mark in others))


def _begins_with_question(text: str) -> bool:
    if not _may_ask(text):
        return False
    spans = _sentences_with_words(text, "en")
    return bool(spans) and is_question(text[slice(*spans[0])])


def _asks(document: Document, paragraph: Block | None) -> bool:
    """Whether *paragraph*, if it is one, ends with a question."""
    if paragraph is None or paragraph.level:
        return False
    return is_question(document.text[paragraph.start : paragraph.end])


def _is_heading_line(text: str, after: str) -> bool:
    """Whether a paragraph looks like a heading above the prose *after* it."""
    return (
        len(text) <= _MAX_LINE_CHARACTERS
        and text[0].isupper()
        and text[-1].isalnum()
        and " | " not in text
        and after.rstrip(_CLOSING).endswith(_PROSE_ENDS)
        and _MIN_LINE_WORDS <= len(token_texts(text)) <= _MAX_LINE_WORDS
    )
