"""Edited files: an index that takes the rest from the one before is that of a build from nothing.

`--full` makes ten thousand edits, and compares three hundred answers.
"""

import random
import shutil
from pathlib import Path

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from qa.index.renames import RenameTracker
from qa.publishing import builder as indexing
from qa.publishing.builder import index_folder
from qa.publishing.purge import purge_documents
from qa.settings import Settings
from qa.web.response_schemas import answer_body

WORDS = (
    "anchor bridge crane dock ebb ferry gale harbour inlet jetty keel lantern mole north oar pier"
    " quay reef storm tide under vessel wharf yard zone Harbour-Board (HB) 14 July 2021 2.5 million"
).split()
SENTENCES = ("The Port Labour Union (PLU) met.", "What does it cost?", "An act of the union.")
LANGUAGES = ("", "---\nlanguage: de\n---\n", "---\npublisher: Lindholm Post\n---\n")


class Editor:
    """Edits files in a folder at random."""

    def __init__(self, folder, seed):
        self.folder = folder
        self.random = random.Random(seed)
        folder.mkdir(exist_ok=True)

    def write(self, name):
        parts = [self.random.choice(LANGUAGES), f"# {self._words(3).capitalize()}\n\n"]
        for _ in range(self.random.randint(1, 4)):
            heading = f"## {self._words(2).capitalize()}{self.random.choice('.?')}\n\n"
            sentences = [f"{self._words(self.random.randint(4, 20)).capitalize()}."]
            sentences += self.random.sample(SENTENCES, self.random.randint(0, 2))
            parts.append(self.random.choice(["", heading]) + " ".join(sentences * 3) + "\n\n")
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(parts))

    def _words(self, count):
        return " ".join(self.random.choices(WORDS, k=count))

    def paths(self):
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def new_name(self):
        folder = self.random.choice(["", "a/", "b/"])
        return f"{folder}{self.random.choice('abcdefgh')}{self.random.randrange(30)}.md"

    def edit(self):
        """Change, add, copy, rename or delete a file, or describe it in a sidecar."""
        path = self.random.choice(self.paths())
        target = self.folder / self.new_name()
        target.parent.mkdir(exist_ok=True)
        kind = self.random.choice(["change", "add", "add", "copy", "rename", "delete", "describe"])
        if kind == "change":
            self.write(path.relative_to(self.folder).as_posix())
        elif kind == "copy" and path != target:
            shutil.copy(path, target)
        elif kind == "rename":
            path.rename(target)
        elif kind == "delete" and len(self.paths()) > 5:
            path.unlink()
        elif kind == "describe":
            path.with_suffix(".meta.json").write_text(f'{{"title": "{self._words(2)}"}}')
        else:
            self.write(target.relative_to(self.folder).as_posix())


def build(documents, index, **options):
    settings = Settings(index=str(index), documents=str(documents), max_shrink=1.0)
    engine = open_engine(settings)
    return settings, engine, index_folder(documents, engine, settings, **options)


def answers(settings, engine, questions):
    searcher = engine.searcher()
    bodies = [answer_body(ask(searcher, settings, question)) for question in questions]
    return [body.model_dump_json(exclude={"took_ms"}) for body in bodies]


@pytest.fixture
def numbers(monkeypatch):
    """The numbers of documents that builds took from the generation before."""
    numbers = []
    real = indexing.GenerationWriter._keep
    monkeypatch.setattr(
        indexing.GenerationWriter, "_keep", lambda *given: (numbers.append(given[1]), real(*given))
    )
    return numbers


def test_any_edits_give_the_answers_of_a_build_from_nothing(
    tmp_path, pytestconfig, numbers, monkeypatch
):
    # What was renamed is known from the live generation, which differs here.
    monkeypatch.setattr(indexing, "track_renames", lambda *_: RenameTracker())
    is_full = pytestconfig.getoption("--full")
    editor = Editor(tmp_path / "documents", 5)
    for _ in range(40 if is_full else 12):
        editor.write(editor.new_name())
    build(editor.folder, tmp_path / "index")
    made = 0
    while made < (10_000 if is_full else 40):
        for _ in range(editor.random.choice([1, 1, 2, 5, *((100, 400) if is_full else ())])):
            editor.edit()
            made += 1
        changed = build(editor.folder, tmp_path / "index")
        print(made, "edits", flush=True)
        if is_full and editor.random.random() < 0.95:
            continue
        whole = build(editor.folder, tmp_path / "whole", force=True)

        # The name is a checksum of every byte.
        assert changed[2].manifest.name == whole[2].manifest.name
        questions = [editor._words(editor.random.randint(1, 4)) for _ in range(3)]
        assert answers(*changed[:2], questions) == answers(*whole[:2], questions)
    questions = [editor._words(editor.random.randint(1, 5)) for _ in range(300 if is_full else 20)]
    whole = build(editor.folder, tmp_path / "whole", force=True)

    assert answers(*changed[:2], questions) == answers(*whole[:2], questions)
    assert numbers


def test_only_what_changed_is_indexed_and_reported(tmp_path, numbers):
    editor = Editor(tmp_path / "documents", 6)
    for number in range(6):
        editor.write(f"{number}.md")
    build(editor.folder, tmp_path / "index")
    editor.write("2.md")
    (editor.folder / "4.md").unlink()
    editor.write("9.md")
    changes = build(editor.folder, tmp_path / "index")[2].changes

    assert numbers == [0, 1, 3, 5]
    assert (changes.documents_before, changes.documents_now) == (6, 6)
    assert (changes.added_ids, changes.changed_ids, changes.removed_ids) == (("9",), ("2",), ("4",))


def test_a_file_that_nobody_wrote_to_is_not_opened(tmp_path, monkeypatch):
    editor = Editor(tmp_path / "documents", 7)
    for number in range(3):
        editor.write(f"{number}.md")
    monkeypatch.setattr("qa.documents.crawl._UNSETTLED_NS", -(10**12))
    build(editor.folder, tmp_path / "index")
    opened = []
    monkeypatch.setattr(
        "qa.documents.folder.file_cache_key",
        lambda path, *_: opened.append(path.name) or f"key of {path}",
    )
    assert not build(editor.folder, tmp_path / "index")[2].is_new
    assert opened == []
    editor.write("1.md")
    build(editor.folder, tmp_path / "index")

    assert opened == ["1.md"]


def test_a_build_after_a_purge_starts_from_nothing(tmp_path, numbers):
    editor = Editor(tmp_path / "documents", 8)
    for number in range(4):
        editor.write(f"{number}.md")
    build(editor.folder, tmp_path / "index")
    (editor.folder / "1.md").unlink()
    settings, engine, _ = build(editor.folder, tmp_path / "index")
    purge_documents(["1"], engine, settings)
    assert not any(b"1.md" in path.read_bytes() for path in Path(settings.index).rglob("*.sqlite"))
    numbers.clear()
    editor.write("9.md")
    build(editor.folder, tmp_path / "index")

    assert numbers == []
