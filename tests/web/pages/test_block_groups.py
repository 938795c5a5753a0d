"""Rows of tables and lines of code, put together again for readers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import Span
from qa.documents.document import Metadata, RawBlock, build_document
from qa.web.pages.block_groups import group_blocks, place_anchor, slice_segments
from qa.web.pages.common import MarkLayer, TextSegment, iter_blocks

PROSE = "The ferry ran every hour, and nobody wrote down who was on it."


def groups_of(*texts, marks=()):
    document = build_document("d", "d.md", [RawBlock(t) for t in texts], Metadata("D"))
    layer = MarkLayer("passage", [Span(*mark) for mark in marks])
    return [*group_blocks(iter_blocks(document, [layer]))]


def cells_of(group):
    return [["".join(s.text for s in cell) for cell in row.cells] for row in group.rows]


def test_rows_with_the_same_names_are_a_table_with_a_head():
    before, table, after = groups_of(
        PROSE,
        "Bird: Wood Duck; Habitat: ; Notes: near ponds; seen: often",
        "Bird: Swift; Habitat: towers; Notes: fast",
        PROSE,
    )

    assert (before.kind, table.kind, after.kind) == ("text", "table", "text")
    assert table.names == ("Bird", "Habitat", "Notes")
    assert cells_of(table) == [
        ["Wood Duck", "", "near ponds; seen: often"],
        ["Swift", "towers", "fast"],
    ]


def test_a_first_column_without_a_name_stays_first():
    (table,) = groups_of("Ada; Age: 36; Town: Asker", "Karl; Age: 41; Town: Lindholm")

    assert table.names == ("", "Age", "Town")
    assert cells_of(table)[1] == ["Karl", "41", "Lindholm"]


def test_rows_without_names_are_a_table_without_a_head():
    (table,) = groups_of("1902 | storm | pier", "1903 | flood")

    assert (table.kind, table.names) == ("table", ())
    assert cells_of(table) == [["1902", "storm", "pier"], ["1903", "flood"]]


@pytest.mark.parametrize(
    "texts",
    [
        (PROSE, PROSE + " Again."),
        ("Note: this is one line.",),
        ("Note: the pier; it is cold", "Other: the ferry; it is late"),
        ("(a) the parties agree;", "(b) the council pays;", "(c) nobody sells the pier;"),
        ("One | two",),
    ],
)
def test_other_paragraphs_stay_text(texts):
    assert {group.kind for group in groups_of(*texts)} == {"text"}


def test_lines_of_code_are_code():
    groups = groups_of(
        PROSE, "def run(self):", "x = self.next[0]", "else", "return x + {1: 2}", PROSE
    )

    assert [group.kind for group in groups] == ["text", "code", "text"]
    assert len(groups[1].blocks) == 4


def test_marks_stay_in_their_cells():
    (table,) = groups_of("A: one; B: two", "A: three; B: four", marks=[(3, 14)])
    first, second = table.rows[0].cells

    assert [(s.text, s.kind) for s in first] == [("one", "passage")]
    assert [(s.text, s.kind) for s in second] == [("two", "passage")]


@given(st.lists(st.text(alphabet="ab:;| \n={}", min_size=1, max_size=40), max_size=12))
def test_no_word_is_lost_and_every_block_is_there_once(texts):
    document = build_document("d", "d.md", [RawBlock(t) for t in texts], Metadata("D"))
    blocks = [*iter_blocks(document, [])]
    groups = [*group_blocks(blocks)]

    assert [block for group in groups for block in group.blocks] == blocks
    for group in groups:
        for row in group.rows:
            shown = "".join("".join(s.text for s in cell) for cell in row.cells)
            names = "".join(group.names)
            letters = [c for c in row.block.text if c in "ab"]
            assert sorted(letters) == sorted(c for c in shown + names if c in "ab")


def test_segments_are_cut_with_what_is_in_them():
    inner = (TextSegment("ab"), TextSegment("cd", "term"))
    segments = [TextSegment("abcd", "passage", inner), TextSegment("ef")]

    assert [*slice_segments(segments, Span(1, 5))] == [
        TextSegment("bcd", "passage", (TextSegment("b"), TextSegment("cd", "term"))),
        TextSegment("e"),
    ]


def test_a_place_has_an_anchor_without_spaces():
    assert place_anchor("p. 3") == "p-3"
    assert place_anchor("0:01:30") == "0-01-30"
