"""Frames around a question, by language; what is no frame; questions about the collection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import normalize
from qa.queries.asking import split_frame
from qa.queries.parser import parse_query

FRAMED = [
    # Requests
    ("can you explain to me how long parental leave is?", "how long parental leave is?"),
    ("please list the parts of parental leave", "the parts of parental leave"),
    ("tell me everything about the observatory", "the observatory"),
    ("compare the parental leave of the documents", "the parental leave"),
    ("summarize Who", "Who"),
    ("give me a short overview of the storms", "the storms"),
    ("I'd like to know who built the bridge", "who built the bridge"),
    ("I was wondering if you could tell me who built the bridge", "who built the bridge"),
    ("Do you know when the song was released?", "when the song was released?"),
    ("What do the documents say about the council?", "the council?"),
    ("Which articles mention the pier?", "the pier?"),
    ("list and describe three reasons for the war", "three reasons for the war"),
    ("could you sum the report on ferries up?", "the report on ferries?"),
    ("describe the dome in a few words", "the dome"),
    ("according to the documents, how long is leave?", "how long is leave?"),
    ("PLEASE TELL ME WHO BUILT THE BRIDGE", "WHO BUILT THE BRIDGE"),
    ("Kannst du mir bitte erklären, wie lange die Reise dauert?", "wie lange die Reise dauert?"),
    ("Fasse die Regeln zur Elternzeit kurz zusammen", "die Regeln zur Elternzeit"),
    ("Können Sie bitte die Geschichte des Hafens erzählen?", "die Geschichte des Hafens?"),
    ("Erzähl mir alles über die Sternwarte", "die Sternwarte"),
    ("Was weißt du über den Hafen?", "den Hafen?"),
    ("Pouvez-vous m'expliquer qui a construit le pont ?", "qui a construit le pont ?"),
    ("Dis-moi tout sur le phare", "le phare"),
    ("J'aimerais savoir qui a construit le pont", "qui a construit le pont"),
    ("¿Puedes explicarme cuánto dura el viaje?", "cuánto dura el viaje?"),
    ("Por favor, enumera las partes del permiso", "las partes del permiso"),
    ("Puoi spiegarmi quanto dura il viaggio?", "quanto dura il viaggio?"),
    ("Dimmi tutto sull'osservatorio", "osservatorio"),
    ("Kun je me uitleggen hoe lang de reis duurt?", "hoe lang de reis duurt?"),
    ("Vat de geschiedenis van de haven samen", "de geschiedenis van de haven"),
    ("Você pode me explicar quanto dura a viagem?", "quanto dura a viagem?"),
    ("Gostaria de saber quem construiu a ponte", "quem construiu a ponte"),
    # Politeness
    (
        "Hi! I hope you are well, I have a quick question: how long is leave? Thanks a lot!",
        "how long is leave?",
    ),
    ("hey what is the height of the dome", "what is the height of the dome"),
    ("how long is leave, please? cheers, Tom", "how long is leave?"),
    ("Dear Sir or Madam, when does it sail? Kind regards, Ada Berg", "when does it sail?"),
    ("My card is lost. Can you help me? Who blocks it?", "My card is lost. Who blocks it?"),
    ("Hallo, ich hoffe, es geht Ihnen gut: Wer baute ihn? Vielen Dank!", "Wer baute ihn?"),
    ("Bonjour, j'ai une petite question : qui l'a bâti ? Merci d'avance", "qui l'a bâti ?"),
    ("Hola, espero que estés bien. ¿Quién lo hizo? Muchas gracias.", "Quién lo hizo?"),
    ("Buongiorno, ho una breve domanda: chi lo fece? Grazie mille!", "chi lo fece?"),
    ("Hoi, ik heb een korte vraag: wie bouwde hem? Alvast bedankt!", "wie bouwde hem?"),
    ("Olá, tenho uma pergunta rápida: quem o fez? Muito obrigado!", "quem o fez?"),
]

UNFRAMED = """
how to compare prices
thanks to whom did he win
list price
explain plan
name server
show business
please please me album
who sang Thank You
who wrote Hello, Dolly!
Hello, Dolly!
Plan B
The The
To be or not to be
"tell me about" song
What may members vote as they please?
can you return a used ticket?
who released four pages of the documents
what was found in the documents?
In the article's title, what did the machine end?
best practices for backups
summarize
explain "grand bargain"
Dank wem hat er gewonnen?
Liste der Schiffe
Preise vergleichen
Hallo Welt
grâce à qui a-t-il gagné
liste de prix
comparer les prix
¿De qué manera se hace?
gracias a quién ganó
lista de precios
confrontare i prezzi
prijslijst
"""


@pytest.mark.parametrize(("question", "bare"), FRAMED)
def test_a_frame_is_taken_off(question, bare):
    assert split_frame(question).bare == bare


@pytest.mark.parametrize("question", UNFRAMED.strip().splitlines())
def test_the_same_words_elsewhere_are_part_of_the_question(question):
    framed = split_frame(question)

    assert (framed.bare, framed.frame_words) == (question, ())


@pytest.mark.parametrize(("question", "bare"), FRAMED)
def test_a_framed_question_searches_for_what_the_bare_one_does(question, bare):
    framed, alone = parse_query(question), parse_query(bare)

    stems = [term.stems for term in framed.terms]
    # A capital inside a sentence makes a name of a small word: The Who.
    assert [s for s in stems if s in [term.stems for term in alone.terms]] == [
        term.stems for term in alone.terms
    ]
    assert len(stems) <= len(alone.terms) + 1
    assert set(framed.ignored_words) >= set(alone.ignored_words) - set(stems)


def test_the_words_of_a_frame_are_ignored_and_said_to_be():
    query = parse_query("Hi! Could you please list the parts of parental leave? Thanks!")

    assert [term.word for term in query.terms] == ["parts", "parental", "leave"]
    assert query.ignored_words == ("hi", "could", "you", "please", "list", "thanks", "the", "of")


def test_a_word_that_is_also_searched_for_is_not_ignored():
    query = parse_query("list the members of the list")

    assert [term.word for term in query.terms] == ["members", "list"]
    assert "list" not in query.ignored_words


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("tell me about The Who", {"Who"}),
        ("tell me about It, the novel", {"It", "novel"}),
        ("summarize Who", {"Who"}),
        ("what do the documents say about US policy", {"US", "policy"}),
        ("explain the Plan B pill", {"Plan", "B", "pill"}),
        ("tell me about To be or not to be", {"To", "be", "or", "not"}),
        ("tell me about The The", {"The"}),
        ("tell me why", {"tell", "me", "why"}),
        ("tell me about it", {"tell", "me", "about", "it"}),
    ],
)
def test_names_of_small_words_count_inside_a_frame(question, words):
    assert {term.word for term in parse_query(question).terms} >= words


def test_a_pronoun_needs_no_frame_where_the_conversation_has_its_words():
    query = parse_query("can you tell me more about it?", carried_words=("observatory",))

    assert [term.word for term in query.terms] == ["observatory"]


COLLECTION = {
    "identity": "who are you?|Who are you|are you a robot?|Wer bist du?|Qui êtes-vous ?"
    "|¿Quién eres?|Chi sei?|Wie ben je?|Quem é você?",
    "help": "help|help me please|what can I ask you?|what can you do|Hilfe|Aide"
    "|Was kann ich dich fragen?|Que puis-je vous demander ?|Ayuda"
    "|¿Qué puedo preguntarte?|Aiuto|Cosa posso chiederti?"
    "|Hulp|Wat kan ik je vragen?|Ajuda|O que posso perguntar?",
    "contents": "what documents do you have?|Could you please tell me what documents you have?"
    "|list all documents|what is in here?|what topics do you cover|Welche Dokumente hast du?"
    "|Zeig mir alle Dokumente|Quels documents avez-vous ?|¿Qué documentos tienes?"
    "|Quali documenti hai?|Welke documenten heb je?|Que documentos você tem?",
    "count": "how many documents are there?|Hi! How many articles do you have? Thanks!"
    "|Wie viele Dokumente gibt es?|Combien de documents y a-t-il ?|¿Cuántos documentos hay?"
    "|Quanti documenti ci sono?|Hoeveel documenten zijn er?|Quantos documentos há?",
    "newest": "what is the newest document?|show me the latest article"
    "|Was ist das neueste Dokument?|Quel est le document le plus récent ?"
    "|¿Cuál es el documento más reciente?|Qual è il documento più recente?"
    "|Wat is het nieuwste document?|Qual é o documento mais recente?",
    "oldest": "what is the oldest document?|Welches ist das älteste Dokument?"
    "|Quel est le plus ancien document ?|¿Cuál es el documento más antiguo?"
    "|Wat is het oudste document?",
    "dates": "what period do the documents cover?|Welchen Zeitraum umfassen die Dokumente?"
    "|De quand datent les documents ?",
    "updated": "when was the index last updated?|Wann wurde der Index zuletzt aktualisiert?"
    "|Quand la collection a-t-elle été mise à jour ?",
    "publishers": "which publishers are there?|where do the documents come from?"
    "|Woher stammen die Dokumente?|D'où viennent les documents ?",
    "languages": "what languages do you speak?|Welche Sprachen sprichst du?"
    "|Quelles langues parlez-vous ?",
    "greeting": "hello|Hi there!|Good morning|thank you!|Guten Tag|Bonjour|Hola|Ciao"
    "|Goedemorgen|Olá",
}


@pytest.mark.parametrize(
    ("kind", "question"),
    [(kind, question) for kind, text in COLLECTION.items() for question in text.split("|")],
)
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


@given(st.text(max_size=300))
def test_any_text_is_taken_apart(text):
    question = normalize(text)
    framed = split_frame(question)

    assert framed.bare or not question
    assert len(framed.bare) <= len(question)


@given(
    st.lists(
        st.sampled_from('hi , . : please can you tell me all about the war thanks ! " - ?'.split()),
        max_size=40,
    )
)
def test_frames_in_any_order_leave_words_of_the_question_only(words):
    question = " ".join(words)
    framed = split_frame(question)

    assert set(framed.bare.replace("?", " ").split()) <= set(question.replace("?", " ").split())
