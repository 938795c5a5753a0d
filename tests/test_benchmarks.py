"""Every module of benchmarks/ can be imported, and every program there says how it is used."""

from importlib import import_module
from pathlib import Path

import pytest

from benchmarks import comparisons, profile, sentences
from benchmarks.corpora import Corpus

FOLDER = Path(__file__).parent.parent / "benchmarks"
MODULES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py"))}
PROGRAMS = [name for name, source in MODULES.items() if '__name__ == "__main__"' in source]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name):
    assert import_module(f"benchmarks.{name}").__doc__


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_explains_its_options(name, capsys):
    with pytest.raises(SystemExit) as exit_info:
        import_module(f"benchmarks.{name}").main(["--help"])

    assert exit_info.value.code == 0
    assert capsys.readouterr().out.lower().startswith("usage: ")


@pytest.mark.parametrize("path", [path for paths in profile.STAGES.values() for path in paths])
def test_every_stage_of_an_answer_is_a_function_that_there_is(path):
    owner, name = profile.find_function(path)

    assert callable(vars(owner)[name])


def test_the_time_of_a_stage_is_not_that_of_the_stages_inside_it(monkeypatch):
    ticks = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(profile.time, "thread_time_ns", lambda: next(ticks))
    clock = profile.StageClock()
    with clock.measure("outer"), clock.measure("inner"):
        pass
    spent = clock.take()

    assert spent == {"outer": 2.0, "inner": 1.0}
    assert clock.take() == {}


def options_of(cache, *, keeps):
    return comparisons.Options(("sqlite",), cache, 1, 1, 1.0, 24, 10, keeps, float("inf"))


@pytest.mark.parametrize(("keeps", "builds"), [(True, 1), (False, 2)])
def test_an_index_that_is_kept_is_not_built_again(tmp_path, monkeypatch, keeps, builds):
    runs = []
    measures = {"index_seconds": 1.0, "passages_per_second": 3.0}
    monkeypatch.setattr(comparisons, "run", lambda *words, **_: runs.append(words) or measures)
    options = options_of(tmp_path, keeps=keeps)
    for run in ("first", "second"):
        temporary = tmp_path / run
        temporary.mkdir()
        corpus = Corpus("made up", tmp_path / "made-up")
        folder = comparisons._index_folder("sqlite", corpus, temporary, options)
        assert comparisons._measure_indexing("sqlite", corpus, folder, options) == measures

    assert len(runs) == builds


def test_an_index_of_an_earlier_version_is_removed(tmp_path):
    for name in ("sqlite=1-made-up-all", "sqlite-two=1-made-up-all", "sqlite=1-made-up-5"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.json").touch()
    options = options_of(tmp_path, keeps=True)
    comparisons._index_folder("sqlite", Corpus("made up", tmp_path / "made-up"), tmp_path, options)

    rest = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert rest == {"sqlite-two=1-made-up-all", "sqlite=1-made-up-5"}
    assert len([*tmp_path.glob("*.json")]) == 2


def test_a_process_that_is_not_done_in_time_is_ended():
    with pytest.raises(comparisons.WorkerError, match="time is up"):
        comparisons.run("prepare", "", "", until=0.0)


TREEBANK = """\
# newdoc id = a
# text = Mr. Lund left.
1\tMr.\t_\t_\t_\t_\t_\t_\t_\t_

# text = The boat
1\tThe\t_\t_\t_\t_\t_\t_\t_\t_

# text = It sank.
1\tIt\t_\t_\t_\t_\t_\t_\t_\t_

# newpar
# text = nobody cried.
1\tnobody\t_\t_\t_\t_\t_\t_\t_\t_
"""


def test_sentences_are_compared_with_those_of_a_treebank(tmp_path):
    path = tmp_path / "en_made-ud-test.conllu"
    path.write_text(TREEBANK, encoding="utf-8")
    paragraphs = list(sentences.read_paragraphs(path))
    right = sentences.measure([path], lambda text, _: [14, 23, len(text)])
    wrong = sentences.measure([path], lambda text, _: [3, len(text)])

    assert [paragraph.text for paragraph in paragraphs] == [
        "Mr. Lund left. The boat It sank.",
        "nobody cried.",
    ]
    assert right.figures(()) == (1, 1, 1)
    assert (wrong.right, wrong.extra, wrong.missing) == (0, 2, 2)
    assert wrong.limit == 2 / 3
