"""What a question denies is answered by what denies it, and the other way round."""

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from tests.conftest import build_index, write

POOL = """# The pool

Children under six swim in the small basin. Glass bottles are not allowed on the deck. Towels can
be hired at the desk.

Guests who have not showered may not enter the water. Guests who have a season card come in by the
east door.

Bring a cap and slippers. Never bring food into the changing rooms.

The east gate is unlocked from May to August. The west gate is locked all year.
"""
TRAINS = """# Trains

The night express runs with a reservation. Local trains run without a reservation. All trains carry
bicycles except the airport shuttle.

The 1874 viaduct was never repaired. The 1902 viaduct was repaired twice.
"""
HAUS = """# Hausordnung

Hunde sind im Garten erlaubt, wenn sie angeleint sind. Katzen sind im Gewächshaus nicht erlaubt.

Mitglieder, die den Beitrag nicht zahlen, verlieren ihr Beet. Mitglieder, die den Beitrag früh
zahlen, bekommen einen Nachlass.

Die Stadt Bremen hat das Abkommen nie unterzeichnet. Die Stadt Emden hat das Abkommen im Mai
unterzeichnet.

Die Fähre fährt ohne Anmeldung. Das Sonderboot fährt nur mit Anmeldung.
"""
REGLES = """# Règlement

Les chiens sont admis dans le parc en laisse. Les chats ne sont pas admis dans la serre.

Les membres qui ne paient pas avant mars perdent leur parcelle. Les membres qui paient tôt ont une
remise.

Le pont de Loire n'a jamais été réparé. Le pont de Seine a été réparé au printemps.
"""
REGLAS = """# Reglamento

Los perros están permitidos en el parque con correa. Los gatos no están permitidos en el
invernadero.

El puente del Ebro nunca fue reparado. El puente del Tajo fue reparado en mayo.
"""
NOTE = "In {town} the {place} was inspected after the {other} had been flooded by {n} storms."
PLACES = "quay crane ferry shed pilot mooring chart anchor rope buoy".split()
TOWNS = "Kelby Jarrow Oxley Lowick Seaton".split()


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    notes = {
        f"note{n}_txt": " ".join(
            NOTE.format(town=TOWNS[k % 5], place=PLACES[k % 10], other=PLACES[3 * k % 10], n=k)
            for k in range(n, n + 6)
        )
        for n in range(60)
    }
    documents = {"pool_md": POOL, "trains_md": TRAINS, "haus_md": HAUS}
    write(folder / "documents", regles_md=REGLES, reglas_md=REGLAS, **documents, **notes)
    return build_index(folder)


@pytest.fixture
def answer(settings):
    return lambda question: ask(open_engine(settings).searcher(), settings, question)


