"""Word documents -> what Word shows: notes, text boxes, changes, formulas, numbers, tables."""

import io
import zipfile

import pytest

from qa.documents.formats.docx import read_docx
from qa.documents.formats.list_numbers import format_number
from qa.errors import UnreadableFileError
from tests.documents.formats.wordprocessing import (
    LIMIT,
    NAMESPACES,
    OFFICE,
    WORD,
    package,
    paragraph,
    run,
    table,
    word,
)

STRICT = "http://purl.oclc.org/ooxml"


def texts(body, **parts):
    return [block.text for block in read_docx(word(body, **parts), LIMIT).blocks]


def test_notes_follow_the_paragraph_that_refers_to_them():
    note = f'<w:footnote w:id="2">{paragraph("Ratified in May.")}</w:footnote>'
    line = f'<w:footnote w:id="0" w:type="separator">{paragraph("x")}</w:footnote>'
    end = f'<w:endnote w:id="2">{paragraph("Archive box 17.")}</w:endnote>'
    reference = (
        '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:endnoteReference w:id="2"/></w:r>'
    )

    assert texts(
        paragraph("The pact.", reference) + paragraph("The end."),
        footnotes=line + note,
        endnotes=end,
    ) == ["The pact.", "Ratified in May.", "Archive box 17.", "The end."]


def test_a_note_is_read_once_and_may_refer_to_itself():
    reference = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    note = f'<w:footnote w:id="2">{paragraph("See above.", reference)}</w:footnote>'

    assert texts(paragraph("A", reference) + paragraph("B", reference), footnotes=note) == [
        "A",
        "See above.",
        "B",
    ]


def test_notes_in_a_table_follow_it():
    note = f'<w:footnote w:id="2">{paragraph("In the spring.")}</w:footnote>'
    rows = table(["Tree", "Lost"], ["Oak", "12"]).replace(
        "12</w:t></w:r>", '12</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>'
    )

    assert texts(rows + paragraph("End."), footnotes=note) == [
        "Tree: Oak; Lost: 12",
        "In the spring.",
        "End.",
    ]


def test_a_text_box_is_read_once_with_its_own_paragraphs():
    lines = paragraph("Call first.") + paragraph("Then lower the gate.")
    box = f"<w:txbxContent>{lines}</w:txbxContent>"
    drawing = (
        "<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>"
        f"{box}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{box}</v:textbox>"
        "</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )

    assert texts(paragraph("Procedure for ", drawing, "floods.")) == [
        "Procedure for floods.",
        "Call first.",
        "Then lower the gate.",
    ]


def test_tracked_changes_are_read_as_accepted():
    moved = "Invoices are due."
    body = (
        paragraph(f"<w:moveFrom>{run(moved)}</w:moveFrom>",
                  properties="<w:rPr><w:moveFrom/></w:rPr>")
        + paragraph("Goods ", f"<w:del><w:r><w:delText>never</w:delText></w:r>{run('old')}</w:del>",
                    f"<w:ins>{run('always ')}</w:ins>", "travel.")
        + paragraph(f"<w:moveTo>{run(moved)}</w:moveTo>")
        + paragraph("One end ", properties="<w:rPr><w:del/></w:rPr>") + paragraph("was deleted.")
        + table(["gone"]).replace("<w:tr>", "<w:tr><w:trPr><w:del/></w:trPr>")
    )  # fmt: skip

    assert texts(body) == ["Goods always travel.", moved, "One end was deleted."]


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (("<m:r><m:t>A=π</m:t></m:r><m:sSup><m:e><m:r><m:t>r</m:t></m:r></m:e>"
         "<m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"), "A=πr2"),
        ("<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>",
         "(a+b)/2"),
        ("<m:rad><m:deg/><m:e><m:r><m:t>x</m:t></m:r></m:e></m:rad>", "√(x)"),
        ("<m:d><m:e><m:r><m:t>x</m:t></m:r></m:e></m:d>", "(x)"),
        (('<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub><m:r><m:t>i</m:t></m:r></m:sub>'
         "<m:e><m:r><m:t>x</m:t></m:r></m:e></m:nary>"), "∑ix"),
    ],
)  # fmt: skip
def test_a_formula_is_read_in_one_line(formula, text):
    assert texts(paragraph("Then ", f"<m:oMath>{formula}</m:oMath>", " holds.")) == [
        f"Then {text} holds."
    ]


