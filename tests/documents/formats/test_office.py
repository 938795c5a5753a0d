"""PDF and Word -> blocks with pages and levels, and the properties that people filled in."""

import datetime
from io import BytesIO

import docx
import pytest
from docx.oxml import OxmlElement
from fpdf import FPDF
from fpdf.enums import EncryptionMethod

from qa.documents.formats import docx as word
from qa.documents.formats import pdf
from qa.errors import UnreadableFileError

LIMIT = 100 << 20
ONE = "The harbour of Lindholm was built in 1874 by the engineer Karl Brandt. " * 4
TWO = "In October 1902 a storm broke the northern pier and sank three ships. " * 4


def make_pdf(*pages, **properties):
    """A PDF of *pages*, each a list of paragraphs, those in capitals set as headings."""
    file = FPDF()
    for page in pages:
        file.add_page()
        for text in page:
            file.set_font("Helvetica", size=18 if text.isupper() else 11)
            file.multi_cell(0, 6, text, align="L", new_x="LMARGIN", new_y="NEXT")
    for name, value in properties.items():
        getattr(file, f"set_{name}")(value)
    return file


def read_blocks(file):
    extract = pdf.read_pdf(bytes(file.output()))
    return [(" ".join(block.text.split()), block.level, block.page) for block in extract.blocks]


def test_lines_of_a_pdf_are_joined_to_paragraphs_with_their_page():
    blocks = read_blocks(make_pdf(["THE HARBOUR", ONE, TWO], [TWO]))

    assert blocks == [
        ("THE HARBOUR", 1, 1),
        (ONE.strip(), 0, 1),
        (TWO.strip(), 0, 1),
        (TWO.strip(), 0, 2),
    ]


def test_a_gap_parts_paragraphs_that_end_with_a_full_line():
    file = make_pdf([])
    file.set_font("Helvetica", size=11)
    for text in ("One line that does not end", "and another after a gap"):
        file.cell(0, 6, "filling " * 11 + text, new_x="LMARGIN", new_y="NEXT")
        file.cell(0, 6, "filling " * 11 + text, new_x="LMARGIN", new_y="NEXT")
        file.ln(6)

    assert len(read_blocks(file)) == 2


def test_running_headers_are_dropped_but_the_first_and_page_numbers():
    pages = [
        [f"Northern Gazette {number}", ONE + f"Text {number} goes on.", f"- {number} -"]
        for number in range(1, 5)
    ]

    first, *others = (text for text, *_ in read_blocks(make_pdf(*pages)))

    assert first == "Northern Gazette 1"
    assert others == [text.strip() for _, text, _ in pages]


def test_a_first_line_that_does_not_recur_stays():
    assert read_blocks(make_pdf(["Alpha", ONE], ["Beta", ONE]))[0][0].startswith("Alpha")


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ("The guaran-\ntees were given.", "The guarantees were given."),
        ("A well-known man.\nThe well-\nknown man.", "A well-known man. The well-known man."),
        (
            "It is wellknown.\nThe well-\nknown well-known.",
            "It is wellknown. The wellknown well-known.",
        ),
        ("The Russo-\nUkrainian war.", "The Russo-Ukrainian war."),
        ("In the mid-\n1990s.", "In the mid-1990s."),
        ("A pause -\nand on.", "A pause - and on."),
    ],
)
def test_hyphens_at_line_ends_go_unless_the_word_is_known_with_them(lines, joined):
    filler = "and this line is a good deal longer than those others are"
    blocks = read_blocks(make_pdf([f"{filler}\n{filler}\n{lines}"]))

    assert " ".join(text for text, *_ in blocks).endswith(joined)


def test_a_long_text_in_large_type_is_no_heading():
    file = make_pdf(["small print, " * 100])
    file.set_font("Helvetica", size=18)
    file.multi_cell(0, 9, ONE, new_x="LMARGIN", new_y="NEXT")

    assert (ONE.strip(), 0, 1) in read_blocks(file)


