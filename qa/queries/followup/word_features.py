"""The words by which English questions lean on earlier ones, as sets of terms.

Other languages have none of these, so there only what is very short takes words along.
"""

from dataclasses import dataclass

import regex

from qa.analysis.tokenizer import stem, stop_words, term, words


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word, "en") for word in text.split())


IT = _set("it its itself")
THEY = _set("they them their theirs themselves")
PERSON = _set("he him his himself she her hers herself")
PRONOUNS = IT | THEY | PERSON
DEMONSTRATIVES = _set("this that these those")
ONES = _set("one ones")
OTHERS = _set("other others another else same similar both either")
QUANTIFIERS = _set("any some many much most all few each none")
# How each points, for want of more about it.
POINTERS = {
    "it": IT,
    "they": THEY,
    "person": PERSON,
    "this": DEMONSTRATIVES,
    "one": ONES,
    "other": OTHERS,
    "there": _set("there"),
    "quantifier": QUANTIFIERS,
}
CONJUNCTIONS = _set("and but or so then also besides plus")
ARTICLES = _set("a an the")
PREPOSITIONS = _set(
    """of in on at for to from by with without about into onto over under between among during
    against after before since through across around near than as like via per within versus vs"""
)
AUXILIARIES = _set(
    """am is are was were be been being do does did has have had will would shall should can could
    may might must"""
)
DO = _set("do does did")
BE = _set("is are was were")
ASKING = _set("what who whom whose which when where why how")
SPEAKERS = _set("i me my mine we us our you your yours")
COMPARING = _set("than compare compared differ different difference")
TELLING = _set("tell describe explain show give know clarify provide summarize")
# After these it stands for nothing: is it possible to, does it mean to.
EMPTY_IT = _set("possible necessary legal true safe important mean good bad better worth ok okay")
WEATHER = _set("rain rains raining snow snows snowing hail thunder freeze")
TIMES = _set("time day date month year season")

