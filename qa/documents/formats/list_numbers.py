"""The number of an item of a list -> its text: in digits, letters or Roman numerals."""

from collections.abc import Callable


def format_number(number: int, number_format: str) -> str:
    """*number* in a format, called as in Open XML; formats of single languages are in digits."""
    if number_format in {"bullet", "none"}:
        return ""
    return _FORMATTERS.get(number_format, str)(number)


def _to_letters(number: int) -> str:
    """1 -> a, 26 -> z, 27 -> aa, as Word counts."""
    if number < 1:
        return str(number)
    return chr(ord("a") + (number - 1) % 26) * min(1 + (number - 1) // 26, 50)


_ROMAN = [
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
]  # fmt: skip


def _to_roman(number: int) -> str:
    if not 0 < number < 10_000:
        return str(number)
    digits = ""
    for value, digit in _ROMAN:
        digits += digit * (number // value)
        number %= value
    return digits


def _to_ordinal(number: int) -> str:
    suffix = (
        "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{suffix}"


_FORMATTERS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02}",
    "lowerLetter": _to_letters,
    "upperLetter": lambda number: _to_letters(number).upper(),
    "lowerRoman": _to_roman,
    "upperRoman": lambda number: _to_roman(number).upper(),
    "ordinal": _to_ordinal,
}
