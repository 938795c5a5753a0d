"""Files of every kind -> Documents, and for the rest one line that tells people why not."""

import json
import logging
import os
import sys
from functools import partial

import pytest

from qa.documents.format_registry import EXTENSIONS
from qa.documents.reader import FileContent, document_id, read_content
from qa.documents.skips import Skip
from qa.settings import Settings
from tests.documents.reading import make_tar, make_zip, read_documents, read_file
from tests.documents.samples import (
    eml,
    epub,
    mbox,
    msg,
    notebook,
    odp,
    ods,
    opendocument,
    pdf,
    pptx,
    rtf,
    word,
    xls,
    xlsx,
)

SETTINGS = Settings()
PROSE = "The harbour of Lindholm was built in 1874."


@pytest.fixture
def read(tmp_path):
    """Reads a file of a name and content: Documents by id, and Skips."""
    return partial(read_file, tmp_path)


FILES = {
    ".txt": PROSE,
    ".TEXT": PROSE,
    ".md": PROSE,
    ".markdown": PROSE,
    ".html": f"<p>{PROSE}</p>",
    ".HTM": f"<p>{PROSE}</p>",
    ".xhtml": f"<html xmlns='http://www.w3.org/1999/xhtml'><p>{PROSE}</p></html>",
    ".pdf": pdf(PROSE),
    ".docx": word(PROSE),
    ".json": json.dumps({"text": PROSE}),
    ".log": PROSE,
    ".rst": PROSE,
    ".org": PROSE,
    ".adoc": PROSE,
    ".ASCIIDOC": PROSE,
    ".tex": PROSE,
    ".ipynb": notebook(("markdown", PROSE)),
    ".xml": f"<p>{PROSE}</p>",
    ".epub": epub([("", f"<p>{PROSE}</p>")]),
    ".odt": opendocument("text", f"<text:p>{PROSE}</text:p>"),
    ".rtf": rtf(PROSE),
    ".pptx": pptx([("", PROSE)]),
    ".odp": odp([("", PROSE)]),
    ".eml": eml("", PROSE),
    ".msg": msg("", PROSE),
    ".vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n{PROSE}",
    ".srt": f"1\n00:00:01,000 --> 00:00:02,000\n{PROSE}",
}


@pytest.mark.parametrize(("ending", "data"), FILES.items())
def test_a_file_of_each_kind_is_a_document(read, ending, data):
    documents, skips = read(f"old harbour{ending}", data)

    assert skips == []
    assert documents["old-harbour"].text == PROSE
    assert documents["old-harbour"].source == f"old harbour{ending}"
    assert documents["old-harbour"].metadata.title == "old harbour".capitalize()


@pytest.mark.parametrize(
    ("ending", "data"),
    [
        (".csv", f"id,text\nrow/1,{PROSE}\n"),
        (".tsv", f"id\ttext\nrow/1\t{PROSE}\n"),
        (".json", json.dumps([{"id": "row/1", "text": PROSE}])),
        (".jsonl", json.dumps({"id": "row/1", "text": PROSE})),
        (".ndjson", json.dumps({"id": "row/1", "text": PROSE})),
    ],
)
def test_a_row_is_a_document_called_by_its_id(read, ending, data):
    documents, skips = read(f"rows{ending}", data)

    assert skips == []
    assert documents["rows/row-1"].text == PROSE
    assert documents["rows/row-1"].source == f"rows{ending}"


@pytest.mark.parametrize(
    ("ending", "data", "name"),
    [
        (".xlsx", xlsx({"Ports": [[PROSE]]}), "Ports-1"),
        (".xlsm", xlsx({"Ports": [[PROSE]]}), "Ports-1"),
        (".xls", xls({"Ports": [[PROSE]]}), "Ports-1"),
        (".ods", ods({"Ports": [[PROSE]]}), "Ports-1"),
        (".mbox", mbox(("Port", PROSE)), "1"),
    ],
)
def test_a_row_or_message_is_a_document(read, ending, data, name):
    documents, skips = read(f"all{ending}", data)

    assert skips == []
    assert documents[f"all/{name}"].text.endswith(PROSE)


