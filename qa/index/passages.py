"""Cut a document into passages: whole sentences, never overlapping, never across a heading."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import Span, sentences, size, words
from qa.documents.document import Block, Document


@dataclass(frozen=True)
class Passage:
    """The unit that is searched and cited: `document.text[start:end] == text`.

    *number* counts the passages of one document from 0; *heading* is the title and the section
    that the passage stands under.
    """

    document_id: str
    number: int
    start: int
    end: int
    text: str
    heading: str
    language: str


class _Sentence(NamedTuple):
    start: int
    end: int
    words: int
    ends_paragraph: bool


def split(document: Document, min_words: int = 60, max_words: int = 150) -> list[Passage]:
    """The passages of *document*, in order."""
    return passages_at(document, cut(document, min_words, max_words))


def passages_at(document: Document, spans: Iterable[Span]) -> list[Passage]:
    """The passages of *document* that cut() found."""
    return [_passage(document, number, span) for number, span in enumerate(spans)]


def cut(document: Document, min_words: int, max_words: int) -> list[Span]:
    """Where the passages of *document* begin and end, in order.

    Paragraphs are kept whole where they fit: a passage ends with the first paragraph that brings
    it to *min_words*, and before the sentence that would take it over *max_words*.  Only a
    sentence longer than that is cut, between words.
    """
    spans: list[Span] = []
    for section in _sections(document.blocks):
        measured = list(_sentences(document, section, max_words))
        spans += _balanced(list(_packed(measured, min_words, max_words)), min_words, max_words)
    return spans


def _passage(document: Document, number: int, span: Span) -> Passage:
    about = document.metadata
    section = document.section_at(span.start)
    return Passage(
        document_id=document.id,
        number=number,
        start=span.start,
        end=span.end,
        text=document.text[span.start : span.end],
        heading=f"{about.title} › {section}" if section else about.title,
        language=about.language,
    )


def _sections(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    section: list[Block] = []
    for block in blocks:
        if block.level:
            yield section
            section = []
        else:
            section.append(block)
    yield section


def _sentences(document: Document, blocks: list[Block], max_words: int) -> Iterator[_Sentence]:
    for block in blocks:
        text = document.text[block.start : block.end]
        pieces = list(_pieces(text, document.metadata.language, max_words))
        for i, (start, end, count) in enumerate(pieces):
            yield _Sentence(
                block.start + start, block.start + end, count, ends_paragraph=i == len(pieces) - 1
            )


def _pieces(text: str, language: str, max_words: int) -> Iterator[tuple[int, int, int]]:
    """Start, end and number of words of each sentence, of each part of one that is too long."""
    for start, end in sentences(text, language):
        count = size(text[start:end])
        if count <= max_words:
            yield start, end, count
            continue
        part = _Piece(start, start, 0)
        for unit in _units(text, start, end, max_words):
            if part.words and part.words + unit.words > max_words:
                yield part
                part = _Piece(unit.start, unit.start, 0)
            part = _Piece(part.start, unit.end, part.words + unit.words)
        yield part


# Where a long sentence may be cut: between words, in Chinese and Japanese behind a comma.
_UNIT = regex.compile(r"[^\s、，；：]+[、，；：]*|[、，；：]+")


def _units(text: str, start: int, end: int, max_words: int) -> Iterator["_Piece"]:
    """What is kept together of a long sentence, as far as it has not too many words itself."""
    for match in _UNIT.finditer(text, start, end):
        unit = _Piece(*match.span(), size(match[0]))
        if unit.words <= max_words:
            yield unit
            continue
        starts = sorted({unit.start + word.start for word in words(match[0])})
        each = max(1, len(starts) * max_words // unit.words)
        cuts = [unit.start, *starts[each::each], unit.end]
        for left, right in pairwise(cuts):
            yield _Piece(left, right, size(text[left:right]))


class _Piece(NamedTuple):
    start: int
    end: int
    words: int


def _packed(sentences: list[_Sentence], min_words: int, max_words: int) -> Iterator[_Piece]:
    held: list[_Sentence] = []
    count = 0
    for sentence in sentences:
        if held and count + sentence.words > max_words:
            yield _Piece(held[0].start, held[-1].end, count)
            held, count = [], 0
        held.append(sentence)
        count += sentence.words
        if sentence.ends_paragraph and count >= min_words:
            yield _Piece(held[0].start, held[-1].end, count)
            held, count = [], 0
    if held:
        yield _Piece(held[0].start, held[-1].end, count)


def _balanced(pieces: list[_Piece], min_words: int, max_words: int) -> list[Span]:
    """Give a short rest at the end of a section to the passage before it, if that stays in size."""
    if len(pieces) > 1 and pieces[-1].words < min_words:
        before, rest = pieces[-2:]
        if before.words + rest.words <= max_words:
            pieces[-2:] = [_Piece(before.start, rest.end, before.words + rest.words)]
    return [Span(piece.start, piece.end) for piece in pieces]
