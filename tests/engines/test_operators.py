"""Questions with operators, in both engines: which documents answer, and why none does."""

import datetime
import random

import numpy as np
import pytest

from qa.analysis.deadline import NO_DEADLINE, Deadline
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.whoosh.positions import mask_with_near
from qa.errors import DeadlineExceededError
from qa.queries.conditions import MAX_COMPLETIONS
from qa.queries.query import Filters
from qa.settings import Settings
from tests.engines.indexes import ENGINES, prepare_settings, run_build

LEAVE = """---
title: Staff handbook 2021
publisher: Northern Office
date: 2021-03-29
---
Parental leave lasts twelve weeks. Sick leave needs a note after three days. The office pays the
solar panels on the roof in full.
"""
DRAFT = """---
title: Draft of the handbook
publisher: Northern Office
date: 2019-06-01
---
Parental leave lasts ten weeks. Wind turbines cost more than solar panels ever did. Immunity of the
staff is not discussed.
"""
HEALTH = """---
title: Health letter
publisher: Clinic of Vesa
date: 2022-12-31
---
The immune response was strong. Immunisation of the staff begins in May, before leave. An organ was
transplanted by the organisation.
"""
NOTES = "Notes from the council: parental leave lasts as long as the council wishes.\n"
PAGE = """<html><head><title>Energy and leave</title></head><body><p>The costs of tidal power and of
the wind turbines near the pier rose. Power costs fell on leave days.</p></body></html>"""
TABLE = "".join(f"The year {year} had inoc{year}ation.\n\n" for year in range(1900, 1970))


@pytest.fixture(scope="module", params=ENGINES)
def searcher(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("operators")
    settings = prepare_settings(request, folder)
    for name, text in (
        ("leave.md", LEAVE),
        ("draft.md", DRAFT),
        ("health.md", HEALTH),
        ("notes.txt", NOTES),
        ("page.html", PAGE),
        ("table.txt", TABLE),
    ):
        (folder / "documents" / name).write_text(text, encoding="utf-8")
    return run_build(settings)[0].searcher()


def answer(searcher, question, **options):
    return ask(searcher, Settings(), question, AskOptions(limit=20, **options))


def documents(searcher, question, **options):
    return {p.citation.document_id for p in answer(searcher, question, **options).passages}


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        # title
        ("title:handbook leave", {"leave", "draft"}),
        ("title:staff leave", {"leave"}),
        ('title:"staff handbook" leave', {"leave"}),
        ('title:"handbook staff" leave', set()),
        ("title:HANDBOOK leave", {"leave", "draft"}),
        ("title:hand* leave", {"leave", "draft"}),
        ('title:"staff hand*" leave', {"leave"}),
        ("title:handbooks leave", set()),
        ("-title:handbook parental", {"notes"}),
        ("title:handbook -title:draft parental", {"leave"}),
        ("title:2021 leave", {"leave"}),
        ("title:handbook", {"leave", "draft"}),
        # publisher
        ("publisher:northern leave", {"leave", "draft"}),
        ("publisher:office leave", {"leave", "draft"}),
        ('publisher:"northern office" leave', {"leave", "draft"}),
        ('publisher:"office northern" leave', set()),
        ("publisher:vesa leave", {"health"}),
        ("-publisher:northern parental", {"notes"}),
        ("publisher:nobody leave", set()),
        ("publisher:northern -publisher:office leave", set()),
        ("publisher:clinic OR publisher:northern leave", {"leave", "draft", "health"}),
        ("publisher:courier bridge", {"bridge"}),
        # before, after
        ("before:2021 leave", {"draft"}),
        ("before:2022 parental leave", {"draft", "leave"}),
        ("before:2021-03-29 leave", {"draft"}),
        ("before:2021-03-30 parental", {"draft", "leave"}),
        ("before:2021-03 leave", {"draft"}),
        ("-before:2021 parental", {"leave", "notes"}),
        ("after:2021 leave", {"health"}),
        ("after:2019-06-01 parental", {"leave"}),
        ("after:2019-05 parental", {"leave", "draft"}),
        ("after:2020 before:2022 leave", {"leave"}),
        ("after:2022 before:2020 leave", set()),
        ("after:2022 leave", set()),
        ("-after:2020 parental", {"draft", "notes"}),
        # type
        ("type:txt leave", {"notes"}),
        ("type:html leave", {"page"}),
        ("type:md leave", {"leave", "draft", "health"}),
        ("type:.md parental", {"leave", "draft"}),
        ("-type:md leave", {"notes", "page"}),
        ("type:txt OR type:html leave", {"notes", "page"}),
        ("-(type:txt OR type:html) parental", {"leave", "draft"}),
        ("type:pdf leave", set()),
        ("type:md type:txt leave", set()),
        ("type:MD parental", {"leave", "draft"}),
        # OR
        ("tidal OR sick", {"page", "leave"}),
        ("tidal OR parental", {"page", "leave", "draft", "notes"}),
        ("(tidal OR sick) power", {"page", "leave"}),
        ('"solar panels" OR tidal', {"leave", "draft", "page"}),
        ('"sick leave" OR "immune response"', {"leave", "health"}),
        ("title:draft OR type:txt parental", {"draft", "notes"}),
        ('"solar panels" OR immun* staff', {"leave", "draft", "health"}),
        ("leave -(solar OR council)", {"health", "page"}),
        ("(wind OR solar) (weeks OR costs)", {"leave", "draft", "page"}),
        ("tidal OR zebra", {"page"}),
        # prefix
        ("immun*", {"draft", "health"}),
        ("immunis*", {"health"}),
        ("organis*", {"health"}),
        ("IMMUN* staff", {"draft", "health"}),
        ("parental coun*", {"notes", "harbour", "bridge"}),
        ("parental -coun*", {"leave", "draft"}),
        ("transpl* -immun*", set()),
        ("turb* solar*", {"draft"}),
        ("zeb* leave", set()),
        ("tîd* leave", {"page"}),
        # near
        ('"sick note"~3', {"leave"}),
        ('"note sick"~3', {"leave"}),
        ('"sick note"~2', set()),
        ('"power costs"~0', {"page"}),
        ('"costs power"~0', {"page"}),
        ('"turbines pier"~2', {"page"}),
        ('"turbines pier"~1', set()),
        ('parental -"lasts weeks"~1', {"notes"}),
        ('"council council"~7', {"notes"}),
        ('"council council"~6', set()),
        ('"leave leave leave"~50', set()),
    ],
)
def test_only_documents_that_meet_the_operators_answer(searcher, question, expected):
    assert documents(searcher, question) == expected


