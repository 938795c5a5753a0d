"""The language of a document and of a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.languages import (
    detect_language,
    detect_question_languages,
    normalize_language_code,
    stemmer_for,
    stop_words,
)

# One text in many languages, written for this test.
HARBOUR = {
    "en": "The old harbour was built by an engineer who had come from the north, and it took long.",
    "de": "Der alte Hafen wurde von einem Ingenieur gebaut, der aus dem Norden kam, nicht billig.",
    "fr": "Le vieux port a été construit par un ingénieur qui venait du nord, et ce fut long.",
    "es": "El viejo puerto fue construido por un ingeniero que venía del norte, y no es nuevo.",
    "it": "Il vecchio porto è stato costruito da un ingegnere che veniva dal nord, e non è nuovo.",
    "pt": "O velho porto foi construído por um engenheiro que vinha do norte, e não foi barato.",
    "ca": "El vell port va ser construït per un enginyer que venia del nord, i no és gaire gran.",
    "ro": "Portul vechi a fost construit de un inginer care a venit din nord, și nu a fost ieftin.",
    "nl": "De oude haven werd gebouwd door een ingenieur die uit het noorden kwam, en dat was.",
    "da": "Den gamle havn blev bygget af en ingeniør, som kom fra nord, og det var efter krigen.",
    "no": "Den gamle havnen ble bygd av en ingeniør som kom fra nord, og det var etter krigen.",
    "sv": "Den gamla hamnen byggdes av en ingenjör som kom från norr, och det var inte billigt.",
    "fi": "Vanhan sataman rakensi insinööri, joka tuli pohjoisesta, ja se ei ollut halpa.",
    "hu": "A régi kikötőt egy mérnök építette, aki északról jött, és ez nem volt olcsó.",
    "cs": "Starý přístav byl postaven inženýrem, který přišel ze severu, a nebyl levný, ale je.",
    "pl": "Stary port został zbudowany przez inżyniera, który przybył z północy, i nie był tani.",
    "tr": "Eski liman, kuzeyden gelen bir mühendis tarafından yapıldı ve bu çok uzun yıllar sürdü.",
    "id": "Pelabuhan lama itu dibangun oleh seorang insinyur yang datang dari utara dan tidak.",
    "vi": "Bến cảng cũ được xây dựng bởi một kỹ sư đến từ phương bắc và không phải là rẻ.",
    "ru": "Старый порт был построен инженером, который приехал с севера, и это было не дёшево.",
    "uk": "Старий порт був збудований інженером, який приїхав з півночі, і це було не дешево.",
    "bg": "Старото пристанище е построено от инженер, който дошъл от север, и това не е ново.",
    "sr": "Стару луку је изградио инжењер који је дошао са севера, и то није било јефтино.",
    "el": "Το παλιό λιμάνι χτίστηκε από έναν μηχανικό που ήρθε από τον βορρά.",
    "ar": "بني الميناء القديم من قبل مهندس جاء من الشمال، واستغرق ذلك سنوات.",
    "fa": "بندر قدیمی را مهندسی ساخت که از شمال آمده بود و این کار سال‌ها طول کشید.",
    "he": "הנמל הישן נבנה על ידי מהנדס שבא מן הצפון, וזה לקח שנים.",
    "hi": "पुराना बंदरगाह एक इंजीनियर ने बनाया था जो उत्तर से आया था, और इसमें कई साल लगे।",
    "th": "ท่าเรือเก่าสร้างขึ้นโดยวิศวกรที่มาจากทางเหนือ",
    "ko": "오래된 항구는 북쪽에서 온 기술자가 지었다.",
    "ja": "古い港は北から来た技師によって建てられた。",
    "zh": "旧港口是一位来自北方的工程师建造的。",
    "km": "កំពង់ផែចាស់ត្រូវបានសាងសង់ដោយវិស្វករម្នាក់។",
}


@pytest.mark.parametrize(("language", "text"), HARBOUR.items())
def test_the_language_of_a_sentence_is_known(language, text):
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12 345,6 – 78 %",
        "OK",
        "def main(argv): return sum(map(int, argv[1:])) if argv else 0",
        "Luis Fernández, Karl Müller, Søren Berg, Ana de Souza, Jean Dupont, Zoë Young, Jiří Novák",
        "Diesel $4.77 California $5.69 Colorado $3.95 Delaware $4.26 Florida $4.13",
    ],
)
def test_what_is_no_sentence_has_no_language(text):
    assert detect_language(text) is None


def test_capitals_and_decomposed_accents_do_not_matter():
    assert detect_language(HARBOUR["de"].upper()) == "de"
    assert detect_language(HARBOUR["tr"].replace("ü", "u\u0308")) == "tr"


def test_of_a_mixed_text_the_language_of_most_counts():
    quoted = (
        f"{HARBOUR['en']} There it was said: “Das ist nicht unser Hafen” – and they were right."
    )

    assert detect_language(quoted) == "en"
    assert detect_language(f"{HARBOUR['zh'] * 3} NATO summit of Madrid") == "zh"


def test_a_long_text_is_looked_at_in_several_places():
    table = "Regular: $4.77\n" * 100

    assert detect_language(HARBOUR["fr"] * 8 + table) == "fr"
    assert detect_language(table + HARBOUR["fr"] * 8) == "fr"


def test_a_stated_language_counts_unless_it_is_written_otherwise():
    assert detect_language(HARBOUR["de"], declared="nl") == "nl"
    assert detect_language(HARBOUR["ru"], declared="en") == "ru"
    assert detect_language("2021", declared="ru") == "ru"
    assert detect_language("古都東京", declared="ja") == "ja"
    assert detect_language("Qaraǵandy qalasy", declared="kk") == "kk"


@given(st.text())
def test_any_text_has_a_language_or_none(text):
    language = detect_language(text)

    assert language is None or normalize_language_code(language) == language


@pytest.mark.parametrize(
    ("question", "languages", "likely"),
    [
        ("Who demanded guarantees?", ["de", "en", "ru"], "en"),
        ("Wer hat Garantien verlangt?", ["de", "en", "ru"], "de"),
        ("Кто потребовал гарантий?", ["de", "en", "ru"], "ru"),
        ("谁要求保证？", ["en", "ja", "zh"], "zh"),
        ("誰が保証を求めましたか", ["en", "ja", "zh"], "ja"),
        ("guarantees Putin", ["de", "en"], None),
        ("guarantees Putin", ["en", "ru"], "en"),
        ("Кто?", ["en"], None),
        ("", ["en", "de"], None),
    ],
)
def test_a_question_is_in_one_of_the_languages_of_the_index(question, languages, likely):
    assert detect_question_languages(question, languages).likely == likely


def test_all_languages_are_possible_that_a_question_can_be_written_in():
    assert detect_question_languages("NATO war in Ukraine", ["de", "en", "ru"]).possible == (
        "de",
        "en",
    )
    assert detect_question_languages("What was the war about?", ["de", "en", "ru"]).possible == (
        "en",
    )


def test_a_language_has_one_code():
    assert [normalize_language_code(code) for code in ["eng", "ger", "deu", "en", "yue"]] == [
        "en",
        "de",
        "de",
        "en",
        "yue",
    ]


def test_a_close_language_lends_its_stemmer():
    assert stemmer_for("nn") is not None
    assert stemmer_for("xx") is None


def test_stop_words_are_small_letters_and_each_stands_in_its_list_once():
    assert "what" in stop_words("en")
    assert stop_words("xx") == frozenset()
    for language in HARBOUR:
        assert all(word == word.casefold() for word in stop_words(language))
