"""Questions about the collection, and those that only look like one."""

from pathlib import Path

import pytest

from qa.queries.asking import split_frame


def load_collection_questions():
    """The kind and text of each question in the file beside this one."""
    kind = ""
    path = Path(__file__).with_name("collection_questions.txt")
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#"):
            yield kind, line


@pytest.mark.parametrize(("kind", "question"), [*load_collection_questions()])
def test_a_question_about_the_collection_is_known_by_its_kind(kind, question):
    collection = split_frame(question).collection

    assert collection is not None
    assert collection.kind == kind


@pytest.mark.parametrize(
    ("question", "subject", "language"),
    [
        ("how many articles mention Ukraine?", "Ukraine", "en"),
        ("Hi, how many documents are about climate change?", "climate change", "en"),
        ("in how many documents is the bridge mentioned", "the bridge", "en"),
        ('how many documents contain the word "harbour"?', '"harbour"', "en"),
        ("Wie viele Artikel erwähnen die Ukraine?", "die Ukraine", "de"),
        ("In wie vielen Dokumenten wird der Hafen erwähnt?", "der Hafen", "de"),
        ("Combien d'articles mentionnent l'Ukraine ?", "l'Ukraine", "fr"),
        ("¿Cuántos artículos mencionan Ucrania?", "Ucrania", "es"),
        ("Quanti articoli menzionano l'Ucraina?", "l'Ucraina", "it"),
        ("Hoeveel artikelen gaan over Oekraïne?", "Oekraïne", "nl"),
        ("Quantos artigos mencionam a Ucrânia?", "a Ucrânia", "pt"),
    ],
)
def test_what_documents_shall_mention_is_the_subject(question, subject, language):
    collection = split_frame(question).collection

    assert (collection.kind, collection.subject, collection.language) == (
        "mentions",
        subject,
        language,
    )


@pytest.mark.parametrize(
    "question",
    """
what documents does a traveller need?
how many articles are there in the constitution?
how many documents mention it?
who are you going to call?
who released the documents?
what is the newest document reader?
hello world program
help with taxes
how does it work?
what can I ask my doctor?
thank you for smoking
Hello! Who built the bridge?
who are you? And who built the bridge?
welche Dokumente brauche ich für die Reise?
wie viele Artikel hat das Grundgesetz?
quels documents faut-il pour voyager ?
¿quién es el autor?
""".strip().splitlines(),
)
def test_a_question_about_something_else_is_none_about_the_collection(question):
    assert split_frame(question).collection is None
