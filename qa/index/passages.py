"""Cut a document into passages: whole sentences, never overlapping, never across a heading."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import regex

from qa.analysis.sentences import CLAUSE_LANGUAGES, split_sentences
from qa.analysis.tokenizer import Span, is_lead_in, is_question, new_span, tokenize
from qa.analysis.word_counts import count_span_words, count_words
from qa.documents.document import Block, Document

_HEADING_SEPARATOR = " › "


def title_of_heading(heading: str) -> str:
    """The document's title, of a passage's *heading*."""
    return heading.partition(_HEADING_SEPARATOR)[0]


@dataclass(frozen=True)
class Passage:
    """The unit of search and citation: `document.text[start:end] == text`.

    *number* counts the passages of one document from 0; *heading* is the title and the section's
    heading.  *sentences* are the spans of its sentences in *text*, where they are known.
    """

    document_id: str
    number: int
    start: int
    end: int
    text: str
    heading: str
    language: str
    sentences: tuple[Span, ...] | None = field(default=None, compare=False, repr=False)


class PassageSpan(NamedTuple):
    """Where a passage is in its document's text, and where its sentences are in the passage.

    *sentences* is None where a sentence was cut, or where clauses are joined to be long enough.
    """

    start: int
    end: int
    sentences: tuple[Span, ...] | None = None

    @classmethod
    def of(cls, values: Sequence[Any]) -> "PassageSpan":
        """The span whose fields are *values*, as JSON values."""
        start, end, *rest = values
        sentences = rest[0] if rest else None
        return cls(start, end, sentences and tuple(map(new_span, sentences)))


class _Sentence(NamedTuple):
    """A sentence, or a part of one that is too long and not *is_whole*.

    *announces* is true of a paragraph that says nothing without the next one.
    """

    start: int
    end: int
    word_count: int
    ends_paragraph: bool = False
    announces: bool = False
    is_whole: bool = True


_new_sentence: Callable[[tuple[int, int, int, bool, bool, bool]], _Sentence] = partial(
    tuple.__new__, _Sentence
)


def split_passages(document: Document, min_words: int = 60, max_words: int = 150) -> list[Passage]:
    """The passages of *document*, in order."""
    return build_passages(document, find_passage_spans(document, min_words, max_words))


def build_passages(document: Document, spans: Iterable[PassageSpan]) -> list[Passage]:
    """The passages of *document* at *spans*."""
    return [_build_passage(document, number, span) for number, span in enumerate(spans)]


def find_passage_spans(document: Document, min_words: int, max_words: int) -> list[PassageSpan]:
    """The spans of the passages of *document*, in order.

    A passage ends with the first paragraph that brings it to *min_words*, and before the sentence
    that would take it over *max_words*.  Only a sentence longer than that is cut, between words.  A
    paragraph that is only a question or a lead-in goes with the next one where there is room.
    """
    spans: list[PassageSpan] = []
    joins_clauses = document.metadata.language in CLAUSE_LANGUAGES
    for sentences in _iter_sections(document, max_words):
        pieces = list(_pack_sentences(sentences, min_words, max_words))
        section_spans = _merge_short_tail(pieces, min_words, max_words)
        spans += (
            map(PassageSpan.of, section_spans)
            if joins_clauses
            else _add_sentences(section_spans, sentences)
        )
    return spans


def _add_sentences(spans: Iterable[Span], sentences: Iterable[_Sentence]) -> Iterator[PassageSpan]:
    """*spans*, each with those of *sentences* that it is made of; both are in order."""
    remaining = iter(sentences)
    for start, end in spans:
        inside = [next(remaining)]
        while inside[-1].end < end:
            inside.append(next(remaining))
        bounds = tuple([new_span((each.start - start, each.end - start)) for each in inside])
        yield PassageSpan(start, end, bounds if all(each.is_whole for each in inside) else None)


def _build_passage(document: Document, number: int, span: PassageSpan) -> Passage:
    metadata = document.metadata
    section = document.section_at(span.start)
    return Passage(
        document_id=document.id,
        number=number,
        start=span.start,
        end=span.end,
        text=document.text[span.start : span.end],
        heading=f"{metadata.title}{_HEADING_SEPARATOR}{section}" if section else metadata.title,
        language=metadata.language,
        sentences=span.sentences,
    )


def _iter_sections(document: Document, max_words: int) -> Iterator[list[_Sentence]]:
    """The sentences of each section, the parts between headings."""
    text, language = document.text, document.metadata.language
    split = [split_sentences(text[b.start : b.end], language) for b in document.paragraphs]
    paragraphs = zip(document.paragraphs, split, strict=True)
    bounds = [(b.start + start, b.start + end) for b, spans in paragraphs for start, end in spans]
    counts = count_span_words(text, bounds)
    sizes = iter(map(len, split))
    first = 0
    section: list[_Sentence] = []
    for block in document.blocks:
        if block.level:
            yield section
            section = []
            continue
        stretch = slice(first, first + next(sizes))
        section += _make_sentences(text, block, bounds[stretch], counts[stretch], max_words)
        first = stretch.stop
    yield section


def _make_sentences(
    text: str,
    block: Block,
    bounds: Sequence[tuple[int, int]],
    counts: Sequence[int],
    max_words: int,
) -> list[_Sentence]:
    """The sentences of a *block* of *text*, at *bounds* with so many words each."""
    sentences = [
        _new_sentence((start, end, count, False, False, True))
        for (start, end), count in zip(bounds, counts, strict=True)
    ]
    if max(counts, default=0) > max_words:
        sentences = [part for each in sentences for part in _cut_sentence(text, each, max_words)]
    if sentences:
        is_alone = len(sentences) == 1
        announces = is_alone and _announces(text[block.start : block.end])
        sentences[-1] = sentences[-1]._replace(ends_paragraph=True, announces=announces)
    return sentences


def _announces(paragraph: str) -> bool:
    return is_lead_in(paragraph) or is_question(paragraph)


def _cut_sentence(text: str, sentence: _Sentence, max_words: int) -> Iterator[_Sentence]:
    """A sentence of *text*, or its parts if it is too long."""
    if sentence.word_count <= max_words:
        yield sentence
        return
    part = _TextPiece(sentence.start, sentence.start, 0)
    for unit in _iter_units(text, sentence.start, sentence.end, max_words):
        if part.word_count and part.word_count + unit.word_count > max_words:
            yield _Sentence(*part, is_whole=False)
            part = _TextPiece(unit.start, unit.start, 0)
        part = _TextPiece(part.start, unit.end, part.word_count + unit.word_count)
    yield _Sentence(*part, is_whole=False)


# Where a long sentence may be cut: between words, in Chinese and Japanese behind a comma.
_UNIT = regex.compile(r"[^\s、，；：]+[、，；：]*|[、，；：]+")


def _iter_units(text: str, start: int, end: int, max_words: int) -> Iterator["_TextPiece"]:
    """The parts of a long sentence that are not cut, unless they are too long themselves."""
    for match in _UNIT.finditer(text, start, end):
        unit = _TextPiece(*match.span(), count_words(match[0]))
        if unit.word_count <= max_words:
            yield unit
            continue
        starts = sorted({unit.start + word.start for word in tokenize(match[0])})
        step = max(1, len(starts) * max_words // unit.word_count)
        boundaries = [unit.start, *starts[step::step], unit.end]
        for left, right in pairwise(boundaries):
            yield _TextPiece(left, right, count_words(text[left:right]))


class _TextPiece(NamedTuple):
    start: int
    end: int
    word_count: int


def _pack_sentences(
    sentences: list[_Sentence], min_words: int, max_words: int
) -> Iterator[_TextPiece]:
    pending: list[_Sentence] = []
    word_count = 0
    for sentence in sentences:
        if pending and word_count + sentence.word_count > max_words:
            complete, pending = _split_announcement(pending)
            yield _join_sentences(complete)
            word_count = sum(other.word_count for other in pending)
        pending.append(sentence)
        word_count += sentence.word_count
        if sentence.ends_paragraph and word_count >= min_words:
            complete, pending = _split_announcement(pending)
            yield _join_sentences(complete)
            word_count = sum(other.word_count for other in pending)
    if pending:
        yield _join_sentences(pending)


def _split_announcement(
    sentences: list[_Sentence],
) -> tuple[list[_Sentence], list[_Sentence]]:
    """*sentences*, and the last one apart if it announces and most of the words are before it."""
    *before, last = sentences
    if last.announces and sum(other.word_count for other in before) > last.word_count:
        return before, [last]
    return sentences, []


def _join_sentences(sentences: list[_Sentence]) -> _TextPiece:
    words = sum(sentence.word_count for sentence in sentences)
    return _TextPiece(sentences[0].start, sentences[-1].end, words)


def _merge_short_tail(pieces: list[_TextPiece], min_words: int, max_words: int) -> list[Span]:
    """Merge a short last passage of a section into the one before it, if that has room."""
    if len(pieces) > 1 and pieces[-1].word_count < min_words:
        previous, tail = pieces[-2:]
        if previous.word_count + tail.word_count <= max_words:
            pieces[-2:] = [
                _TextPiece(previous.start, tail.end, previous.word_count + tail.word_count)
            ]
    return [Span(piece.start, piece.end) for piece in pieces]
