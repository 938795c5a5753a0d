"""The documents folder: what is read of it, and what must not be, whatever is put into it."""

import contextlib
import json
import os

import pytest

from qa.documents.crawl import SourceFile, find_files
from qa.documents.skips import Skip
from qa.errors import IndexingError, SettingsError
from qa.index.manifest import load_synonym_groups
from qa.publishing.gate import load_golden_questions
from qa.publishing.watcher import folder_snapshot
from qa.settings import Settings
from tests.conftest import write
from tests.documents.conftest import PROSE
from tests.documents.reading import make_tar, make_zip, read_texts

SETTINGS = Settings()


def names(folder, settings=SETTINGS):
    return [item.source for item in find_files(folder, settings)]


@pytest.mark.parametrize("kind", ["pipe", "large", "deep"])
def test_golden_questions_that_cannot_be_read_are_an_error_in_one_line(tmp_path, kind):
    path = tmp_path / "questions.jsonl"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(b" " * (17 << 20))
    else:
        path.write_text("[" * 200_000)

    with pytest.raises(IndexingError, match=r"questions.jsonl.* correct or remove it"):
        load_golden_questions(tmp_path)


@pytest.mark.parametrize("size", [None, 17 << 20])
def test_synonyms_that_cannot_be_read_are_an_error_in_one_line(tmp_path, size):
    path = tmp_path / "synonyms.txt"
    path.write_bytes(b" " * size) if size else os.mkfifo(path)

    with pytest.raises(SettingsError, match="cannot be read"):
        load_synonym_groups(tmp_path)


NOISE = [
    *("~$report.docx", "~$x.xlsx", "a.md~", "a.md.~1~", "#a.md#", ".#a.md", ".a.md.swp", "a.swp"),
    *("Thumbs.db", "THUMBS.DB", "ehthumbs.db", "desktop.ini", "Desktop.ini", "Icon\r"),
    *(".DS_Store", "._a.md", ".directory", ".~lock.a.odt#", ".nfs0001", ".hidden.txt"),
    *("a.txt.bak", "a.txt.orig", "a.pdf.part", "a.pdf.crdownload", "a.tmp", "~WRL0001.tmp"),
    *("__MACOSX/a.txt", "$RECYCLE.BIN/a.txt", "System Volume Information/a.txt", ".git/a.txt"),
    *("@eaDir/a.txt", "lost+found/a.txt", ".Trash-1000/a.txt"),
]


@pytest.mark.parametrize("name", NOISE)
def test_what_programs_leave_beside_documents_is_passed_over_silently(documents, name):
    path = documents / "inner" / name
    path.parent.mkdir(parents=True)
    path.write_text("No document.")

    assert names(documents) == ["ok.txt"]


@pytest.mark.parametrize("pack", [make_zip, make_tar])
def test_so_it_is_in_archives(documents, pack):
    ending = "zip" if pack is make_zip else "tar"
    members = {f"a/{name}": "No document." for name in NOISE} | {"a/b.txt": "A document."}
    (documents / f"x.{ending}").write_bytes(pack(**members))

    assert read_texts(documents) == [PROSE, "A document."]


@pytest.mark.parametrize(
    "name", ["draft~1.txt", "$prices.txt", "a.bak/b.txt", "part.txt", "#1.txt"]
)
def test_documents_with_names_that_are_nearly_such_are_read(documents, name):
    (documents / name).parent.mkdir(exist_ok=True)
    (documents / name).write_text("A document.")

    assert name in names(documents)


def test_a_folder_with_more_files_than_the_limit_is_an_error_that_says_what_to_do(documents):
    for number in range(5):
        (documents / f"{number}.txt").touch()

    assert len(names(documents, Settings(max_files=6))) == 6
    with pytest.raises(IndexingError, match=r"more than 5 files.* set QA_MAX_FILES higher"):
        names(documents, Settings(max_files=5))


def test_empty_folders_count(documents):
    for number in range(5):
        (documents / str(number) / "inner").mkdir(parents=True)

    with pytest.raises(IndexingError, match="QA_MAX_FILES"):
        names(documents, Settings(max_files=10))


def test_files_that_are_too_large_as_a_whole_are_an_error_that_says_what_to_do(documents):
    for number in range(3):
        with (documents / f"{number}.txt").open("wb") as file:
            file.truncate(400 << 20)

    assert len(names(documents, Settings(max_file_mb=500, max_folder_gb=2))) == 4
    with pytest.raises(IndexingError, match=r"more than 1 GB.* set QA_MAX_FOLDER_GB higher"):
        names(documents, Settings(max_file_mb=500, max_folder_gb=1))


def test_what_is_skipped_as_too_large_is_not_counted(documents):
    with (documents / "big.txt").open("wb") as file:
        file.truncate(2 << 30)

    assert names(documents, Settings(max_folder_gb=1)) == ["big.txt", "ok.txt"]


