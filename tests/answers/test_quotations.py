"""Pasted text finds its document; what is required and not there is named, and asked without."""

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from tests.conftest import build_index, write

WEIR = (
    "The weir at Orrin gave way on Tuesday night. “We heard it go before we saw it,” said the"
    " miller, who had kept watch. Two barges sank at once. “Not a plank is left,” his son added,"
    " and the wardens closed the towpath until the end of the month."
)
WEHR = (
    "Das Wehr bei Orrin brach in der Nacht. «Wir haben es gehört, bevor wir es sahen», sagte der"
    " Müller. Zwei Kähne sanken sofort. «Kein Brett ist übrig», fügte sein Sohn hinzu."
)
BARRAGE = (
    "Le barrage d'Orrin a cédé dans la nuit. « Nous l'avons entendu avant de le voir », a dit le"
    " meunier. Deux péniches ont coulé. « Il ne reste pas une planche », a ajouté son fils."
)
FILLER = " The {place} of {town} was painted by {n} people, and the {other} was left as it was."
PLACES = "quay crane ferry shed pilot mooring chart anchor rope buoy".split()
TOWNS = "Kelby Jarrow Oxley Lowick Seaton".split()


def filler(n):
    return FILLER.format(
        place=PLACES[n % 10], other=PLACES[(3 * n + 1) % 10], town=TOWNS[n % 5], n=n
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weir")
    notes = {f"note{n}_txt": "".join(filler(n + k) for k in range(6)) for n in range(60)}
    split = WEIR.split(" Two barges")
    write(
        folder / "documents",
        weir_txt="\n\n".join(
            [split[0] + "".join(map(filler, range(9))), f"Two barges{split[1]}" + filler(3)]
        ),
        wehr_txt=WEHR,
        barrage_txt=BARRAGE,
        **notes,
    )
    return build_index(folder)


@pytest.fixture
def answer(settings):
    return lambda question: ask(open_engine(settings).searcher(), settings, question)


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (WEIR, "weir"),
        (WEHR, "wehr"),
        (BARRAGE, "barrage"),
        (WEIR.replace("“", '"').replace("”", '"'), "weir"),
        (WEHR.replace("«", '"').replace("»", '"'), "wehr"),
        (WEIR[:130], "weir"),
        (WEIR[110:], "weir"),
        (f"{WEIR} Who kept watch?", "weir"),
        (f"{WEHR} Wer war das?", "wehr"),
        (f"{WEIR} {WEHR}"[:600], "weir"),
    ],
)
def test_a_pasted_text_finds_its_document(answer, text, document):
    pasted = answer(text)

    assert pasted.passages[0].citation.document_id == document
    assert pasted.verdict == "found"
    assert pasted.query.not_required


def test_all_of_a_pasted_text_is_searched_for(answer):
    pasted = answer(WEIR)

    assert {"weir", "plank", "towpath"} <= {*pasted.query.used}
    assert [passage.citation.document_id for passage in pasted.passages[:2]] == ["weir", "weir"]


@pytest.mark.parametrize(
    ("question", "not_required", "document"),
    [
        ('who said "heard it go" and "not a plank"?', ["heard it go", "not a plank"], "weir"),
        ('who heard the weir "give way loudly" at Orrin?', ["give way loudly"], "weir"),
        ('"Orrin weir keepers"', ["Orrin weir keepers"], "weir"),
        ('barges "towpath closed"', ["towpath closed"], "weir"),
        ('did the "miller of Kelby" keep watch?', ["miller of Kelby"], "weir"),
        ("wer sagte «haben gesehen» und «kein Brett»?", ["haben gesehen", "kein Brett"], "wehr"),
        ("Kähne am «Wehr von Orrin»", ["Wehr von Orrin"], "wehr"),
        ("qui a dit « avant de partir » au meunier ?", ["avant de partir"], "barrage"),
        ("les péniches du « grand barrage » d'Orrin", ["grand barrage"], "barrage"),
        ("« une planche reste » au barrage", ["une planche reste"], "barrage"),
    ],
)  # fmt: skip
def test_what_is_required_and_not_there_is_named_and_asked_without(
    answer, question, not_required, document
):
    other = answer(question)

    assert [*other.query.not_required] == not_required
    assert other.passages[0].citation.document_id == document
    assert other.verdict == "weak"


def test_what_is_required_and_there_stays_required(answer):
    required = answer('who said "not a plank is left"?')

    assert required.query.not_required == ()
    assert {passage.citation.document_id for passage in required.passages} == {"weir"}


def test_of_two_quotations_that_never_meet_both_places_come(answer):
    both = answer('who said "heard it go before" and "not a plank is left"?')
    texts = [passage.text for passage in both.passages[:2]]

    assert {"heard it go" in text for text in texts} == {True, False}
    assert all("heard it go" in text or "Not a plank" in text for text in texts)


def test_without_the_words_elsewhere_nothing_comes(answer):
    nothing = answer('"zeppelin hangar"')

    assert (nothing.passages, nothing.verdict) == ((), "none")
    assert nothing.none.missing == ("zeppelin", "hangar")
