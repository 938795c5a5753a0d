"""Frames around a question, by language, and what is no frame."""

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
    ("Can you tell me when the bridge was opened?", "when the bridge was opened?"),
    ("Please explain why they chose granite.", "why they chose granite."),
    ("I need information on the ferry timetable", "the ferry timetable"),
    ("Could you summarise the council's decision?", "the council's decision?"),
    ("Show me everything about storms in 1902", "storms in 1902"),
    ("I am looking for details about the lighthouse", "the lighthouse"),
    ("Provide a brief summary of the harbour's history", "the harbour's history"),
    ("Give me a list of the ships that were lost", "the ships that were lost"),
    ("Could you let me know who the mayor is?", "who the mayor is?"),
    ("Anything about Karl Brandt?", "Karl Brandt?"),
    ("Is there anything on the pier?", "the pier?"),
    ("Find articles about the ferry", "the ferry"),
    ("Look up the length of the bridge", "the length of the bridge"),
    ("What does the text say about ice?", "ice?"),
    ("Please compare the bridge with the ferry.", "the bridge with the ferry."),
    ("Compare ferries and bridges", "ferries and bridges"),
    ("Explain photosynthesis to me", "photosynthesis"),
    ("Briefly describe the storm", "the storm"),
    ("Write a short summary about the storm", "the storm"),
    ("I want you to list all ships", "all ships"),
    ("Would you mind telling me who built it?", "who built it?"),
    ("I'd be grateful if you could tell me how long it is", "how long it is"),
    (
        "Good day, I would like to ask how long the bridge is. Thank you for your time.",
        "how long the bridge is.",
    ),
    ("who built the harbour? thx", "who built the harbour?"),
    ("Hey there! Just wondering who built the harbour", "who built the harbour"),
    ("Hello team, who built the harbour?", "who built the harbour?"),
    ("Tell me, who built the harbour?", "who built the harbour?"),
    ("who built the harbour, if you know?", "who built the harbour?"),
    ("Do the documents mention a lighthouse?", "a lighthouse?"),
    ("In your documents, who built the harbour?", "who built the harbour?"),
    ("Erkläre mir bitte, warum Granit gewählt wurde.", "warum Granit gewählt wurde."),
    ("Ich suche Informationen über den Hafen", "den Hafen"),
    ("Gibt es etwas über den Sturm?", "den Sturm?"),
    ("Könntest du mir eine Zusammenfassung der Geschichte geben?", "Geschichte?"),
    ("Nenne mir alle Schiffe", "alle Schiffe"),
    ("Sag mir, wer die Brücke eröffnet hat", "wer die Brücke eröffnet hat"),
    ("Was sagen die Dokumente über den Rat?", "den Rat?"),
    ("Ich würde gerne wissen, wie lang die Brücke ist", "wie lang die Brücke ist"),
    ("Beschreibe kurz den Sturm", "den Sturm"),
    ("Vergleiche bitte die Brücke mit der Fähre", "die Brücke mit der Fähre"),
    ("Wisst ihr, wer den Hafen gebaut hat?", "wer den Hafen gebaut hat?"),
    (
        "Guten Tag, wer hat den Hafen gebaut? Mit freundlichen Grüßen, Anna",
        "wer hat den Hafen gebaut?",
    ),
    ("Entschuldigung, wie lang ist die Brücke?", "wie lang ist die Brücke?"),
    ("wie lang ist die Brücke bitte", "wie lang ist die Brücke"),
    ("Laut den Dokumenten, wer hat den Hafen gebaut?", "wer hat den Hafen gebaut?"),
    ("Welche Artikel erwähnen den Leuchtturm?", "den Leuchtturm?"),
    ("Expliquez-moi pourquoi le granit a été choisi", "pourquoi le granit a été choisi"),
    ("Je cherche des informations sur le port", "le port"),
    ("Y a-t-il quelque chose sur la tempête ?", "la tempête ?"),
    ("Pourrais-tu me donner un résumé de l'histoire ?", "l'histoire ?"),
    ("Dites-moi qui a ouvert le pont", "qui a ouvert le pont"),
    ("Que disent les documents sur le conseil ?", "le conseil ?"),
    ("Je voudrais savoir combien mesure le pont", "combien mesure le pont"),
    ("Décris brièvement la tempête", "la tempête"),
    ("Bonjour, qui a construit le port ? Cordialement, Anne", "qui a construit le port ?"),
    ("Excusez-moi, combien mesure le pont ?", "combien mesure le pont ?"),
    ("qui a construit le port svp", "qui a construit le port"),
    ("Selon les documents, qui a construit le port ?", "qui a construit le port ?"),
    ("Quels articles parlent du phare ?", "phare ?"),
    ("¿Podrías decirme quién abrió el puente?", "quién abrió el puente?"),
    ("Busco información sobre el puerto", "el puerto"),
    ("Háblame del puerto", "puerto"),
    ("Dime quién abrió el puente, por favor", "quién abrió el puente"),
    ("Según los documentos, ¿quién construyó el puerto?", "quién construyó el puerto?"),
    ("Potresti dirmi chi ha aperto il ponte?", "chi ha aperto il ponte?"),
    ("Parlami del porto", "porto"),
    ("Zou je me kunnen vertellen wie de brug opende?", "wie de brug opende?"),
    ("Ik zoek informatie over de haven", "de haven"),
    ("Pode me dizer quem abriu a ponte?", "quem abriu a ponte?"),
    ("Fale-me sobre o porto", "o porto"),
    ("Write an essay about the lighthouse", "the lighthouse"),
    ("In which document is the lighthouse mentioned?", "the lighthouse?"),
    ("List all mentions of the lighthouse", "the lighthouse"),
    ("show me what you have on the lighthouse", "the lighthouse"),
    ("Find me the passage where Brandt opens the pier", "Brandt opens the pier"),
    ("What are the key points of the report?", "the report?"),
    ("Explain like I'm five how a dam works", "how a dam works"),
    ("In one sentence, who built the dam?", "who built the dam?"),
    ("Using only the documents provided, who built the dam?", "who built the dam?"),
    ("According to the text above, who built the dam?", "who built the dam?"),
    ("Thanks in advance for telling me who built the dam", "who built the dam"),
    ("Hello, my name is Anna. Who built the dam?", "Who built the dam?"),
    ("I have to write a school report. Who built the dam?", "Who built the dam?"),
    ("Sorry, one more question: who built the dam?", "who built the dam?"),
    ("Please provide a detailed answer: who built the dam?", "who built the dam?"),
    ("Do you have any idea who built the dam?", "who built the dam?"),
    ("Schreibe einen Aufsatz über den Damm", "den Damm"),
    ("In welchem Dokument wird der Damm erwähnt?", "der Damm?"),
    ("Nenne alle Stellen über den Damm", "den Damm"),
    ("Was gibt es über den Damm zu wissen?", "den Damm?"),
    ("In einem Satz: wer hat den Damm gebaut?", "wer hat den Damm gebaut?"),
    ("Auf Grundlage der Dokumente, wer baute den Damm?", "wer baute den Damm?"),
    ("Hallo, ich heiße Anna. Wer baute den Damm?", "Wer baute den Damm?"),
    ("Ich schreibe gerade eine Hausarbeit. Wer baute den Damm?", "Wer baute den Damm?"),
    ("Noch eine Frage: wer baute den Damm?", "wer baute den Damm?"),
    ("Hast du eine Ahnung, wer den Damm gebaut hat?", "wer den Damm gebaut hat?"),
    ("Écris une rédaction sur le barrage", "le barrage"),
    ("Dans quel document le barrage est-il mentionné ?", "le barrage?"),
    ("Cite les passages sur le barrage", "le barrage"),
    ("Que faut-il savoir sur le barrage ?", "le barrage ?"),
    ("En une phrase, qui a construit le barrage ?", "qui a construit le barrage ?"),
    ("Selon le texte ci-dessus, qui l'a construit ?", "qui l'a construit ?"),
    ("Je prépare un exposé. Qui a construit le barrage ?", "Qui a construit le barrage ?"),
    ("As-tu une idée de qui a construit le barrage ?", "qui a construit le barrage ?"),
    ("Escribe un ensayo sobre la presa", "la presa"),
    ("¿En qué documento se menciona la presa?", "la presa?"),
    ("En una frase, ¿quién construyó la presa?", "quién construyó la presa?"),
    ("Hola, me llamo Ana. ¿Quién construyó la presa?", "Quién construyó la presa?"),
    ("Scrivi un saggio sulla diga", "diga"),
    ("In quale documento è menzionata la diga?", "la diga?"),
    ("Un'altra domanda: chi ha costruito la diga?", "chi ha costruito la diga?"),
    ("Schrijf een opstel over de dam", "de dam"),
    ("In welk document wordt de dam genoemd?", "de dam?"),
    ("Nog een vraag: wie bouwde de dam?", "wie bouwde de dam?"),
    ("Escreva um ensaio sobre a barragem", "a barragem"),
    ("Onde a barragem é mencionada?", "a barragem?"),
    ("Mais uma pergunta: quem construiu a barragem?", "quem construiu a barragem?"),
    ("lighthouse please", "lighthouse"),
    ("the old lighthouse thanks", "the old lighthouse"),
    ("article on the lighthouse", "the lighthouse"),
    ("mentions of the lighthouse", "the lighthouse"),
    ("I want everything on the lighthouse", "the lighthouse"),
    ("fasse den Artikel über den Damm zusammen", "den Damm"),
    ("alles über den Damm bitte", "den Damm"),
    ("Damm bitte", "Damm"),
    ("résume l'article sur le barrage", "le barrage"),
    ("tout sur le barrage, merci", "le barrage"),
    ("resume el artículo sobre la presa", "la presa"),
    ("todo sobre la presa por favor", "la presa"),
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
Tell Me Why by the Beatles
Give Me Liberty
All About Eve
Show Me the Way Home
the question of the report
in one sentence of the treaty
what is the name of the report
my name is Earl
Yes Please
Todo sobre mi madre
Alles über meine Mutter
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


