"""The sentence that an answer marks is whole, from its beginning to its own end mark."""

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from tests.conftest import build_index, write

PUMPS = """The pumps

The control panel needs .NET 9 or later on each of its screens. The green pump weighs approx. 14 kg
incl. the hose and its clamps. Lt. J. R. Moss of the U.S. Navy tested the red pump in 1999. "Will it
run dry?" she asked the keeper, who only laughed. See no. 7 and Fig. 2 for the yellow pump.
"""
MUEHLE = """Die Mühle am Bach

Im 17. Jahrhundert mahlte hier die Müllerin Ida Abel mit ihren Brüdern. Der 2. Orden ging im Winter
an den Schmied aus der Hauptstr. 9 im Dorf. Die Mühle hat z. B. Räder, Siebe usw. Heute wird das
Haus von der Gemeinde verpachtet. Gebaut wurde das Wehr um 300 v. Chr. Römer kamen später.
"""
PONT = """Le pont du village

Le pont fut payé en 1874 par M. Rey à la commune. Mme. Roux garde le musée depuis vingt ans avec ses
deux frères. Le moulin date du IIIe s. av. J.-C. selon les fouilles. L'art. 12 de la charte interdit
la pêche.
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index")
    write(folder / "documents", pumps_txt=PUMPS, muehle_txt=MUEHLE, pont_txt=PONT)
    settings = build_index(folder)
    return open_engine(settings).searcher(), settings


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (
            "what does the control panel need?",
            "The control panel needs .NET 9 or later on each of its screens.",
        ),
        (
            "how much does the green pump weigh?",
            "The green pump weighs approx. 14 kg incl. the hose and its clamps.",
        ),
        (
            "who tested the red pump?",
            "Lt. J. R. Moss of the U.S. Navy tested the red pump in 1999.",
        ),
        (
            "who asked whether it will run dry?",
            '"Will it run dry?" she asked the keeper, who only laughed.',
        ),
        ("where is the yellow pump?", "See no. 7 and Fig. 2 for the yellow pump."),
        (
            "wer mahlte hier im Jahrhundert?",
            "Im 17. Jahrhundert mahlte hier die Müllerin Ida Abel mit ihren Brüdern.",
        ),
        (
            "wer bekam den Orden im Winter?",
            "Der 2. Orden ging im Winter an den Schmied aus der Hauptstr. 9 im Dorf.",
        ),
        ("was hat die Mühle für Räder?", "Die Mühle hat z. B. Räder, Siebe usw."),
        ("wer verpachtet das Haus?", "Heute wird das Haus von der Gemeinde verpachtet."),
        ("par qui le pont fut-il payé?", "Le pont fut payé en 1874 par M. Rey à la commune."),
        (
            "qui garde le musée?",
            "Mme. Roux garde le musée depuis vingt ans avec ses deux frères.",
        ),
        ("de quand date le moulin?", "Le moulin date du IIIe s. av. J.-C. selon les fouilles."),
        ("qu'est-ce qui interdit la pêche?", "L'art. 12 de la charte interdit la pêche."),
    ],
)
def test_an_answer_marks_a_whole_sentence(places, question, sentence):
    searcher, settings = places
    answer = ask(searcher, settings, question)

    assert answer.passages[0].answer.text == sentence
