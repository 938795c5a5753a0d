"""A question in one form finds a text in another: dates, numbers, names, joined words."""

import pytest

from qa.answers.pipeline import ask
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings

# By id: the language and the text.
TEXTS = {
    "dome": ("en", "The dome motor failed on 23.08.2016 and was replaced within a week."),
    "light": ("en", "On 2018-02-11 the spectrograph saw first light over the valley."),
    "fair": (
        "en",
        "A fair was held in August 2016. On 23 May a choir sang. In February 2018 the roof leaked.",
    ),
    "hafen": ("de", "Die Brücke am Hafen wurde am 5. Oktober 2014 von der Stadt eröffnet."),
    "pont": ("fr", "Le pont du village a été rouvert le 19/12/2015 par la mairie."),
    "puente": ("es", "El puente nuevo se inauguró el 30 de enero de 2013 con una fiesta."),
    "grant": ("en", "The library received a grant of €4.31m for its roof."),
    "haushalt": ("de", "Der Haushalt der Gemeinde umfasst 8,25 Mio. Euro und 6.720 Posten."),
    "census": ("en", "The census of the island counted 12,480 people in spring."),
    "recensement": ("fr", "Le recensement de la commune compte 31 560 habitants."),
    "load": ("en", "The shelf carries a load of 45kg at most."),
    "parcel": ("en", "Parcels of more than 30 kg go by freight."),
    "rate": ("en", "The reserve pays 6.5 % of interest on savings."),
    "tasa": ("es", "El banco paga un 4,75 % de interés a los socios."),
    "sharp": ("en", "The desktop client is written in C#."),
    "plus": ("en", "The engine modules are written in C++."),
    "plain": ("en", "The firmware modules are written in C."),
    "pricing": ("en", "A pricing experiment was written in F# by one intern."),
    "net": ("en", "The installer needs the .NET runtime of that year."),
    "lab": ("en", "The R&D group moved to the annex, and AT&T rents the hall."),
    "desk": ("en", "The help desk answers 24/7 by phone."),
    "wifi": ("en", "Guests use the wi-fi in the lobby."),
    "part": ("en", "Order part BX-2210-K for the pump."),
    "coop": ("en", "The coop sells bread and cheese."),
    "sign": ("en", "The sign up form is on the wall by the stairs."),
    "epost": ("de", "Die Verwaltung antwortet auf E-Mail und Brief."),
    "midi": ("fr", "Le porte-monnaie a été retrouvé à la gare."),
    "author": ("en", "The map was drawn by G. K. Lund for the museum."),
    "poet": ("en", "The hymn was written by T.W. Marsh in winter."),
    "judge": ("en", "The verdict was read by RV Sorensen at noon."),
    "irish": ("en", "The bakery belongs to Nora O'Malley since spring."),
    "turkish": ("tr", "Fırın O'Malley'nin ve İzmir'in en eski dükkânıdır, çok güzel bir yerdir."),
    "isbn": ("en", "The catalogue has the ISBN 978-3-16-148410-0 on its cover."),
    "ratio": ("en", "The model of the ship is built at a scale of 1:72."),
}
FILLERS = [
    f"In {place} the {thing} near the {other} was {done} by the council."
    for place in ("Lowick", "Seaton", "Kelby", "Oxley")
    for thing, other, done in (
        ("pier", "crane", "moved"),
        ("ferry", "quay", "painted"),
        ("buoy", "rope", "closed"),
        ("tide", "chart", "surveyed"),
        ("cargo", "slipway", "leased"),
    )
]


def make_document(id_, text, language):
    about = Metadata("A note", language=language)
    return build_document(id_, f"{id_}.txt", [RawBlock(text)], about)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    settings = Settings(index=str(tmp_path_factory.mktemp("variants")))
    documents = [make_document(id_, text, language) for id_, (language, text) in TEXTS.items()]
    documents += [make_document(f"filler{n}", text, "en") for n, text in enumerate(FILLERS)]
    index_documents(documents, open_engine(settings), settings)
    return settings


@pytest.fixture(scope="module")
def searcher(settings):
    return open_engine(settings).searcher()


