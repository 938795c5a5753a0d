"""Offsets in code points -> offsets in UTF-16 code units, in which JavaScript, Java and C# count.

A character beyond U+FFFF, such as an emoji, is one code point and two code units.
"""

import dataclasses
from bisect import bisect_left
from collections.abc import Callable

import regex

from qa.analysis.tokenizer import Span
from qa.web.response_schemas import AnswerBody, BlockBody, PassageBody

_ASTRAL = regex.compile(r"[\U00010000-\U0010FFFF]")

Shift = Callable[[int], int]


def build_shift(text: str) -> Shift:
    """What makes of an offset into *text*, in code points, the same in UTF-16 code units."""
    places = [] if text.isascii() else [match.start() for match in _ASTRAL.finditer(text)]
    return lambda offset: offset + bisect_left(places, offset)


def answer_in_utf16(body: AnswerBody, find_text: Callable[[str], str]) -> AnswerBody:
    """*body* with all offsets in UTF-16 code units; *find_text* gives a document's text by id."""
    passages = tuple(
        _passage_in_utf16(passage, build_shift(find_text(passage.citation.document_id)))
        for passage in body.passages
    )
    return body.model_copy(update={"passages": passages, "offsets": "utf-16"})


def _passage_in_utf16(passage: PassageBody, shift_in_document: Shift) -> PassageBody:
    shift = build_shift(passage.text)
    answer, citation = passage.answer, passage.citation
    return passage.model_copy(
        update={
            "answer": answer
            and dataclasses.replace(answer, start=shift(answer.start), end=shift(answer.end)),
            "marks": tuple(Span(shift(mark.start), shift(mark.end)) for mark in passage.marks),
            "citation": dataclasses.replace(
                citation,
                start=shift_in_document(citation.start),
                end=shift_in_document(citation.end),
            ),
        }
    )


def blocks_in_utf16(blocks: tuple[BlockBody, ...], text: str) -> tuple[BlockBody, ...]:
    """*blocks* of *text* with their offsets in UTF-16 code units."""
    shift = build_shift(text)
    return tuple(
        block.model_copy(update={"start": shift(block.start), "end": shift(block.end)})
        for block in blocks
    )
