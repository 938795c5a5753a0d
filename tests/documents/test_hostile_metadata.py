"""What a file says of itself can neither cost much nor reach every page as it is."""

import json
import subprocess
import sys

import pytest

from qa.documents.document import Document, RawBlock, build_document
from qa.documents.skips import Skip
from qa.settings import Settings
from tests.conftest import ROOT
from tests.documents.reading import make_zip, read_documents, read_file

PROSE = "The harbour of Lindholm was built in 1874."
LEVELS = range(1, 30)
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in LEVELS)
MAPS = "a0: &a0 {x: x}\n" + "".join(f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}\n" for n in LEVELS)
MERGED = MAPS.replace("{x: *", "{<<: [*").replace(", y: *", ", *").replace("}", "]}")
MERGED = MERGED.replace("{x: x]}", "{x: x}")
BOMBS = [BOMB, MAPS, MERGED]
ALIASES = "too many values by YAML aliases"
ABOVE = f"{ALIASES} in its front matter; they were left out"


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("field", ["title", "author", "publisher", "date", "url", "x"])
def test_a_bomb_of_aliases_above_a_text_is_left_out_in_one_line(tmp_path, bomb, field):
    text = f"---\n{bomb}{field}: *a29\n---\n{PROSE}"
    for name in ("a.txt", "a.md"):
        documents, skips = read_file(tmp_path, name, text)

        assert skips == [Skip(name, ABOVE)]
        assert documents["a"].text == PROSE
        assert len(documents["a"].to_json()) < 1000


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_beside_a_file_leaves_the_file(tmp_path, bomb):
    documents, skips = read_file(tmp_path, "a.txt", PROSE, _meta_yaml=f"{bomb}title: *a29")

    assert documents["a"].metadata.title == PROSE
    assert skips == [Skip("a.txt.meta.yaml", f"{ALIASES}; they were left out")]


def test_a_bomb_in_an_archive_is_said_of_its_member(tmp_path):
    members = {"a.md": f"---\n{BOMB}title: *a29\n---\n{PROSE}", "b.md": PROSE}
    documents, skips = read_file(tmp_path, "x.zip", make_zip(**members))

    assert list(documents) == ["x/a", "x/b"]
    assert skips == [Skip("x.zip/a.md", ABOVE)]


def test_aliases_that_people_write_are_read(tmp_path):
    text = f"---\npublisher: &p Gazette\nauthor: *p\ntags: [*p, *p]\n---\n{PROSE}"
    about = read_file(tmp_path, "a.md", text)[0]["a"].metadata

    assert (about.publisher, about.author) == ("Gazette", "Gazette")


@pytest.mark.parametrize(
    "metadata",
    [
        "title: &a [*a]",
        "title: &a {x: *a}",
        "? &a [*a]\n: x",
        "title: " + "[" * 100_000,
        "title: " + "{a: " * 100_000,
        "- " * 100_000,
        "".join(f"{' ' * n}a:\n" for n in range(1200)),
    ],
    ids=["list", "mapping", "key", "flow", "flow mapping", "sequences", "indented"],
)
def test_loops_and_depths_of_yaml_end(tmp_path, metadata):
    documents, skips = read_file(tmp_path, "a.txt", PROSE, _meta_yaml=metadata)

    assert list(documents) == ["a"]
    assert skips == [Skip("a.txt.meta.yaml", "not valid YAML; its file was read without it")]
    assert len(read_front_matter(tmp_path, metadata)) == 1


def read_front_matter(folder, metadata):
    (folder / "b.md").write_text(f"---\n{metadata}\n---\n{PROSE}")
    return read_documents(folder / "b.md", "b.md", Settings())


def test_yaml_runs_nothing(tmp_path):
    target = tmp_path / "made"
    metadata = (
        f"title: !!python/object/apply:os.mkdir ['{target}']\nauthor: !!python/name:os.system x"
    )
    documents, skips = read_file(tmp_path, "a.txt", PROSE, _meta_yaml=metadata)

    assert (list(documents), skips) == (["a"], [])
    assert not target.exists()


@pytest.mark.parametrize(
    "metadata",
    ["[" * 200_000, '{"title": ' * 90_000, '{"title": ' + "9" * 1_000_000 + "}"],
    ids=["lists", "objects", "digits"],
)
def test_depths_and_numbers_of_json_end(tmp_path, metadata):
    row = json.dumps({"text": PROSE})
    documents, skips = read_file(tmp_path, "a.txt", PROSE, _meta_json=metadata)
    rows, errors = read_file(tmp_path, "b.jsonl", f"{metadata}\n{row}")

    assert list(documents) == ["a"]
    assert [skip.reason for skip in skips] == ["not valid JSON; its file was read without it"]
    assert list(rows) == ["b/2"]
    assert [len(skip.reason) < 200 for skip in errors] == [True]


@pytest.mark.parametrize("field", ["title", "author", "publisher", "date", "url", "language"])
@pytest.mark.parametrize("value", ["word " * 400_000, "x" * 2_000_000])
def test_a_value_of_megabytes_is_cut_or_left_out(tmp_path, field, value):
    row = json.dumps({"text": PROSE, field: value, "note": value})
    (document,) = read_file(tmp_path, "a.jsonl", row)[0].values()

    assert len(json.dumps(document.to_record())) < 5000
    assert document.metadata.title


@pytest.mark.parametrize(
    "text",
    [f"# {'word ' * 400_000}\n\n{PROSE}", f"{PROSE}\n\n## {'x' * 2_000_000}\n\nMore."],
    ids=["first", "later"],
)
def test_a_heading_of_megabytes_is_no_title_and_no_section(tmp_path, text):
    (document,) = read_file(tmp_path, "a.md", text)[0].values()

    assert len(document.metadata.title) <= 500
    assert not any(block.level for block in document.blocks)


def test_a_heading_stays_one_up_to_a_length():
    blocks = [RawBlock("h" * 1000, 1), RawBlock("h" * 1001, 1), RawBlock("Text.")]
    document = build_document("a", "a", blocks, metadata_of_json())

    assert [block.level for block in document.blocks] == [1, 0, 0]


def metadata_of_json():
    return Document.from_record(
        {
            "id": "",
            "source": "",
            "text": "",
            "blocks": [],
            "metadata": {"title": "", "date": None},
            "pages": [],
        }
    ).metadata


LINKED = """
import resource, sys, time
from pathlib import Path
from tests.documents.reading import read_documents
from qa.settings import Settings
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
print(len(read_documents(Path(sys.argv[1]), "a.html", Settings())))
"""


def test_a_page_with_a_million_pieces_of_linked_data_is_read(tmp_path):
    data = "[" + ",".join(["1"] * 1_000_000) + "]"
    page = f'<html><script type="application/ld+json">{data}</script><p>{PROSE}</p></html>'
    (tmp_path / "a.html").write_text(page)
    command = [sys.executable, "-c", LINKED, tmp_path / "a.html"]

    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout == b"1\n"
