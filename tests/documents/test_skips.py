"""What is left out is counted by reason, whatever there is of it; only the first are listed."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from qa.app import create_app
from qa.cli import main
from qa.documents.document import Document
from qa.documents.skips import MAX_LISTED, SKIPPED, Skip, SkipTally, count_reasons
from qa.engines.factory import open_engine
from qa.index.manifest import Manifest, manifest_from_json
from qa.publishing.builder import index_folder
from qa.settings import Settings
from tests.conftest import BRIDGE
from tests.documents.reading import read_documents

MANY = 160_000


def skips(number):
    return [Skip("rows.csv", f"row {row}: no text") for row in range(1, number + 1)]


def tally_of(skipped, path=None):
    with SkipTally(path) as tally:
        for skip in skipped:
            tally.add(skip)
        tally.close()
    return tally


def test_reasons_are_counted_and_the_first_listed_in_order():
    tally = tally_of([*skips(MANY), Skip("z.pdf", "encrypted")])

    assert tally.reasons == (("no text", MANY), ("encrypted", 1))
    assert tally.listed == skips(MAX_LISTED)
    assert tally.total == MANY + 1


def test_all_are_written_to_a_file_only_if_there_are_more(tmp_path):
    path = tmp_path / SKIPPED
    tally_of(skips(MAX_LISTED), path)
    assert not path.exists()

    tally_of(skips(MAX_LISTED + 1), path)
    lines = path.read_text(encoding="ascii").splitlines()
    assert [Skip(**json.loads(line)) for line in lines] == skips(MAX_LISTED + 1)

    tally_of(skips(1), path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_build_that_failed_is_not_taken_for_a_whole_one(tmp_path):
    with SkipTally(tmp_path / SKIPPED) as tally:
        for skip in skips(MAX_LISTED + 1):
            tally.add(skip)

    assert not (tmp_path / SKIPPED).exists()


@pytest.mark.parametrize(
    ("reasons", "counted"),
    [
        (["larger than 100 MB"] * 2, (("larger than 100 MB", 2),)),
        (
            [
                "line 3: not valid JSON (extra data at 5)",
                "line 4: not valid JSON (extra data at 7)",
            ],
            (("not valid JSON (extra data at …)", 2),),
        ),
        (["same text as a", "same text as b/c"], (("same text", 2),)),
        (["row http://a.b/c: no text", "row x: no text"], (("no text", 2),)),
        (["encrypted", "a link", "a link"], (("a link", 2), ("encrypted", 1))),
    ],
)
def test_what_differs_from_file_to_file_is_no_reason_of_its_own(reasons, counted):
    assert count_reasons(Skip("x", reason) for reason in reasons) == counted


def test_reasons_are_not_as_many_as_files():
    letters = [chr(code) for code in range(0x4E00, 0x4E00 + 5000)]
    reasons = count_reasons(Skip("x", f"odd {letter}") for letter in letters)

    assert len(reasons) == 101
    assert reasons[0] == ("other reasons", 4900)


def test_a_generation_of_before_is_read_with_its_reasons_counted():
    old = json.loads(Manifest(1, 1, ("en",), None, None, ()).to_json())
    del old["reasons"]
    manifest = manifest_from_json(old | {"skipped": list(map(list, skips(5000)))}, "a" * 12, 0)

    assert manifest.reasons == (("no text", 5000),)
    assert manifest.skipped == tuple(skips(MAX_LISTED))
    assert manifest.left_out == 5000


@pytest.fixture(scope="module")
def settings_with_skips(tmp_path_factory):
    """Settings of an index with one document and very many rows without text."""
    home = tmp_path_factory.mktemp("settings_with_skips")
    (home / "documents").mkdir()
    (home / "documents" / "bridge.md").write_text(BRIDGE)
    rows = "\n".join(["id,title,text", "1,Title,Some text.", *["2,Title,"] * MANY])
    (home / "documents" / "rows.csv").write_text(rows)
    (home / "documents" / "z.xyz").write_text("?")
    settings = Settings(index=str(home))
    index_folder(settings.documents_folder, open_engine(settings), settings)
    return settings


@pytest.mark.parametrize("address", ["/documents", "/documents.json", "/about", "/", "/ask?q=pier"])
def test_no_page_and_no_answer_holds_them_all(settings_with_skips, address):
    response = create_app(settings_with_skips).test_client().get(address)

    assert response.status_code == 200
    assert len(response.data) < 300_000


def test_the_record_has_counts_and_the_first(settings_with_skips):
    record = create_app(settings_with_skips).test_client().get("/documents.json").json

    assert record["skipped_total"] == MANY + 1
    assert record["skipped_reasons"][0] == {"reason": "no text", "count": MANY}
    assert record["skipped_reasons"][1]["count"] == 1
    assert len(record["skipped"]) == MAX_LISTED


def test_the_page_says_how_many_more(settings_with_skips):
    page = create_app(settings_with_skips).test_client().get("/documents").text

    assert "160,001 files or rows left out" in page
    assert "… and 159,900 more" in page
    assert "… and 1 more" in page
    assert "the first 1,000 files and rows that were left out" in page


def test_the_generation_and_the_report_do_not_hold_them_all(settings_with_skips):
    manifest = open_engine(settings_with_skips).searcher().manifest
    report = CliRunner().invoke(main, ["index", "--index", settings_with_skips.index]).output

    assert len(manifest.to_json()) < 150_000
    assert (
        "160,001 files or rows were skipped:\n  160,000  no text\n        1  unknown kind" in report
    )
    assert "  skipped rows.csv: row 2: no text\n" in report
    assert f"... and 159,981 more skipped; {settings_with_skips.home / SKIPPED} lists all" in report
    assert len(report.splitlines()) < 40
    assert len((settings_with_skips.home / SKIPPED).read_text().splitlines()) == MANY + 1


@pytest.mark.parametrize("name", ["\ud800", "x" * 100_000, "a\x1b[31m\nb"])
def test_a_row_is_named_in_a_few_characters_that_can_be_stored(tmp_path, name):
    rows = [{"id": name, "text": "?!"}, {"id": "b", "text": "Some words."}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    skip, document = read_documents(tmp_path / "rows.jsonl", "rows.jsonl", Settings())
    manifest = replace(Manifest(1, 1, ("en",), None, None, ()), skipped=(skip,))

    assert isinstance(document, Document)
    assert len(skip.reason) < 100
    assert not set("\x1b\n") & set(skip.reason)
    assert manifest.to_json().encode()