@pytest.mark.parametrize("ending", ["jsonl", "csv", "json", "zip", "tar"])
def test_a_file_of_too_many_documents_is_skipped_and_says_what_to_do(documents, ending):
    rows = [{"text": f"Row number {number}."} for number in range(4)]
    texts = {f"{number}.txt": f"Text number {number}." for number in range(4)}
    data = {
        "jsonl": "\n".join(map(json.dumps, rows)),
        "csv": "text\n" + "\n".join(row["text"] for row in rows),
        "json": json.dumps(rows),
        "zip": make_zip(**texts),
        "tar": make_tar(**texts),
    }[ending]
    path = documents / f"x.{ending}"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    (skip,) = (
        item for item in read_texts(documents, Settings(max_file_documents=3)) if item != PROSE
    )

    assert len(read_texts(documents, Settings(max_file_documents=4))) == 5
    assert skip == Skip(
        path.name,
        "more than 3 rows or files in it; divide it, or set QA_MAX_FILE_DOCUMENTS higher",
    )


@contextlib.contextmanager
def deep(folder, name, depth):
    """Have as many folders in folders, of which most are too deep for libraries to make."""
    inner = [os.open(folder, os.O_RDONLY)]
    for _ in range(depth):
        os.mkdir(name, dir_fd=inner[-1])
        inner.append(os.open(name, os.O_RDONLY, dir_fd=inner[-1]))
    yield
    while len(inner) > 1:
        os.close(inner.pop())
        os.rmdir(name, dir_fd=inner[-1])
    os.close(inner.pop())


def test_folders_deeper_than_a_path_may_be_are_skipped(documents):
    with deep(documents, "deeper", 700):
        skip, text = read_texts(documents)

    assert text == PROSE
    assert skip.reason == "cannot be opened (File name too long)"


def test_folders_deeper_than_the_stack_are_crawled_and_watched(documents):
    with deep(documents, "d", 1500):
        (documents.joinpath(*["d"] * 1500, "a.txt")).write_text("A text.")
        counts = names(documents), len(folder_snapshot([documents]))
        (documents.joinpath(*["d"] * 1500, "a.txt")).unlink()

    assert len(counts[0]) == counts[1] == 2


def test_a_change_outside_is_none_unless_links_are_followed(documents):
    (documents / "a").symlink_to("../secret")
    before = folder_snapshot([documents]), folder_snapshot([documents], follow_links=True)
    (documents.parent / "secret" / "more.txt").write_text("More.")

    assert folder_snapshot([documents]) == before[0]
    assert folder_snapshot([documents], follow_links=True) != before[1]


def test_what_editors_leave_is_no_change(documents):
    before = folder_snapshot([documents])
    (documents / "ok.txt~").write_text("Old.")

    assert folder_snapshot([documents]) == before


def test_the_order_does_not_depend_on_the_disk(documents, monkeypatch):
    for name in ("b", "a"):
        (documents / name).symlink_to("c")
    (documents / "c").mkdir()
    (documents / "c" / "x.txt").write_text("A text.")
    straight = find_files(documents, SETTINGS)
    scandir = os.scandir

    class ReversedScan:
        def __init__(self, path):
            with scandir(path) as entries:
                self._entries = list(entries)[::-1]

        def __enter__(self):
            return iter(self._entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(os, "scandir", ReversedScan)

    assert find_files(documents, SETTINGS) == straight
    assert straight[0] == Skip("a", "the same folder as c")
    assert straight[-1] == SourceFile(str(documents / "ok.txt"), "ok.txt")


def test_the_folder_of_the_index_is_passed_over(tmp_path):
    home = tmp_path / "index"
    write(home / "generations", summaries_jsonl="{}")
    write(tmp_path, harbour_md="Built in 1874.", elsewhere_md="More.")
    (tmp_path / "link").symlink_to("index")
    before = folder_snapshot([tmp_path], index=home)
    write(home, last_build_json="{}")

    assert folder_snapshot([tmp_path], index=home) == before
    assert names(tmp_path, Settings(index=str(home))) == ["elsewhere.md", "harbour.md"]
    assert names(tmp_path, Settings(index="https://a:9200/a", folder=str(home))) == [
        "elsewhere.md",
        "harbour.md",
    ]


def test_documents_below_the_folder_of_the_index_are_found(tmp_path):
    write(tmp_path / "documents", harbour_md="Built in 1874.")

    assert names(tmp_path / "documents", Settings(index=str(tmp_path))) == ["harbour.md"]


def test_the_folder_of_the_index_is_none_of_documents(tmp_path):
    with pytest.raises(IndexingError, match="is the folder of the index itself; name the folder"):
        find_files(tmp_path, Settings(index=str(tmp_path)))
