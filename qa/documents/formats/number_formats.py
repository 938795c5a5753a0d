"""A number, date or time of a spreadsheet, and its number format -> the text that Excel shows.

The format codes are those of ISO/IEC 29500-1, 18.8.30 and 18.8.31.  The Python ports of SheetJS's
formatter bring six libraries and have had no release for years.
"""

import datetime
from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import regex

# The codes that files name by their number alone.  Days in the order of the reader's country (14
# and 22) are left out, so that they are shown as 2024-05-06.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 48: "##0.0E+0",
}  # fmt: skip
_LONGEST_CODE = 255
_LONGEST_NUMBER = 1e15
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

_Value = float | datetime.date | datetime.time | datetime.timedelta

_TOKEN = regex.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|(?P<space>_).|\*.'
    r"|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<elapsed>h+|m+|s+)\]|\[(?P<bracket>[^\]]*)\]"
    r"|(?P<general>General)|(?P<half>AM/PM|A/P)|(?P<exponent>E[+-]0+)|(?P<fraction>(?<=[sS])\.0+)"
    r"|(?P<date>y+|m+|d+|h+|s+)|(?P<digit>[0#?])|(?P<other>.)",
    regex.I | regex.DOTALL,
)
_CONDITION = regex.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_RATIO = regex.compile(r"[0#?]\s*/\s*[0-9#?]")


class _Token(NamedTuple):
    """A part of a code: its kind, as the pattern names them, and its text."""

    kind: str
    text: str


class _Section(NamedTuple):
    """One of up to four parts of a code, for numbers on a condition; None is for all others."""

    tokens: list[_Token]
    condition: tuple[str, float] | None

    @property
    def is_date(self) -> bool:
        """Whether it is for a date or a time."""
        return any(token.kind in {"date", "elapsed"} for token in self.tokens)


def apply_format(value: _Value, code: str) -> str | None:
    """The text of *value*; None where the code is General, or none that is known here."""
    if not code or len(code) > _LONGEST_CODE:
        return None
    sections = _parse_code(code)
    if isinstance(value, float | int):
        return _format_number(float(value), sections)
    section = sections[0]
    if not section.is_date or any(token.kind == "general" for token in section.tokens):
        return None
    return "".join(_iter_date_parts(value, section.tokens)).strip()


@lru_cache(maxsize=1000)
def _parse_code(code: str) -> Sequence[_Section]:
    """The sections of *code*; each without colours, which brackets name, too."""
    sections = [_Section([], None)]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or "fill"
        text = match[kind] if match.lastgroup else ""
        if kind == "other" and text == ";":
            sections.append(_Section([], None))
        elif kind == "bracket":
            if condition := _CONDITION.fullmatch(text.strip()):
                limit = (condition[1], float(condition[2]))
                sections[-1] = sections[-1]._replace(condition=limit)
        elif kind != "fill":
            sections[-1].tokens.append(_Token(kind, " " if kind == "space" else text))
    return sections[:4]


def _choose_section(value: float, sections: Sequence[_Section]) -> tuple[_Section, float]:
    """The section for *value*, and the number that it shows, without a sign if it has its own."""
    if any(section.condition for section in sections):
        for section in sections[:3]:
            if section.condition is None or _is_met(value, *section.condition):
                return section, value
        return sections[0], value
    numeric = sections[:3]
    if value < 0 and len(numeric) > 1:
        return numeric[1], -value
    return (numeric[2] if value == 0 and len(numeric) > 2 else numeric[0]), value


def _is_met(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit,
        ">": value > limit,
        "<=": value <= limit,
        ">=": value >= limit,
        "=": value == limit,
        "<>": value != limit,
    }[sign]


def _format_number(value: float, sections: Sequence[_Section]) -> str | None:
    if not abs(value) < _LONGEST_NUMBER:
        return None
    section, value = _choose_section(value, sections)
    tokens = section.tokens
    if section.is_date or any(token.kind in {"general", "half"} for token in tokens):
        return None
    if _RATIO.search("".join(token.text for token in tokens if token.kind in {"digit", "other"})):
        return None
    if any(token.text == "@" and token.kind == "other" for token in tokens):
        return None
    if not any(token.kind == "digit" for token in tokens):
        return "".join(token.text for token in tokens).strip()
    return _Number(tokens).format(value)


