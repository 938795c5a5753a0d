"""The report of questions without an answer, from the lines of a log."""

import json

import pytest
from click.testing import CliRunner

from qa.cli import main
from qa.commands.serve import collect_unanswered


def line(verdict, **more):
    return json.dumps(
        {"logger": "qa.requests", "time": "2026-01-02T03:04:05Z"} | more | {"verdict": verdict}
    )


LOG = [
    line("none", question="Where is the gold?"),
    "platform[web.1]: " + line("none", question="where is  the gold?"),
    line("weak", question="Who paid?"),
    line("found", question="Who built it?"),
    line("none", question="And the silver?"),
    line("none", question_hash="00ff00ff00ff00ff"),
    line("none"),
    line(None),
    "not JSON",
    "[1]",
    '{"logger": "qa.web.middleware.error_handlers", "verdict": "none", "question": "x"}',
]


def test_questions_are_counted_however_they_are_written():
    questions, untold = collect_unanswered(LOG, ["none"])

    assert [(question.question, question.count) for question in questions] == [
        ("where is  the gold?", 2),
        ("00ff00ff00ff00ff", 1),
        ("And the silver?", 1),
    ]
    assert untold == 1


@pytest.mark.parametrize("from_file", [True, False])
def test_the_command_lists_them(tmp_path, from_file):
    log = tmp_path / "log"
    log.write_text("\n".join(LOG), encoding="utf-8")
    if from_file:
        run = CliRunner().invoke(main, ["report", "--weak", str(log)])
    else:
        run = CliRunner().invoke(main, ["report", "--weak"], input=log.read_text())

    assert run.exit_code == 0
    first, *_ = run.stdout.splitlines()
    assert first.split() == ["2", "2026-01-02", "where", "is", "the", "gold?"]
    assert "Who paid? (weak)" in run.stdout
    assert "1 more" in run.stderr


def test_the_command_gives_json():
    run = CliRunner().invoke(main, ["report", "--json", "--limit", "1"], input="\n".join(LOG))

    assert json.loads(run.stdout) == {
        "question": "where is  the gold?",
        "verdict": "none",
        "count": 2,
        "last": "2026-01-02T03:04:05Z",
    }