def first_document(searcher, settings, question):
    answer = ask(searcher, settings, question)
    return answer.passages[0].citation.document_id if answer.passages else None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        # Dates: other forms of the day, in other languages, and the month that it is in.
        ("what failed on 23 August 2016?", "dome"),
        ("what happened on August 23, 2016?", "dome"),
        ("what happened on 2016-08-23?", "dome"),
        ("8/23/2016", "dome"),
        ("what happened on 11 February 2018?", "light"),
        ("was geschah am 5.10.2014?", "hafen"),
        ("what was opened on 5 October 2014?", "hafen"),
        ("que s'est-il passé le 19 décembre 2015 ?", "pont"),
        ("what happened in December 2015?", "pont"),
        ("¿qué se inauguró el 30/01/2013?", "puente"),
        ("what happened on 30 January 2013?", "puente"),
        ("2014-10-05", "hafen"),
        # Numbers.
        ("who received 4,310,000?", "grant"),
        ("who received 4.31 million euros?", "grant"),
        ("welcher Haushalt umfasst 8.250.000 Euro?", "haushalt"),
        ("which budget is 8.25 million?", "haushalt"),
        ("6720 Posten", "haushalt"),
        ("where are there 12480 people?", "census"),
        ("où y a-t-il 31560 habitants ?", "recensement"),
        ("31,560", "recensement"),
        ("who pays 6.5%?", "rate"),
        ("6.5%", "rate"),
        ("quién paga 4,75%", "tasa"),
        ("4.75 %", "tasa"),
        ("1:72", "ratio"),
        # Units.
        ("what carries 45 kg?", "load"),
        ("45kg", "load"),
        ("how do parcels over 30kg go?", "parcel"),
        # Signs.
        ("C#", "sharp"),
        ("C++", "plus"),
        ("what is written in C?", "plain"),
        ("what was written in F#?", "pricing"),
        ("what needs .NET?", "net"),
        ("where did R&D move?", "lab"),
        ("where did R & D move?", "lab"),
        ("AT&T", "lab"),
        ("24/7", "desk"),
        ("who answers 24/7?", "desk"),
        # Hyphened, joined and open.
        ("wi-fi", "wifi"),
        ("wifi", "wifi"),
        ("wi fi", "wifi"),
        ("where is there WiFi?", "wifi"),
        ("BX2210K", "part"),
        ("BX-2210-K", "part"),
        ("what is BX 2210K for?", "part"),
        ("co-op", "coop"),
        ("where is the sign-up form?", "sign"),
        ("signup", "sign"),
        ("Email der Verwaltung", "epost"),
        ("portemonnaie retrouvé", "midi"),
        ("9783161484100", "isbn"),
        # Initials and apostrophes.
        ("what did GK Lund draw?", "author"),
        ("G.K. Lund", "author"),
        ("T. W. Marsh", "poet"),
        ("TW Marsh", "poet"),
        ("R.V. Sorensen", "judge"),
        ("R. V. Sorensen", "judge"),
        ("Nora O’Malley", "irish"),
        ("who is Nora OMalley?", "irish"),
        ("O'Malley İzmir", "turkish"),
    ],
)
def test_a_question_in_one_form_finds_the_text_in_another(searcher, settings, question, expected):
    assert first_document(searcher, settings, question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what failed on 23 August 2016?", "23.08.2016"),
        ("was wurde am 05.10.2014 eröffnet?", "5. Oktober 2014"),
        ("who received 4,310,000?", "4.31m"),
        ("G.K. Lund", "G. K."),
        ("wifi", "wi-fi"),
    ],
)
def test_the_whole_form_is_marked(searcher, settings, question, expected):
    (passage, *_) = ask(searcher, settings, question).passages

    assert expected in [passage.text[start:end] for start, end in passage.marks]


def test_a_date_is_one_word_of_the_question_where_some_text_has_it(searcher, settings):
    known, unknown = (
        ask(searcher, settings, f"what failed on {day}?").query.used
        for day in ("23 August 2016", "24 August 2019")
    )

    assert "23 august 2016" in known
    assert "august" not in known
    assert "august" in unknown


def test_a_quotation_is_the_words_as_they_are(searcher, settings):
    for other_form in ('"wifi"', '"23 August 2016"'):
        assert ask(searcher, settings, other_form).query.not_required
    for form, document in ('"wi-fi"', "wifi"), ('"23.08.2016"', "dome"):
        assert not ask(searcher, settings, form).query.not_required
        assert first_document(searcher, settings, form) == document
