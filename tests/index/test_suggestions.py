"""What a build collects to be suggested: headings that ask, and the topics of titles."""

import random

from qa.documents.document import Metadata, RawBlock, build_document
from qa.index.suggestions import (
    MAX_QUESTIONS,
    MAX_TOPICS,
    Sample,
    SuggestionCollector,
    select_suggestions,
    suggestions_from_json,
)

PROSE = "The ferry crosses the bay four times a day, and on Sundays only twice."


def compose(number, title, *raw, language="en"):
    blocks = [RawBlock(*block) for block in raw] or [RawBlock(PROSE)]
    return build_document(f"d{number}", f"d{number}.md", blocks, Metadata(title, language=language))


def collect(documents):
    collector = SuggestionCollector()
    for document in documents:
        collector.add(document)
    return select_suggestions(collector.finish())


def test_headings_and_titles_that_ask_are_questions_where_text_answers_them():
    document = compose(
        1,
        "How do ferries run?",
        (PROSE,),
        ("Prices", 2),
        ("What does a  ticket cost?", 3),
        ("Four crowns.",),
        ("Who may ride free?", 3),
        ("What about dogs?", 3),
        ("They pay half.",),
    )
    questions = collect([document]).questions

    assert [question.text for question in questions] == [
        "How do ferries run?",
        "What does a ticket cost?",
        "What about dogs?",
    ]
    assert document.text[questions[1].start :].startswith("Four crowns.")


def test_a_question_that_many_documents_ask_is_one():
    documents = [compose(n, "Ferries", ("How long?  It is.", 2), (PROSE,)) for n in range(3)]
    documents += [compose(n, "WHY ferries?") for n in range(3, 6)]

    assert [question.document_id for question in collect(documents).questions] == ["d3"]


def test_topics_are_named_in_titles_and_written_as_texts_mostly_write_them():
    documents = [
        compose(
            n,
            f"Climate Change: part {n}",
            (f"Report {n} on climate change in Lindholm. Sign up for our letter today.",),
        )
        for n in range(4)
    ]
    documents += [compose(n, f"Nothing {n}") for n in range(4, 20)]
    topics = {topic.text: topic.documents for topic in collect(documents).topics}

    assert topics["climate change"] == 4
    assert "Climate Change" not in topics
    assert not any("sign up" in topic.lower() for topic in topics)


def test_what_every_document_says_is_no_topic():
    documents = [
        compose(n, "Ferry Notes", (f"Ferry notes of day {n}, {PROSE}",)) for n in range(40)
    ]

    assert collect(documents).topics == ()


def test_the_same_documents_give_the_same_suggestions_and_they_can_be_stored():
    documents = [compose(n, f"Vesa River {n % 3}? Why Vesa River?") for n in range(30)]
    first, second = collect(documents), collect(documents)

    assert first == second == suggestions_from_json(first.to_json())


def test_an_empty_index_suggests_nothing():
    nothing = collect([])

    assert (nothing.questions, nothing.topics) == ((), ())


def test_there_are_never_more_than_fit():
    documents = [
        compose(
            n,
            "Ferries",
            *((f"What is number {n} {i}?", 2) if i % 2 else (PROSE,) for i in range(400)),
        )
        for n in range(60)
    ]
    suggestions = collect(documents)
    sources = {question.document_id for question in suggestions.questions}

    assert MAX_QUESTIONS / 2 <= len(suggestions.questions) <= MAX_QUESTIONS
    assert len(suggestions.topics) <= MAX_TOPICS
    # Those of the last documents as well as those of the first.
    assert {"d0", "d59"} <= sources


def test_a_sample_of_many_items_is_at_most_so_large():
    sample = Sample(100)
    rnd = random.Random(1)
    hashes = [rnd.getrandbits(64) for _ in range(3000)]
    zeros = [sample.change(item, 1) for item in hashes]
    chosen = sum(number >= sample.level for number in zeros)

    assert 25 < chosen == sample.size <= 100
    for item in hashes[:2950]:
        sample.change(item, -1)
    assert (sample.level, sample.size) == (0, 50)
