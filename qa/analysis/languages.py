"""Which language a text is in, and the little words and the stemmer of each language.

A language is known by its script where that is its own, and else by the little words in the text
and its accented letters: a sentence is full of them; a table, a list of names, a program is not.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import Stemmer

# What a script means by itself; some are shared, and there the words may say another language.
_SCRIPTS = {
    "GREEK": "el",
    "HEBREW": "he",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "BENGALI": "bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "ETHIOPIC": "am",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "TIBETAN": "bo",
    "HANGUL": "ko",
    "KANA": "ja",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "DEVANAGARI": "hi",
}
_SHARED = {"LATIN", "CYRILLIC", "ARABIC", "DEVANAGARI"}
_KANA = {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}
# A Japanese text has at least this much kana beside its kanji.
_LEAST_KANA = 0.05
# One character of these scripts says as much as several letters.
_DENSE = {"CJK": 3, "KANA": 2, "HANGUL": 3}
# The letters and marks that a language has beyond the alphabet of its script's others.
_LETTERS = {
    "de": "äöüß",
    "fr": "àâæçéèêëîïôœùûü",
    "es": "áéíñóúü¿¡",
    "it": "àèéìòù",
    "pt": "áâãàçéêíóôõú",
    "ca": "àçèéíïòóúü·",
    "ro": "ăâîșțşţ",
    "nl": "ëï",
    "da": "æøå",
    "no": "æøå",
    "sv": "åäö",
    "fi": "äö",
    "et": "äõöüšž",
    "hu": "áéíóöőúüű",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "pl": "ąćęłńóśźż",
    "sl": "čšž",
    "hr": "čćđšž",
    "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž",
    "tr": "çğıöşü",
    "vi": "ăâđêôơưạảấầậắặẻếềểễệịọỏốồộớờợụủứừửữựỹ",
    "eu": "ñ",
    "eo": "ĉĝĥĵŝŭ",
    "ga": "áéíóú",
    "ru": "ёщъыэ",
    "uk": "їєґіщ",
    "be": "ўіёыэ",
    "bg": "щъ",
    "sr": "ђћљњјџ",
    "ar": "ةىأإ",
    "fa": "پچگژیک",
    "ur": "ٹڈڑےںہپچگیک",
    "mr": "ळ",
}
_THREE_LETTERS = dict(
    pair.split(":")
    for pair in """
    eng:en deu:de ger:de fra:fr fre:fr spa:es ita:it por:pt cat:ca ron:ro rum:ro nld:nl dut:nl
    dan:da nor:no nob:nb nno:nn swe:sv fin:fi est:et hun:hu ces:cs cze:cs slk:sk slo:sk pol:pl
    slv:sl hrv:hr srp:sr bos:bs rus:ru ukr:uk bel:be bul:bg ell:el gre:el tur:tr ind:id msa:ms
    may:ms vie:vi lit:lt lav:lv eus:eu baq:eu epo:eo gle:ga ara:ar fas:fa per:fa urd:ur heb:he
    hin:hi mar:mr nep:ne ben:bn tam:ta kor:ko jpn:ja zho:zh chi:zh cmn:zh tha:th khm:km lao:lo
    mya:my bur:my hye:hy arm:hy
    """.split()
)
# English words that are little words elsewhere: the war in Ukraine is not a German question.
_ENGLISH_TOO = frozenset(
    """
    one no see need go come too care man war post men son sale non comment met sense door plus bit
    era pre pro sit dog die bus tie pot hat bet sang bin bat ten par pole sue kit dig dock pie ham
    mere bare jam pour mint till cum sedan bio sub con van sole via per on in an so to me
    """.split()
)
# Stemmers that do for a close language.
_STEMMED_AS = {"nb": "no", "nn": "no", "hr": "sr", "bs": "sr", "ms": "id"}

# A text is in a language when this part of its words are signs of it ...
_SHARE = 0.05
# ... at least so many, and so many more than twice those that another language has alone.  To be
# sure of a question's takes more, since words of it are left out; to be likely takes one sign.
_KNOWN, _SURE, _LIKELY = (2, 1), (2, 2), (1, 1)
# Of two languages in one text the one with more signs counts, if it has this many alone.
_PLENTY = 5
# What of a long text is looked at.
_PIECES, _PIECE = 4, 150


def _paragraphs() -> dict[str, frozenset[str]]:
    text = Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8")
    pairs = (paragraph.partition(":") for paragraph in text.split("\n\n"))
    return {
        language.strip(): frozenset(words.casefold().split())
        for language, _, words in pairs
        if not language.startswith("#")
    }


_STOP_WORDS = _paragraphs()


def stop_words(language: str) -> frozenset[str]:
    """The words that say nothing in a question, in small letters; none where we have no list."""
    return _STOP_WORDS.get(language, frozenset())


@lru_cache(maxsize=64)
def stemmer(language: str) -> "Stemmer.Stemmer | None":
    """The Snowball stemmer of *language*, if there is one."""
    try:
        return Stemmer.Stemmer(_STEMMED_AS.get(language, language))
    except KeyError:
        return None


def script(text: str) -> str | None:
    """The script that most of *text* is in, by its Unicode name; None where there is no letter."""
    if text.isascii():
        return "LATIN" if any(map(str.isalpha, text)) else None
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if character.isalpha():
            name = _script(character)
            counts[name] += count * _DENSE.get(name, 1)
    if counts["KANA"] > _LEAST_KANA * counts["CJK"]:
        counts["KANA"] += counts.pop("CJK", 0)
    return max(sorted(counts), key=counts.__getitem__, default=None)


@lru_cache(maxsize=1 << 14)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "LATIN").partition(" ")[0]
    return "KANA" if name in _KANA else name


@lru_cache(maxsize=256)
def scripts_of(language: str) -> frozenset[str]:
    """The scripts that *language* is written in; empty where we do not know."""
    own = {name for name, found in _SCRIPTS.items() if found == language}
    own |= {_script(word[0]) for word in stop_words(language)}
    return frozenset(own | {"CJK"} if language == "ja" else own)


def canonical(code: str) -> str:
    """The two letters of a language code where it is the three letters of one that has two."""
    return _THREE_LETTERS.get(code, code)


def language_of(text: str, stated: str | None = None) -> str | None:
    """The language of a document; None where neither its script nor its words tell.

    What is *stated* counts unless it is written otherwise: web pages often state their template's.
    """
    sample = unicodedata.normalize("NFC", _sample(text))
    written = script(sample)
    if stated and (written is None or written in (scripts_of(stated) or {written})):
        return stated
    if written not in _SHARED:
        return _SCRIPTS.get(written or "")
    return _Evidence(sample, tuple(_STOP_WORDS)).best(*_KNOWN) or _SCRIPTS.get(written)


def _sample(text: str) -> str:
    """Pieces from all over *text*, so that neither a table nor a quotation decides alone."""
    if len(text) <= _PIECES * _PIECE:
        return text
    step = (len(text) - _PIECE) // (_PIECES - 1)
    return "\n".join(text[i * step : i * step + _PIECE] for i in range(_PIECES))


class Asked(NamedTuple):
    """What languages of an index a question may be in, only the one that is sure, or the likely."""

    possible: tuple[str, ...]
    likely: str | None


def asked_in(question: str, languages: Iterable[str]) -> Asked:
    """Which of *languages* a question is in, as far as its script and its words tell."""
    written = script(question)
    possible = tuple(one for one in languages if written in (scripts_of(one) or {written}))
    own = None if written in _SHARED else _SCRIPTS.get(written or "")
    if own in possible or len(possible) < 2:
        own = own or next(iter(possible), None)
        return Asked((own,) if own else (), own)
    evidence = _Evidence(question, possible)
    sure = evidence.best(*_SURE)
    return Asked((sure,), sure) if sure else Asked(possible, evidence.best(*_LIKELY))


_AROUND = ".,;:!?¿¡()[]{}<>\"'«»“”„‘’…–—-/*#،؛؟।"


class _Evidence:
    """Which words and letters of a text speak for each of some languages."""

    def __init__(self, text: str, languages: tuple[str, ...]) -> None:
        text = text.casefold()
        words = {chunk.strip(_AROUND) for chunk in text.split()}
        known_words, known_letters = _signs(languages)
        self._words = len(words)
        self._signs: defaultdict[str, set[str]] = defaultdict(set)
        self._scores: defaultdict[str, float] = defaultdict(float)
        for signs, known in ((words, known_words), (set(text), known_letters)):
            for sign in signs & known.keys():
                for language in known[sign]:
                    self._signs[language].add(sign)
                    self._scores[language] += 1 / len(known[sign])

    def best(self, fewest: int, margin: int) -> str | None:
        """The language with most signs, where they are enough and lead by enough."""
        best = max(sorted(self._scores), key=self._scores.__getitem__, default=None)
        if best is None or len(self._signs[best]) < max(fewest, _SHARE * self._words):
            return None
        own = self._signs[best]
        for other, signs in self._signs.items():
            if other == best or len(own) >= 3 * len(signs) + margin:
                continue
            ahead, behind = len(own - signs), len(signs - own)
            if ahead < 2 * behind + margin and ahead < max(_PLENTY, behind + 1):
                return None
        return best


Signs = Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=64)
def _signs(languages: tuple[str, ...]) -> tuple[Signs, Signs]:
    """The little words and the letters of *languages*, and which of these have each."""
    words = {language: stop_words(language) for language in languages}
    if "en" in words:
        words["en"] |= _ENGLISH_TOO
    return _by_sign(words), _by_sign({one: _LETTERS.get(one, "") for one in languages})


def _by_sign(signs_of: Mapping[str, Iterable[str]]) -> Signs:
    known: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for language, signs in signs_of.items():
        for sign in signs:
            known[sign] += (language,)
    return known
