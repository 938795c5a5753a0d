"""The words of a question -> tokens and content words, with features; English word lists.

Other languages have no such lists, so there only very short questions carry words over.
"""

from dataclasses import dataclass
from functools import lru_cache

import regex

from qa.analysis.sentences import split_sentences
from qa.analysis.tokenizer import stem, stop_terms, to_term, tokenize


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _stem_set(text: str) -> frozenset[str]:
    return frozenset(stem(word, "en") for word in text.split())


IT_PRONOUNS = _word_set("it its itself")
THEY_PRONOUNS = _word_set("they them their theirs themselves")
PERSON_PRONOUNS = _word_set("he him his himself she her hers herself")
PRONOUNS = IT_PRONOUNS | THEY_PRONOUNS | PERSON_PRONOUNS
DEMONSTRATIVES = _word_set("this that these those")
ONE_PRONOUNS = _word_set("one ones")
COMPARATIVE_DETERMINERS = _word_set("other others another else same similar both either")
QUANTIFIERS = _word_set("any some many much most all few each none")
# The kinds of words that refer to something else.
POINTERS = {
    "it": IT_PRONOUNS,
    "they": THEY_PRONOUNS,
    "person": PERSON_PRONOUNS,
    "this": DEMONSTRATIVES,
    "one": ONE_PRONOUNS,
    "other": COMPARATIVE_DETERMINERS,
    "there": _word_set("there"),
    "quantifier": QUANTIFIERS,
}
CONJUNCTIONS = _word_set("and but or so then also besides plus")
ARTICLES = _word_set("a an the")
PREPOSITIONS = _word_set(
    """of in on at for to from by with without about into onto over under between among during
    against after before since through across around near than as like via per within versus vs"""
)
AUXILIARIES = _word_set(
    """am is are was were be been being do does did has have had will would shall should can could
    may might must"""
)
FORMS_OF_DO = _word_set("do does did")
FORMS_OF_BE = _word_set("is are was were")
QUESTION_WORDS = _word_set("what who whom whose which when where why how")
SPEAKER_PRONOUNS = _word_set("i me my mine we us our you your yours")
COMPARISON_WORDS = _word_set("than compare compared differ different difference")
REQUEST_VERBS = _word_set("tell describe explain show give know clarify provide summarize")
# Words after an expletive "it": is it possible to, does it mean to.
EXPLETIVE_CUES = _word_set(
    "possible necessary legal true safe important mean good bad better worth ok okay"
)
WEATHER_VERBS = _word_set("rain rains raining snow snows snowing hail thunder freeze")
TIME_NOUNS = _word_set("time day date month year season")