NUMBERS = """
    <w:abstractNum w:abstractNumId="5">
      <w:lvl w:ilvl="0"><w:start w:val="1"/><w:lvlText w:val="Article %1"/></w:lvl>
      <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/>
        <w:lvlText w:val="%1.%2)"/></w:lvl>
      <w:lvl w:ilvl="2"><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl>
    </w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num>
    <w:num w:numId="2"><w:abstractNumId w:val="5"/><w:lvlOverride w:ilvl="0">
      <w:startOverride w:val="7"/></w:lvlOverride></w:num>"""


def item(text, level=0, number=1):
    properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return paragraph(text, properties=properties)


def test_automatic_numbers_are_read_as_word_shows_them():
    body = "".join(
        [
            item("Rent"), item("Monthly", 1), item("A bullet", 2), item("Late", 1),
            item("End"), item("Early", 1), item("Other", 0, 2), item("More", 0, 2),
            item("None", 0, 0), item("Unknown", 0, 99),
        ]
    )  # fmt: skip

    assert texts(body, numbering=NUMBERS) == [
        "Article 1 Rent", "1.a) Monthly", "A bullet", "1.b) Late", "Article 2 End", "2.a) Early",
        "Article 7 Other", "Article 8 More", "None", "Unknown",
    ]  # fmt: skip


def test_numbers_of_a_heading_come_from_its_style():
    styles = """
        <w:style w:styleId="H1"><w:name w:val="heading 1"/><w:pPr>
          <w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
        <w:style w:styleId="Own"><w:name w:val="Clause"/><w:basedOn w:val="H1"/></w:style>
        <w:style w:styleId="Loop"><w:name w:val="x"/><w:basedOn w:val="Loop"/></w:style>"""
    body = "".join(
        paragraph(style, properties=f'<w:pStyle w:val="{style}"/>')
        for style in ("H1", "Own", "Loop")
    )
    blocks = read_docx(word(body, styles=styles, numbering=NUMBERS), LIMIT).blocks

    assert [tuple(block)[:2] for block in blocks] == [
        ("Article 1 H1", 1),
        ("Article 2 Own", 1),
        ("Loop", 0),
    ]


@pytest.mark.parametrize(
    ("number", "number_format", "text"),
    [
        (4, "decimal", "4"), (28, "lowerLetter", "bb"), (2, "upperLetter", "B"),
        (1949, "lowerRoman", "mcmxlix"), (14, "upperRoman", "XIV"), (3, "decimalZero", "03"),
        (22, "ordinal", "22nd"), (12, "ordinal", "12th"), (5, "unknownFormat", "5"),
        (0, "lowerLetter", "0"), (10**9, "upperRoman", "1000000000"), (2, "none", ""),
    ],
)  # fmt: skip
def test_numbers_have_the_formats_of_word(number, number_format, text):
    assert format_number(number, number_format) == text


def test_empty_and_merged_cells_stay_in_their_columns():
    body = table(
        ["Tree", "Planted", "Lost"],
        [('<w:vMerge w:val="restart"/>', "Oak"), "", "12"],
        [("<w:vMerge/>", ""), "40", "3"],
        [('<w:gridSpan w:val="2"/>', "Elm"), "5"],
    )

    assert texts(body) == [
        "Tree: Oak; Planted: ; Lost: 12",
        "Tree: Oak; Planted: 40; Lost: 3",
        "Tree: Elm; Planted: ; Lost: 5",
    ]


def test_a_declared_header_names_the_columns():
    rows = table(["Ship", "Fate"], ["Vesa", "sunk"])
    declared = rows.replace("<w:tr>", "<w:tr><w:trPr><w:tblHeader/></w:trPr>", 1)

    assert texts(declared) == ["Ship: Vesa; Fate: sunk"]
    assert texts(rows) == ["Ship | Fate", "Vesa | sunk"]


