"""Files that are not whole: damage is found, named, and never shown."""

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from qa.errors import (
    CorruptIndexError,
)
from tests.conftest import build_index, write


@pytest.mark.parametrize("name", ["passages.bin", "documents.bin"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_a_file_that_is_not_whole_is_told_by_name(tmp_path, name, damage):
    write(tmp_path / "documents", one_txt="Apples are red.\n")
    settings = build_index(tmp_path)
    (generation,) = (tmp_path / "generations").iterdir()
    path = generation / name
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.unlink()
    if damage != "missing":
        path.write_bytes(content if damage == "altered" else content[:-5])

    with pytest.raises(CorruptIndexError, match=name):
        open_engine(settings).searcher().verify()


def test_nothing_altered_is_searched_for_or_shown(tmp_path):
    sentence = "The {} of the harbour was {} in spring. "
    texts = {f"n{n:03}_txt": sentence.format(f"word{n}", f"other{n}") * 40 for n in range(200)}
    write(tmp_path / "documents", **texts)
    settings = build_index(tmp_path)
    searcher = open_engine(settings).searcher()
    whole = answers_of(searcher, settings)
    damages, answered = 0, 0
    for name in ("passages.bin", "documents.bin"):
        path = searcher.folder / name
        content = path.read_bytes()
        for place in range(100, len(content), len(content) // 20):
            altered = bytearray(content)
            altered[place] ^= 0x10
            path.unlink()
            path.write_bytes(altered)
            try:
                searcher = open_engine(settings).searcher()
                assert answers_of(searcher, settings) == whole
                answered += 1
            except CorruptIndexError as error:
                assert name in str(error)  # noqa: PT017 - which of two may happen is not known
                damages += 1
        path.unlink()
        path.write_bytes(content)

    assert damages
    assert answered


def answers_of(searcher, settings):
    """What is said of two of many documents."""
    texts = [ask(searcher, settings, f"What of word{n}?").passages for n in (7, 150)]
    return [texts, searcher.document("n007").text]


def test_damage_that_a_search_met_is_named_from_then_on(tmp_path):
    write(tmp_path / "documents", one_txt="Apples are red.\n")
    settings = build_index(tmp_path)
    searcher = open_engine(settings).searcher()
    path = searcher.folder / "passages.bin"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.unlink()
    path.write_bytes(content)
    live = open_engine(settings)
    searcher = live.searcher()
    with pytest.raises(CorruptIndexError, match="passages"):
        ask(searcher, settings, "Are apples red?")

    with pytest.raises(CorruptIndexError, match="passages"):
        searcher.recheck()
    with pytest.raises(CorruptIndexError, match="passages"):
        live.searcher()


def test_the_list_of_documents_is_checked_too(tmp_path):
    write(tmp_path / "documents", one_txt="Apples are red.\n")
    searcher = open_engine(build_index(tmp_path)).searcher()
    path = tmp_path / "generations" / searcher.manifest.name / "summaries.jsonl"
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))

    with pytest.raises(CorruptIndexError, match="summaries"):
        searcher.summaries()
    with pytest.raises(CorruptIndexError, match="summaries"):
        searcher.check()