class _Number:
    """The digits of a section, and what is around and between them."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        places = [n for n, token in enumerate(tokens) if token.kind == "digit"]
        signs = [token.text if token.kind == "other" else "" for token in tokens]
        self._last = places[-1]
        self._point = signs.index(".") if "." in signs else len(tokens)
        self._exponent = next((t.text for t in tokens if t.kind == "exponent"), "")
        self._whole = [place for place in places if place < self._point]
        end = next((n for n, token in enumerate(tokens) if token.kind == "exponent"), len(tokens))
        self._decimals = [place for place in places if self._point < place < end]
        self._commas = {n for n, sign in enumerate(signs) if sign == ","}
        self._has_groups = bool(self._whole) and any(
            self._whole[0] < n < self._whole[-1] for n in self._commas
        )
        # Each comma behind the digits, before the point or at the end, divides by a thousand.
        ends = {places[-1], *self._whole[-1:]}
        self._scale = {n for end in ends for n in self._iter_commas(end + 1)}
        scale = len(self._scale)
        self._factor = Decimal(100) ** signs.count("%") / Decimal(1000) ** scale

    def _iter_commas(self, place: int) -> Iterator[int]:
        """The commas at *place* and directly behind it."""
        while place in self._commas:
            yield place
            place += 1

    def format(self, value: float) -> str:
        """The text of *value*."""
        number = abs(Decimal(repr(value)) * self._factor)
        power = 0
        if self._exponent and number:
            power = number.adjusted() + 1 - max(1, len(self._whole))
            number = number.scaleb(-power)
        step = Decimal(1).scaleb(-len(self._decimals))
        whole, _, decimals = f"{number.quantize(step, ROUND_HALF_UP):f}".partition(".")
        shown = {**self._place_whole(whole.lstrip("0")), **self._place_decimals(decimals)}
        parts = [*self._iter_parts(shown, power)]
        is_zero = not whole.strip("0") and not decimals.strip("0")
        return ("-" if value < 0 and not is_zero else "") + "".join(parts).strip()

    def _iter_parts(self, shown: dict[int, str], power: int) -> Iterator[str]:
        for place, token in enumerate(self._tokens):
            if token.kind == "digit":
                yield shown.get(place, "")
            elif token.kind == "exponent":
                sign = "-" if power < 0 else "+" * (token.text[1] == "+")
                yield f"E{sign}{abs(power):0{len(token.text) - 2}}"
            elif place not in self._scale and not (place in self._commas and place < self._last):
                yield token.text

    def _place_whole(self, digits: str) -> dict[int, str]:
        """The digits before the point, from the right; all that are left are at the first place."""
        shown: dict[int, str] = {}
        count = 0
        for place in reversed(self._whole):
            is_first = place == self._whole[0]
            taken = digits if is_first else digits[-1:]
            digits = "" if is_first else digits[:-1]
            taken = taken or {"0": "0", "?": " "}.get(self._tokens[place].text, "")
            text = ""
            for digit in reversed(taken):
                is_third = self._has_groups and count and count % 3 == 0 and digit != " "
                text = digit + "," * bool(is_third) + text
                count += 1
            shown[place] = text
        return shown

    def _place_decimals(self, digits: str) -> dict[int, str]:
        shown: dict[int, str] = {}
        is_trailing = True
        for place, digit in zip(reversed(self._decimals), reversed(digits), strict=False):
            is_trailing &= digit == "0" and self._tokens[place].text != "0"
            shown[place] = digit if not is_trailing else " " * (self._tokens[place].text == "?")
        return shown


def _iter_date_parts(value: _Value, tokens: list[_Token]) -> Iterator[str]:
    """The parts of a date or a time, each in the form of its token."""
    clock = [token for token in tokens if token.kind in {"date", "elapsed"}]
    minutes = {
        id(token)
        for before, token in pairwise(clock)
        if token.text[0] in "mM" and before.text[0] in "hH"
    } | {
        id(token)
        for token, after in pairwise(clock)
        if token.text[0] in "mM" and after.text[0] in "sS"
    }
    has_halves = any(token.kind == "half" for token in tokens)
    moment = _Moment(value, has_halves=has_halves)
    for token in tokens:
        if token.kind == "date":
            is_minute = id(token) in minutes
            yield moment.format_minute(token.text) if is_minute else moment.format(token.text)
        elif token.kind == "elapsed":
            yield moment.format_elapsed(token.text)
        elif token.kind == "half":
            yield moment.half if token.text.upper() == "AM/PM" else moment.half[0]
        elif token.kind == "fraction":
            yield f".{moment.microsecond:06}"[: len(token.text)]
        elif token.kind != "digit":
            yield token.text


class _Moment:
    """A date, a time or a duration, whose parts are asked for by the letters of a code."""

    def __init__(self, value: _Value, *, has_halves: bool) -> None:
        day = datetime.date(1899, 12, 31)
        self._elapsed = datetime.timedelta()
        if isinstance(value, datetime.timedelta):
            self._elapsed = value
            seconds = value.seconds
        elif isinstance(value, datetime.datetime | datetime.time):
            seconds = value.hour * 3600 + value.minute * 60 + value.second
            self._elapsed = datetime.timedelta(seconds=seconds)
        else:
            seconds = 0
        if isinstance(value, datetime.date):
            day = datetime.date(value.year, value.month, value.day)
            self._elapsed += day - datetime.date(1899, 12, 30)
        self.microsecond = getattr(value, "microsecond", getattr(value, "microseconds", 0))
        self._day, self._hour = day, seconds // 3600
        self._minute, self._second = seconds // 60 % 60, seconds % 60
        self.half = "AM" if self._hour < 12 else "PM"
        if has_halves:
            self._hour = self._hour % 12 or 12

    def format(self, letters: str) -> str:
        """The part that *letters* stand for."""
        day, count = self._day, len(letters)
        match letters[0].lower():
            case "y":
                return f"{day.year:04}" if count > 2 else f"{day.year % 100:02}"
            case "m" if count > 2:
                name = _MONTHS[day.month - 1]
                return name[0] if count == 5 else name[: 3 if count == 3 else None]
            case "d" if count > 2:
                return _DAYS[day.weekday()][: 3 if count == 3 else None]
            case letter:
                number = {"m": day.month, "d": day.day, "h": self._hour, "s": self._second}[letter]
                return f"{number:0{min(count, 2)}}"

    def format_minute(self, letters: str) -> str:
        """The minute."""
        return f"{self._minute:0{min(len(letters), 2)}}"

    def format_elapsed(self, letters: str) -> str:
        """All hours, minutes or seconds, also more than a day has."""
        unit = {"h": 3600, "m": 60, "s": 1}[letters[0].lower()]
        return f"{int(self._elapsed.total_seconds()) // unit:0{len(letters)}}"