def test_a_table_of_one_column_is_text():
    assert texts(table(["A note."], ["Another."])) == ["A note.", "Another."]


def test_controls_in_controls_and_custom_xml_are_read():
    def control(content):
        return f"<w:sdt><w:sdtPr/><w:sdtContent>{content}</w:sdtContent></w:sdt>"

    body = (
        control(control(paragraph("Deep."))) + f"<w:customXml>{paragraph('Custom.')}</w:customXml>"
    )
    inline = paragraph("In ", control(control(run("a line"))), ".")

    assert texts(body + inline) == ["Deep.", "Custom.", "In a line."]


def test_special_characters_are_read():
    body = paragraph(
        "F", "<w:r><w:noBreakHyphen/></w:r>", "16 co", "<w:r><w:softHyphen/></w:r>", "operation ",
        '<w:r><w:sym w:font="Symbol" w:char="F070"/><w:sym w:font="Symbol" w:char="00A3"/></w:r>',
        '<w:r><w:sym w:font="Wingdings" w:char="F04A"/></w:r>',
        '<w:r><w:sym w:font="x" w:char="zz"/></w:r>',
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>",
    )  # fmt: skip

    assert texts(body) == ["F-16 cooperation π≤"]


def test_a_drop_cap_belongs_to_its_word():
    cap = paragraph("T", properties='<w:framePr w:dropCap="drop"/>')

    assert texts(cap + paragraph("he harbour.")) == ["The harbour."]


def test_a_contents_list_is_left_out():
    styles = '<w:style w:styleId="C"><w:name w:val="toc 1"/></w:style>'

    assert texts(
        paragraph("Rent 3", properties='<w:pStyle w:val="C"/>') + paragraph("Rent"), styles=styles
    ) == ["Rent"]


def test_strict_open_xml_is_read():
    names = {
        WORD: f"{STRICT}/wordprocessingml/main",
        OFFICE: f"{STRICT}/officeDocument/relationships",
    }
    with zipfile.ZipFile(io.BytesIO(word(paragraph("The ferry leaves.")))) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, content in members.items():
        for old, new in names.items():
            content = content.replace(old, new)  # noqa: PLW2901
        members[name] = content

    assert [block.text for block in read_docx(package(members), LIMIT).blocks] == [
        "The ferry leaves."
    ]


def test_missing_and_broken_parts_are_left_out():
    data = word(paragraph("The ferry leaves."), styles="<broken", footnotes="")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    del members["word/footnotes.xml"]

    assert [block.text for block in read_docx(package(members), LIMIT).blocks] == [
        "The ferry leaves."
    ]


def test_a_document_without_properties_has_no_title():
    assert read_docx(word(paragraph("The council met.")), LIMIT).metadata == {}


def test_entities_are_not_expanded():
    body = f"<w:document {NAMESPACES}><w:body>{paragraph('a&x;b')}</w:body></w:document>"
    bomb = (
        '<!DOCTYPE d [<!ENTITY y "ha"><!ENTITY x "&y;&y;"><!ENTITY z SYSTEM "file:///etc/passwd">]>'
    )
    data = package({"word/document.xml": bomb + body})

    assert [block.text for block in read_docx(data, LIMIT).blocks] == ["a"]


def test_a_deep_document_is_refused_or_read_in_time():
    deep = "<w:sdt><w:sdtContent>" * 5000 + "</w:sdtContent></w:sdt>" * 5000

    with pytest.raises(Exception, match="Excessive depth"):
        read_docx(word(deep), LIMIT)


def test_a_package_without_a_document_is_refused():
    with pytest.raises((KeyError, UnreadableFileError)):
        read_docx(package({"content.xml": "<x/>"}), LIMIT)


def test_comments_and_headers_with_words_are_said_to_be_left_out():
    parts = {
        "comments": "<w:comment/><w:comment/>",
        "header": paragraph("Harbour rules"),
        "footer": paragraph("7"),
    }

    assert read_docx(word(paragraph("The gate."), **parts), LIMIT).omissions == (
        "2 comments",
        "the headers",
    )
