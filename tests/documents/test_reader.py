"""Files of every kind -> Documents, and for the rest one line that tells people why not."""

import io
import json
import logging
import os
import sys
from functools import partial

import docx
import pytest
from fpdf import FPDF

from qa.documents.document import Skip
from qa.documents.reader import EXTENSIONS, document_id
from qa.settings import Settings
from tests.documents.files import found_in, read_documents, tarred, zipped

SETTINGS = Settings()
PROSE = "The harbour of Lindholm was built in 1874."


@pytest.fixture
def found(tmp_path):
    """Reads a file of a name and content: Documents by id, and Skips."""
    return partial(found_in, tmp_path)


def pdf(text=PROSE):
    file = FPDF()
    file.add_page()
    file.set_font("Helvetica")
    file.multi_cell(0, 6, text)
    return bytes(file.output())


def word(text=PROSE):
    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(file)
    return file.getvalue()


FILES = {
    ".txt": PROSE,
    ".TEXT": PROSE,
    ".md": PROSE,
    ".markdown": PROSE,
    ".html": f"<p>{PROSE}</p>",
    ".HTM": f"<p>{PROSE}</p>",
    ".xhtml": f"<html xmlns='http://www.w3.org/1999/xhtml'><p>{PROSE}</p></html>",
    ".pdf": pdf(),
    ".docx": word(),
    ".json": json.dumps({"text": PROSE}),
}


@pytest.mark.parametrize(("ending", "data"), FILES.items())
def test_a_file_of_each_kind_is_a_document(found, ending, data):
    documents, skips = found(f"old harbour{ending}", data)

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
def test_a_row_is_a_document_called_by_its_id(found, ending, data):
    documents, skips = found(f"rows{ending}", data)

    assert skips == []
    assert documents["rows/row-1"].text == PROSE
    assert documents["rows/row-1"].source == f"rows{ending}"


@pytest.mark.parametrize(
    ("ending", "data"),
    [
        (".zip", zipped(**{"a/b c.txt": PROSE})),
        (".tar", tarred(**{"./a/b c.txt": PROSE})),
        (".tar.gz", tarred("w:gz", **{"a/b c.txt": PROSE})),
        (".tgz", tarred("w:gz", **{"a/b c.txt": PROSE})),
        (".tar.bz2", tarred("w:bz2", **{"a/b c.txt": PROSE})),
        (".TAR.XZ", tarred("w:xz", **{"a/b c.txt": PROSE})),
    ],
)
def test_a_member_of_an_archive_is_read_as_a_file_would_be(found, ending, data):
    documents, skips = found(f"x{ending}", data)

    assert skips == []
    assert documents["x/a/b-c"].text == PROSE
    assert documents["x/a/b-c"].source.endswith("a/b c.txt")


def test_every_ending_is_tried_here():
    tried = {ending.lower() for ending in FILES} | {".csv", ".tsv", ".jsonl", ".ndjson"}

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
        ("half.pdf", pdf()[:600], "damaged, or not a .pdf file"),
        ("text.pdf", PROSE.encode(), "damaged, or not a .pdf file"),
        ("half.docx", word()[:9000], "damaged, or not a .docx file"),
        ("zip.docx", zipped(a="b"), "damaged, or not a .docx file"),
        ("half.tar.gz", tarred("w:gz", a=PROSE * 999)[:200], "damaged, or not an archive"),
        ("half.zip", zipped(a=PROSE * 999)[:90], "damaged, or not an archive"),
        ("none.zip", zipped(), "nothing in it"),
        ("picture.png", b"\x89PNG", "unknown kind of file; can be read: .txt .text .md"),
        ("README", b"words", "unknown kind of file"),
        ("rows.csv", b"a,b\n,\n,\n", "no text in any of its 2 rows (row 1: no text)"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_one_line_for_people(found, name, data, reason):
    documents, [skip] = found(name, data)

    assert documents == {}
    assert skip.source == name
    assert skip.reason.startswith(reason)
    assert "\n" not in skip.reason
    assert len(skip.reason) < 200


def test_a_missing_file_is_skipped(tmp_path):
    assert read_documents(tmp_path / "gone.txt", "gone.txt", SETTINGS) == [
        Skip("gone.txt", "cannot be opened (No such file or directory)")
    ]


def test_a_file_larger_than_the_limit_is_skipped(found):
    assert found("big.txt", b"x" * ((1 << 20) + 1), Settings(max_file_mb=1)) == (
        {},
        [Skip("big.txt", "larger than 1 MB")],
    )


@pytest.mark.parametrize("ending", ["_txt_meta_json", "_meta_json"])
def test_a_sidecar_wins_over_front_matter(tmp_path, ending):
    (tmp_path / "a.txt").write_text(f"---\ntitle: Front\nauthor: Ann\n---\n{PROSE}")
    (tmp_path / f"a{ending.replace('_', '.')}").write_text('{"title": "Sidecar"}')
    [document] = read_documents(tmp_path / "a.txt", "a.txt", SETTINGS)

    assert (document.metadata.title, document.metadata.author) == ("Sidecar", "Ann")


def test_a_broken_sidecar_is_told_and_its_file_read(found):
    documents, skips = found("a.txt", PROSE, _meta_json="{")

    assert documents["a"].text == PROSE
    assert skips == [Skip("a.txt.meta.json", "not valid JSON; its file was read without it")]


def test_the_sidecar_of_rows_fills_what_they_leave_open(found):
    rows = '{"text": "One.", "title": "First", "source": "Own"}\n{"text": "Two."}'
    documents, _ = found("r.jsonl", rows, _meta_yaml="title: All\npublisher: Gazette\n")
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
def test_a_text_without_title_is_called_by_its_first_sentence(found, text, title):
    documents, _ = found("1.jsonl", json.dumps({"text": text}))

    assert documents["1/1"].metadata.title == title


def test_the_language_of_a_document_is_its_texts_or_the_settings(found):
    title, prose = "Le port de Lindholm", "Il a été construit par un ingénieur qui venait du nord."
    documents, _ = found("1.jsonl", json.dumps({"title": title, "text": f"1874\n\n{prose}"}))
    tables, _ = found("2.csv", "Port,Ships\nLindholm,3\n", Settings(language="sv"))

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


def test_the_libraries_neither_log_nor_stay_silenced(found, caplog):
    found("half.pdf", pdf()[:600])
    found("a.html", "<p>x")

    assert caplog.records == []
    assert logging.getLogger("pypdfium2").isEnabledFor(logging.WARNING)