def test_operators_and_filters_limit_together(searcher):
    office = Filters(publishers=("Northern Office",))

    assert documents(searcher, "before:2021 leave", filters=office) == {"draft"}
    assert documents(searcher, "publisher:clinic leave", filters=office) == set()
    late = Filters(date_from=datetime.date(2020, 1, 1))
    assert documents(searcher, "title:handbook leave", filters=late) == {"leave"}
    assert documents(searcher, "before:2020 leave", filters=late) == set()


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("type:pdf leave", ("type", "There are no files of type pdf.")),
        ("title:zebra leave", ("title", "There are no documents with “zebra” in the title.")),
        ("publisher:nobody leave", ("publisher", "There are no documents from nobody.")),
        ("before:1900 leave", ("before", "There are no documents dated before 1900.")),
        (
            "after:2022-12-31 leave",
            ("after", "There are no documents dated after 31 December 2022."),
        ),
    ],
)
def test_an_operator_that_leaves_no_document_is_the_reason(searcher, question, reason):
    found = answer(searcher, question)

    assert found.verdict == "none"
    assert found.none.filters == (reason,)


def test_a_word_that_begins_so_and_is_nowhere_is_missing(searcher):
    assert answer(searcher, "zeb* leave").none.missing == ("zeb*",)


def test_a_passage_with_one_of_several_misses_nothing(searcher):
    found = answer(searcher, "tidal OR sick")

    assert found.verdict == "found"
    assert all(not passage.reasons.missing for passage in found.passages)
    assert found.query.used == ("tidal", "sick")


