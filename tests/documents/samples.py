"""Small files of all formats, made for tests: three facts about a harbour, each at a place."""

import io
import json
import struct
import zipfile

import docx
import xlsxwriter
from fpdf import FPDF
from pptx import Presentation

from tests.documents.compound import compound_file
from tests.documents.reading import make_zip

BUILT, FERRY, LIGHT = (
    "The harbour of {} was built by Karl Brandt in 1874.",
    "The ferry from {} to Vesa runs twice a day in winter.",
    "The lighthouse of {} has been lit by gas since 1902.",
)


def facts_of(town):
    """The three facts about a harbour."""
    return [fact.format(town) for fact in (BUILT, FERRY, LIGHT)]


def xlsx(sheets, hidden=()):
    """A workbook with these sheets, lists of rows by name."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if name in hidden:
                sheet.hide()
    return file.getvalue()


def replace_part(data, name, content):
    """The package *data* with another *content* in a part."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(file, "w", 8) as changed:
        for part in package.namelist():
            changed.writestr(part, content if part == name else package.read(part))
    return file.getvalue()


def xls(sheets, code="General"):
    """A workbook of Excel 97 (BIFF8) with these sheets, lists of rows of texts and numbers.

    *code* is the format of all cells.
    """
    number_format = struct.pack("<HHB", 164, len(code), 1) + code.encode("utf-16-le")
    parts = [
        _record(0x809, struct.pack("<HHII", 0x600, 5, 0, 0)),
        _record(0x41E, number_format),
        _record(0xE0, struct.pack("<HH16x", 0, 164)),
    ]
    bodies = []
    for rows in sheets.values():
        cells = b"".join(
            _xls_cell(number, column, value)
            for number, row in enumerate(rows)
            for column, value in enumerate(row)
        )
        start = _record(0x809, struct.pack("<HHII", 0x600, 0x10, 0, 0))
        bodies.append(start + cells + _record(0xA))
    names = [bytes([len(n)]) + b"\1" + n.encode("utf-16-le") for n in sheets]
    offset = sum(map(len, parts)) + sum(4 + 6 + len(name) for name in names) + 4
    for name, body in zip(names, bodies, strict=True):
        parts.append(_record(0x85, struct.pack("<IBB", offset, 0, 0) + name))
        offset += len(body)
    return compound_file({"Workbook": b"".join([*parts, _record(0xA), *bodies])})


def _record(number, data=b""):
    return struct.pack("<HH", number, len(data)) + data


def _xls_cell(row, column, value):
    if isinstance(value, str):
        head = struct.pack("<HHHHB", row, column, 0, len(value), 1)
        return _record(0x204, head + value.encode("utf-16-le"))
    return _record(0x203, struct.pack("<HHHd", row, column, 0, value))


ODF_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
    for name, path in [
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
        ("style", "style"),
    ]
)


