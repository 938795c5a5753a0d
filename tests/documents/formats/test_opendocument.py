"""OpenDocument texts -> headings, paragraphs, rows, notes and boxes, once."""

import pytest

from qa.documents.formats.opendocument import read_odt
from qa.errors import UnreadableFileError
from tests.documents.samples import opendocument

LIMIT = 50 << 20


def read(body, styles="", **parts):
    return read_odt(opendocument("text", body, styles, **parts), LIMIT)


def texts(body):
    return [" ".join(block.text.split()) for block in read(body).blocks if block.text.strip()]


def test_headings_have_their_levels_and_the_title_is_the_documents():
    style = "<style:style style:name='P1' style:parent-style-name='Title'/>"
    raw_document = read(
        "<text:p text:style-name='P1'>The harbour</text:p><text:h text:outline-level='2'>Ships"
        "</text:h><text:p>The ferry.</text:p>",
        style,
    )

    assert raw_document.metadata == {"title": "The harbour"}
    assert [(b.text, b.level) for b in raw_document.blocks] == [("Ships", 2), ("The ferry.", 0)]


def test_spaces_tabs_and_line_breaks_are_spaces():
    assert texts("<text:p>a<text:s text:c='3'/>b<text:tab/>c<text:line-break/>d</text:p>") == [
        "a b c d"
    ]


def test_lists_sections_and_links_are_read_in_order():
    body = (
        "<text:section><text:list><text:list-item><text:p>One</text:p><text:list><text:list-item>"
        "<text:p>Inner</text:p></text:list-item></text:list></text:list-item></text:list>"
        "</text:section><text:p>See <text:a>the <text:span>plan</text:span></text:a>.</text:p>"
    )

    assert texts(body) == ["One", "Inner", "See the plan."]


def test_notes_and_boxes_follow_their_paragraph_once():
    body = (
        "<text:p>The pier<text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>Of stone.</text:p></text:note-body></text:note> stands<draw:frame><draw:text-box>"
        "<text:p>Box</text:p></draw:text-box></draw:frame>.</text:p>"
    )

    assert texts(body) == ["The pier stands.", "Of stone.", "Box"]


def test_comments_deletions_and_contents_are_left_out():
    body = (
        "<text:tracked-changes><text:p>Gone</text:p></text:tracked-changes>"
        "<text:table-of-content><text:p>Ships 3</text:p></text:table-of-content>"
        "<text:p>Here<office:annotation><text:p>Why?</text:p></office:annotation>.</text:p>"
    )

    assert texts(body) == ["Here."]


def test_a_row_has_the_names_of_its_columns():
    def row(*cells):
        inner = "".join(f"<table:table-cell><text:p>{c}</text:p></table:table-cell>" for c in cells)
        return f"<table:table-row>{inner}</table:table-row>"

    body = (
        f"<table:table><table:table-header-rows>{row('Ship', 'Crew', 'Port')}"
        f"</table:table-header-rows>{row('Ferry', '', 'Vesa')}</table:table>"
    )

    assert texts(body) == ["Ship: Ferry; Crew: ; Port: Vesa"]


def test_the_properties_and_the_number_of_pictures_are_read():
    meta = (
        "<m xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>Ports</dc:title>"
        "<dc:language>de</dc:language></m>"
    )
    raw_document = read(
        "<text:p>a<draw:frame><draw:image/></draw:frame></text:p>", **{"meta.xml": meta}
    )

    assert raw_document.metadata == {"title": "Ports", "language": "de"}
    assert raw_document.omissions == ("a picture",)


def test_an_encrypted_file_is_said_to_be():
    manifest = "<m xmlns:manifest='urn:m'><manifest:encryption-data/></m>"

    with pytest.raises(UnreadableFileError, match="encrypted"):
        read("<text:p>a</text:p>", **{"META-INF/manifest.xml": manifest})


def test_another_kind_of_opendocument_is_said_to_be_none():
    with pytest.raises(UnreadableFileError, match="no text in it"):
        read_odt(opendocument("drawing", ""), LIMIT)
