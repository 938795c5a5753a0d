"""Text from files and clients -> text that a terminal shows and does not obey."""

import json

import regex

# Control and escape characters, line breaks, half characters, and what reorders a line.
_ACTIVE = r"\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}"
_UNPRINTABLE = regex.compile(f"[{_ACTIVE}]")
# Marks of direction belong to the spelling of Hebrew and Arabic, and move no other words.
_UNPRINTABLE_PROSE = regex.compile(rf"[{_ACTIVE}--\u200E\u200F\u061C]", regex.VERSION1)
_UNPRINTABLE_JSON = regex.compile(rf"[{_ACTIVE}--\n]", regex.VERSION1)


def printable(text: str) -> str:
    """*text* on one line, with an escape such as \\x1b for each character that does something."""
    return _UNPRINTABLE.sub(_escape, text)


def printable_prose(text: str) -> str:
    """The same for the words of a document, whose marks of direction stay."""
    return _UNPRINTABLE_PROSE.sub(_escape, text)


def printable_json(text: str) -> str:
    """*text*, which is JSON, with the escapes of JSON: it means the same."""
    return _UNPRINTABLE_JSON.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _escape(match: "regex.Match[str]") -> str:
    return match[0].encode("unicode_escape").decode("ascii")
