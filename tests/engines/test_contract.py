"""What every engine does alike: the same documents, questions and generations, for real.

The embedded engine over a folder, and the one over a real OpenSearch.
"""

import dataclasses
import datetime
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from qa.analysis.deadline import Deadline
from qa.analysis.tokenizer import stem, token_texts
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.errors import (
    BuildLockedError,
    DeadlineExceededError,
    DocumentNotFoundError,
    GenerationNotFoundError,
    NoLiveGenerationError,
    PublishConflictError,
    PublishRefusedError,
)
from qa.index.passages import split_passages
from qa.publishing.builder import index_documents
from qa.queries.parser import parse_query
from qa.queries.query import Filters
from tests.conftest import write
from tests.engines.indexes import ENGINES, prepare_settings, run_build


@pytest.fixture(params=ENGINES)
def settings(request, tmp_path):
    """Settings over an index that is not there yet, in a folder or in a cluster."""
    return prepare_settings(request, tmp_path)


@pytest.fixture(scope="module", params=ENGINES)
def small(request, tmp_path_factory):
    """The live generation of two documents."""
    settings = prepare_settings(request, tmp_path_factory.mktemp("small"))
    return run_build(settings)[0].searcher()


def ids(searcher, question, **filters):
    query = parse_query(question, filters=Filters(**filters))
    return searcher.search(query, 10).document_ids


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("who demanded guarantees from martians?", ["harbour"]),
        ("Storms", ["harbour"]),
        ("martians", []),
        ('"council of Lindholm"', ["bridge"]),
        ('"legal guarantees" Lindholm', ["harbour"]),
        ('"guarantees legal"', []),
        ('"guarantees" council', ["harbour"]),
        ("council -guarantees", ["bridge"]),
        ('council -"legal guarantees"', ["bridge"]),
        ("council -bridge -harbour", []),
    ],
)
def test_words_propose_phrases_are_required_and_exclusions_kept(small, question, expected):
    assert ids(small, question) == expected


@pytest.mark.parametrize(
    ("question", "filters", "count"),
    [
        ("council Lindholm", {}, 2),
        ("councils of Lindholm", {}, 2),
        ("lighthouse granite", {}, 0),
        ("lighthouse council", {}, 1),
        ("martians", {}, 0),
        ("council", {"publishers": ("northern gazette",)}, 1),
        ("council", {"date_from": datetime.date(2022, 1, 1)}, 1),
        ("granite", {"document_ids": ("harbour",)}, 0),
    ],
)
def test_documents_with_all_words_are_counted(small, question, filters, count):
    query = parse_query(question, filters=Filters(**filters))

    assert small.count_documents(query) == count


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"publishers": ("northern gazette",)}, {"harbour"}),
        ({"publishers": ("Northern Gazette", "VESA COURIER")}, {"harbour", "bridge"}),
        ({"publishers": ("Nobody",)}, set()),
        ({"date_from": datetime.date(2022, 1, 1)}, {"bridge"}),
        ({"date_to": datetime.date(2021, 12, 3)}, {"harbour"}),
        (
            {"date_from": datetime.date(2022, 3, 29), "date_to": datetime.date(2022, 3, 29)},
            {"bridge"},
        ),
        ({"document_ids": ("bridge",)}, {"bridge"}),
        ({"document_ids": ("elsewhere",)}, set()),
        ({"publishers": ("Northern Gazette",), "document_ids": ("bridge",)}, set()),
    ],
)
def test_filters_leave_only_what_they_name(small, filters, expected):
    assert {*ids(small, "council of Lindholm", **filters)} == expected


def test_passages_that_match_are_counted_by_facet(small):
    matches = small.search(parse_query("the council of Lindholm"), 1).matches

    assert matches.total == 3
    assert matches.publishers == {"Northern Gazette": 2, "Vesa Courier": 1}
    assert matches.years == {2021: 2, 2022: 1}
    assert matches.types == {"md": 3}


def test_what_a_condition_excludes_is_not_counted(small):
    filters = Filters(publishers=("vesa courier",))
    filtered = small.search(parse_query("council Lindholm", filters=filters), 5)

    assert filtered.matches.total == len(filtered) == 1
    assert small.search(parse_query("council -guarantees -bridge"), 5).matches.total == 0
    assert small.search(parse_query("martians"), 5).matches.total == 0


def test_a_search_can_begin_at_any_rank(small):
    query = parse_query("the council of Lindholm in winter")
    whole = small.search(query, 10)
    pieces = [small.search(query, 2, start=start) for start in range(0, len(whole) + 2, 2)]

    assert [p for piece in pieces for p in piece.read_all()] == whole.read_all()
    assert {piece.matches.total for piece in pieces} == {len(whole)}


