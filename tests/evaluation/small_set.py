"""A small set in files, and the command that measures it."""

import json

from click.testing import CliRunner

from qa.cli import main

CORPUS = [
    {"_id": "a", "title": "Harbour", "text": "Karl Brandt built the harbour of Lindholm in 1874."},
    {
        "_id": "b",
        "title": "Bridge",
        "text": "Ines Falk opened the bridge.\n\nIt is 310 metres long.",
    },
    {"_id": "c", "text": "The lighthouse went dark for nine days in October 1902.", "date": "1902"},
    {"_id": "again", "title": "Copy", "text": "Karl Brandt built the harbour of Lindholm in 1874."},
]
QUERIES = [
    {"_id": "q1", "text": "Who built the harbour?", "answers": ["Karl Brandt"]},
    {"_id": "q2", "text": "How long is the bridge?", "answers": ["310 metres"]},
    {"_id": "q3", "text": "Did the lighthouse go dark?", "answers": ["Yes"]},
    {"_id": "q4", "text": "Who painted the ceiling?", "type": "unanswerable", "answers": []},
    {"_id": "q5", "text": "Who opened it?", "history": [{"speaker": "user", "text": "What bridge?"},
     {"speaker": "agent", "text": "The one over the Vesa."}], "rewrite": "Who opened the bridge?"},
    {"_id": "q6", "text": "Nobody has judged this one.", "answers": ["nobody"]},
]  # fmt: skip
QRELS = [("q1", "again", 1), ("q2", "b", 1), ("q3", "c", 1), ("q5", "b", 1)]


def write_set(folder, corpus=CORPUS, queries=QUERIES, qrels=QRELS, **more):
    folder.mkdir(parents=True, exist_ok=True)
    files = {"corpus": corpus, "queries": queries, **more}
    for name, rows in files.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, row)) for row in qrels)]
    (folder / "qrels.tsv").write_text("\n".join(lines), encoding="utf-8")
    return folder


def by_id(evaluated):
    return {question.id: question for question in evaluated.questions}


def evaluate(*arguments):
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