def test_the_properties_of_a_pdf_are_its_metadata():
    day = datetime.datetime(2021, 12, 3, 10, tzinfo=datetime.UTC)
    file = make_pdf(["THE HARBOUR", ONE], title="The harbour", author="Ann", creation_date=day)
    extract = pdf.read_pdf(bytes(file.output()))

    assert extract.metadata["title"] == "The harbour"
    assert extract.metadata["author"] == "Ann"
    assert extract.metadata["date"].startswith("D:20211203")


@pytest.mark.parametrize(
    "title", ["Microsoft Word - a.docx", "untitled", "report.pdf", "Document1"]
)
def test_titles_that_programs_enter_are_none(title):
    assert "title" not in pdf.read_pdf(bytes(make_pdf([ONE], title=title).output())).metadata


@pytest.mark.parametrize("method", [EncryptionMethod.RC4, EncryptionMethod.AES_256])
def test_a_pdf_that_only_restricts_printing_is_read(method):
    file = make_pdf([ONE])
    file.set_encryption("owner", permissions=0, encryption_method=method)

    assert read_blocks(file) == [(ONE.strip(), 0, 1)]


def test_a_pdf_with_a_password_is_refused():
    file = make_pdf([ONE])
    file.set_encryption("owner", "user", encryption_method=EncryptionMethod.AES_256)

    with pytest.raises(UnreadableFileError, match="encrypted; save it without a password"):
        read_blocks(file)


def test_a_pdf_of_pictures_is_refused():
    file = make_pdf([])
    file.rect(10, 10, 50, 50)

    with pytest.raises(UnreadableFileError, match="run OCR first"):
        read_blocks(file)


def make_docx(build):
    """The bytes of a Word document that *build* fills."""
    document = docx.Document()
    build(document)
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def harbour(document):
    document.add_heading("The harbour", 0)
    document.add_paragraph("Built in 1874.")
    document.add_heading("Storms", 2)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Ship", "Fate", "Vesa", "sunk"], strict=True):
        cell.text = text
    document.add_paragraph("Three ships\twere\nlost.", style="List Bullet")


def test_a_word_document_gives_blocks_in_order():
    extract = word.read_docx(make_docx(harbour), LIMIT)

    assert extract.metadata == {"title": "The harbour"}
    assert [(block.text, block.level) for block in extract.blocks] == [
        ("Built in 1874.", 0),
        ("Storms", 2),
        ("Ship | Fate", 0),
        ("Vesa | sunk", 0),
        ("Three ships were lost.", 0),
    ]


def test_words_in_links_insertions_and_content_controls_are_read():
    def build(document):
        paragraph = document.add_paragraph("Kept ")
        insertion = OxmlElement("w:ins")
        insertion.append(document.add_paragraph("inserted")._p.r_lst[0])
        paragraph._p.append(insertion)
        control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
        control.append(content)
        content.append(document.add_paragraph("in a control")._p)
        document.element.body.insert(0, control)

    blocks = word.read_docx(make_docx(build), LIMIT).blocks

    assert [block.text for block in blocks if block.text] == ["in a control", "Kept inserted"]


def test_properties_that_somebody_filled_in_are_metadata():
    def build(document):
        document.core_properties.title = "The harbour"
        document.core_properties.author = "Ann"
        document.core_properties.created = datetime.datetime(2021, 12, 3, tzinfo=datetime.UTC)

    about = word.read_docx(make_docx(build), LIMIT).metadata

    assert (about["title"], about["author"]) == ("The harbour", "Ann")
    assert about["created"].date() == datetime.date(2021, 12, 3)


def test_a_word_document_that_unpacks_to_too_much_is_refused():
    with pytest.raises(UnreadableFileError, match="unpacks to more than 0 MB"):
        word.read_docx(make_docx(harbour), 10_000)


def test_an_old_or_encrypted_word_document_is_refused():
    with pytest.raises(UnreadableFileError, match="encrypted, or of an old Word"):
        word.read_docx(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), LIMIT)