# Nouns that need a complement: the question does not say of what.
RELATIONAL_NOUNS = _stem_set(
    """
    account achievement adaptation advantage age aim alternative amount application approach
    area argument aspect author award background basis beginning behavior benefit budget
    capacity capital category cause chance change characteristic charge choice city class
    climate coach color colour combination complication component composition concept conclusion
    condition cons consequence content contribution cost country creation creator criterion
    culture cure damage danger date deadline death definition description design detail
    development diagnosis difference difficulty director disadvantage discovery drawback
    duration economy effect effectiveness element end evidence evolution example exception
    expense explanation fact factor failure family father feature fee field finding food form
    founder founding function funding future goal group growth habitat health height history
    hypothesis idea image impact implication importance income industry influence information
    ingredient instance intent invention inventor issue job key kind language law leader length
    level life limit limitation list location main material meaning measure mechanism member
    method mission model mother motive movement name nature need number objective option order
    organization origin outcome owner part participant pattern people percentage performance
    period person place plan plot policy popularity population position possibility power
    practice precaution president prevention price principle pro problem procedure process
    product profit prognosis program progress property proponent pros publication purpose
    quality range rate reaction reason recommendation record region regulation relation
    relationship release religion requirement research resource response result rise risk role
    rule safety salary science scope season sector series service setting shape side sign
    significance similarity site size society solution source species speed stage standard start
    state statistic status step story strategy strength structure study style success suggestion
    summary support surgery symptom system target team technique technology temperature term
    test theme theory thing time tip title tool topic total trait treatment trend type usage use
    user value variant variation variety version victim view way weakness weight word work year
    """
)
# Verbs that are common in questions.
COMMON_VERBS = _stem_set(
    """
    add affect allow answer appear apply ask avoid become begin believe bring build buy call
    cause change check choose clarify come compare consider contain contribute cost cover create
    cure decide define describe determine develop die differ discover discuss do drink drive eat
    enable end exist expect explain feel fight find fix follow form found gain get give go grow
    happen harm have hear help hurt impact improve include increase influence invent invest
    involve keep kill know last lead learn leave let like list live look lose love made make
    manage mean measure mention move name need occur offer originate own pay perform play
    prepare prevent produce protect prove provide put reach read receive recommend reduce relate
    rely remove replace require respond run say see seem sell serve show solve speak spread
    stand start stay stop suggest summarize take talk teach tell think treat try turn understand
    use visit wait want watch win wonder work write
    """
)
# Words that grade, count or date something.
DESCRIPTIVE_WORDS = _stem_set(
    """
    able actual actually already always available average bad basic best better big biggest
    certain clear common commonly concerned current currently different difficult early easy
    effective entire ever exactly famous far fast favorite few free full general generally good
    great greatest hard harmful high highest huge important infamous interested interesting just
    key known large largest late latest least less little long longest low main major many
    modern most mostly naturally necessary new newest nice notable often okay old oldest
    original originally particular please popular possible primary private public quick quickly
    real really reliable right safe same serious seriously several short significant simple
    single small smallest social sometimes soon specific still strong successful super sure
    today top traditional true typical typically unique useful usual usually various very well
    whole wide widely worst worth wrong yes yet young youngest
    """
)
SUPERLATIVES = _word_set("most least best worst biggest oldest largest newest youngest greatest")
# Conversational words, never a topic.
FILLER_WORDS = _stem_set(
    """
    again also dont get give go hello hi interesting just know let like lot mean more no not ok
    okay one ones other others please really same so someone something such sure tell thank thanks
    thing too want way well wow yes
    """
)
# An English question of more than three words has one of these.
ENGLISH_MARKERS = _word_set(
    """
    the what who whom whose how why which where when are were does did and about they their them
    it its he his she her you your my can could would should tell any there this that these those
    """
)
# A word that is in two sets has the first kind.
STEMS_BY_KIND = {
    "relational": RELATIONAL_NOUNS,
    "verb": COMMON_VERBS,
    "describing": DESCRIPTIVE_WORDS,
}


# Nobody types a longer word.
MAX_CARRIED_LENGTH = 60
# Of a longer question only both ends are used.
_MAX_TOKENS = 80

_LANGUAGE = "en"
_STOP_TERMS = stop_terms(_LANGUAGE)
_SENTENCE_END = regex.compile(r"[.?!:;]\s")
_PUNCTUATION = regex.compile(r"[,.;:?!()\[\]\"“”]")
_NEGATION = regex.compile(r"(?i)n['’]t$")
_CONTRACTION = regex.compile(r"(?i)['’](?:re|ve|ll|d|m)$")


@dataclass(frozen=True)
class QuestionToken:
    """A word of a question; *is_content* unless it is a stop word."""

    text: str
    term: str
    stem: str
    start: int
    end: int
    starts_sentence: bool
    after_punctuation: bool
    is_content: bool
    is_name: bool

    @property
    def kind(self) -> str:
        """The kind of word: name, number, relational noun, verb, and so on."""
        if self.is_name:
            return "name"
        if self.term[0].isdigit():
            return "number"
        for kind, stems in STEMS_BY_KIND.items():
            if self.stem in stems:
                return kind
        return "plain"


