"""Charts, diagrams, pictures and objects in Word documents -> their texts, or their number."""

import pytest

from qa.documents.formats.docx import read_docx
from tests.documents.formats.wordprocessing import (
    LIMIT,
    NAMESPACES,
    OFFICE,
    package,
    paragraph,
    relationships,
    word,
)

DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
CHART = f"""<c:chartSpace xmlns:c="{DRAWING}/chart" xmlns:a="{DRAWING}/main"><c:title><a:p>
    <a:r><a:t>Ships</a:t></a:r></a:p></c:title>
    <c:ser><c:tx><c:pt idx="0"><c:v>Lost</c:v></c:pt></c:tx>
    <c:cat><c:pt idx="0"><c:v>1902</c:v></c:pt><c:pt idx="1"><c:v>1903</c:v></c:pt></c:cat>
    <c:val><c:pt idx="1"><c:v>3</c:v></c:pt></c:val></c:ser></c:chartSpace>"""
DIAGRAM = f'<d xmlns:a="{DRAWING}/main"><a:p><a:t>First </a:t><a:t>step</a:t></a:p><a:p/></d>'


def test_charts_diagrams_and_embedded_pages_are_read():
    members = {
        "word/document.xml": f'''<w:document {NAMESPACES} xmlns:r="{OFFICE}"><w:body>
            <w:p><w:r><w:drawing><x r:dm="d"/></w:drawing></w:r></w:p>
            <w:p><w:r><c:chart xmlns:c="{DRAWING}/chart" r:id="c"/></w:r></w:p>
            <w:altChunk r:id="h"/><w:altChunk r:id="none"/></w:body></w:document>''',
        "word/_rels/document.xml.rels": relationships(
            '<Relationship Id="d" Type="d" Target="d.xml"/>'
            '<Relationship Id="c" Type="c" Target="c.xml"/>'
            '<Relationship Id="h" Type="h" Target="/word/h.html"/>'
        ),
        "word/d.xml": DIAGRAM,
        "word/c.xml": CHART,
        "word/h.html": "<p>Embedded page.</p>",
    }

    assert [block.text for block in read_docx(package(members), LIMIT).blocks] == [
        "First step",
        "Ships",
        "1902; Lost: ",
        "1903; Lost: 3",
        "Embedded page.",
    ]


TWO_VERSIONS = f"""<mc:AlternateContent><mc:Choice><x:pic xmlns:x="{DRAWING}/picture"/></mc:Choice>
    <mc:Fallback><v:imagedata/></mc:Fallback></mc:AlternateContent>"""
PICTURE = f'<x:pic xmlns:x="{DRAWING}/picture"/>'


def run_with(content):
    return f"<w:p><w:r>{content}</w:r></w:p>"


@pytest.mark.parametrize(
    ("content", "omissions"),
    [
        (f"<w:drawing>{PICTURE}</w:drawing>", ("a picture",)),
        ("<w:pict><v:shape><v:imagedata/></v:shape></w:pict>" * 2, ("2 pictures",)),
        # The picture in an object is its preview, that in a fallback the same again.
        ("<w:object><v:shape><v:imagedata/></v:shape></w:object>", ("an embedded object",)),
        (TWO_VERSIONS, ("a picture",)),
        (f"<w:del>{PICTURE}</w:del>", ()),
        ("<w:drawing><wps:txbx/></w:drawing>", ()),
    ],
)
def test_pictures_and_embedded_objects_are_counted(content, omissions):
    document = read_docx(word(paragraph("The gate.") + run_with(content)), LIMIT)

    assert document.omissions == omissions
