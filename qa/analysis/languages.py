"""Language detection, and the stop words and stemmer of each language.

A language is detected by its script if only it uses that, else by its stop words and special
letters, of which sentences have many; tables, lists of names and programs have none.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import Stemmer

from qa.analysis.script_variants import fold_devanagari

# The default language of each script; in shared scripts the words may show another.
_LANGUAGE_OF_SCRIPT = {
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
_SHARED_SCRIPTS = {"LATIN", "CYRILLIC", "ARABIC", "DEVANAGARI"}
_KANA_SCRIPTS = {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}
# A Japanese text has at least this much kana for its kanji.
_MIN_KANA_SHARE = 0.05
# One character of these scripts counts as several letters.
_LETTERS_PER_CHARACTER = {"CJK": 3, "KANA": 2, "HANGUL": 3}
# The letters and marks of a language that most others of its script do not have.
_SPECIAL_LETTERS = {
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
_THREE_LETTER_CODES = dict(
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
# English words that are stop words elsewhere: the war in Ukraine is not a German question.
_ENGLISH_HOMOGRAPHS = frozenset(
    """
    one no see need go come too care man war post men son sale non comment met sense door plus bit
    era pre pro sit dog die bus tie pot hat bet sang bin bat ten par pole sue kit dig dock pie ham
    mere bare jam pour mint till cum sedan bio sub con van sole via per on in an so to me
    """.split()
)
MONTHS = (
    "january february march april may june july august september october november december"
).split()
# Stemmers of closely related languages.
_STEMMER_FALLBACKS = {"nb": "no", "nn": "no", "hr": "sr", "bs": "sr", "ms": "id"}

# A text is in a language when this share of its words are markers of it ...
_MIN_MARKER_SHARE = 0.05
# ... at least the first number, and the second number more than twice those that only another
# language has.  To be certain of a question's takes more, since its stop words are removed.
_TEXT_THRESHOLDS, _CERTAIN_THRESHOLDS, _LIKELY_THRESHOLDS = (2, 1), (2, 2), (1, 1)
# Of two languages in one text the one with more markers counts, if it has this many alone.
_MIN_EXCLUSIVE_MARKERS = 5
# The sample of a long text.
_PIECES, _PIECE_LENGTH = 4, 150


def _load_stop_words() -> dict[str, frozenset[str]]:
    text = Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8")
    sections = (paragraph.partition(":") for paragraph in text.split("\n\n"))
    return {
        # Both as they are written and as words are compared with them.
        language.strip(): frozenset(f"{words} {fold_devanagari(words)}".casefold().split())
        for language, _, words in sections
        if not language.startswith("#")
    }


_STOP_WORDS = _load_stop_words()


def stop_words(language: str) -> frozenset[str]:
    """The stop words of *language*, case folded; none where there is no list."""
    return _STOP_WORDS.get(language, frozenset())


def stemmer_language(language: str) -> str:
    """The language by whose rules words of *language* are stemmed: itself or a close relative."""
    return _STEMMER_FALLBACKS.get(language, language)


@lru_cache(maxsize=64)
def stemmer_for(language: str) -> "Stemmer.Stemmer | None":
    """The Snowball stemmer of *language*, if there is one."""
    try:
        # Its own cache takes twice as long as stemming; who stems words again remembers them.
        return Stemmer.Stemmer(stemmer_language(language), 0)
    except KeyError:
        return None


# Text whose letters are ASCII, with typographic quotation marks, dashes and the like.
_ASCII_LETTERS = re.compile(r"[\x00-\x7f\u2010-\u2027\u2030-\u205e]*")


def dominant_script(text: str) -> str | None:
    """The script of most of *text*, by its Unicode name; None without letters."""
    if _ASCII_LETTERS.fullmatch(text):
        return "LATIN" if any(map(str.isalpha, text)) else None
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if character.isalpha():
            name = _script_of_letter(character)
            counts[name] += count * _LETTERS_PER_CHARACTER.get(name, 1)
    if counts["KANA"] > _MIN_KANA_SHARE * counts["CJK"]:
        counts["KANA"] += counts.pop("CJK", 0)
    return max(sorted(counts), key=counts.__getitem__, default=None)


@lru_cache(maxsize=1 << 14)
def _script_of_letter(letter: str) -> str:
    name = unicodedata.name(letter, "LATIN").partition(" ")[0]
    return "KANA" if name in _KANA_SCRIPTS else name


@lru_cache(maxsize=256)
def scripts_of(language: str) -> frozenset[str]:
    """The scripts of *language*; empty if unknown."""
    scripts = {name for name, code in _LANGUAGE_OF_SCRIPT.items() if code == language}
    scripts |= {_script_of_letter(word[0]) for word in stop_words(language)}
    return frozenset(scripts | {"CJK"} if language == "ja" else scripts)


def normalize_language_code(code: str) -> str:
    """The two-letter code of a language for its three-letter one; other codes as they are."""
    return _THREE_LETTER_CODES.get(code, code)


def detect_language(text: str, declared: str | None = None) -> str | None:
    """The language of a document; None where neither its script nor its words show it.

    The *declared* one is used unless its script differs: web pages often declare their template's.
    """
    sample = unicodedata.normalize("NFC", _sample_text(text))
    text_script = dominant_script(sample)
    if declared and (text_script is None or text_script in (scripts_of(declared) or {text_script})):
        return declared
    if text_script not in _SHARED_SCRIPTS:
        return _LANGUAGE_OF_SCRIPT.get(text_script or "")
    return _LanguageEvidence(sample, tuple(_STOP_WORDS)).best_language(
        *_TEXT_THRESHOLDS
    ) or _LANGUAGE_OF_SCRIPT.get(text_script)


def _sample_text(text: str) -> str:
    """Pieces from all over *text*, so that no table or quotation decides alone."""
    if len(text) <= _PIECES * _PIECE_LENGTH:
        return text
    step = (len(text) - _PIECE_LENGTH) // (_PIECES - 1)
    return "\n".join(text[i : i + _PIECE_LENGTH] for i in range(0, _PIECES * step, step))


class QuestionLanguages(NamedTuple):
    """The languages that a question may be in, one if that is certain, and the likely one."""

    possible: tuple[str, ...]
    likely: str | None


def detect_question_languages(question: str, languages: Iterable[str]) -> QuestionLanguages:
    """Which of *languages* a question is in, by its script and words."""
    question_script = dominant_script(question)
    possible = tuple(
        language
        for language in languages
        if question_script in (scripts_of(language) or {question_script})
    )
    script_language = (
        None
        if question_script in _SHARED_SCRIPTS
        else _LANGUAGE_OF_SCRIPT.get(question_script or "")
    )
    if script_language in possible or len(possible) < 2:
        script_language = script_language or next(iter(possible), None)
        return QuestionLanguages((script_language,) if script_language else (), script_language)
    evidence = _LanguageEvidence(question, possible)
    certain = evidence.best_language(*_CERTAIN_THRESHOLDS)
    return (
        QuestionLanguages((certain,), certain)
        if certain
        else QuestionLanguages(possible, evidence.best_language(*_LIKELY_THRESHOLDS))
    )


_PUNCTUATION = ".,;:!?¿¡()[]{}<>\"'«»“”„‘’…–—-/*#،؛؟।"


class _LanguageEvidence:
    """The words and letters of a text that are markers of some languages."""

    def __init__(self, text: str, languages: tuple[str, ...]) -> None:
        text = text.casefold()
        words = {chunk.strip(_PUNCTUATION) for chunk in text.split()}
        languages_by_word, languages_by_letter = _language_markers(languages)
        self._word_count = len(words)
        self._markers: defaultdict[str, set[str]] = defaultdict(set)
        self._scores: defaultdict[str, float] = defaultdict(float)
        for occurring, languages_by_marker in (
            (words, languages_by_word),
            (set(text), languages_by_letter),
        ):
            for marker in occurring & languages_by_marker.keys():
                for language in languages_by_marker[marker]:
                    self._markers[language].add(marker)
                    self._scores[language] += 1 / len(languages_by_marker[marker])

    def best_language(self, min_markers: int, margin: int) -> str | None:
        """The language with most markers, if they are enough and lead by enough."""
        language = max(sorted(self._scores), key=self._scores.__getitem__, default=None)
        if language is None or len(self._markers[language]) < max(
            min_markers, _MIN_MARKER_SHARE * self._word_count
        ):
            return None
        markers = self._markers[language]
        for other, other_markers in self._markers.items():
            if other == language or len(markers) >= 3 * len(other_markers) + margin:
                continue
            ahead, behind = len(markers - other_markers), len(other_markers - markers)
            if ahead < 2 * behind + margin and ahead < max(_MIN_EXCLUSIVE_MARKERS, behind + 1):
                return None
        return language


LanguagesByMarker = Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=64)
def _language_markers(languages: tuple[str, ...]) -> tuple[LanguagesByMarker, LanguagesByMarker]:
    """The stop words and special letters of *languages*, each with the languages that have it."""
    words = {language: stop_words(language) for language in languages}
    if "en" in words:
        words["en"] |= _ENGLISH_HOMOGRAPHS
    return _group_by_marker(words), _group_by_marker(
        {language: _SPECIAL_LETTERS.get(language, "") for language in languages}
    )


def _group_by_marker(markers_by_language: Mapping[str, Iterable[str]]) -> LanguagesByMarker:
    languages_by_marker: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for language, markers in markers_by_language.items():
        for marker in markers:
            languages_by_marker[marker] += (language,)
    return languages_by_marker
