"""The progress of a build: a line every few seconds where there is no terminal."""

import time

import pytest

from qa.commands import options
from qa.commands.index import print_report
from qa.documents.document import Metadata, RawBlock, build_document
from qa.documents.skips import Skip
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents, index_folder
from qa.settings import Settings
from tests.conftest import write


def wait_for(capsys, words):
    """The first line on standard error that has *words*."""
    for _ in range(3000):
        for line in capsys.readouterr().err.splitlines():
            if words in line:
                return line
        time.sleep(0.02)
    return None


def test_a_line_says_how_long_the_rest_of_a_step_will_take(capsys, monkeypatch):
    monkeypatch.setattr(options, "_LINE_INTERVAL", 0.01)
    monkeypatch.setattr(options, "_FIRST_LINE", 0.01)
    with options.show_progress() as advance:
        advance("Reading files", 0, 3000)

        assert wait_for(capsys, "Reading") == "Reading files: 0 of 3,000"

        advance("Reading files", 3000, 3000)

        assert wait_for(capsys, "about") == "Reading files: 3,000 of 3,000, about 0 s left"

        advance("Writing the index", 0, 0)

        assert wait_for(capsys, "Writing") == "Writing the index"
        assert wait_for(capsys, "so far") == "Writing the index: 1 s so far"


def test_each_step_has_a_line_without_escape_codes(capsys, monkeypatch):
    monkeypatch.setattr(options, "_FIRST_LINE", 0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with options.show_progress() as advance:
        for step in ("Reading files", "Writing the index", "Checking the index"):
            advance(step, 0, 10)
            advance(step, 10, 10)
    printed = capsys.readouterr().err

    assert not {"\x1b", "\r"} & {*printed}
    assert [line.partition(":")[0] for line in printed.splitlines() if ": 0 of 10" in line] == [
        "Reading files",
        "Writing the index",
        "Checking the index",
    ]


def test_nothing_is_printed_of_what_is_done_at_once(capsys):
    with options.show_progress() as advance:
        advance("Reading files", 1, 2)

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (99, "99 s"), (120, "2 min"), (5_940, "99 min"), (11_100, "3 h 5 min")],
)
def test_durations_are_for_people(seconds, text):
    assert options.format_seconds(seconds) == text


def test_a_build_reports_every_step(tmp_path):
    write(tmp_path / "documents", a_txt="The harbour was built in 1874.", b_txt="A ferry runs.")
    settings = Settings(index=str(tmp_path))
    steps = []
    index_folder(
        settings.documents_folder, open_engine(settings), settings, lambda *step: steps.append(step)
    )

    assert list(dict.fromkeys(name for name, _, _ in steps)) == [
        "Looking for changed files",
        "Reading files",
        "Checking the index",
        "Comparing with the live index",
    ]
    assert ("Reading files", 2, 2) in steps
    assert all(0 <= done <= total for _, done, total in steps)


def test_the_kinds_that_can_be_read_are_named_once(tmp_path, capsys):
    settings = Settings(index=str(tmp_path))
    report = index_documents(
        [
            build_document("a", "a.txt", [RawBlock("The ferry runs.")], Metadata("A")),
            *(Skip(f"{n}.xyz", "unknown kind of file") for n in range(3)),
            Skip("a.doc", "an old Word file; save it as .docx"),
        ],
        open_engine(settings),
        settings,
    )
    print_report(report, settings)
    lines = capsys.readouterr().out.splitlines()

    assert lines[1:4] == [
        "4 files or rows were skipped:",
        "        3  unknown kind of file",
        "        1  an old Word file; save it as .docx",
    ]
    assert lines[4].startswith("Kinds of file that can be read: .txt ")
    assert lines[5] == "  skipped 0.xyz: unknown kind of file"
    assert lines[-1] == "  skipped a.doc: an old Word file"