def tokenize_question(question: str, *, is_continued: bool = False) -> list[QuestionToken]:
    """The words of *question*, in order; one that *is_continued* begins within a sentence."""
    word_tokens = tokenize(question)
    if len(word_tokens) > _MAX_TOKENS:
        word_tokens = word_tokens[: _MAX_TOKENS // 2] + word_tokens[-_MAX_TOKENS // 2 :]
    is_all_caps = len(word_tokens) > 3 and all(word.text.isupper() for word in word_tokens)
    question_tokens: list[QuestionToken] = []
    end = 0
    for i, word in enumerate(word_tokens):
        gap = question[end : word.start]
        starts_sentence = i == 0 or (
            bool(_SENTENCE_END.search(gap)) and _ends_sentence(question, gap, word.start)
        )
        text, has_apostrophe = word.text, "'" in word.text or "’" in word.text
        if is_all_caps:
            text = text.lower()
        elif has_apostrophe:
            text = _CONTRACTION.sub("", text)
        exact = "not" if has_apostrophe and _NEGATION.search(text) else to_term(text)
        is_name = _is_name(text, starts_sentence=starts_sentence and bool(i or not is_continued))
        is_content = (exact not in _STOP_TERMS or (is_name and exact not in SPEAKER_PRONOUNS)) and (
            text.isdigit() or 1 < len(text) <= MAX_CARRIED_LENGTH
        )
        question_tokens.append(
            QuestionToken(
                text,
                exact,
                stem(text, _LANGUAGE),
                word.start,
                word.start + len(text),
                starts_sentence,
                gap != " " and bool(_PUNCTUATION.search(gap)) and (starts_sentence or gap != ". "),
                is_content,
                is_name and is_content,
            )
        )
        end = word.end
    return question_tokens


def _ends_sentence(question: str, gap: str, start: int) -> bool:
    """Whether a sentence begins at *start*, after *gap*; a period may end an abbreviation: Dr."""
    if not gap.startswith(". "):
        return True
    return start in _find_sentence_starts(question)


# One question is looked at for each of its abbreviations.
@lru_cache(maxsize=64)
def _find_sentence_starts(question: str) -> frozenset[int]:
    return frozenset(span.start for span in split_sentences(question))


def _is_name(text: str, *, starts_sentence: bool) -> bool:
    """Whether capitals mark a name; the first letter of a sentence does not count."""
    return any(map(str.isupper, text[1:] if starts_sentence else text)) and text != "I"


def group_runs(tokens: list[QuestionToken]) -> list[list[int]]:
    """The indexes of content words, in groups of adjacent words."""
    groups: list[list[int]] = []
    for i, token in enumerate(tokens):
        if not token.is_content:
            continue
        if groups and groups[-1][-1] == i - 1 and not token.after_punctuation:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups


@dataclass(frozen=True)
class ContentWord:
    """A content word with its features; *run_number* counts the groups of adjacent words."""

    text: str
    stem: str
    kind: str
    run_number: int
    start: int
    end: int
    features: tuple[str, ...]


def extract_content_words(tokens: list[QuestionToken]) -> tuple[ContentWord, ...]:
    """The words of a question that can be carried over to the next."""
    groups = group_runs(tokens)
    has_names = any(token.is_name for token in tokens)
    content_words = []
    for run_number, run in enumerate(groups):
        lead_features = _lead_features(tokens, run)
        for i in run:
            token = tokens[i]
            if token.stem in FILLER_WORDS:
                continue
            kind = token.kind
            place_features = _place_features(tokens, run, i)
            features = [kind, *_form_features(token), *lead_features, *place_features]
            if run_number == len(groups) - 1:
                features.append("last run")
            if not has_names:
                features.append("no capitals")
            content_words.append(
                ContentWord(
                    token.text,
                    token.stem,
                    kind,
                    run_number,
                    token.start,
                    token.end,
                    tuple(dict.fromkeys(features)),
                )
            )
    return tuple(content_words)


def _form_features(token: QuestionToken) -> list[str]:
    if token.is_name:
        return ["short name"] if len(token.term) <= 3 else []
    features = [f"-{suffix}" for suffix in ("ing", "ed", "ly") if token.term.endswith(suffix)]
    if not features and token.term.endswith("s") and not token.term.endswith("ss"):
        features.append("plural")
    if len(token.term) >= 9:
        features.append("long")
    return features


def _lead(tokens: list[QuestionToken], run: list[int]) -> tuple[str, str]:
    """The word before a run, and the one before that if it is an article."""
    previous = tokens[run[0] - 1].term if run[0] else ""
    second_previous = tokens[run[0] - 2].term if run[0] > 1 else ""
    return previous, second_previous if previous in ARTICLES else previous


def _lead_features(tokens: list[QuestionToken], run: list[int]) -> list[str]:
    """Features of the words before a run."""
    previous, lead = _lead(tokens, run)
    return [
        feature
        for feature, holds in (
            ("after of", lead == "of"),
            ("after about", lead == "about"),
            ("after a preposition", lead in PREPOSITIONS),
            ("after to", previous == "to"),
            ("after do", previous in FORMS_OF_DO),
            ("after be", lead in FORMS_OF_BE),
            ("after the", previous == "the"),
            ("after a", previous in {"a", "an"}),
            ("after a question word", previous in QUESTION_WORDS),
            ("after a person", previous in SPEAKER_PRONOUNS | PRONOUNS),
        )
        if holds
    ]


def _place_features(tokens: list[QuestionToken], run: list[int], i: int) -> list[str]:
    """Features of the place of a word in its run."""
    features: list[str] = []
    if len(run) == 1:
        features.append("by itself")
    elif i == run[-1]:
        features.append("head")
        if _lead(tokens, run)[1] in FORMS_OF_DO:
            features.append("head after do")
    else:
        features.append("modifier")
        if i == run[0]:
            features.append("first of its run")
    if len(run) > 3:
        features.append("long run")
    return features
