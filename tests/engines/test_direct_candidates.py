"""Every engine proposes the answer to a question of the documents first."""

import pytest

from qa.engines.base import MAX_DIRECT_ANSWERS
from qa.queries.parser import parse_query
from qa.queries.query import Filters
from tests.conftest import write
from tests.engines.indexes import ENGINES, prepare_settings, run_build

NOTES = [
    f"Where the ferry of {town} is, you are told, and how it is open to all who are there. "
    f"When you do ask what it is for, they say that you have to take it from {town}."
    for town in "Vesa Lindholm Moberg Norbeck Seaton Oxley Kelby Farrow Marsden Jarrow".split()
]


FAQ = """# Questions

## Where are you?

Behind the old brewery.

## "Bring" a friend?

Only on Sundays.

## Tickets

Is it for all? Nobody under ten.
"""


LONG = "The lanterns in the fog were dim and no one saw the shore. " * 11


@pytest.fixture(params=ENGINES)
def settings(request, tmp_path):
    """Settings over an index that is not there yet, in a folder or in a cluster."""
    return prepare_settings(request, tmp_path)


@pytest.fixture(scope="module", params=ENGINES)
def faq_searcher(request, tmp_path_factory):
    """The live generation of questions with answers among notes with the same small words."""
    settings = prepare_settings(request, tmp_path_factory.mktemp("faq"))
    notes = {f"note{n}_txt": text for n, text in enumerate(NOTES)}
    write(settings.documents_folder, faq_md=FAQ, **notes)
    write(settings.documents_folder, log_txt=f"{LONG}What is it for?\n\nFor the fog. {LONG}")
    return run_build(settings)[0].searcher()


def direct(searcher, question, limit=3, **filters):
    """The beginnings of the direct answers."""
    found = searcher.search(parse_query(question, filters=Filters(**filters)), limit)
    passages = found.read_all()
    return [passages[n].text[:14] for n in found.direct_answers]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("where are you", ["Behind the old"]),
        ("Q: WHERE ARE YOU?", ["Behind the old"]),
        ('"bring" a friend', ["Only on Sunday"]),
        ("Is it for all?", ["Is it for all?"]),
        # The answer begins the next passage.
        ("what is it for?", ["For the fog. T"]),
        ("Where are you all?", []),
        ("where are", []),
    ],
)
def test_the_answer_to_a_question_of_the_documents_is_proposed_however_common_its_words(
    faq_searcher, question, expected
):
    assert direct(faq_searcher, question) == expected
    assert direct(faq_searcher, question, limit=1) == expected


def test_what_answers_a_question_of_the_documents_meets_the_filters(faq_searcher):
    assert direct(faq_searcher, "where are you?", document_ids=("faq",)) == ["Behind the old"]
    assert direct(faq_searcher, "where are you?", document_ids=("log",)) == []
    assert direct(faq_searcher, "where are you?", publishers=("Vesa Courier",)) == []


def test_what_answers_directly_has_the_first_ranks_and_its_own_score(faq_searcher):
    query = parse_query("where are you?")
    everything = faq_searcher.search(query, 100)
    scores = dict(zip(everything.document_ids, everything.scores.tolist(), strict=True))
    pages = [faq_searcher.search(query, 2, start=start) for start in range(0, len(everything), 2)]

    assert pages[0].document_ids.count("faq") == 1
    assert [len(page.direct_answers) for page in pages] == [1] + [0] * (len(pages) - 1)
    assert sorted(id_ for page in pages for id_ in page.document_ids) == sorted(
        everything.document_ids
    )
    assert everything.matches.total == len(everything)
    for page in pages:
        expected = [scores[id_] for id_ in page.document_ids]
        assert page.scores.tolist() == pytest.approx(expected, rel=0.02)
        assert sorted(page.scores, reverse=True) == page.scores.tolist()


def test_a_question_with_only_words_of_earlier_turns_is_not_looked_up(faq_searcher):
    query = parse_query("where are you?", carried_words=("brewery",))

    assert faq_searcher.search(query, 5).direct_answers == ()


def test_there_is_a_limit_to_what_answers_directly(settings):
    texts = {f"faq{n}_md": f"# {n}\n\n## Where?\n\nIn {n}." for n in range(MAX_DIRECT_ANSWERS + 9)}
    write(settings.documents_folder, **texts)
    found = run_build(settings)[0].searcher().search(parse_query("where?"), 100)

    assert len(found) == MAX_DIRECT_ANSWERS + 9
    assert len(found.direct_answers) == MAX_DIRECT_ANSWERS
