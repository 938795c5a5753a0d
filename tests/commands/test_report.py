"""`qa report`: the log of requests -> slow questions, judgements, golden questions."""

import json

from click.testing import CliRunner

from qa.cli import main

ESCAPES = "\x1b]0;owned\x07\x9b31m\u202efdp\n"


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def log_line(question, ms, verdict="none", day=1):
    return json.dumps(
        {
            "time": f"2026-01-{day:02}T10:00:00Z",
            "logger": "qa.requests",
            "verdict": verdict,
            "ms": ms,
            "question": question,
        }
    )


def test_the_slowest_questions_are_listed(tmp_path):
    lines = [
        log_line("who built it?", 12.4, "found"),
        log_line("Who built it", 80.6, "found", day=2),
        log_line("When was it?", 1234, "weak", day=3),
        json.dumps({"logger": "qa.requests", "ms": 9999, "verdict": None}),
        log_line("broken", "x"),
    ]
    (tmp_path / "log").write_text("\n".join(lines))
    output = run("report", "--slow", tmp_path / "log").output
    first = run("report", "--slow", "--json", "--limit", 1, tmp_path / "log").output

    assert output == (
        "   1,234 ms  2026-01-03  When was it?\n      81 ms  2026-01-02  Who built it (2 times)\n"
    )
    assert json.loads(first) == {
        "question": "When was it?",
        "ms": 1234,
        "count": 1,
        "last": "2026-01-03T10:00:00Z",
    }


def test_questions_that_differ_in_case_and_punctuation_are_one(tmp_path):
    asked = ["What is C++?", "what is c++", " WHAT  is: C++ ?!", "“What is C++”", "What is C?"]
    (tmp_path / "log").write_text("\n".join(log_line(question, 1) for question in asked))
    lines = run("report", tmp_path / "log").output.splitlines()

    assert [line.split("  2026-01-01  ") for line in lines] == [
        ["     4", "“What is C++”"],
        ["     1", "What is C?"],
    ]


def test_judgements_are_reported_and_become_golden_questions(tmp_path):
    log, path = tmp_path / "log", tmp_path / "judgements.jsonl"
    log.write_text("")
    row = {"time": "2026-01-02T03:04:05+00:00", "turns": [], "generation": "0" * 12}
    rows = [
        row | {"question": "Who?", "document": "a", "contains": ["Ada"], "right": True},
        row | {"question": f"When{ESCAPES}?", "document": "b", "contains": [], "right": False},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    report = run("report", "--feedback", path, log)
    golden = run("report", "--feedback", path, "--golden")

    assert report.output.startswith("     1  2026-01-02  When")
    assert report.output.endswith("? (judged wrong)\n")
    assert not set("\x1b\x07\x9b\u202e") & set(report.output)
    assert [json.loads(line) for line in golden.output.splitlines()] == [
        {"question": "Who?", "turns": [], "document": "a", "contains": ["Ada"]}
    ]


def test_a_log_does_nothing_to_a_terminal(tmp_path):
    line = {"logger": "qa.requests", "verdict": "none", "question": f"Who? {ESCAPES}"}
    line["time"] = "2026-01-01T00:00:00.000+00:00"
    (tmp_path / "log").write_text(json.dumps(line) + "\n")
    outputs = [run("report", *more, tmp_path / "log").output for more in ((), ("--json",))]

    assert all("owned" in output for output in outputs)
    assert not set("\x1b\x07\x9b\u202e") & set("".join(outputs))
