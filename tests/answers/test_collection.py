"""Questions about the collection are answered from the index's facts, unless a document answers."""

import datetime

import pytest

from qa.analysis.deadline import NO_DEADLINE
from qa.answers.collection import describe_collection
from qa.answers.pipeline import ask
from qa.answers.retrieval import AskOptions
from qa.engines.factory import open_engine
from qa.queries.asking import COLLECTION_KINDS, CollectionQuestion
from qa.queries.query import Filters
from qa.settings import Settings
from tests.conftest import build_index, write


def about(searcher, question, **options):
    return ask(searcher, Settings(), question, AskOptions(**options)).about


def urls(facts):
    return [link.url for link in facts.links]


def test_what_there_is_is_counted_dated_and_linked(searcher):
    facts = about(searcher, "what documents do you have?")

    assert facts.text == (
        "Documents: 2. Dates: 2021-12-03 to 2022-03-29."
        " Publishers: Northern Gazette (1), Vesa Courier (1)."
    )
    assert urls(facts)[:3] == ["/documents", "/documents/bridge", "/documents/harbour"]


def test_documents_of_one_day_have_one_date(searcher):
    filters = Filters(date_from=datetime.date(2022, 1, 1))

    text = about(searcher, "what documents do you have?", filters=filters).text

    assert text.startswith("Documents: 1. Date: 2022-03-29.")


def test_the_answer_has_no_quote(searcher):
    answer = ask(searcher, Settings(), "how many documents are there?")

    assert (answer.verdict, answer.passages, answer.confidence) == ("none", (), 0.0)
    assert (answer.none.missing, answer.none.near, answer.none.apart) == ((), (), ())
    assert answer.query.used == ()


@pytest.mark.parametrize(
    ("question", "text", "url"),
    [
        (
            "how many articles mention the council of Lindholm?",
            "Documents that contain “council Lindholm”: 2 of 2.",
            "/?q=the+council+of+Lindholm",
        ),
        (
            "Wie viele Dokumente erwähnen granite?",
            "Dokumente, die „granite“ enthalten: 1 von 2.",
            "/?q=granite",
        ),
        (
            "how many documents mention martians",
            "Documents that contain “martians”: 0 of 2.",
            "/?q=martians",
        ),
        (
            "what is the newest document?",
            "The newest document is “Bridge over the Vesa”, dated 2022-03-29.",
            "/documents/bridge",
        ),
        (
            "Quel est le plus ancien document ?",
            "Le document le plus ancien est « The harbour of Lindholm », daté du 2021-12-03.",
            "/documents/harbour",
        ),
        (
            "what period do the documents cover?",
            "Dates: 2021-12-03 to 2022-03-29.",
            "/documents?sort=newest",
        ),
        (
            "Woher stammen die Dokumente?",
            "Herausgeber: Northern Gazette (1), Vesa Courier (1).",
            "/documents?sort=publisher",
        ),
        ("what languages do you speak?", "Languages of the documents: en.", "/about"),
    ],
)
def test_each_kind_has_its_facts_and_a_link(searcher, question, text, url):
    facts = about(searcher, question)

    assert facts.text == text
    assert urls(facts)[0] == url


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("who are you?", "This is Verbatim"),
        ("help", "Type a question"),
        ("hello", "Hello! You can ask what the documents say. Type a question"),
        ("Danke!", "Guten Tag!"),
        ("¿Quién eres?", "Esto es Verbatim"),
        ("Cosa posso chiederti?", "Scriva una domanda"),
        ("Hulp", "Typ een vraag"),
        ("Olá", "Olá! Pode perguntar"),
    ],
)
def test_who_asks_for_us_is_told_what_to_ask(searcher, question, start):
    facts = about(searcher, question)

    assert facts.text.startswith(start)
    assert ": 2." in facts.text
    assert {"/documents", "/about"} <= {*urls(facts)}


def test_the_index_says_when_it_was_published(searcher):
    published = searcher.manifest.build_time[:10]

    assert published in about(searcher, "when was the index last updated?").text


def test_filters_limit_the_facts(searcher):
    filters = Filters(publishers=("vesa courier",), date_from=datetime.date(2022, 1, 1))
    facts = about(searcher, "how many documents are there?", filters=filters)

    assert facts.text.startswith("Documents: 1. Date: 2022-03-29.")
    assert urls(facts)[0] == "/documents?publisher=vesa+courier&from=2022-01-01"
    counted = about(searcher, "how many documents mention Lindholm", filters=filters)
    assert counted.text.endswith("1 of 1.")


def test_the_last_link_asks_the_documents_themselves(searcher):
    facts = about(searcher, "how many documents are there?")

    assert urls(facts)[-1] == "/?q=how+many+%22documents%22+are+there%3F"
    assert about(searcher, 'how many "documents" are there?') is None


def test_every_kind_has_sentences_in_every_language(searcher):
    for language in ("en", "de", "fr", "es", "it", "nl", "pt"):
        for kind in COLLECTION_KINDS:
            question = CollectionQuestion(kind, language, "council")
            facts = describe_collection(searcher, "typed", question, Filters(), NO_DEADLINE)

            assert facts.kind == kind
            assert "{" not in facts.text


def test_a_question_after_others_may_mean_them(searcher):
    turns = ("who built the bridge?",)

    assert about(searcher, "what is this?", turns=turns) is None
    assert about(searcher, "what is this?").kind == "identity"
    assert about(searcher, "how many documents are there?", turns=turns).kind == "count"


def test_a_greeting_is_no_subject_of_what_follows(searcher):
    answer = ask(
        searcher, Settings(), "and when?", AskOptions(turns=("who opened the bridge?", "thanks!"))
    )

    assert "thanks" not in answer.query.carried
    assert "bridge" in answer.query.carried


@pytest.fixture(scope="module")
def faq(tmp_path_factory):
    """An index whose documents answer such questions themselves; none has a date."""
    folder = tmp_path_factory.mktemp("faq")
    write(
        folder / "documents",
        faq_md="# About us\n\n## Who are you?\n\nWe are the harbour office of Lindholm.\n",
        help_md="---\ntitle: Help\n---\nCall the office, or write to the harbour master.\n",
        plain_txt="Visitors\n\nWhat can I ask you?\n\nAnything about the tides.\n",
        **{f"note{i}_txt": f"Note {i}\n\nBerth {i} was closed.\n" for i in range(12)},
    )
    return open_engine(build_index(folder)).searcher()


@pytest.mark.parametrize("question", ["who are you?", "Who are you", "help", "what can I ask you?"])
def test_a_document_that_answers_goes_first(faq, question):
    assert about(faq, question) is None


def test_what_no_document_answers_is_told_of_the_index(faq):
    facts = about(faq, "what documents are there?")

    assert facts.text == "Documents: 15."
    assert urls(facts)[:1] == ["/documents"]
    assert len(facts.links) == 2
    assert about(faq, "what is the newest document?").text == "The documents have no dates."
    assert about(faq, "which publishers are there?").text == "The documents name no publishers."


def test_politeness_in_a_conversation_is_carried_nowhere(searcher):
    turns = ("Hi! I have a quick question: who opened the bridge? Thanks in advance!",)
    answer = ask(searcher, Settings(), "and when? Thanks a lot!", AskOptions(turns=turns))

    assert {"opened", "bridge"} <= {*answer.query.carried}
    assert not {"quick", "question", "thanks", "advance", "lot"} & {*answer.query.used}
