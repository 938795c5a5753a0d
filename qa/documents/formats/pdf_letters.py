"""A word whose letters need a look -> its text: accents joined, letters drawn twice once."""

import unicodedata
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

# A wider gap, in heights of letters, divides parts of a line.
GAP = 0.8
# Accents that stand alone, and the marks that join a letter.
ACCENTS = {
    "`": "\u0300", "´": "\u0301", "^": "\u0302", "ˆ": "\u0302", "~": "\u0303", "˜": "\u0303",
    "¯": "\u0304", "˘": "\u0306", "˙": "\u0307", "¨": "\u0308", "˚": "\u030a", "˝": "\u030b",
    "ˇ": "\u030c", "¸": "\u0327", "˛": "\u0328",
}  # fmt: skip
MARKS = frozenset(ACCENTS.values())
ALEFS = "اأإآٱ"
LAM = "ل"


class Letter(NamedTuple):
    """A character with its box, in points with y upwards."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


def repair_letters(letters: list[Letter], accents: list[Letter]) -> list[Letter]:
    """The letters of a word, each once and with its accent; *accents* were drawn apart from it."""
    letters = _order_ligatures(_drop_doubles(letters))
    return _part_directions(_compose_accents(_insert_accents(letters, accents)))


def _drop_doubles(letters: list[Letter]) -> list[Letter]:
    """*letters* without those drawn again nearly at the same place."""
    if not letters:
        return letters
    # Letters by the part of the line that they are in, as wide as the widest of the word may move.
    width = max(map(_limit_of, letters)) or 1.0
    lefts = sorted(letter.left for letter in letters)
    if all(right - left >= width for left, right in pairwise(lefts)):
        return letters
    drawn: dict[tuple[str, int], list[Letter]] = {}
    single: list[Letter] = []
    for letter in letters:
        part = int(letter.left // width)
        parts = (drawn.get((letter.text, n), ()) for n in (part - 1, part, part + 1))
        if not any(_is_same(letter, other) for near in parts for other in near[-_MAX_DOUBLES:]):
            drawn.setdefault((letter.text, part), []).append(letter)
            single.append(letter)
    return single


# How many of the same letter are compared in each part.
_MAX_DOUBLES = 20


def _limit_of(letter: Letter) -> float:
    """How far a letter that is drawn again may be from its place."""
    return max(0.3 * (letter.right - letter.left), 0.08 * (letter.top - letter.bottom))


def _is_same(one: Letter, other: Letter) -> bool:
    limit = _limit_of(one)
    return abs(one.left - other.left) < limit and abs(one.bottom - other.bottom) < limit


def _order_ligatures(characters: list[Letter]) -> list[Letter]:
    """Lam before alef where both are one glyph, which PDFium turns round with the line."""
    for place, (one, other) in enumerate(pairwise(characters)):
        if one.text in ALEFS and other.text == LAM and one[1:] == other[1:]:
            characters[place : place + 2] = [other, one]
    return characters


def _compose_accents(characters: list[Letter]) -> list[Letter]:
    """Letters with the accents drawn over them, before or after, as one character each."""
    composed: list[Letter] = []
    for place, character in enumerate(characters):
        mark = _mark_of(character)
        before = composed[-1] if composed else None
        after = characters[place + 1] if place + 1 < len(characters) else None
        if mark and after and _is_over(character, after) and _takes(after, mark):
            characters[place + 1] = after._replace(
                text=unicodedata.normalize("NFC", after.text + mark)
            )
        elif mark and before and _is_over(character, before) and _takes(before, mark):
            composed[-1] = before._replace(text=unicodedata.normalize("NFC", before.text + mark))
        else:
            composed.append(character)
    return composed


def _insert_accents(characters: list[Letter], accents: list[Letter]) -> list[Letter]:
    """*characters* with each of *accents* before the one that it is over."""
    for accent in accents:
        for place, character in enumerate(characters):
            if _is_over(accent, character) and _takes(character, _mark_of(accent) or ""):
                characters.insert(place, accent)
                break
    return characters


def _mark_of(character: Letter) -> str | None:
    """The mark that an accent is; None for what is no accent."""
    return character.text if character.text in MARKS else ACCENTS.get(character.text)


# Between words of two directions, in heights of letters, at least.
_MIN_SPACE = 0.12


def _part_directions(letters: list[Letter]) -> list[Letter]:
    """*letters* with the spaces that PDFium misses where the direction of writing turns.

    A run of Latin letters in Arabic begins at its left end, though the run before it is on its
    right: the gap is between the boxes of both runs.
    """
    runs = [[*run] for _, run in groupby(letters, key=lambda letter: _is_leftward(letter.text))]
    parted = runs[0] if runs else []
    for before, after in pairwise(runs):
        gap = max(
            min(letter.left for letter in after) - max(letter.right for letter in before),
            min(letter.left for letter in before) - max(letter.right for letter in after),
        )
        if gap > _MIN_SPACE * (after[0].top - after[0].bottom):
            parted = [*parted, after[0]._replace(text=" ")]
        parted = [*parted, *after]
    return parted


def _is_leftward(text: str) -> bool:
    return unicodedata.bidirectional(text[:1]) in {"R", "AL"}


def _is_over(accent: Letter, letter: Letter) -> bool:
    """Whether the middle of *accent* is above or below *letter*."""
    middle = (accent.left + accent.right) / 2
    return letter.left <= middle <= letter.right


def _takes(letter: Letter, mark: str) -> bool:
    """Whether there is a letter with that mark."""
    text = "i" if letter.text == "ı" else "j" if letter.text == "ȷ" else letter.text
    return len(unicodedata.normalize("NFC", text + mark)) == 1


def split_at_gaps(characters: list[Letter]) -> Iterator[list[Letter]]:
    part: list[Letter] = []
    for character in characters:
        if part and _is_apart(part[-1], character):
            yield part
            part = []
        part.append(character)
    if part:
        yield part


def _is_apart(one: Letter, other: Letter) -> bool:
    height = other.top - other.bottom
    gap = max(other.left - one.right, one.left - other.right)
    return gap > GAP * height or abs(one.bottom - other.bottom) > 0.7 * height