# Nouns that are of something: asked alone, the question does not say of what.
RELATIONAL = _stems(
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
# Verbs that questions are made of.
VERBS = _stems(
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
# Words that grade, count or date what is spoken of.
DESCRIBING = _stems(
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
SUPERLATIVES = _set("most least best worst biggest oldest largest newest youngest greatest")
# Words of talk, never of what is talked about.
FILLING = _stems(
    """
    again also dont get give go hello hi interesting just know let like lot mean more no not ok
    okay one ones other others please really same so someone something such sure tell thank thanks
    thing too want way well wow yes
    """
)
# Of these a question of more than three words has one, if it is in English.
ENGLISH = _set(
    """
    the what who whom whose how why which where when are were does did and about they their them
    it its he his she her you your my can could would should tell any there this that these those
    """
)
# In this order: a word that is in two is the first.
KINDS = {"relational": RELATIONAL, "verb": VERBS, "describing": DESCRIBING}


# What is longer is no word of a person's.
LONGEST_CARRIED = 60
# Of a pasted page only the ends count.
_MOST = 80

_LANGUAGE = "en"
_STOPS = stop_words(_LANGUAGE)
_SENTENCE_END = regex.compile(r"[.?!:;]\s")
_MARK = regex.compile(r"[,.;:?!()\[\]\"“”]")
_NEGATION = regex.compile(r"(?i)n['’]t$")
_CONTRACTION = regex.compile(r"(?i)['’](?:re|ve|ll|d|m)$")


@dataclass(frozen=True)
class Token:
    """A word of a question; *said* when it says something, *marked* when a mark stands before."""

    text: str
    term: str
    stem: str
    start: int
    end: int
    opens: bool
    marked: bool
    said: bool
    name: bool

    @property
    def kind(self) -> str:
        """What may be expected of it: a name, a noun that is of something, a verb, and so on."""
        if self.name:
            return "name"
        if self.term[0].isdigit():
            return "number"
        for kind, stems in KINDS.items():
            if self.stem in stems:
                return kind
        return "plain"


def tokens(question: str) -> list[Token]:
    """The words of *question*, in order."""
    found = words(question)
    if len(found) > _MOST:
        found = found[: _MOST // 2] + found[-_MOST // 2 :]
    shouted = len(found) > 3 and all(word.text.isupper() for word in found)
    made: list[Token] = []
    end = 0
    for i, word in enumerate(found):
        between = question[end : word.start]
        opens = i == 0 or bool(_SENTENCE_END.search(between))
        text = word.text.lower() if shouted else _CONTRACTION.sub("", word.text)
        exact = "not" if _NEGATION.search(text) else term(text)
        name = _is_name(text, opens=opens)
        said = (exact not in _STOPS or (name and exact not in SPEAKERS)) and (
            text.isdigit() or 1 < len(text) <= LONGEST_CARRIED
        )
        made.append(
            Token(
                text,
                exact,
                stem(text, _LANGUAGE),
                word.start,
                word.start + len(text),
                opens,
                bool(_MARK.search(between)),
                said,
                name and said,
            )
        )
        end = word.end
    return made


def _is_name(text: str, *, opens: bool) -> bool:
    """Whether capitals make it a name; that of a sentence's first word tells nothing."""
    return any(map(str.isupper, text[1:] if opens else text)) and text != "I"


def runs(found: list[Token]) -> list[list[int]]:
    """The places of words that say something, those that stand side by side together."""
    grouped: list[list[int]] = []
    for i, token in enumerate(found):
        if not token.said:
            continue
        if grouped and grouped[-1][-1] == i - 1 and not token.marked:
            grouped[-1].append(i)
        else:
            grouped.append([i])
    return grouped


_BE = frozenset({"is", "are", "was", "were"})


@dataclass(frozen=True)
class Said:
    """A word that says something, with its *signs*; *run* numbers the words it stands among."""

    text: str
    stem: str
    kind: str
    run: int
    start: int
    end: int
    signs: tuple[str, ...]


def said(found: list[Token]) -> tuple[Said, ...]:
    """The words of a question that can be carried to the next."""
    grouped = runs(found)
    cased = any(token.name for token in found)
    made = []
    for number, run in enumerate(grouped):
        for i in run:
            token = found[i]
            if token.stem in FILLING:
                continue
            signs = [token.kind, *_form(token), *_place(found, run, i)]
            if number == len(grouped) - 1:
                signs.append("last run")
            if not cased:
                signs.append("no capitals")
            made.append(
                Said(
                    token.text,
                    token.stem,
                    token.kind,
                    number,
                    token.start,
                    token.end,
                    tuple(dict.fromkeys(signs)),
                )
            )
    return tuple(made)


def _form(token: Token) -> list[str]:
    if token.name:
        return ["short name"] if len(token.term) <= 3 else []
    signs = [f"-{ending}" for ending in ("ing", "ed", "ly") if token.term.endswith(ending)]
    if not signs and token.term.endswith("s") and not token.term.endswith("ss"):
        signs.append("plural")
    if len(token.term) >= 9:
        signs.append("long")
    return signs


def _place(found: list[Token], run: list[int], i: int) -> list[str]:
    """What stands before the run of a word, and where in the run it stands."""
    before = found[run[0] - 1].term if run[0] else ""
    earlier = found[run[0] - 2].term if run[0] > 1 else ""
    lead = earlier if before in ARTICLES else before
    signs = [
        sign
        for sign, holds in (
            ("after of", lead == "of"),
            ("after about", lead == "about"),
            ("after a preposition", lead in PREPOSITIONS),
            ("after to", before == "to"),
            ("after do", before in DO),
            ("after be", lead in _BE),
            ("after the", before == "the"),
            ("after a", before in {"a", "an"}),
            ("after a question word", before in ASKING),
            ("after a person", before in SPEAKERS | PRONOUNS),
        )
        if holds
    ]
    if len(run) == 1:
        signs.append("by itself")
    elif i == run[-1]:
        signs.append("head")
        if lead in DO:
            signs.append("head after do")
    else:
        signs.append("modifier")
        if i == run[0]:
            signs.append("first of its run")
    if len(run) > 3:
        signs.append("long run")
    return signs
