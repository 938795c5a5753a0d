"""Unihan's kSimplifiedVariant -> qa/analysis/han_variants.txt.

    python -m benchmarks.han_variants kSimplifiedVariant.txt > qa/analysis/han_variants.txt

The file is part of Unihan_Variants.txt, and of github.com/unicode-org/unihan-database.
"""

import argparse
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

_LINE = re.compile(r"U\+(\w+)\b[^\t]*\tkSimplifiedVariant\t(.*)")
_WIDTH = 66
_HEAD = (
    "# Traditional Chinese characters, each with its simplified one: the property",
    "# kSimplifiedVariant of the Unicode Han Database (Unihan), within the basic plane,",
    "# made by benchmarks/han_variants.py.",
)


def simplified_variants(text: str) -> dict[str, str]:
    """Each traditional character of the basic plane with its first simplified one."""
    variants: dict[str, str] = {}
    for code, values in _LINE.findall(text):
        character = chr(int(code, 16))
        others = [chr(int(value, 16)) for value in re.findall(r"U\+(\w+)", values)]
        simple = next((o for o in others if o != character and ord(o) <= 0xFFFF), None)
        if simple and ord(character) <= 0xFFFF:
            variants[character] = simple
    return {character: variants.get(simple, simple) for character, simple in variants.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("file", type=Path, help="Unihan_Variants.txt, or kSimplifiedVariant.txt.")
    text = parser.parse_args(arguments).file.read_text(encoding="utf-8")
    pairs = " ".join(f"{one}{other}" for one, other in sorted(simplified_variants(text).items()))
    sys.stdout.write("\n".join([*_HEAD, *textwrap.wrap(pairs, _WIDTH), ""]))


if __name__ == "__main__":
    main()