def test_a_request_may_have_capitals_throughout():
    assert split_frame("Tell Me About The Lighthouse Of Pharos").bare == "The Lighthouse Of Pharos"


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
        ("It by Stephen King", {"It", "Stephen", "King"}),
        ("It, the novel", {"It", "novel"}),
        ("Us and Them", {"Us", "Them"}),
        ("when did The Who play in Leeds?", {"The", "Who", "play", "Leeds"}),
        ("who wrote Let It Be?", {"wrote", "Let", "It", "Be"}),
        ("who said to be or not to be?", {"said", "to", "be", "or", "not"}),
        ("the US and the UK", {"US", "UK"}),
        ("what is Plan B?", {"Plan", "B"}),
        ("albums of The The", {"albums", "The"}),
        ("what did May say?", {"May", "say"}),
        ("Tell Me Why by the Beatles", {"Me", "Why", "Beatles"}),
    ],
)
def test_names_of_small_words_count_inside_a_frame(question, words):
    assert {term.word for term in parse_query(question).terms} >= words


@pytest.mark.parametrize(
    ("question", "language", "words"),
    [
        ("Sein und Zeit", "de", {"Sein", "Zeit"}),
        ("Ich und Du", "de", {"Ich", "Du"}),
        ("wer schrieb Sein und Zeit?", "de", {"schrieb", "Sein", "Zeit"}),
        ("wer sind Die Ärzte?", "de", {"Die", "Ärzte"}),
        ("der Plan B", "de", {"Plan", "B"}),
        ("Elle et lui", "fr", {"Elle"}),
        ("qui a écrit Le Monde ?", "fr", {"écrit", "Le", "Monde"}),
        ("Elle, le film", "fr", {"Elle", "film"}),
        ("le plan B", "fr", {"plan", "B"}),
        ("quién escribe en El País?", "es", {"escribe", "El", "País"}),
        ("Yo y ella", "es", {"Yo"}),
    ],
)
def test_titles_of_small_words_count_in_other_languages(question, language, words):
    query = parse_query(question, languages=(language,))

    assert {term.word for term in query.terms} >= words


@pytest.mark.parametrize(
    ("question", "ignored"),
    [
        ("What and when did he say it?", {"what", "and", "when"}),
        ("The harbour and the pier", {"the", "and"}),
        ("In 1874, who built it?", {"in", "who", "it"}),
        ("who is it that built the pier with her?", {"who", "is", "it", "with", "her"}),
    ],
)
def test_small_words_at_other_places_do_not_count(question, ignored):
    assert ignored <= {*parse_query(question).ignored_words}


def test_a_pronoun_needs_no_frame_where_the_conversation_has_its_words():
    query = parse_query("can you tell me more about it?", carried_words=("observatory",))

    assert [term.word for term in query.terms] == ["observatory"]


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
