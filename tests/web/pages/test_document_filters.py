"""What was left out, grouped by the reason, as a real build tells it."""

from qa.engines.factory import open_engine
from qa.publishing.builder import index_folder
from qa.settings import Settings
from qa.web.pages.document_search import group_skipped
from tests.conftest import BRIDGE, write


def test_files_left_out_are_grouped_by_the_reason(tmp_path):
    rows = """{"id": "a", "text": "The pier was cold, and nobody wrote down who built it."}
{"id": "b", "text": "The pier was cold, and nobody wrote down who built it."}
{"id": "c", "text": ""}
[]
{"id": "d", "text": " "}
"""
    write(tmp_path / "documents", bridge_md=BRIDGE, copy_md=BRIDGE, rows_jsonl=rows, odd_xyz="?")
    settings = Settings(index=str(tmp_path))
    index_folder(settings.documents_folder, open_engine(settings), settings)
    groups = group_skipped(open_engine(settings).searcher().manifest.skipped)

    assert {(group.reason, group.count) for group in groups} >= {
        ("same text", 2),
        ("no text", 2),
        ("not an object", 1),
    }
    assert {file for group in groups for file in group.files} >= {
        ("copy.md", "as bridge", 1),
        ("rows.jsonl", "as rows/a", 1),
        ("rows.jsonl", "line 3", 1),
        ("rows.jsonl", "line 4", 1),
    }
    assert [group.count for group in groups] == sorted(
        (group.count for group in groups), reverse=True
    )
