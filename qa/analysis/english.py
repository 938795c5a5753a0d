"""British spellings -> American ones, so that both have the same stem.

One pattern for each family of spellings, after a marker that most words do not have.  A rule may
make a word that nobody writes, "analize" of "analise": it does so in documents and questions.
"""

import re
from collections import defaultdict
from collections.abc import Callable

import regex

_OUR = (
    "col fav hon lab neighb arb behavi hum rum flav od arm vap sav savi glam tum parl splend val"
    " vig rig ranc cand clam demean endeav ard ferv succ enam"
)
_RE = (
    "cent theat met lit fib calib sab spect lust somb meag maneuv och sepulch mit reconnoit saltpet"
    " goit scept louv"
)
# Verbs whose last syllable has no stress: travelled, counsellor, marvellous.
_LL = (
    "travel cancel model label fuel signal dial counsel quarrel marvel level jewel panel pedal"
    " shovel tunnel equal total rival channel initial duel grovel libel marshal medal parcel pencil"
    " peril swivel towel ravel snorkel spiral stencil funnel gravel chisel devil dishevel drivel"
    " enamel nickel revel shrivel yodel bevel barrel carol gambol pummel council cruel gruel trial"
)
_AE = (
    "anaesth anaem paediatr paedag encyclopaed orthopaed haem aetiolog gynaecolog palaeo mediaeval"
    " archaeo caesium caesar faec synaesth aesthet paedo paeder primaeval"
)
# What is before the -ise of words that have no -ize; nor has one after a vowel: promise, raise.
_ISE = (
    "advert adv appr ar chast circumc compr comprom dem desp dev enterpr exc exerc expert exorc"
    " franch improv inc merchand parad prec conc prem prom rev sunr upr superv surm surpr telev"
    " treat otherw likew repr chem metropol pelv pen trell"
)
_OE = (
    "oesoph oestr foetus foetal foetid diarrhoea manoeuv amoeb homoeo coelia oedema apnoea pnoea"
    " orrhoea"
)
# Beginnings of words, and ends.
_OTHERS = """
    acknowledgement acknowledgment|aeroplane airplane|ageing aging|aluminium aluminum
    annexe$ annex|appal$ appall|appals$ appalls|artefact artifact|burnt$ burned
    carburettor carburetor|cheque check|chilli$ chili|chillis$ chilis|chillies chilies
    cosier cozier|cosiest coziest|cosy$ cozy
    cypher cipher|defence defense|defenceless defenseless|disc$ disk|discs$ disks
    distil$ distill|distils$ distills|doughnut donut|draught draft|dreamt$ dreamed|enrol$ enroll
    enrolment enrollment|enrols$ enrolls|fulfil$ fulfill|fulfilment fulfillment
    fulfils$ fulfills|furore$ furor|gaol jail|grey gray|gypsies gipsies|gypsy gipsy
    instalment installment|instil$ instill|instils$ instills|jewellery jewelry
    judgement judgment|kerb curb|leant$ leaned|leapt$ leaped|learnt$ learned|licence license
    likeable likable|maneuvrab maneuverab|maths$ math|misspelt$ misspelled|mollusc mollusk
    moult molt|moustache mustache|moveable movable|mum$ mom|mums$ moms|offence offense
    omelette omelet|plough plow|practise practice|practising practicing|pretence pretense
    pyjama pajama|saleable salable|sceptic skeptic|sizeable sizable|skilful skillful
    smoulder smolder|snowplough snowplow|specialities specialties|speciality specialty
    spelt$ spelled|spoilt$ spoiled|storey story|sulph sulf|tranquillity tranquility|tyre$ tire
    tyres$ tires|waggon wagon|whiskies whiskeys|whisky whiskey|wilful willful|woollen woolen
    yoghurt yogurt
"""


def _one_of(stems: str) -> str:
    return f"({'|'.join(sorted(stems.split(), key=len, reverse=True))})"


def _drop(letter: str) -> Callable[["regex.Match[str]"], str]:
    """A replacement that drops *letter* before an e."""
    return lambda match: match[0].replace(f"{letter}e", "e")


_VERB_ENDING = "(?:e[ds]?|ers?|ing|ingly|ements?|ations?|ational|able|ably|ance)"
# The marker, the pattern and the replacement of each family, in the order in which they apply.
_FAMILIES = [
    (marker, regex.compile(pattern), american)
    for marker, pattern, american in (
        ("ae", _one_of(_AE), _drop("a")),
        ("aem", "aem(?=i[ac])", "em"),
        ("oe", _one_of(_OE), _drop("o")),
        ("our", f"{_one_of(_OUR)}our", r"\1or"),
        ("re", f"{_one_of(_RE)}re(?=s?$|piece|glass|goer|fold)", r"\1er"),
        ("red", f"{_one_of(_RE)}r(?=ed$)", r"\1er"),
        ("ring", f"{_one_of(_RE)}r(?=ings?$)", r"\1er"),
        ("mould", "mould", "mold"),
        ("gramme", "gramme(?=s?$)", "gram"),
        ("ll", f"{_one_of(_LL)}l(?=ed|ing|er|or|ous|ist|able)", r"\1"),
        ("logue", "(cata|dia|ana|mono|epi|trave)logue(?=s?$)", r"\1log"),
        (
            "is",
            rf"(?<=[a-z]{{2}}[^aeou])(?<!^(?:dis|re|un)?{_one_of(_ISE)})is(?={_VERB_ENDING}$)",
            "iz",
        ),
        ("lys", "(?<=..)lys(?=(?:e[dr]?|ers|ing)$)", "lyz"),
    )
]
_PREFIX_LENGTH = 3


def _parse_others() -> dict[str, list[tuple[str, str]]]:
    """The pairs of _OTHERS by their first letters; an end is marked with a $."""
    pairs: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for entry in re.split(r"[|\n]", _OTHERS):
        if entry.strip():
            british, american = entry.split()
            pairs[british[:_PREFIX_LENGTH]].append((british, american))
    return dict(pairs)


_OTHERS_BY_PREFIX = _parse_others()


def to_american(word: str) -> str:
    """*word*, in small letters, as an American would spell it: colour is color."""
    if not word.isascii():
        word = word.replace("æ", "ae").replace("œ", "oe")
    for british, american in _OTHERS_BY_PREFIX.get(word[:_PREFIX_LENGTH], ()):
        stem = british.removesuffix("$")
        if word == stem or (stem is british and word.startswith(stem)):
            return american + word[len(stem) :]
    for marker, pattern, replacement in _FAMILIES:
        if marker in word:
            word = pattern.sub(replacement, word)
    return word
