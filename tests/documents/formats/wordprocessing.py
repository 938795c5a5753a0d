"""Word documents made for the tests of reading them."""

import io
import zipfile

LIMIT = 100 << 20
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = (
    f'xmlns:w="{WORD}" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:wps="urn:wps"'
)


def word(body, **parts):
    """A Word document with this body, and with parts such as footnotes."""
    kinds = "".join(
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{kind}.xml"/>' for kind in parts
    )
    members = {
        "_rels/.rels": relationships(
            f'<Relationship Id="a" Type="{OFFICE}/officeDocument" Target="word/document.xml"/>'
        ),
        "word/_rels/document.xml.rels": relationships(kinds),
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        **{
            f"word/{kind}.xml": f"<w:{kind} {NAMESPACES}>{content}</w:{kind}>"
            for kind, content in parts.items()
        },
    }
    return package(members)


def relationships(content):
    return f'<Relationships xmlns="x">{content}</Relationships>'


def package(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def run(text):
    return f"<w:r><w:t xml:space='preserve'>{text}</w:t></w:r>"


def paragraph(*parts, properties=""):
    runs = "".join(part if part.startswith("<") else run(part) for part in parts)
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>"


def table(*rows):
    """A table whose cells are texts or pairs of properties and text."""
    pairs = [[cell if isinstance(cell, tuple) else ("", cell) for cell in row] for row in rows]
    content = "".join(
        "<w:tr>"
        + "".join(f"<w:tc><w:tcPr>{p}</w:tcPr>{paragraph(text)}</w:tc>" for p, text in row)
        + "</w:tr>"
        for row in pairs
    )
    return f"<w:tbl>{content}</w:tbl>"
