"""Marks come out where they were asked for, and not a character is lost."""

from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import Span
from qa.documents.document import Metadata, RawBlock, build_document
from qa.web.pages.common import MarkLayer, TextSegment, cut_segments, iter_blocks

texts = st.text(alphabet="ab <&\U0001f600é", max_size=30)
offsets = st.lists(st.integers(0, 35), max_size=8, unique=True).map(sorted)
# Sorted offsets in pairs: spans in order, apart from each other, some beyond the text.
spans = offsets.map(lambda found: [Span(*p) for p in zip(found[::2], found[1::2], strict=False)])


def text_of(segments):
    return "".join(text_of(s.inner) if s.inner else s.text for s in segments)


def mark_flags(segments, kind, inside=False):
    """For each character, whether it is under a mark of *kind*."""
    for segment in segments:
        is_marked = inside or segment.kind == kind
        if segment.inner:
            yield from mark_flags(segment.inner, kind, is_marked)
        else:
            yield from [is_marked] * len(segment.text)


@given(texts, spans, spans)
def test_segments_put_together_are_the_text(text, outer, inner):
    segments = cut_segments(
        text, Span(0, len(text)), [MarkLayer("outer", outer), MarkLayer("inner", inner)]
    )

    assert text_of(segments) == text


@given(texts, spans, spans)
def test_exactly_the_characters_in_the_spans_are_marked(text, outer, inner):
    layers = [MarkLayer("outer", outer), MarkLayer("inner", inner)]
    segments = cut_segments(text, Span(0, len(text)), layers)

    for kind, spans_of_kind in layers:
        expected = [any(start <= i < end for start, end in spans_of_kind) for i in range(len(text))]

        assert list(mark_flags(segments, kind)) == expected


@given(texts, spans, st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_text_is_marked_as_in_the_whole(text, marked_spans, one, other):
    start, end = sorted(min(offset, len(text)) for offset in (one, other))
    layers = [MarkLayer("outer", marked_spans)]
    part = cut_segments(text, Span(start, end), layers)
    whole = cut_segments(text, Span(0, len(text)), layers)

    assert text_of(part) == text[start:end]
    assert list(mark_flags(part, "outer")) == list(mark_flags(whole, "outer"))[start:end]


def test_a_mark_inside_another_is_nested():
    layers = [MarkLayer("answer", [Span(0, 7)]), MarkLayer("term", [Span(4, 12)])]
    segments = cut_segments("one two three", Span(0, 13), layers)

    assert segments == (
        TextSegment(
            "one two",
            "answer",
            (TextSegment("one "), TextSegment("two", "term", (TextSegment("two"),))),
        ),
        TextSegment(" thre", "term", (TextSegment(" thre"),)),
        TextSegment("e"),
    )


def test_headings_keep_their_order_whatever_levels_an_author_used():
    raw = [RawBlock(f"Word {n}", level) for n, level in enumerate([4, 0, 1, 6, 6, 2, 3, 0])]
    levels = iter_blocks(build_document("id", "id.txt", raw, Metadata("Title")), [])

    assert [block.tag for block in levels] == ["h2", "p", "h2", "h3", "h3", "h3", "h4", "p"]
