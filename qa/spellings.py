"""The spellings of a word -> one of them: without joined articles, accents, optional signs."""

import unicodedata

import regex

_POSSESSIVE = regex.compile(r"['’]s$|['’]$", regex.IGNORECASE)
_APOSTROPHE = regex.compile(r"['’ʼ]")
# Articles and the like that French, Italian and Catalan join to a word: l’homme, Dell'arte,
# L'OTAN; but not of the names D'Angelo and N'Djamena.
_LONG_ELISION = "(?i:(?:jus|lors|puis|quel|quoi)?qu|un|(?:a|co|da|de|ne|que|su)ll|quest|sant)"
_ELISION = regex.compile(
    rf"(?:[cdjlmnst]|L|{_LONG_ELISION})['’](?=\p{{L}})|[CDJMNST]['’](?=\p{{Ll}}{{2}})"
)


def bare(word: str) -> str:
    """*word* without what an apostrophe joins to it."""
    word = _POSSESSIVE.sub("", word)
    elision = _ELISION.match(word)
    return word[elision.end() :] if elision else word


_DOTTED = str.maketrans({"İ": "i", "I": "ı"})
_PERSIAN = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": None})


def accented(word: str, language: str) -> str:
    """*word* case folded as *language* has it, as its stemmer and its list of little words do."""
    if word.isascii() and word.isalnum():
        return word.lower()
    if language == "tr":
        # İstanbul'un: what follows the apostrophe is an ending.
        return _APOSTROPHE.split(word)[0].translate(_DOTTED).casefold()
    word = _APOSTROPHE.sub("", bare(word)).casefold()
    return word.translate(_PERSIAN) if language == "fa" else word


_MARKED = regex.compile(r"([\p{Latin}\p{Greek}\p{Arabic}\p{Hebrew}])\p{M}+")
# Signs that are written or left out at will: in Arabic, in Hindi, joiners.
_OPTIONAL = regex.compile(r"[\u0640\u093C\u200C\u200D]")
_ALIKE = str.maketrans(
    {"ı": "i", "ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "ё": "е", "ی": "ي", "ک": "ك"}
)


def folded(word: str) -> str:
    """*word* as those type it who have not its keyboard: Łódź is lodz, İstanbul is istanbul."""
    word = _APOSTROPHE.sub("", word)
    if word.isascii():
        return word.lower()
    word = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word).casefold())
    word = _MARKED.sub(r"\1", _OPTIONAL.sub("", word))
    return unicodedata.normalize("NFC", word).translate(_ALIKE)
