"""Which parts of a question are operators, and which stay text."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.tokenizer import normalize
from qa.queries.operators import MAX_DISTANCE, MAX_OPERATORS, MAX_WORDS, parse_operators

# For each kind: what is typed, what remains of it as text, and the values of its operators.
UNDERSTOOD = {
    "title": [
        ("title:handbook leave", "leave", ["handbook"]),
        ("leave title:handbook", "leave", ["handbook"]),
        ("how long is leave? title:handbook", "how long is leave?", ["handbook"]),
        ('title:"staff handbook" leave', "leave", ["staff handbook"]),
        ("title:“staff handbook” leave", "leave", ["staff handbook"]),
        ("title:«guide du personnel» congé", "congé", ["guide du personnel"]),
        ("Title:Handbook leave", "leave", ["Handbook"]),
        ("title:hand* leave", "leave", ["hand*"]),
        ("title:staff title:handbook leave", "leave", ["staff", "handbook"]),
        ("title:AX-200, leave", ", leave", ["AX-200"]),
        ("title:2021 Urlaub", "Urlaub", ["2021"]),
        ("title:Überblick Kosten", "Kosten", ["Überblick"]),
    ],
    "publisher": [
        ("publisher:gazette harbour", "harbour", ["gazette"]),
        ("harbour publisher:gazette", "harbour", ["gazette"]),
        ('publisher:"Northern Gazette" harbour', "harbour", ["Northern Gazette"]),
        ("PUBLISHER:gazette harbour", "harbour", ["gazette"]),
        ("publisher:gazette. harbour", ". harbour", ["gazette"]),
        ("harbour publisher:gazette?", "harbour ?", ["gazette"]),
        ("Hafen publisher:Börsen-Zeitung", "Hafen", ["Börsen-Zeitung"]),
        ("port publisher:L'Équipe", "port", ["L'Équipe"]),
        ("port publisher:«Le Monde»", "port", ["Le Monde"]),
        ("publisher:R&D harbour", "harbour", ["R&D"]),
    ],
    "before": [
        ("before:2021 budget", "budget", ["2021"]),
        ("budget before:2021-03", "budget", ["2021-03"]),
        ("budget before:2021-03-29", "budget", ["2021-03-29"]),
        ("budget before:2021-3-9", "budget", ["2021-3-9"]),
        ("budget before:2021/03/29", "budget", ["2021/03/29"]),
        ("Haushalt before:29.03.2021", "Haushalt", ["29.03.2021"]),
        ("what was the budget, before:1066?", "what was the budget, ?", ["1066"]),
        ('budget before:"2021"', "budget", ["2021"]),
        ("BEFORE:2021 budget", "budget", ["2021"]),
        ("budget (before:2021)", "budget ()", ["2021"]),
    ],
    "after": [
        ("after:2021 budget", "budget", ["2021"]),
        ("budget after:2021-12", "budget", ["2021-12"]),
        ("budget after:2024-02-29", "budget", ["2024-02-29"]),
        ("after:2019 before:2022 budget", "budget", ["2019", "2022"]),
        ("budget after:2021.", "budget .", ["2021"]),
        ("budget after:1.2.2021", "budget", ["1.2.2021"]),
        ("budget après after:2021", "budget après", ["2021"]),
        ("After:2021 budget", "budget", ["2021"]),
        ("budget after:2021/1", "budget", ["2021/1"]),
        ("what changed after:2021-06-01", "what changed", ["2021-06-01"]),
    ],
    "type": [
        ("type:pdf leave", "leave", ["pdf"]),
        ("leave type:PDF", "leave", ["PDF"]),
        ("leave type:.docx", "leave", [".docx"]),
        ("leave type:md?", "leave ?", ["md"]),
        ('leave type:"xlsx"', "leave", ["xlsx"]),
        ("type:html type:htm leave", "leave", ["html", "htm"]),
        ("Urlaub type:eml", "Urlaub", ["eml"]),
        ("congés type:odt", "congés", ["odt"]),
        ("leave, type:csv", "leave,", ["csv"]),
        ("Type:txt leave", "leave", ["txt"]),
    ],
    "or": [
        ("solar OR wind", "solar wind", ["solar|wind"]),
        ("solar OR wind subsidies", "solar wind subsidies", ["solar|wind"]),
        ("subsidies solar OR wind OR tidal", "subsidies solar wind tidal", ["solar|wind|tidal"]),
        ("(solar OR wind) subsidies", "solar wind subsidies", ["solar|wind"]),
        ("((solar OR wind) OR tidal) x2", "solar wind tidal x2", ["solar|wind|tidal"]),
        (
            'who pays for "solar power" OR "wind power"?',
            "who pays for solar power wind power ?",
            ["solar power|wind power"],
        ),
        ("title:solar OR title:wind price", "price", ["solar|wind"]),
        ("type:pdf OR type:docx price", "price", ["pdf|docx"]),
        ("solar OR immun* price", "solar price", ["solar|immun"]),
        ("Sonne OR Wind Kosten", "Sonne Wind Kosten", ["Sonne|Wind"]),
        ("soleil OR vent prix", "soleil vent prix", ["soleil|vent"]),
        ("sol OR viento precios", "sol viento precios", ["sol|viento"]),
    ],
    "prefix": [
        ("immun* response", "response", ["immun"]),
        ("response immun*", "response", ["immun"]),
        ("which drugs are immun* related?", "which drugs are related?", ["immun"]),
        ("immun*, response", ", response", ["immun"]),
        ("IMMUN* response", "response", ["IMMUN"]),
        ("(immun*) response", "() response", ["immun"]),
        ("vaccin* immun*", "", ["vaccin", "immun"]),
        ("Versicherung* Kosten", "Kosten", ["Versicherung"]),
        ("économ* locale", "locale", ["économ"]),
        ("A320* wing", "wing", ["A320"]),
    ],
    "near": [
        ('"solar cost"~5', "solar cost", ["solar cost"]),
        ('"solar cost"~5 subsidies', "solar cost subsidies", ["solar cost"]),
        ('subsidies "solar cost"~0', "subsidies solar cost", ["solar cost"]),
        ("“solar cost”~12", "solar cost", ["solar cost"]),
        ("«coût solaire»~3 aide", "coût solaire aide", ["coût solaire"]),
        ('what is the "cost of solar"~4?', "what is the cost of solar ?", ["cost of solar"]),
        ('"solar cost"~5, "wind cost"~5', "solar cost , wind cost", ["solar cost", "wind cost"]),
        ('"Kosten Solar"~10 Dach', "Kosten Solar Dach", ["Kosten Solar"]),
        ('("solar cost"~2)', "( solar cost )", ["solar cost"]),
        ('"to be or not to be"~7', "to be or not to be", ["to be or not to be"]),
    ],
}


def value_of(operator):
    return "|".join(map(value_of, operator.choices)) if operator.choices else operator.value


def words_of(text):
    return normalize("".join(c if c.isalnum() else " " for c in text))


@pytest.mark.parametrize(
    ("kind", "typed", "text", "values"),
    [(kind, *case) for kind, cases in UNDERSTOOD.items() for case in cases],
)
def test_an_operator_is_taken_from_the_text(kind, typed, text, values):
    search = parse_operators(normalize(typed), ("en", "de", "fr", "es"))

    assert words_of(search.text) == words_of(text)
    assert [value_of(operator) for operator in search.operators] == values
    assert kind in {operator.kind for operator in search.operators}
    assert not any(operator.is_excluded for operator in search.operators)


@pytest.mark.parametrize(
    ("typed", "text", "kind"),
    [
        ("leave -title:draft", "leave", "title"),
        ('leave -publisher:"Northern Gazette"', "leave", "publisher"),
        ("-before:2021 leave", "leave", "before"),
        ("-after:2021 leave", "leave", "after"),
        ("leave -type:pdf", "leave", "type"),
        ("leave -matern*", "leave", "prefix"),
        ('leave -"sick unpaid"~4', "leave", "near"),
        ("leave -(sick OR unpaid)", "leave", "or"),
        ("leave -(title:draft OR type:pdf)", "leave", "or"),
        ('leave -("a b" OR "c d")', "leave", "or"),
    ],
)
def test_a_minus_excludes_what_an_operator_means(typed, text, kind):
    search = parse_operators(typed)

    assert search.text == text
    assert [(each.kind, each.is_excluded) for each in search.operators] == [(kind, True)]


@pytest.mark.parametrize(
    "text",
    [
        "what is the title: of the book",
        "what is the title : of the book",
        "the subtitle:draft of it",
        "title:",
        'title:""',
        "title:?!",
        "publisher: who is it",
        "before: and after: pictures",
        "before:noon",
        "before:2021-13",
        "after:2021-02-30",
        "after:21",
        "after:99999",
        "http://title:80/",
        "type:2 diabetes",
        "blood type:O",
        "type:unknown",
        "ratio 3:1",
        "at 10:30 in room 4:2",
        "John 3:16",
        "OR gate",
        "gate OR",
        "what does an OR gate do?",
        "how the OR gate works",
        "an OR gate",
        "The circuit has a logical OR gate.",
        "to be OR not to be",
        "TO BE OR NOT TO BE",
        "IS IT TEA OR COFFEE",
        "tea or coffee",
        "Portland, OR 97201",
        "is it AND or OR?",
        "what is tea OR coffee?",
        "the rain OR the snow",
        "Regen OR der Schnee",
        "pluie OR la neige",
        "5* hotel",
        "AB* test",
        "2 * 3",
        "3*4*5",
        "f***",
        "*emphasis* here",
        "**bold** here",
        "a*b*c",
        "M*A*S*H",
        "what does * mean",
        '"one"~5 only',
        '"solar cost" ~5',
        '"solar cost"~ 5',
        '"solar cost"~five',
        '"solar cost"~5min',
        "about ~5 minutes",
        'he said "yes" and "no"',
        "-kalin council",
        '"grand bargain" -"open door"',
        '"unclosed phrase~5',
        "(brackets) and ((more)",
        "",
        "?",
    ],
)
def test_what_is_no_operator_stays_text(text):
    search = parse_operators(text, ("en", "de", "fr"))

    assert search.text == text
    assert search.operators == ()


def test_a_long_text_is_prose():
    assert parse_operators(" ".join(["word"] * (MAX_WORDS - 1) + ["type:pdf"])).operators
    assert not parse_operators(" ".join(["word"] * MAX_WORDS + ["type:pdf"])).operators


def test_more_operators_than_the_limit_are_text():
    search = parse_operators(" ".join(f"title:w{n}" for n in range(MAX_OPERATORS + 5)))

    assert len(search.operators) == MAX_OPERATORS
    assert search.text.split() == [f"title:w{n}" for n in range(MAX_OPERATORS, MAX_OPERATORS + 5)]


def test_a_distance_has_a_limit():
    (near,) = parse_operators('"solar cost"~500').operators
    (same,) = parse_operators('"solar cost"~5').operators

    assert (near.distance, same.distance) == (MAX_DISTANCE, 5)


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2021", (2021, 1, 1), (2021, 12, 31)),
        ("2021-02", (2021, 2, 1), (2021, 2, 28)),
        ("2024/2", (2024, 2, 1), (2024, 2, 29)),
        ("2021-03-29", (2021, 3, 29), (2021, 3, 29)),
        ("29.3.2021", (2021, 3, 29), (2021, 3, 29)),
    ],
)
def test_a_date_is_a_year_a_month_or_a_day(typed, first, last):
    (operator,) = parse_operators(f"budget before:{typed}").operators

    assert operator.period == (datetime.date(*first), datetime.date(*last))


@given(
    st.lists(
        st.sampled_from(
            [
                *("(", ")", "OR", "-", '"', "“", "”", "~", "5", "*", ":", "title:", "type:pdf"),
                *("before:2021", "immun*", " ", "  ", "é", "漢字", '"a b"~3', "-(", "\\", "."),
            ]
        ),
        max_size=60,
    )
)
def test_any_text_is_parsed_and_no_word_is_lost(pieces):
    text = normalize("".join(pieces))
    search = parse_operators(text)
    sources = " ".join([search.text, *(operator.source for operator in search.operators)])

    # Every word is in the text or in an operator.
    assert set(words_of(text).split()) <= {*words_of(sources).split()}
    if not search.operators:
        assert search.text == text
