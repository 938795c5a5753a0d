"""RTF -> headings, paragraphs, rows, notes at the end, properties."""

import pytest

from qa.documents.formats.rtf import read_rtf
from qa.errors import UnreadableFileError
from tests.documents.samples import rtf


def blocks(body):
    return [(b.text.strip(), b.level) for b in read_rtf(rtf(body)).blocks if b.text.strip()]


def test_headings_and_paragraphs_are_read():
    assert blocks(r"\outlinelevel0\b Ships\b0\par\pard\outlinelevel2 Ferries\par\pard One\par") == [
        ("Ships", 1),
        ("Ferries", 3),
        ("One", 0),
    ]


def test_rows_have_the_names_of_their_columns():
    body = r"\trowd Ship\cell Crew\cell\row\trowd Ferry\cell 3\cell\row\trowd Tug\cell 4\cell\row"

    assert blocks(body) == [("Ship: Ferry; Crew: 3", 0), ("Ship: Tug; Crew: 4", 0)]


def test_notes_come_last():
    note = r"{\*\footnote {\i Of} stone \{1874\}.}"

    assert blocks(rf"The pier{note} stands.\par End.\par") == [
        ("The pier stands.", 0),
        ("End.", 0),
        ("Of stone {1874}.", 0),
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"caf\'e9", "café"),
        (r"\u321?\'f3d\u378?", "\u0141ód\u017a"),
        (r"\u-10179?\u-8704?", "\N{GRINNING FACE}"),
        (r"a\~b\_c\emdash d", "a\N{NO-BREAK SPACE}b\N{NON-BREAKING HYPHEN}c\N{EM DASH}d"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}", "a link"),
        (r"{\*\unknown hidden}seen", "seen"),
    ],
)
def test_characters_and_fields_are_what_people_see(body, text):
    assert blocks(body)[0][0] == text


def test_bytes_in_the_code_page_of_the_file_are_decoded():
    data = rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'f7\'e0\'eb\par}"

    assert read_rtf(data).blocks[0].text == "Причал"


def test_the_properties_and_the_number_of_pictures_are_read():
    data = rtf(
        r"Text{\pict\pngblip 89504e47}\par",
        r"{\title Der Hafen}{\author J\'f6rg}{\creatim\yr2021\mo5\dy4\hr1}",
    )
    raw_document = read_rtf(data)

    assert raw_document.metadata == {"title": "Der Hafen", "author": "Jörg", "date": "2021-05-04"}
    assert raw_document.omissions == ("a picture",)
    assert [block.text for block in raw_document.blocks if block.text] == ["Text"]


@pytest.mark.parametrize("data", [b"", b"Just text.", b"\xd0\xcf\x11\xe0"])
def test_what_is_no_rtf_is_said_to_be_none(data):
    with pytest.raises(UnreadableFileError, match="not RTF"):
        read_rtf(data)