def test_passages_stand_in_their_documents(small):
    candidates = small.search(parse_query("council of Lindholm in winter"), 10)

    assert len(candidates) == len(candidates.read_all()) > 2
    for passage in candidates.read_all():
        whole = small.document(passage.document_id).text
        assert whole[passage.start : passage.end] == passage.text


def test_words_in_the_heading_over_a_passage_are_told(small):
    question = parse_query("who guarded the bridges of the harbour in winter?")
    candidates = small.search(question, 10)
    expected = [
        [
            any(stem(word, "en") in term.stems for word in token_texts(heading))
            for term in question.terms
        ]
        for heading in candidates.headings
    ]

    assert candidates.heading_matches.tolist() == expected
    assert candidates.heading_matches.any()
    assert not candidates.heading_matches.all()


def test_documents_are_found_by_their_ids_and_listed(small):
    assert [summary.id for summary in small.summaries()] == ["bridge", "harbour"]
    assert small.summaries()[1].sha256 == small.document("harbour").sha256
    with pytest.raises(DocumentNotFoundError):
        small.document("lighthouse")


def test_after_the_deadline_an_engine_looks_for_nothing(small):
    late = Deadline.after(-1)

    with pytest.raises(DeadlineExceededError):
        small.search(parse_query("council of Lindholm"), 10, late)
    with pytest.raises(DeadlineExceededError):
        small.document_frequencies(["zebra"], late)
    assert small.suggest(["guarantes"], late) == {"guarantes": []}
    assert small.disjoint_pairs([["granit"], ["storm"]], late) == []
    assert small.suggest(["guarantes"]) == {"guarantes": ["guarantees"]}


def test_passages_are_counted_by_words(small):
    assert small.document_frequencies(["council", "granit", "martian"]) == {
        "council": 2,
        "granit": 1,
        "martian": 0,
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], []),
        ([["ice"]], []),
        ([["granit"], ["ice"]], []),
        ([["granit"], ["harbor"]], [(0, 1)]),
        # Any of a word's stems will do.
        ([["granit", "harbor"], ["ice"], ["harbor"], ["granit"]], [(1, 2), (2, 3)]),
        ([["martian"], ["council"], ["lindholm"]], [(0, 1), (0, 2)]),
    ],
)
def test_words_that_share_no_passage_are_told(small, words, expected):
    assert small.disjoint_pairs(words) == expected


def test_what_is_spelt_almost_alike_is_told(small):
    expected = {"guarantes": ["guarantees"], "xylophone": [], "ice": [], "1905": []}

    assert small.suggest(expected) == expected
    # Another time, of which a part is known.
    assert small.suggest(["guarantes", "granits"]) == {
        "guarantes": ["guarantees"],
        "granits": ["granite"],
    }
    assert small.suggest([]) == {}


def test_what_is_whole_checks(small):
    small.check()


def test_nothing_is_live_before_the_first_build(settings):
    with pytest.raises(NoLiveGenerationError):
        open_engine(settings).searcher()

    assert open_engine(settings).generations() == []


def test_a_build_is_followed_rolled_back_and_pruned(settings):
    engine, first = run_build(settings)
    before = engine.searcher()
    write(settings.documents_folder, pier_md="# The pier\n\nThe pier burnt down in 1911.")
    _, second = run_build(settings)

    assert (first.is_live, second.is_live) == (True, True)
    assert {*second.changes.added_ids} == {"pier"}
    assert engine.searcher().manifest.name == second.manifest.name
    assert ids(engine.searcher(), "pier burnt")[0] == "pier"
    # Who holds a generation stays on it.
    assert "pier" not in ids(before, "pier burnt")
    assert ids(engine.searcher(first.manifest.name), "burnt") == []

    states = [(generation.name, generation.is_live) for generation in engine.generations()]

    assert states == [(second.manifest.name, True), (first.manifest.name, False)]
    assert engine.switch(None).name == first.manifest.name
    assert engine.searcher().manifest.name == first.manifest.name
    assert engine.switch(second.manifest.name[:6]).name == second.manifest.name

    engine.prune(1)

    assert [generation.name for generation in engine.generations()] == [second.manifest.name]
    with pytest.raises(GenerationNotFoundError):
        engine.searcher(first.manifest.name)
    with pytest.raises(GenerationNotFoundError):
        engine.switch(None)


def test_a_build_that_is_not_published_leaves_nothing(settings):
    engine, first = run_build(settings)
    write(settings.documents_folder, pier_md="# The pier\n\nThe pier burnt down in 1911.")
    run_build(settings, dry_run=True)
    pier = build_document("x", "x", [RawBlock("Burnt.")], Metadata("X"))
    with engine.build() as build:
        build.add(pier, split_passages(pier))

    assert [generation.name for generation in engine.generations()] == [first.manifest.name]
    assert engine.searcher().manifest.name == first.manifest.name