@pytest.mark.parametrize(
    ("question", "marked"),
    [
        ("what is not allowed on the deck?", "Glass bottles are not allowed on the deck."),
        ("who may not enter the water?", "Guests who have not showered may not enter the water."),
        ("what should I never bring?", "Never bring food into the changing rooms."),
        ("what should I bring?", "Bring a cap and slippers."),
        ("which gate is not locked?", "The east gate is unlocked from May to August."),
        ("which gate is locked?", "The west gate is locked all year."),
        ("which trains run without a reservation?", "Local trains run without a reservation."),
        ("which train runs with a reservation?", "The night express runs with a reservation."),
        (
            "which trains do not carry bicycles?",
            "All trains carry bicycles except the airport shuttle.",
        ),
        ("which viaduct was never repaired?", "The 1874 viaduct was never repaired."),
        ("which viaduct was repaired?", "The 1902 viaduct was repaired twice."),
        ("is glass allowed on the deck?", "Glass bottles are not allowed on the deck."),
        ("Welche Tiere sind nicht erlaubt?", "Katzen sind im Gewächshaus nicht erlaubt."),
        (
            "Welche Tiere sind erlaubt?",
            "Hunde sind im Garten erlaubt, wenn sie angeleint sind.",
        ),
        (
            "Was passiert, wenn Mitglieder den Beitrag nicht zahlen?",
            "Mitglieder, die den Beitrag nicht zahlen, verlieren ihr Beet.",
        ),
        (
            "Welche Stadt hat das Abkommen nie unterzeichnet?",
            "Die Stadt Bremen hat das Abkommen nie unterzeichnet.",
        ),
        (
            "Welche Stadt hat das Abkommen unterzeichnet?",
            "Die Stadt Emden hat das Abkommen im Mai unterzeichnet.",
        ),
        ("Was fährt ohne Anmeldung?", "Die Fähre fährt ohne Anmeldung."),
        ("Sind Katzen im Gewächshaus erlaubt?", "Katzen sind im Gewächshaus nicht erlaubt."),
        ("Quels animaux ne sont pas admis ?", "Les chats ne sont pas admis dans la serre."),
        ("Quels animaux sont admis ?", "Les chiens sont admis dans le parc en laisse."),
        (
            "Que se passe-t-il si les membres ne paient pas ?",
            "Les membres qui ne paient pas avant mars perdent leur parcelle.",
        ),
        ("Quel pont n'a jamais été réparé ?", "Le pont de Loire n'a jamais été réparé."),
        ("Quel pont a été réparé ?", "Le pont de Seine a été réparé au printemps."),
        ("Les chats sont-ils admis ?", "Les chats ne sont pas admis dans la serre."),
        (
            "¿Qué animales no están permitidos?",
            "Los gatos no están permitidos en el invernadero.",
        ),
        (
            "¿Qué animales están permitidos?",
            "Los perros están permitidos en el parque con correa.",
        ),
        ("¿Qué puente nunca fue reparado?", "El puente del Ebro nunca fue reparado."),
        ("¿Están permitidos los gatos?", "Los gatos no están permitidos en el invernadero."),
    ],
)
def test_the_sentence_that_says_what_is_asked_is_marked(answer, question, marked):
    first = answer(question).passages[0]

    assert first.answer is not None
    assert first.answer.text.replace("\n", " ") == marked


@pytest.mark.parametrize(
    ("question", "contrary"),
    [
        ("what is allowed on the deck?", "Glass bottles"),
        ("who may enter the water?", "have not showered"),
        ("which glass bottles are allowed on the deck?", "Glass bottles"),
        ("which towels cannot be hired?", "Towels"),
        ("which children do not swim in the small basin?", "Children"),
        ("which west gates are not locked?", "west gate"),
        ("Welche Katzen sind im Gewächshaus erlaubt?", "Katzen"),
        ("Welche Hunde sind im Garten nicht erlaubt?", "Hunde"),
        ("Quels chats sont admis dans la serre ?", "chats"),
        ("Quels chiens ne sont pas admis dans le parc ?", "chiens"),
        ("¿Qué gatos están permitidos en el invernadero?", "gatos"),
        ("¿Qué perros no están permitidos en el parque?", "perros"),
    ],
)
def test_a_sentence_that_says_the_contrary_is_neither_marked_nor_found(answer, question, contrary):
    other = answer(question)
    first = other.passages[0]

    assert contrary in first.text
    assert first.answer is None or contrary not in first.answer.text
    assert other.verdict != "found"


@pytest.mark.parametrize(
    "question",
    [
        "are glass bottles allowed on the deck?",
        "are glass bottles not allowed on the deck?",
        "Sind Katzen im Gewächshaus nicht erlaubt?",
        "Dürfen Katzen ins Gewächshaus, sind sie erlaubt?",
        "Les chats ne sont-ils pas admis dans la serre ?",
        "¿No están permitidos los gatos en el invernadero?",
    ],
)
def test_whoever_asks_for_yes_or_no_is_answered_either_way(answer, question):
    other = answer(question)

    assert other.verdict == "found"
    assert any(word in other.passages[0].answer.text for word in ("not", "nicht", "pas", "no "))


def test_words_of_negation_are_listed_as_not_searched_for(answer):
    assert "not" in answer("what is not allowed on the deck?").query.ignored


def test_a_word_that_denies_by_itself_is_searched_for_and_said_to_be(answer):
    assert answer("which gate is not locked?").query.expanded == {"locked": ("unlocked",)}