def opendocument(kind, body, styles="", **parts):
    """An OpenDocument file of a *kind* with this *body*."""
    content = (
        f"<office:document-content {ODF_NAMES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    return make_zip(**{"content.xml": content}, **parts)


def ods(sheets):
    """A spreadsheet with these sheets."""
    return opendocument(
        "spreadsheet",
        "".join(
            f"<table:table table:name='{name}'>{''.join(map(_ods_row, rows))}</table:table>"
            for name, rows in sheets.items()
        ),
    )


def _ods_row(row):
    cells = (f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in row)
    return f"<table:table-row>{''.join(cells)}</table:table-row>"


def odp(slides):
    """A presentation with these slides: a title, a text, and the notes of the speaker."""
    return opendocument("presentation", "".join(_odp_slide(*slide) for slide in slides))


def _odp_slide(title, text, notes=""):
    return (
        "<draw:page><draw:frame presentation:class='outline'><draw:text-box>"
        f"<text:p>{text}</text:p></draw:text-box></draw:frame>"
        "<draw:frame presentation:class='title'><draw:text-box>"
        f"<text:p>{title}</text:p></draw:text-box></draw:frame>"
        f"<presentation:notes><text:p>{notes}</text:p></presentation:notes></draw:page>"
    )


def pptx(slides):
    """A presentation with these slides: a title, a text, and the notes of the speaker."""
    presentation, file = Presentation(), io.BytesIO()
    for title, text, *notes in slides:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
        if notes:
            slide.notes_slide.notes_text_frame.text = notes[0]
    presentation.save(file)
    return file.getvalue()


CONTAINER = (
    "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>"
    "<rootfile full-path='OPS/book.opf'/></rootfiles></container>"
)


def epub(chapters, title="", **parts):
    """A book with these chapters: the name of each in the contents, and its HTML."""
    items = "".join(
        f"<item id='c{n}' href='c%20{n}.xhtml' media-type='application/xhtml+xml'/>"
        for n in range(len(chapters))
    )
    spine = "".join(f"<itemref idref='c{n}'/>" for n in range(len(chapters)))
    points = "".join(
        f"<navPoint><navLabel><text>{name}</text></navLabel>"
        f"<content src='c%20{n}.xhtml'/></navPoint>"
        for n, (name, _) in enumerate(chapters)
    )
    book = (
        "<package xmlns='http://www.idpf.org/2007/opf' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<metadata><dc:title>{title}</dc:title><dc:creator>Anna Vell</dc:creator></metadata>"
        "<manifest><item id='ncx' href='toc.ncx' media-type='application/x-dtbncx+xml'/>"
        f"{items}</manifest><spine>{spine}</spine></package>"
    )
    pages = {
        f"OPS/c {n}.xhtml": f"<html xmlns='http://www.w3.org/1999/xhtml'><body>{html}</body></html>"
        for n, (_, html) in enumerate(chapters)
    }
    return make_zip(
        **{
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": book,
            "OPS/toc.ncx": f"<ncx><navMap>{points}</navMap></ncx>",
        },
        **pages,
        **parts,
    )


def eml(subject, text, attachments=(), **headers):
    """A message from Anna Vell of 6 May 2024; *attachments* are names and texts."""
    lines = [
        "From: Anna Vell <anna@example.org>",
        "To: Bo Lund <bo@example.org>",
        "Date: Mon, 06 May 2024 23:30:00 -0700",
        *([f"Subject: {subject}"] if subject else []),
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=X",
        "",
        "--X",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
    ]
    for name, content in attachments:
        lines += [
            "--X",
            "Content-Type: application/octet-stream",
            f"Content-Disposition: attachment; filename={name}",
            "",
            content,
        ]
    return "\n".join([*lines, "--X--", ""]).encode()


def mbox(*messages):
    """A mailbox with these messages: a subject and a text each."""
    return b"\n".join(
        f"From anna@example.org Mon May  6 09:00:00 2024\nFrom: Anna Vell <anna@example.org>\n"
        f"Subject: {subject}\n\n{text}\n".encode()
        for subject, text in messages
    )


def msg(subject, text, attachments=(), **properties):
    """A message of Outlook; *properties* are further ones, bytes by tag such as p10090102."""
    tags = {
        0x001A001F: "IPM.Note",
        0x0037001F: subject,
        0x1000001F: text,
        0x0C1A001F: "Anna Vell",
        0x5D01001F: "anna@example.org",
    }
    values = {tag: value.encode("utf-16-le") for tag, value in tags.items() if value}
    values |= {int(name[1:], 16): value for name, value in properties.items()}
    streams = _msg_streams(values, struct.pack("<8xIIII8x", 0, 0, 0, len(attachments)))
    for number, (name, content) in enumerate(attachments):
        inner = {0x3707001F: name.encode("utf-16-le"), 0x37010102: content.encode()}
        folder = f"__attach_version1.0_#{number:08X}/"
        parts = _msg_streams(inner, bytes(8), {0x37050003: 1})
        streams |= {folder + path: data for path, data in parts.items()}
    return compound_file(streams)


def _msg_streams(values, header, numbers=None):
    entries = [
        struct.pack("<IIII", tag, 6, len(value) + 2 * (tag & 0xFFFF == 0x1F), 0)
        for tag, value in values.items()
    ]
    entries += [struct.pack("<IIII", tag, 6, value, 0) for tag, value in (numbers or {}).items()]
    return {
        "__properties_version1.0": header + b"".join(entries),
        **{f"__substg1.0_{tag:08X}": value for tag, value in values.items()},
    }


def notebook(*cells):
    """A notebook with these cells: a kind, a source, and for code what it printed."""
    return json.dumps(
        {
            "nbformat": 4,
            "metadata": {"kernelspec": {"language": "python"}},
            "cells": [
                {
                    "cell_type": kind,
                    "source": source.splitlines(keepends=True),
                    "outputs": [{"output_type": "stream", "text": text} for text in outputs],
                }
                for kind, source, *outputs in cells
            ],
        }
    ).encode()


def rtf(body, info=""):
    """RTF with this body, in ASCII."""
    return rf"{{\rtf1\ansi\ansicpg1252{{\info{info}}}\pard {body}}}".encode()


def pdf(*pages):
    """A PDF with a text on each page."""
    file = FPDF()
    for text in pages:
        file.add_page()
        file.set_font("Helvetica")
        file.multi_cell(0, 6, text)
    return bytes(file.output())


def word(*paragraphs):
    """A Word document."""
    document, file = docx.Document(), io.BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    document.save(file)
    return file.getvalue()