@pytest.mark.parametrize(
    ("ending", "data"),
    [
        (".zip", make_zip(**{"a/b c.txt": PROSE})),
        (".tar", make_tar(**{"./a/b c.txt": PROSE})),
        (".tar.gz", make_tar("w:gz", **{"a/b c.txt": PROSE})),
        (".tgz", make_tar("w:gz", **{"a/b c.txt": PROSE})),
        (".tar.bz2", make_tar("w:bz2", **{"a/b c.txt": PROSE})),
        (".TAR.XZ", make_tar("w:xz", **{"a/b c.txt": PROSE})),
    ],
)
def test_a_member_of_an_archive_is_read_as_a_file_would_be(read, ending, data):
    documents, skips = read(f"x{ending}", data)

    assert skips == []
    assert documents["x/a/b-c"].text == PROSE
    assert documents["x/a/b-c"].source.endswith("a/b c.txt")


def test_every_ending_is_tried_here():
    tried = {ending.lower() for ending in FILES} | {".csv", ".tsv", ".jsonl", ".ndjson", ".mbox"}
    tried |= {".xlsx", ".xlsm", ".xls", ".ods"}

    # Pictures are read in test_ocr.py, where Tesseract is installed.
    tried |= {".png", ".jpg", ".jpeg", ".tif", ".tiff"}
    assert tried | {".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"} == set(EXTENSIONS)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b"", "no text"),
        ("empty.md", b"", "no text"),
        ("empty.html", b"", "no text"),
        ("empty.pdf", b"", "damaged, or not a .pdf file"),
        ("empty.docx", b"", "damaged, or not a .docx file"),
        ("empty.csv", b"", "nothing in it"),
        ("empty.json", b"", "not valid JSON"),
        ("empty.jsonl", b"", "nothing in it"),
        ("empty.zip", b"", "damaged, or not an archive"),
        ("empty.tar.gz", b"", "damaged, or not an archive"),
        ("marks.txt", b"-- ... --", "no text"),
        ("junk.txt", bytes(range(256)) * 9, "not text"),
        ("junk.html", b"\0\1\2\3" * 900, "no"),
        ("half.pdf", pdf(PROSE)[:600], "damaged, or not a .pdf file"),
        ("text.pdf", PROSE.encode(), "damaged, or not a .pdf file"),
        ("half.docx", word(PROSE)[:9000], "damaged, or not a .docx file"),
        ("zip.docx", make_zip(a="b"), "damaged, or not a .docx file"),
        ("half.tar.gz", make_tar("w:gz", a=PROSE * 999)[:200], "damaged, or not an archive"),
        ("half.zip", make_zip(a=PROSE * 999)[:90], "damaged, or not an archive"),
        ("none.zip", make_zip(), "nothing in it"),
        ("song.mp3", b"ID3", "unknown kind of file"),
        ("picture.png", b"\x89PNG", "a picture; set QA_OCR=1 to read it with Tesseract"),
        ("README", b"words", "unknown kind of file"),
        ("a.doc", b"\xd0\xcf", "an old Word file; save it as .docx, or run: soffice"),
        ("a.PPT", b"\xd0\xcf", "an old PowerPoint file; save it as .pptx, or run: soffice"),
        ("a.pages", b"PK", "a Pages file; export it to Word or PDF"),
        ("a.key", b"PK", "a Keynote file; export it to PowerPoint or PDF"),
        ("a.rst", b"..", "no text"),
        ("a.xlsx", b"PK", "damaged, or not a .xlsx file"),
        ("a.xlsx", xlsx({"Empty": []}), "nothing in it"),
        ("a.xls", b"x", "damaged, or not a .xls file"),
        ("a.pptx", make_zip(a="b"), "damaged, or not a .pptx file"),
        ("a.odt", make_zip(a="b"), "damaged: it has no content.xml"),
        ("a.epub", make_zip(a="b"), "damaged: it does not list its chapters"),
        ("a.rtf", b"text", "not RTF"),
        ("a.eml", b"text", "no mail in it"),
        ("a.mbox", b"text", "no mail in it"),
        ("a.msg", b"text", "damaged, or not a .msg file"),
        ("a.ipynb", b"text", "not valid JSON, so no notebook"),
        ("a.vtt", b"text", "no times of subtitles in it"),
        ("a.xml", b"", "damaged, or not a .xml file"),
        ("a.xml", b"<a/>", "no text"),
        ("rows.csv", b"a,b\n,\n,\n", "no text in any of its 2 rows (row 1: no text)"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_one_line_for_people(read, name, data, reason):
    documents, [skip] = read(name, data)

    assert documents == {}
    assert skip.source == name
    assert skip.reason.startswith(reason)
    assert "\n" not in skip.reason
    assert len(skip.reason) < 200


def test_a_missing_file_is_skipped(tmp_path):
    assert read_documents(tmp_path / "gone.txt", "gone.txt", SETTINGS) == [
        Skip("gone.txt", "cannot be opened (No such file or directory)")
    ]


def test_a_file_larger_than_the_limit_is_skipped(read):
    assert read("big.txt", b"x" * ((1 << 20) + 1), Settings(max_file_mb=1)) == (
        {},
        [Skip("big.txt", "larger than 1 MB")],
    )


@pytest.mark.parametrize("ending", ["_txt_meta_json", "_meta_json"])
def test_a_sidecar_wins_over_front_matter(tmp_path, ending):
    (tmp_path / "a.txt").write_text(f"---\ntitle: Front\nauthor: Ann\n---\n{PROSE}")
    (tmp_path / f"a{ending.replace('_', '.')}").write_text('{"title": "Sidecar"}')
    [document] = read_documents(tmp_path / "a.txt", "a.txt", SETTINGS)

    assert (document.metadata.title, document.metadata.author) == ("Sidecar", "Ann")


def test_a_broken_sidecar_is_told_and_its_file_read(read):
    documents, skips = read("a.txt", PROSE, _meta_json="{")

    assert documents["a"].text == PROSE
    assert skips == [Skip("a.txt.meta.json", "not valid JSON; its file was read without it")]


def test_the_sidecar_of_rows_fills_what_they_leave_open(read):
    rows = '{"text": "One.", "title": "First", "source": "Own"}\n{"text": "Two."}'
    documents, _ = read("r.jsonl", rows, _meta_yaml="title: All\npublisher: Gazette\n")
    about = [(d.metadata.title, d.metadata.publisher) for d in documents.values()]

    assert about == [("First", "Own"), ("Two.", "Gazette")]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"CNN —\n\n{PROSE} And more.", PROSE),
        (f"{PROSE} And more.", PROSE),
        ("Hello.", "Hello."),
    ],
)
def test_a_text_without_title_is_called_by_its_first_sentence(read, text, title):
    documents, _ = read("1.jsonl", json.dumps({"text": text}))

    assert documents["1/1"].metadata.title == title


