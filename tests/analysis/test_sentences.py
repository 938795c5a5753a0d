"""Where sentences end: the kinds of full stops that do not, by language."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qa.analysis.abbreviations
from qa.analysis.sentences import split_sentences


def sentences(text, language="en"):
    return [text[start:end] for start, end in split_sentences(text, language)]


def read_marks(expected):
    """The text in which ‖ marks the boundaries, and its sentences."""
    return expected.replace("‖ ", ""), expected.split(" ‖ ")


KINDS = {
    "titles before a name": {
        "en": "Lt. Moss met Mrs. Lund and Sen. Ortiz. ‖ They spoke.",
        "de": "Prof. Dr. Lund und Hr. Maas sprachen. ‖ Es regnete.",
        "fr": "Le Dr. Lund et M. Petit sont venus. ‖ Il pleuvait.",
        "es": "La Sra. Ruiz vio al Dr. Mora. ‖ Llovía.",
        "it": "Il sig. Rossi e la dott.ssa Neri parlarono. ‖ Pioveva.",
        "nl": "Mevr. Bos en dhr. De Wit kwamen. ‖ Het regende.",
        "pl": "Przyszli prof. Nowak i ks. Zając. ‖ Padało.",
        "ru": "Пришли проф. Иванов и акад. Петров. ‖ Шёл дождь.",
    },
    "initials": {
        "en": "The book by T. H. White and Ch. Moss sold well. ‖ He was glad.",
        "de": "Das Buch von E. T. A. Hoffmann und Th. Mann gefiel. ‖ Er war froh.",
        "fr": "Le livre de J.-P. Petit et de Ch. Martin plut. ‖ Il en fut heureux.",
        "es": "El libro de J. L. Mora gustó. ‖ Se vendió.",
        "it": "Il libro di G. B. Neri piacque. ‖ Fu venduto.",
        "nl": "Het boek van W.F. Bos en Th. Smit beviel. ‖ Hij was blij.",
        "pl": "Książka J. K. Nowaka się podobała. ‖ Była droga.",
        "ru": "Книга А. С. Петрова и Л.Н. Иванова вышла. ‖ Она дорогая.",
    },
    "letters that are no initials": {
        "en": "Nobody had a plan B. ‖ They left.",
        "de": "Das war der Plan B. ‖ Dann gingen sie.",
        "fr": "C'est la vitamine C. ‖ Elle aide.",
    },
    "numbers of things": {
        "en": "See Fig. 4, no. 12 and pp. 30 of vol. IV. ‖ It helps.",
        "de": "Nach Art. 4 Abs. 2 und Nr. 12 gilt das. ‖ Siehe Abb. 3.",
        "fr": "Voir l'art. 12 et la fig. 3. ‖ Cela aide.",
        "es": "Véase la pág. 12 y el art. 3. ‖ Ayuda.",
        "it": "Vedi l'art. 12 e il n. 3 della legge. ‖ Aiuta.",
        "nl": "Zie art. 12 en blz. 30. ‖ Het helpt.",
        "pl": "Zob. art. 12 ust. 3 i nr 4. ‖ Pomaga.",
        "ru": "См. рис. 3 и стр. 12. ‖ Это помогает.",
    },
    "numbers and one-letter words": {
        "en": "She said no. ‖ I left after 7 km. ‖ I was tired.",
        "ru": "Мы прошли всего 7 км. ‖ Я устал.",
        "it": "Abbiamo fatto solo 7 km. ‖ E poi basta.",
    },
    "No. as an answer": {"en": "Is it safe? ‖ No. ‖ Nobody swims here."},
    "streets": {
        "de": "Das Haus Lindenstr. 5 ist zu. ‖ Es ist in der Lindenstr. ‖ Dort ist es still.",
        "nl": "De praktijk in de Lindenstr. 5 is dicht. ‖ Het is stil.",
    },
    "days of the week": {"en": "They open on Mon. Jan. 5 and close on Sat. ‖ The shop is red."},
    "ordinals": {
        "de": "Am 3. Oktober und im 2. Stock feierten sie. ‖ Er kam am 4. ‖ Das war spät.",
        "da": "Den 3. Marts kom han. ‖ Det var sent.",
        "cs": "Dne 3. Května přišel. ‖ Bylo pozdě.",
    },
    "kings": {
        "de": "Ludwig XIV. Bourbon regierte lange. ‖ Er starb.",
        "en": "It was after World War II. ‖ Peace came.",
        "tr": "Papa VI. Paul geldi. ‖ Sonra gitti.",
    },
    "years at the end": {
        "de": "Sie kam im Jahr 1999. ‖ Danach war Ruhe.",
        "en": "She came in 1999. ‖ Then all was calm.",
        "pl": "Przyszła w 1999. ‖ Potem był spokój.",
    },
    "abbreviations of several letters": {
        "en": "The U.S. Senate and the Ph.D. Students' Union met, i.e. Monday. ‖ It rained.",
        "de": "Es gab z. B. Äpfel, d. h. Obst, u. a. Birnen. ‖ Es war viel.",
        "fr": "Le phare du Ier s. av. J.-C. ‖ Selon lui, c'est tard.",
        "nl": "Er waren o.a. Belgen, d.w.z. Vlamingen. ‖ Het regende.",
        "pl": "Byli m.in. Niemcy i tzw. Ślązacy. ‖ Padało.",
        "ru": "Были, т. е. Иванов и др. ‖ Потом ушли.",
    },
    "court cases": {
        "en": "The ruling in Roe v. Wade stood. ‖ It fell.",
        "de": "Das Urteil Brown v. Board of Education galt. ‖ Es fiel.",
        "fr": "L'arrêt Roe v. Wade fut cassé. ‖ Il tomba.",
    },
    "abbreviations that end a sentence": {
        "en": "He moved to the U.S. ‖ He liked it there at Acme Inc. ‖ They paid well.",
        "de": "Es gab Äpfel, Birnen usw. ‖ Alle aßen.",
        "fr": "Il y avait des pommes, des poires, etc. ‖ Tous mangeaient.",
        "es": "Vive en EE.UU. ‖ Le gusta, etc. ‖ Pagan bien.",
        "it": "C'erano mele, pere ecc. ‖ Tutti mangiavano.",
        "nl": "Er waren appels enz. ‖ Iedereen at.",
        "pl": "Były jabłka itp. ‖ Wszyscy jedli.",
        "ru": "Были яблоки и т. д. ‖ Все ели.",
    },
    "eras": {
        "de": "Im 5. Jahrhundert v. Chr. Bauten sie Schiffe. ‖ Um 300 n. Chr. ‖ Dann kam er.",
        "fr": "Fondée en 493 av. J.-C. par Rome. ‖ Elle vit.",
        "nl": "In 300 v. Chr. kwam hij. ‖ Het was 40 n. Chr. ‖ Daarna niets.",
        "es": "Fundada en 300 a. C. por Roma. ‖ Vive en EE. UU. ‖ La visita.",
        "tr": "M.Ö. 5. yüzyılda geldi. ‖ Sonra gitti.",
    },
    "a date that begins a sentence": {
        "pl": "W 1990 r. Polska się zmieniła. ‖ Było to w 1990 r. ‖ Potem nic.",
        "ru": "В 1990 г. Россия изменилась. ‖ Это было в 1990 г. ‖ Потом ничего.",
    },
    "years and towns with the same letter": {
        "ru": "Он жил в г. Москве до 1998 г. ‖ Потом уехал.",
        "pl": "Mieszkał tu do 1998 r. ‖ Potem wyjechał.",
    },
    "amounts": {
        "en": "It weighs approx. 7 kg incl. the box, max. 9 kg. ‖ Take two.",
        "de": "Es wiegt ca. 7 kg inkl. Kiste, höchst. 9 kg. ‖ Nimm zwei.",
        "nl": "Het weegt ca. 7 kg incl. Doos. ‖ Neem er twee.",
        "pl": "Waży ok. 7 kg. ‖ Weź dwie.",
        "ru": "Весит прим. 7 кг. ‖ Длина 155 мм. ‖ Возьми два.",
    },
    "times of day": {
        "en": "It opens at 9 a.m. and closes at 5 p.m. ‖ The door is red.",
        "pl": "Otwiera o godz. 17.15. ‖ Drzwi są czerwone.",
    },
    "versions, names and addresses with dots": {
        "en": "Use .NET 9, Node.js 22 or v2.0.1 from example.org. ‖ See www.example.org/a.b now.",
        "de": "Nimm .NET 9 von beispiel.de. ‖ Version 3.11.4 geht auch.",
        "fr": "Prenez .NET 9. ‖ La version 3.11.4 va aussi.",
    },
    "speech": {
        "en": "“Can we swim?” she asked. ‖ “No!” he said. ‖ “Stay here.”",
        "de": "„Dürfen wir schwimmen?“ fragte sie. ‖ „Nein!“, sagte er. ‖ „Bleibt hier.“",
        "fr": "« Peut-on nager ? » demanda-t-elle. ‖ « Non ! » ‖ Il partit.",
        "es": "—¿Podemos nadar? —preguntó ella. ‖ —¡No! ‖ Él se fue.",
        "pl": "– Czy można pływać? – zapytała. ‖ – Nie! ‖ Poszedł.",
        "ru": "– Можно плавать? – спросила она. ‖ – Нет! ‖ Он ушёл.",
    },
    "several sentences in one quotation": {
        "en": 'He said: "It is late. ‖ We must go." ‖ They went.',
        "de": "Er sagte: „Es ist spät. ‖ Wir gehen.“ ‖ Sie gingen.",
        "fr": "Il dit : « Il est tard. ‖ Partons. » ‖ Ils partirent.",
    },
    "quotation marks between spaces": {
        "en": 'They said " yes. " ‖ Then rain came.',
        "nl": "Hij is laat. '' ‖ Toen kwam regen.",
        "fr": "Il a dit « oui. » ‖ Il pleut.",
    },
    "a quotation that is never closed": {
        "en": "He said “it is late. ‖ We must go. ‖ They went.",
        "de": "Er sagte „es ist spät. ‖ Wir gehen. ‖ Sie gingen.",
    },
    "brackets": {
        "en": "The tower (see Jones et al. 1999 etc.) fell. ‖ (It was old.) ‖ Nobody cried.",
        "de": "Der Turm (endlich!) Fiel um. ‖ (Er war alt.) ‖ Niemand weinte.",
        "fr": "La tour (voir p. ex. Petit. Et Martin) tomba. ‖ (Elle était vieille.) ‖ Fin.",
    },
    "brackets that are never closed": {
        "en": "The tower (it was old fell. ‖ Nobody (or hardly anybody) cried.",
        "de": "Der Turm (alt fiel um. ‖ Niemand (oder fast niemand) weinte.",
        "fr": "La tour (vieille tomba. ‖ Personne (ou presque) ne pleura.",
    },
    "ellipses": {
        "en": "He waited ... and waited. ‖ Then ... ‖ Nothing came… ‖ Rain fell.",
        "de": "Er wartete… und wartete. ‖ Dann... ‖ Nichts kam.",
        "ru": "Он ждал... и ждал. ‖ Потом… ‖ Ничего.",
    },
    "numbers of items": {
        "en": "1. Open the box. ‖ 2. Take out the key. ‖ IV. Results follow.",
        "de": "1. Öffne die Kiste. ‖ 2. Nimm den Schlüssel.",
        "it": "1. Apri la cassa. ‖ 2. Prendi la chiave.",
    },
    "notes": {
        "en": "It fell in 1921.[3] ‖ Nobody cried.[4][5] ‖ It was old.",
        "de": "Er fiel 1921.[3] ‖ Niemand weinte.¹ ‖ Er war alt.",
        "fr": "Elle tomba en 1921.[3] ‖ Personne ne pleura.",
    },
    "emoji and runs of marks": {
        "en": "We won!!! 🎉🎉 ‖ Really?! ‖ Yes.",
        "es": "¡¡Ganamos!! 🎉 ‖ ¿De verdad? ‖ Sí.",
        "ru": "Мы победили!!! 🎉 ‖ Правда?! ‖ Да.",
    },
    "spaced marks": {
        "fr": "Où est-il ? ‖ Là ! ‖ Bien .",
        "en": "Where is he ? ‖ There ! ‖ It is over . . . ‖ Go .",
    },
    "text without capitals": {
        "en": "please call later. ‖ nobody was there! ‖ what about friday? ‖ ok then.",
        "de": "bitte später anrufen. ‖ niemand war dort! ‖ was ist mit freitag? ‖ gut.",
        "it": "chiamami dopo. ‖ nessuno era presente! ‖ domani? ‖ va bene.",
    },
    "quotations that begin with a small letter": {
        "en": 'Nobody was there. ‖ "we are late", said one. ‖ "so what?" asked the others.',
        "it": 'La finestra era aperta. ‖ "guardi", disse il medico.',
        "pl": "Było już dobrze. – powiedziała cicho. ‖ Wyszli.",
    },
    "a small letter after an abbreviation": {
        "en": "The dept. store and the govt. office are near, incl. the bldg. 3 km away.",
        "de": "Die städt. bäder, das österr. amt und die ev. kirche sind nah.",
        "la": "Homo sp. nov. inventus est.",
    },
    "addresses": {
        "en": "Read the guide. ‖ https://example.org/guide has it. ‖ www.example.org too."
    },
}
ROWS = [
    pytest.param(language, text, id=f"{kind}-{language}")
    for kind, texts in KINDS.items()
    for language, text in texts.items()
]


@pytest.mark.parametrize(("language", "marked"), ROWS)
def test_a_sentence_is_whole(language, marked):
    text, expected = read_marks(marked)

    assert sentences(text, language) == expected


@pytest.mark.parametrize(
    ("language", "marked"),
    [
        ("en", "It needs .NET 8 or later for all. ‖ It weighs approx. 12 kg incl. the straps."),
        ("en", '"Is it safe to dive here?" he asked the guard. ‖ The guard shrugged.'),
        ("en", "“No one came.“, – he said. ‖ Then rain."),
        ("en", "It ended. ‖ “ We won”, he said."),
        ("de", "Im 18. Jahrhundert lebte hier ein Arzt. ‖ Der 2. Preis ging an die Bäckerei."),
        ("fr", "Elle fut vendue par M. Durand à la ville. ‖ Mme. Roy la dirige."),
        ("fr", "Le pont date du IIIe s. av. J.-C. selon les plans. ‖ Il est beau."),
        ("la", "Ae. albopictus et Ae. aegypti vivunt. ‖ Volant."),
        ("zh", "你好。‖ 世界！"),
        ("ja", "「はい。」と彼は言った。‖ 雨が降った。"),
        ("hi", "यह एक है। ‖ क्या यह दो है? ‖ हाँ।"),
        ("ar", "هل هذا صحيح؟ ‖ نعم."),
        ("el", "Τι έγινε; ‖ Τίποτα."),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language, marked):
    text = marked.replace("。‖ ", "。") if language in ("zh", "ja") else marked.replace("‖ ", "")

    assert sentences(text, language) == [part.strip() for part in marked.split("‖")]


TABLE = Path(qa.analysis.abbreviations.__file__).with_name("abbreviations.toml")
ROWS_OF_TABLE = ("names", "numbers", "either", "final")


def test_an_abbreviation_is_in_one_row_of_a_language_without_its_stop():
    for rows in tomllib.loads(TABLE.read_text(encoding="utf-8")).values():
        words = [word for name in ROWS_OF_TABLE for word in rows.get(name, "").split()]

        assert rows.keys() <= {*ROWS_OF_TABLE, "starters", "ordinals", "marks", "endings"}
        assert sorted(words) == sorted(set(words))
        assert not [word for word in words if word.endswith(".")]


def test_a_paragraph_ends_a_sentence():
    assert sentences("Opening hours\n\nWe open at 9 a.m.\n\nno dogs") == [
        "Opening hours",
        "We open at 9 a.m.",
        "no dogs",
    ]


@pytest.mark.parametrize(
    ("language", "text", "parts"),
    [
        (
            "en",
            "They left the harbour.The rain came.",
            ["They left the harbour.", "The rain came."],
        ),
        ("pt", "Subiram o monte.Era tarde.", ["Subiram o monte.", "Era tarde."]),
        ("de", "Sie gingen fort.Der Regen kam.", ["Sie gingen fort.", "Der Regen kam."]),
        ("en", "See System.Out and asp.Net now.", ["See System.Out and asp.Net now."]),
    ],
)
def test_a_space_that_was_lost_is_no_matter_before_a_word_that_begins_sentences(
    language, text, parts
):
    assert sentences(text, language) == parts


@pytest.mark.parametrize("text", ["", " ", "\n\n", " \n\n \n"])
def test_nothing_has_no_sentences(text):
    assert split_sentences(text) == []


@pytest.mark.parametrize("language", ["en", "de", "th", "el", "xx"])
@given(text=st.text(st.sampled_from("aBcД中ก.!?…\"'“”«»()[]1 \n-,。😀 ")) | st.text())
def test_sentences_hold_every_visible_character_once(language, text):
    spans = split_sentences(text, language)
    inside = "".join(text[start:end] for start, end in spans)

    assert "".join(inside.split()) == "".join(text.split())
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


PROSE = "Brandt came in 1874. “It is cold,” he said (and it was). Was it e.g. the wind? No! "


@pytest.mark.parametrize("many", [1, 200, 1000])
def test_the_sentences_of_a_long_paragraph_are_those_of_short_ones(many):
    once = sentences(PROSE)

    assert sentences(PROSE * many) == once * many


# A splitter whose time is quadratic would take hours for these.
MARKS = [".", ";", ".;", "。", ". . ", '"', '." ', "“a ", "(", "(a. ", "[1]"]
WORDS = ["e.g. ", "Mr. ", "z. B. ", "A.\n", "1. ", "a\n\n", "a.\n\n(", "\n "]


@pytest.mark.parametrize("flood", MARKS + WORDS)
def test_a_flood_of_marks_is_read_once(flood):
    text = "A word. " + flood * (100_000 // len(flood)) + "x The end."

    assert "".join("".join(sentences(text, "el")).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("th", ["คาร์ล บรันท์ สร้างท่าเรือเก่าขึ้นในเมืองนี้ด้วยหิน", "ใช้เวลาสิบเอ็ดปีจึงแล้วเสร็จ"]),
        ("km", ["នេះជាប្រយោគទីមួយដែលវែងល្មមសម្រាប់សាកល្បងនៅទីនេះ។", "នេះជាប្រយោគទីពីរ។"]),
    ],
)
def test_clauses_end_where_a_script_without_full_stops_pauses(language, parts):
    assert sentences(" ".join(parts), language) == parts