def test_only_words_that_begin_so_are_marked(searcher):
    (passage,) = answer(searcher, "organis*").passages
    marked = [passage.text[mark.start : mark.end] for mark in passage.marks]

    assert marked == ["organisation"]


def test_a_prefix_stands_for_the_most_frequent_words(searcher):
    (operator,) = answer(searcher, "inoc*").query.operators
    few = searcher.complete("inoc", 3)

    assert len(operator.words) == MAX_COMPLETIONS
    assert operator.total == 70
    assert operator.meaning.startswith("one of the 50 most frequent of 70 words that begin")
    assert few.words == ("inoc1900ation", "inoc1901ation", "inoc1902ation")
    assert searcher.complete("lea", 5) == (("leave",), 1)
    assert searcher.complete("zeb", 5) == ((), 0)
    assert searcher.complete("w.*", 5) == ((), 0)


def test_frequent_words_come_first(searcher):
    words, total = searcher.complete("l", 3)

    assert words[0] in {"leave", "lasts"}
    assert total > 3


def test_after_the_deadline_no_word_is_completed(searcher):
    with pytest.raises(DeadlineExceededError):
        searcher.complete("tide", 7, Deadline.after(-1))


def test_what_only_narrows_is_asked_of_the_last_question(searcher):
    turns = ("how long is parental leave?",)
    found = answer(searcher, "before:2021", turns=turns)

    assert {p.citation.document_id for p in found.passages} == {"draft"}
    assert found.standalone == "how long is parental leave? before:2021"


def test_a_follow_up_with_an_operator_carries_words(searcher):
    found = answer(searcher, "and how long is it? title:draft", turns=("what is parental leave?",))

    assert {p.citation.document_id for p in found.passages} == {"draft"}
    assert "parental" in found.query.carried
    assert found.standalone.endswith("title:draft")


def test_the_operators_of_an_earlier_question_are_not_carried(searcher):
    turns = ("title:draft type:md how long is parental leave? zeb*",)
    found = answer(searcher, "and in other documents?", turns=turns)

    assert not {"title", "draft", "type", "md", "zeb"} & {*found.query.carried}
    assert not found.query.operators


def test_operators_alone_that_only_limit_are_text(searcher):
    found = answer(searcher, "type:md before:2021")

    assert not found.query.operators
    assert {"type", "md", "before"} <= {*found.query.used}


def test_what_narrows_nothing_is_text(searcher):
    found = answer(searcher, "before:2021", turns=("hello!", "type:md"))

    assert not found.query.operators
    assert found.query.used == ("before", "2021")


def test_near_agrees_with_plain_python():
    rng = random.Random(7)
    texts = [[rng.choice("abcde") for _ in range(rng.randint(0, 12))] for _ in range(400)]
    field = _Field(texts)
    for _ in range(60):
        phrase = [rng.choice("abcde") for _ in range(rng.randint(2, 4))]
        distance = rng.randint(0, 5)
        within = np.array([rng.random() < 0.8 for _ in texts])
        mask = mask_with_near(field, [*map(ord, phrase)], distance, within.copy(), NO_DEADLINE)

        expected = [
            bool(inside) and _is_near(text, phrase, distance)
            for text, inside in zip(texts, within, strict=True)
        ]
        assert mask.tolist() == expected


def _is_near(text, phrase, distance):
    width = len(phrase) + distance
    windows = (text[i : i + width] for i in range(len(text)))
    return any(
        all(window.count(word) >= phrase.count(word) for word in phrase) for window in windows
    )


class _Entry:
    row = None


class _Field:
    """A field of an index, of texts whose words are letters; these are the numbers of terms."""

    def __init__(self, texts):
        self._texts = texts
        self.lengths = np.array([*map(len, texts)])

    def entry(self, _):
        return _Entry

    def document_frequency(self, number):
        return len(self.documents(number))

    def documents(self, number):
        return np.array([n for n, t in enumerate(self._texts) if chr(number) in t], np.int64)

    def frequencies(self, number):
        return np.array([self._texts[n].count(chr(number)) for n in self.documents(number)])

    def positions(self, number):
        letter = chr(number)
        return np.array([i for t in self._texts for i, word in enumerate(t) if word == letter])