def test_the_language_of_a_document_is_its_texts_or_the_settings(read):
    title, prose = "Le port de Lindholm", "Il a été construit par un ingénieur qui venait du nord."
    documents, _ = read("1.jsonl", json.dumps({"title": title, "text": f"1874\n\n{prose}"}))
    tables, _ = read("2.csv", "Port,Ships\nLindholm,3\n", Settings(language="sv"))

    assert documents["1/1"].metadata.language == "fr"
    assert {table.metadata.language for table in tables.values()} == {"sv"}


@pytest.mark.parametrize(
    ("source", "id_"),
    [
        ("a.txt", "a"),
        ("Folder One/b (draft).tar.gz", "Folder-One/b-draft"),
        ("Über/Отчёт_1.pdf", "Über/Отчёт_1"),
        ("U\u0308ber.txt", "Über"),
        ("हिन्दी.txt", "हिन्दी"),
        ("a.b.c.txt", "a.b.c"),
        ("noending", "noending"),
        ("???.txt", "_"),
        ("...txt", "_"),
        ("a?b#c%d&e.txt", "a-b-c-d-e"),
        ("a\ufffdb.txt", "a-b"),
    ],
)
def test_an_id_is_the_path_without_its_ending_safe_for_urls(source, id_):
    assert document_id(source) == id_


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_unicode_can_be_stored(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text(PROSE)
    [document] = read_documents(path, path.name, SETTINGS)

    assert (document.id, document.source) == ("caf", "caf\ufffd.txt")
    assert document.to_json().encode()


def test_the_libraries_neither_log_nor_stay_silenced(read, caplog):
    read("half.pdf", pdf(PROSE)[:600])
    read("a.html", "<p>x")

    assert caplog.records == []
    assert logging.getLogger("pypdfium2").isEnabledFor(logging.WARNING)


def test_a_library_that_cannot_be_loaded_is_no_damage_of_the_file(monkeypatch):
    def read(*_):
        raise ImportError("libx.so.6: version `GLIBC_9' not found\nReinstall it.")

    monkeypatch.setattr("qa.documents.reader.read_format", read)
    (skip,) = read_content(FileContent(b"A text.", {}), "a.txt", Settings())

    assert skip.reason.startswith("a library that reads .txt cannot be loaded (libx.so.6: ")
    assert skip.reason.endswith("install it again")
    assert "\n" not in skip.reason
