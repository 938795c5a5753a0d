"""Characters that are written in several ways -> one of them, for words to be compared.

Traditional Chinese characters and simplified ones, the digits of all scripts, signs that writers of
Hindi, Marathi and Nepali use or leave out.  Only terms are folded; texts stay as they are.
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import regex


def _read_han_variants() -> Iterator[tuple[str, str]]:
    lines = Path(__file__).with_name("han_variants.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("#"):
            yield from ((pair[0], pair[1]) for pair in line.split())


_SIMPLIFIED_HAN = str.maketrans(dict(_read_han_variants()))
_DIGITS = str.maketrans(
    {
        character: str(unicodedata.decimal(character))
        for character in map(chr, range(0x0660, 0x11FFF))
        if unicodedata.category(character) == "Nd"
    }
)
# Years as they are written in Chinese and Japanese, digit by digit.
_HAN_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
HAN_NUMBER = regex.compile("[〇零一二三四五六七八九]{4,}")
_DEVANAGARI = regex.compile(r"\p{Devanagari}")
_CANDRABINDU, _ANUSVARA, _NUKTA = "\u0901", "\u0902", "\u093c"
# A nasal letter before a letter of its own class, which the anusvara stands for, too.
_NASAL = regex.compile("ङ्(?=[क-घ])|ञ्(?=[च-झ])|ण्(?=[ट-ढ])|न्(?=[त-ध])|म्(?=[प-भ])")


def fold_han(word: str) -> str:
    """*word* in simplified Chinese characters: 圖書館 is 图书馆."""
    return word if word.isascii() else word.translate(_SIMPLIFIED_HAN)


def fold_digits(word: str) -> str:
    """*word* with the digits 0 to 9 for those of its script: १९५२ is 1952, 一九五二 is, too."""
    return word.translate(_HAN_DIGITS if HAN_NUMBER.fullmatch(word) else _DIGITS)


def fold_devanagari(word: str) -> str:
    """*word* without nukta, and with the anusvara for all nasals: गाँव is गांव, हिन्दी is हिंदी."""
    if not _DEVANAGARI.search(word):
        return word
    word = word.replace(_NUKTA, "").replace(_CANDRABINDU, _ANUSVARA)
    return _NASAL.sub(_ANUSVARA, word)
