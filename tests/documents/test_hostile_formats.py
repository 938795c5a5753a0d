"""Hostile files of each format end in a document or in one line of the report."""

import io
import subprocess
import sys
import zipfile

import pytest

from qa.documents.document import Document
from qa.documents.reader import FileContent, read_content
from qa.documents.skips import Skip
from qa.settings import Settings
from tests.conftest import ROOT
from tests.documents.reading import make_zip
from tests.documents.repeated import REPEATED
from tests.documents.samples import (
    CONTAINER,
    ODF_NAMES,
    epub,
    opendocument,
    replace_part,
    xlsx,
)

SMALL = Settings(max_file_mb=1)
LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10 if n else 'laugh '}'>" for n in range(12))
PASSWORDS = "<!ENTITY l11 SYSTEM 'file:///etc/passwd'>"


def read(name, data, settings=SMALL):
    data = data.encode() if isinstance(data, str) else data
    return read_content(FileContent(data, {}), name, settings)


def content(doctype):
    """The content of an OpenDocument text with an entity."""
    return (
        f"<!DOCTYPE d [{doctype}]><office:document-content {ODF_NAMES}><office:body><office:text>"
        "<text:p>Seen &l11;</text:p></office:text></office:body></office:document-content>"
    )


def sheet(doctype):
    """A sheet of Excel with an entity."""
    return (
        f"<!DOCTYPE d [{doctype}]><worksheet "
        "xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData><row r='1'>"
        "<c r='A1' t='inlineStr'><is><t>Seen &l11;</t></is></c></row></sheetData></worksheet>"
    )


@pytest.mark.parametrize("extension", ["docx", "epub", "odp", "ods", "odt", "pptx", "xlsm", "xlsx"])
def test_a_bomb_is_not_unpacked(extension):
    bomb = make_zip(**{"content.xml": "0" * (2 << 20), "META-INF/container.xml": CONTAINER})

    assert len(bomb) < 10_000
    assert read(f"a.{extension}", bomb) == [Skip(f"a.{extension}", "unpacks to more than 1 MB")]


@pytest.mark.parametrize("doctype", [LAUGHS, PASSWORDS])
def test_no_entity_is_expanded_and_no_other_file_read(doctype):
    files = {
        "a.odt": make_zip(**{"content.xml": content(doctype)}),
        "a.xlsx": replace_part(xlsx({"S": [["x"]]}), "xl/worksheets/sheet1.xml", sheet(doctype)),
        "a.epub": epub([("One", "<p>Seen</p>")]).replace(b"<ncx>", b"<ncx>"),
        "a.xml": f"<!DOCTYPE d [{doctype}]><a><p>Seen &l11;</p></a>",
    }
    for name, data in files.items():
        results = read(name, data)

        assert "root:" not in str(results)
        assert len(str(results)) < 5_000


NESTED = {
    "a.xml": "<a>" * 20_000 + "Text" + "</a>" * 20_000,
    "a.odt": opendocument("text", "<text:section>" * 5_000 + "</text:section>" * 5_000),
    "b.odt": opendocument("text", "<text:p><text:span>" + "<text:span>" * 5_000),
    "a.tex": "{" * 20_000 + "Text" + "}" * 20_000,
    "b.tex": r"\textbf{" * 5_000 + "Text",
    "a.rtf": r"{\rtf1 " + "{" * 20_000 + "Text" + "}" * 20_000 + "}",
    "b.rtf": r"{\rtf1 " + r"{\footnote " * 5_000 + "Text}",
    "a.org": "\n".join("*" * n + " Heading" for n in range(1, 1_000)),
    "a.adoc": "====\n" * 5_000 + "Text",
    "a.rst": "\n".join("  " * n + "- Item" for n in range(500)),
    "a.ipynb": '{"cells": ' + "[" * 20_000,
    "a.eml": "Content-Type: message/rfc822\n\n" * 5_000 + "Text",
    "b.eml": "".join(f"Content-Type: multipart/mixed; boundary={n}\n\n--{n}\n" for n in range(500)),
}


@pytest.mark.parametrize("name", NESTED)
def test_deep_nesting_crashes_nothing(name):
    results = read(name, NESTED[name])

    assert results
    assert all(len(result.reason) < 200 for result in results if isinstance(result, Skip))


def test_messages_in_messages_end():
    message = "Subject: {}\n\nText {}."
    for number in range(20):
        head = f"Subject: {number}\nContent-Type: multipart/mixed; boundary=b{number}\n\n"
        message = (
            f"{head}--b{number}\n\nText {number}.\n--b{number}\nContent-Type: message/rfc822\n\n"
            f"{message}\n--b{number}--\n"
        )
    results = read("a.eml", message)

    assert sum(isinstance(result, Document) for result in results) == 6
    assert results[-1].reason == "in too many messages, one in the other"


def test_a_message_has_no_more_parts_than_the_limit():
    parts = "--b\nContent-Type: text/plain\n\nx\n" * 10_001
    head = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
    (skip,) = read("a.eml", f"{head}{parts}--b--")

    assert skip.reason == "too many parts, or parts in parts, in it"


def test_a_mailbox_has_no_more_messages_than_the_limit():
    message = "From a@b Mon May  6 09:00:00 2024\nSubject: x\n\nText\n\n"
    (skip,) = read("a.mbox", message * 11, Settings(max_file_documents=10))

    assert skip.reason.startswith("more than 10 rows or files in it")


@pytest.mark.parametrize("columns", [100_000])
def test_a_table_may_have_any_number_of_columns(columns):
    row = "|a" * columns

    assert read("a.org", f"{row}|\n")
    assert read("a.adoc", f"|===\n{row}\n|===\n", Settings())


def test_a_loop_of_links_in_a_compound_file_ends():
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096

    for name in ("a.msg", "a.xls"):
        (skip,) = read(name, data)

        assert isinstance(skip, Skip)


def test_a_book_lists_a_chapter_often_and_has_it_once():
    text = "The harbour was built in 1874."
    book = epub([("One", f"<p>{text}</p>")])
    item = "<item id='c0' href='c%200.xhtml' media-type='application/xhtml+xml'/>"
    again = item.replace("c0", "again")
    listed = "<itemref idref='c0'/>" * 10_000 + "<itemref idref='again'/>"
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        contents = package.read("OPS/book.opf").decode().replace(item, item + again)
    contents = contents.replace("<itemref idref='c0'/>", listed)
    (document,) = read("a.epub", replace_part(book, "OPS/book.opf", contents))

    assert document.text.count(text) == 1


def test_sheets_in_an_archive_have_no_more_text_than_one_file_may_have():
    books = {
        f"{number}.xlsx": xlsx({"S": [[f"{number} harbour " * 3000]] * 15}) for number in "12345"
    }
    (skip,) = read("a.zip", make_zip(**books))

    assert skip.reason.startswith("more than 1 MB of text in it")


@pytest.mark.parametrize("name", REPEATED)
def test_nothing_is_looked_at_again_for_each_of_many_others(name):
    command = [sys.executable, "-m", "tests.documents.repeated", name]

    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout == b"1\n"
