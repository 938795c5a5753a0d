"""What the file formats hand over: the raw blocks and metadata of a text, or why there is none."""

from typing import NamedTuple

from qa.documents import RawBlock
from qa.metadata import Raw, field_of, scalar
from qa.text import normalise


class Extract(NamedTuple):
    """One text of a file; *name* tells it from the others where a file holds several."""

    blocks: list[RawBlock]
    about: Raw
    name: str | None = None


def titled(blocks: list[RawBlock], about: Raw, title: str | None) -> Extract:
    """An extract entitled *title* unless *about* has one; no heading repeats its title."""
    given = next((value for key, value in about.items() if field_of(key) == "title"), None)
    title = scalar(given) or normalise(title or "")
    for number, block in enumerate(blocks):
        if title and block.level and normalise(block.text) == title:
            blocks = blocks[:number] + blocks[number + 1 :]
            break
    return Extract(blocks, {**about, "title": title} if title else about)
