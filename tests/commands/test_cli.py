"""The command line: reports, answers, one-line errors, exit codes."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from qa.cli import main
from tests.conftest import BRIDGE, HARBOUR, write


def run(*arguments, **environ):
    return CliRunner().invoke(main, [str(a) for a in arguments], env=environ)


@pytest.fixture
def folder(tmp_path):
    """An index folder with two documents and a file that cannot be read, not built yet."""
    write(tmp_path / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE, odd_xyz="?")
    return tmp_path


@pytest.mark.parametrize("command", [(), *((name,) for name in main.list_commands(None))])
def test_every_command_has_help(command):
    result = run(*command, "--help")

    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_index_reports_what_it_did(folder):
    result = run("index", "--index", folder)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 documents, ")
    assert "skipped odd.xyz:" in result.output


def test_index_says_what_changed(folder):
    (folder / "questions.jsonl").write_text(
        '{"question": "who demanded guarantees?", "contains": "Elsa Moberg"}\n'
    )
    first = run("index", "--index", folder)
    again = run("index", "--index", folder)
    write(folder / "documents", bridge_md=BRIDGE + "More.", ferry_md="The ferry ran for long.")
    changed = run("index", "--index", folder)

    assert "1 golden question: 1 answered.\n" in first.output
    assert "is live as before" in again.output
    assert "1 document added, 1 changed, 0 gone." in changed.output
    assert "  added ferry\n  changed bridge\n" in changed.output
    assert "1 golden question: 1 answered, 0 won, 0 lost.\n" in changed.output


def test_index_refuses_what_loses_an_answer_until_it_is_forced(folder):
    (folder / "questions.jsonl").write_text(
        '{"question": "who demanded guarantees?", "contains": "Elsa Moberg"}\n'
    )
    run("index", "--index", folder)
    live = (folder / "CURRENT").read_text()
    write(folder / "documents", harbour_md=HARBOUR.replace("Elsa Moberg", "Orla Berg"))
    result = run("index", "--dry-run", "--index", folder)
    refused = run("index", "--index", folder)

    assert (result.exit_code, refused.exit_code) == (3, 3)
    assert "It would be refused: 1 of 1 golden questions lost" in result.output
    assert "  lost who demanded guarantees?\n" in refused.output
    assert f"Generation {live.strip()} stays live" in refused.output
    assert (folder / "CURRENT").read_text() == live
    assert "refused" in run("generations", "--index", folder).output

    forced = run("index", "--force", "--index", folder)
    assert forced.exit_code == 0
    assert "Published all the same: 1 of 1" in forced.output
    assert (folder / "CURRENT").read_text() != live


def test_a_dry_run_changes_nothing(folder):
    result = run("index", "--dry-run", "--index", folder)

    assert result.exit_code == 0
    assert "would be live" in result.output
    assert not (folder / "CURRENT").exists()


def test_index_takes_documents_from_elsewhere(folder, tmp_path_factory):
    index = tmp_path_factory.mktemp("elsewhere")

    assert run("index", folder / "documents", "--index", index).exit_code == 0
    assert (index / "CURRENT").exists()


def test_ask_prints_the_quote_and_where_it_stands(folder):
    run("index", "--index", folder)
    result = run("ask", "who demanded guarantees?", "--index", folder)

    assert "Captain Elsa Moberg demanded legal guarantees" in " ".join(result.output.split())
    assert "The harbour of Lindholm" in result.output


def test_ask_says_how_operators_were_understood(folder):
    run("index", "--index", folder)
    result = run("ask", "title:harbour -type:pdf guarantees", "--index", folder)

    assert "Only documents with “harbour” in the title.\n" in result.output
    assert "Only not files of type pdf.\n" in result.output


def test_ask_prints_the_body_of_the_api(folder):
    run("index", "--index", folder)
    result = run("ask", "who demanded guarantees?", "--json", "--index", folder)

    assert json.loads(result.output)["verdict"] == "found"


def test_ask_says_when_the_documents_do_not_answer(folder):
    run("index", "--index", folder)
    result = run("ask", "boiling point of mercury", "--index", folder)

    assert result.exit_code == 1
    assert "No clear answer in the documents." in result.output
    assert "mercury" in result.output
    assert "dated 2021-12-03 to 2022-03-29" in result.output


def test_ask_says_which_words_never_meet_and_what_came_nearest(folder):
    run("index", "--index", folder)
    result = run(
        "ask", "guarantees of the bridge", "--index", folder, QA_FOUND="1.0", QA_WEAK="1.0"
    )

    assert "Never together in one passage: " in result.output
    assert "The closest passages:" in result.output
    assert "— The harbour of Lindholm" in result.output


@pytest.fixture
def two(folder):
    """The folder with two generations, and their names, the live one first."""
    for text in (HARBOUR, BRIDGE):
        write(folder / "documents", harbour_md=text)
        run("index", "--index", folder)
    listed = json.loads(run("generations", "--json", "--index", folder).output)
    return folder, [row["name"] for row in listed]


def test_generations_are_listed_the_live_one_first(two):
    folder, names = two
    listed = json.loads(run("generations", "--json", "--index", folder).output)
    lines = run("generations", "--index", folder).output.splitlines()

    assert [(row["name"], row["state"]) for row in listed] == [
        (names[0], "live"),
        (names[1], "kept"),
    ]
    assert listed[0]["bytes"] > 1000
    assert lines[1].startswith(f"{names[0]}  live")


def test_rollback_goes_back_and_to_a_name(two):
    folder, (live, before) = two
    back = run("rollback", "--index", folder)
    again = run("rollback", "--index", folder)
    named = run("rollback", live[:6], "--index", folder)

    assert (back.exit_code, named.exit_code, again.exit_code) == (0, 0, 1)
    assert f"Generation {before} (2 documents" in back.output
    assert f"Generation {live} " in named.output
    assert "No older generation" in again.output


def test_generations_can_be_removed_by_hand(two):
    folder, (live, _) = two
    run("generations", "--prune", "1", "--index", folder)

    assert [path.name for path in (folder / "generations").iterdir()] == [live]


def test_an_index_is_verified_byte_by_byte(two):
    folder, (live, before) = two
    file = folder / "generations" / before / "summaries.jsonl"
    file.write_bytes(file.read_bytes().replace(b"Northern", b"Southern"))

    assert f"Generation {live} is whole" in run("verify-index", "--index", folder).output
    damaged = run("verify-index", before[:5], "--index", folder)
    assert damaged.exit_code == 1
    assert "summaries.jsonl is damaged" in damaged.output


def test_another_generation_can_be_asked(two):
    folder, (_, before) = two
    command = ("ask", "who demanded guarantees?", "--index", folder)

    assert "Elsa Moberg" not in run(*command).output
    assert "Elsa Moberg" in " ".join(run(*command, "--generation", before).output.split())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("rollback", "abcd", "--index", "{}"), 1, "qa generations"),
        (("verify-index", "--index", "{}/none"), 1, "qa index"),
        (("generations", "--index", "{}/none"), 0, "qa index"),
        (("ask", "x", "--index", "{}/none"), 2, "qa index"),
        (("index", "{}/none", "--index", "{}"), 1, "No folder"),
        (("ask", "?!", "--index", "{}"), 2, "no words"),
        (("ask",), 2, "Missing argument"),
        (("serve", "--port", "x"), 2, "not a valid integer"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_errors_are_one_line_and_say_what_to_do(folder, arguments, code, words):
    run("index", "--index", folder)
    result = run(*(argument.format(folder) for argument in arguments))

    assert result.exit_code == code
    assert words in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("generations", "--prune", 1), "LOCK.current"),
        (("rollback",), "LOCK.current"),
        (("purge", "--all-but-live"), "LOCK"),
    ],
)
def test_an_index_folder_that_cannot_be_written_is_said_in_one_line(two, arguments, name):
    lock = two[0] / name
    lock.unlink()
    lock.mkdir()
    result = run(*arguments, "--index", two[0])

    assert result.exit_code == 1
    assert result.stderr == f"Error: {lock}: Is a directory. Correct that, and try again.\n"


def test_an_empty_folder_is_not_published(tmp_path):
    (tmp_path / "documents").mkdir()
    result = run("index", "--index", tmp_path)

    assert result.exit_code == 1
    assert "no documents" in result.output
    assert not (tmp_path / "CURRENT").exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("QA_PORT", "many", "whole number"), ("QA_COLOUR", "red", "Unknown setting QA_COLOUR")],
)
def test_wrong_settings_are_refused_by_name(folder, name, value, words):
    result = run("ask", "x", "--index", folder, **{name: value})

    assert result.exit_code == 2
    assert words in result.output


ESCAPES = "\x1b]0;owned\x07\x9b31m\u202efdp\n\udce9"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_of_files_do_nothing_to_a_terminal(folder):
    write(folder / "documents", plain_md=f"# Ferry {ESCAPES[:-1]}\n\nThe ferry ran.")
    for name in (f"{ESCAPES}.xyz", f"{ESCAPES}.txt"):
        (folder / "documents" / name).write_text("Words of its own.")
    outputs = [
        run("index", "--index", folder),
        run("index", folder / ESCAPES, "--index", folder),
        run("ask", "when did the ferry run?", "--index", folder),
        run("ask", "when did the ferry run?", "--json", "--index", folder),
        run("generations", ESCAPES, "--index", folder),
        run("verify", folder / f"{ESCAPES}.json"),
    ]

    assert r"skipped \x1b]0;owned\x07\x9b31m\u202efdp\n" in outputs[0].output
    assert r"\x1b]0;owned" in outputs[1].output
    for output in outputs:
        assert not set("\x1b\x07\x9b\u202e\udce9") & set(output.output), output.output


def test_a_system_without_file_locks_gets_one_plain_line():
    source = "import sys; sys.modules['fcntl'] = None; from qa.__main__ import run; run()"
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    for system in ("POSIX", "Linux", "macOS", "WSL"):
        assert system in result.stderr


@pytest.mark.parametrize(
    "imported",
    ["import qa.cli", "import qa.app", "from qa import ask", "from qa import build_index"],
)
def test_on_windows_the_error_of_an_import_says_what_it_runs_on(imported):
    # As there: neither module is part of Python.
    source = f"import sys; sys.modules['fcntl'] = sys.modules['resource'] = None; {imported}"
    result = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert "runs on POSIX systems only" in result.stderr.splitlines()[-1]
    assert "WSL" in result.stderr.splitlines()[-1]
