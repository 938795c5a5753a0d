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


def printed(found):
    return "".join(printed(s.inner) if s.inner else s.text for s in found)


def marked(found, kind, inside=False):
    """For each character, whether it is under a mark of *kind*."""
    for segment in found:
        here = inside or segment.kind == kind
        if segment.inner:
            yield from marked(segment.inner, kind, here)
        else:
            yield from [here] * len(segment.text)


@given(texts, spans, spans)
def test_segments_put_together_are_the_text(text, outer, inner):
    found = cut_segments(
        text, Span(0, len(text)), [MarkLayer("outer", outer), MarkLayer("inner", inner)]
    )

    assert printed(found) == text


@given(texts, spans, spans)
def test_exactly_the_characters_in_the_spans_are_marked(text, outer, inner):
    layers = [MarkLayer("outer", outer), MarkLayer("inner", inner)]
    found = cut_segments(text, Span(0, len(text)), layers)

    for kind, asked in layers:
        expected = [any(start <= i < end for start, end in asked) for i in range(len(text))]

        assert list(marked(found, kind)) == expected


@given(texts, spans, st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_text_is_marked_as_in_the_whole(text, asked, one, other):
    start, end = sorted(min(offset, len(text)) for offset in (one, other))
    layers = [MarkLayer("outer", asked)]
    part = cut_segments(text, Span(start, end), layers)
    whole = cut_segments(text, Span(0, len(text)), layers)

    assert printed(part) == text[start:end]
    assert list(marked(part, "outer")) == list(marked(whole, "outer"))[start:end]


def test_a_mark_inside_another_is_nested():
    layers = [MarkLayer("answer", [Span(0, 7)]), MarkLayer("term", [Span(4, 12)])]
    found = cut_segments("one two three", Span(0, 13), layers)

    assert found == (
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
    shown = iter_blocks(build_document("id", "id.txt", raw, Metadata("Title")), [])

    assert [block.tag for block in shown] == ["h2", "p", "h2", "h3", "h3", "h3", "h4", "p"]
