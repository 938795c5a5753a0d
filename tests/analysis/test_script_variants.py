"""Words that are written in several ways are one term, and the text stays as it is."""

import pytest

from qa.analysis.script_variants import fold_devanagari, fold_digits, fold_han
from qa.analysis.tokenizer import is_stop_word, stem, to_term, token_texts, tokenize
from qa.queries.parser import parse_query


def terms(text, language):
    return [stem(word, language) for word in token_texts(text)]


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        # Candrabindu and anusvara, nukta, nasal letters.
        ("पाँच", "पांच", "hi"),
        ("आँख", "आंख", "hi"),
        ("ज़रूरत", "जरूरत", "hi"),
        ("सड़क", "सडक", "hi"),
        ("हिन्दी", "हिंदी", "hi"),
        ("लम्बा", "लंबा", "hi"),
        ("ठण्डा", "ठंडा", "hi"),
        ("घाँस", "घांस", "ne"),
        ("अन्त", "अंत", "mr"),
        ("क\u200dर", "कर", "hi"),
        # Digits.
        ("सन् १८५७", "सन् 1857", "hi"),
        ("سنة ١٩٤٨", "سنة 1948", "ar"),
        ("سال ۱۳۵۷", "سال 1357", "fa"),
        ("১৯৭১ সালে", "1971 সালে", "bn"),
        ("พ.ศ. ๒๔๗๕", "พ.ศ. 2475", "th"),
        ("ঢাকা ২৪/৭", "ঢাকা 24/7", "bn"),
        ("１９６４", "1964", "ja"),
        ("一九八四", "1984", "zh"),
        ("二〇二一", "2021", "ja"),
        # Chinese.
        ("圖書館", "图书馆", "zh"),
        ("電腦與軟體", "电脑与软体", "zh"),
        ("臺灣鐵路", "台湾铁路", "zh"),
        ("皇后後來", "皇后后来", "zh"),
        ("裡面、裏面", "里面、里面", "zh"),
        ("頭髮發展", "头发发展", "zh"),
        # Half-width kana.
        ("ﾃﾚﾋﾞ", "テレビ", "ja"),
        ("ﾊﾟｿｺﾝ", "パソコン", "ja"),
        ("ｺｰﾋｰ", "コーヒー", "ja"),
    ],
)
def test_two_spellings_are_the_same_terms(one, other, language):
    assert terms(one, language) == terms(other, language)


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("機", "机", "ja"),
        ("कम", "काम", "hi"),
        ("जन्म", "जंम", "hi"),
        ("१९५२", "१९५३", "hi"),
        ("大", "太", "zh"),
        ("一二三", "123", "zh"),
        ("ハ", "パ", "ja"),
    ],
)
def test_different_words_stay_apart(one, other, language):
    assert terms(one, language) != terms(other, language)


def test_offsets_are_those_of_the_text():
    text = "सन् १९५२ में ๒๕๖๗ ﾃﾚﾋﾞ 圖書館"

    assert all(text[token.start : token.end] == token.text for token in tokenize(text))


def test_a_year_in_a_run_is_a_word():
    text = "于一九八四年、二零二一年开放"

    assert [one for one in terms(text, "zh") if one.isdigit()] == ["1984", "2021"]
    assert "年开" in terms(text, "zh")
    assert all(text[token.start : token.end] == token.text for token in tokenize(text))


def test_folding_leaves_other_text_alone():
    text = "The well of 1952, größer"

    assert fold_han(text) == fold_digits(text) == fold_devanagari(text) == text


@pytest.mark.parametrize("word", ["कहाँ", "कहां", "हैं", "हैँ"])
def test_a_stop_word_is_one_in_each_spelling(word):
    assert is_stop_word(word, "hi")


def test_a_stem_has_more_than_a_letter():
    assert stem("कुआँ", "hi") != stem("का", "hi")


def test_a_phrase_is_found_in_the_other_spelling():
    (phrase,) = parse_query('"城市圖書館"', languages=["zh"]).phrases

    assert phrase.terms == tuple(to_term(word) for word in token_texts("城市图书馆"))