def test_a_refused_generation_is_kept_apart_and_can_be_made_live(settings):
    engine, first = run_build(settings)
    (settings.documents_folder / "bridge.md").unlink()
    strict = dataclasses.replace(settings, max_shrink=0.1)
    _, second = run_build(strict)

    assert not second.is_live
    states = {
        generation.name: (generation.is_live, generation.is_refused)
        for generation in engine.generations()
    }
    assert states == {
        first.manifest.name: (True, False),
        second.manifest.name: (False, True),
    }
    assert engine.searcher().manifest.name == first.manifest.name
    assert engine.open_verified(second.manifest.name).manifest.documents == 1
    assert engine.switch(second.manifest.name).documents == 1
    assert engine.searcher().manifest.name == second.manifest.name


def test_an_unchanged_folder_is_not_indexed_again(settings):
    _, first = run_build(settings)
    _, second = run_build(settings)

    assert second.manifest.name == first.manifest.name
    assert (first.is_new, second.is_new) == (True, False)


def test_two_do_not_build_at_once(settings):
    with open_engine(settings).build(), pytest.raises(BuildLockedError):
        run_build(settings)


def test_a_build_that_was_overtaken_is_refused(settings):
    engine, first = run_build(settings)
    write(settings.documents_folder, pier_md="# The pier\n\nThe pier burnt down in 1911.")
    _, second = run_build(settings)
    pier = build_document("x", "x", [RawBlock("Burnt.")], Metadata("X"))

    def overtaken():
        yield pier
        engine.switch(first.manifest.name)

    with pytest.raises((PublishConflictError, PublishRefusedError)):
        index_documents(overtaken(), engine, settings)

    assert second.is_live
    assert engine.searcher().manifest.name == first.manifest.name


def test_readers_see_one_generation_or_the_other_while_builds_go_on(settings):
    engine, _ = run_build(settings)
    stop = threading.Event()
    document_by_word = {"Moberg": "harbour", "granite": "bridge"}

    def search_until_stopped():
        count = 0
        while not stop.is_set():
            for word, expected in document_by_word.items():
                assert ids(engine.searcher(), word) == [expected]
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(search_until_stopped) for _ in range(3)]
        for number in range(3):
            write(settings.documents_folder, pier_md=f"# Pier\n\nPier {number} burnt down.")
            run_build(settings)
        stop.set()
        counts = [future.result() for future in readers]

    assert min(counts) > 0
    assert len(engine.generations()) == 3


def test_texts_in_several_languages_and_of_odd_words_are_found(settings):
    long = "x" * 40_000
    texts = {
        "de": "Die Häuser der Stadt wurden 1911 verkauft, sagte die Bürgermeisterin am Montag.",
        "el": "Η γέφυρα άνοιξε τον Μάρτιο και έχει μήκος τριακόσια μέτρα από γρανίτη.",
        "zh": "北约承诺了什么？大桥于三月开放，长三百米。",
        "odd": f"U.S. troops | paid 1,000 crowns \\ to AT&T; {long} burnt.",
    }
    for name, text in texts.items():
        write(settings.documents_folder, **{f"{name}_txt": text})
    searcher = run_build(settings)[0].searcher()
    languages = searcher.manifest.languages

    def first_id(question):
        return searcher.search(parse_query(question, languages=languages), 10).document_ids[:1]

    assert first_id("Haus verkauft Bürgermeisterin") == ["de"]
    assert first_id("γέφυρα γρανίτη") == ["el"]
    assert first_id("大桥") == ["zh"]
    assert first_id('"US troops" AT&T 1000') == ["odd"]
    searcher.check()
    assert open_engine(settings).open_verified(searcher.manifest.name).document("odd").text


def test_what_is_suggested_is_stored_with_a_generation(settings):
    blocks = [RawBlock("Who built the pier?", 2), RawBlock("Karl Brandt built the pier.")]
    documents = [
        build_document(
            f"d{n}", f"d{n}.md", [*blocks, RawBlock(f"Storm tide {n}.")], Metadata(title)
        )
        for n, title in enumerate(f"The storm tide of 190{n}" for n in range(3))
    ]
    index_documents(documents, open_engine(settings), settings)
    suggestions = open_engine(settings).searcher().suggestions()

    assert [(q.text, q.document_id) for q in suggestions.questions] == [
        ("Who built the pier?", "d0")
    ]
    assert ("storm tide", 3) in [(t.text.lower(), t.documents) for t in suggestions.topics]
