"""Documents: the canonical text and the places in it."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from qa.documents.document import Block, Document, Metadata, RawBlock, build_document

raw_blocks = st.lists(
    st.builds(RawBlock, st.text(), st.integers(0, 6), st.none() | st.integers(1, 9)), max_size=8
)


def example():
    return build_document(
        "d",
        "d.pdf",
        [
            RawBlock("First  paragraph.", 0, 1),
            RawBlock("Head", 2, 1),
            RawBlock("Second.", 0, 2),
            RawBlock("Third.", 0, 3),
        ],
        Metadata("T", date=datetime.date(2021, 12, 3), extra={"digests": "CNN"}),
    )


def test_blocks_are_joined_by_an_empty_line():
    assert example().text == "First paragraph.\n\nHead\n\nSecond.\n\nThird."


def test_a_place_knows_its_paragraph_page_and_section():
    document = example()
    second = document.text.index("Second")

    assert (document.paragraph_at(0), document.page_at(0), document.section_at(0)) == (1, 1, None)
    assert document.paragraph_at(second) == 2
    assert document.page_at(second) == 2
    assert document.section_at(second) == "Head"


@given(raw_blocks, st.data())
def test_a_place_is_in_the_section_of_the_last_heading_before_it(raw, data):
    document = build_document("d", "d.txt", raw, Metadata("T"))
    offset = data.draw(st.integers(0, len(document.text) + 1))
    headings = [block for block in document.blocks if block.level and block.start <= offset]

    assert document.section_at(offset) == (
        document.text[headings[-1].start : headings[-1].end] if headings else None
    )


@given(raw_blocks, st.data())
def test_a_place_is_in_the_last_paragraph_and_on_the_last_page_before_it(raw, data):
    document = build_document("d", "d.txt", raw, Metadata("T"))
    offset = data.draw(st.integers(0, len(document.text) + 1))
    paragraphs = [b for b in document.blocks if not b.level and b.start <= offset]
    pages = [page for page in document.pages if page.start <= offset] or document.pages[:1]

    assert document.paragraph_at(offset) == max(1, len(paragraphs))
    assert document.page_at(offset) == (pages[-1].number if pages else None)


def test_a_section_is_not_looked_for_block_by_block(monkeypatch):
    document = build_document(
        "d", "d.txt", [RawBlock("Head", 1), *[RawBlock("a")] * 10_000], Metadata("T")
    )
    looked_at = []
    monkeypatch.setattr(Block, "start", property(lambda block: looked_at.append(1) or block[0]))
    for block in document.blocks[::100]:
        document.section_at(block[0])

    assert len(looked_at) < 1000


def test_a_document_of_headings_alone_can_be_cited():
    document = build_document("d", "d.md", [RawBlock("One", 1), RawBlock("Two", 2)], Metadata("T"))

    assert len(document.paragraphs) == 2


@given(raw_blocks)
def test_blocks_stand_where_they_say(raw):
    document = build_document("d", "d.txt", raw, Metadata("T"))

    assert all("\n" not in document.text[b.start : b.end] for b in document.blocks)
    assert "\n\n".join(document.text[b.start : b.end] for b in document.blocks) == document.text


@given(raw_blocks)
def test_a_document_comes_back_from_json_as_it_was(raw):
    document = build_document("d", "d.txt", raw, example().metadata)

    assert Document.from_json(document.to_json()) == document


def test_the_checksum_is_of_the_canonical_text():
    assert example().sha256 == example().sha256
    assert (
        example().sha256 != build_document("d", "d.txt", [RawBlock("Other.")], Metadata("T")).sha256
    )
