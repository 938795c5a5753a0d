"""build_index: a folder or texts in memory, from any kind of script."""

import datetime
import subprocess
import sys
from pathlib import Path

import pytest

import qa
from qa.errors import IndexingError, NoLiveGenerationError, PublishRefusedError
from tests.conftest import BRIDGE, HARBOUR, write

HALL = {"id": "hall", "text": "The hall of Lindholm was built in 1874.\n\nIt was sold in 1999."}


def test_a_folder_is_read_as_by_the_command(tmp_path):
    write(tmp_path / "texts", harbour_md=HARBOUR, bridge_md=BRIDGE)
    steps = set()
    built = qa.build_index(
        tmp_path / "texts", tmp_path / "index", progress=lambda step, *_: steps.add(step)
    )
    answer = built.ask("who opened the bridge?", limit=1)

    assert answer.passages[0].citation.title == "Bridge over the Vesa"
    assert qa.open_index(tmp_path / "index").version == built.version
    assert "Reading files" in steps


def test_texts_in_memory_are_cited_with_their_metadata():
    document = qa.TextDocument(
        "halls/1",
        HALL["text"],
        title="The hall",
        publisher="Gazette",
        date=datetime.date(2020, 1, 2),
        url="https://gazette.example/hall",
        extra={"shelf": "7"},
    )
    answer = qa.build_index([document]).ask("when was the hall sold?")
    citation = answer.passages[0].citation

    assert (citation.document_id, citation.title, citation.publisher, str(citation.date)) == (
        *("halls/1", "The hall", "Gazette"),
        "2020-01-02",
    )
    assert citation.url == "https://gazette.example/hall"


def test_a_mapping_is_as_good_and_markdown_has_sections():
    text = "# Halls\n\n## Prices\n\nThe hall of Lindholm was sold for nine crowns."
    built = qa.build_index(
        {"id": i, "text": t, "format": f} for i, t, f in [("a", text, "markdown")]
    )
    citation = built.ask("what was the hall sold for?").passages[0].citation

    assert (citation.title, citation.section) == ("Halls", "Prices")


def test_what_has_no_text_or_that_of_another_is_skipped():
    built = qa.build_index([HALL, {**HALL, "id": "copy"}, {"id": "empty", "text": " \n"}])

    assert built.version.documents == 1
    assert dict(built.skips) == {"copy": "same text as hall", "empty": "no text"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"id": "a"}, "its fields are id, text, "),
        ({"id": "a", "text": "b", "body": "c"}, "its fields are id, text, "),
        ({"id": "a", "text": None}, "The text of document 1"),
        ({"id": "a", "text": "b\ud800"}, "The text of document 1 is no text"),
        ({"id": "a", "text": "b", "title": 5}, "The title of document 1"),
        ({"id": "a", "text": "b", "extra": {"shelf": 7}}, "may only have texts, of at most 500"),
        ({"id": "a", "text": "b", "extra": "shelf"}, "must be a mapping of at most 20 names"),
        ({"id": "a", "text": "b", "extra": dict.fromkeys(map(str, range(21)), "")}, "at most 20"),
        ({"id": "a", "text": "b", "extra": {"shelf": "x" * 501}}, "may only have texts"),
        ({"id": "a", "text": "b", "extra": {7: "x"}}, "may only have texts"),
        ({"id": "", "text": "b"}, "The id of document 1"),
        ({"id": "a\nb", "text": "b"}, "The id of document 1"),
        ({"id": "a" * 1001, "text": "b"}, "The id of document 1"),
        ({"id": "a", "text": "b", "date": "soon"}, "write it as YYYY-MM-DD"),
        ({"id": "a", "text": "b", "format": "pdf"}, "it is text or markdown"),
    ],
)
def test_a_document_that_is_none_is_named_and_nothing_is_lost(tmp_path, document, message):
    qa.build_index([HALL], tmp_path)
    with pytest.raises(IndexingError, match=message):
        qa.build_index([document], tmp_path)

    assert qa.open_index(tmp_path).ask("when was the hall sold?").verdict == "found"


@pytest.mark.parametrize("documents", [["a text"], {"id": "a", "text": "b"}, [None]])
def test_what_is_no_document_at_all_is_refused(documents):
    with pytest.raises(IndexingError, match="Document 1 is no TextDocument"):
        qa.build_index(documents)


def test_two_documents_of_one_id_are_refused():
    with pytest.raises(IndexingError, match="Two documents have the id 'hall'"):
        qa.build_index([HALL, {**HALL, "text": "Another text."}])


def test_a_text_that_is_too_large_is_refused():
    with pytest.raises(IndexingError, match="more than 0 MB"):
        qa.build_index([HALL], settings=qa.Settings(max_file_mb=0))


def test_nothing_to_index_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(IndexingError):
        qa.build_index([])

    assert [*tmp_path.iterdir()] == []


def test_a_temporary_index_goes_with_its_object(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    built = qa.build_index([HALL])
    (folder,) = tmp_path.iterdir()

    assert built.ask("when was the hall sold?").verdict == "found"
    del built
    assert not folder.exists()


def test_a_folder_that_lost_its_documents_is_refused_unless_it_is_forced(tmp_path):
    texts = write(tmp_path / "texts", harbour_md=HARBOUR, bridge_md=BRIDGE, hall_txt=HALL["text"])
    built = qa.build_index(texts, tmp_path / "index")
    for name in ("bridge.md", "hall.txt"):
        (texts / name).unlink()
    with pytest.raises(PublishRefusedError, match="force=True"):
        qa.build_index(texts, tmp_path / "index")

    assert built.version.documents == 3
    assert qa.build_index(texts, tmp_path / "index", force=True).version.documents == 1
    assert built.version.documents == 1


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(IndexingError, match="create it"):
        qa.build_index(tmp_path / "texts", tmp_path / "index")
    with pytest.raises(NoLiveGenerationError):
        qa.open_index(tmp_path / "index")


# More passages than one process indexes by itself, and a folder, whose files others read.
SCRIPT = """
import qa, sys
print("once")
texts = ({"id": str(n), "text": f"The hall number {n} was built in the year {n} by Ada."}
         for n in range(1500))
print(qa.build_index(texts).version.documents)
print(qa.build_index(sys.argv[-1]).version.documents)
"""


@pytest.mark.parametrize("way", ["file", "input"])
def test_a_script_without_a_guard_builds_an_index_once(tmp_path, way):
    folder = write(tmp_path / "texts", harbour_md=HARBOUR, bridge_md=BRIDGE)
    script = Path(tmp_path / "script.py")
    script.write_text(SCRIPT)
    result = subprocess.run(
        [sys.executable, script if way == "file" else "-", folder],
        input=SCRIPT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert result.stderr == ""
    assert result.stdout.split() == ["once", "1500", "2"]
