"""A file with the extension of a text -> its paragraphs, or the mail that it is."""

from collections.abc import Iterator

import regex

from qa.documents.formats.mail import MailItem, read_eml
from qa.documents.formats.plain import decode_text, read_decoded

_HEADER_LINE = regex.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*\S?.*")
# Each mail has these; a text may begin with one or two such lines of its own.
_MAIL_HEADERS = frozenset(
    "from to cc subject date received message-id mime-version content-type return-path reply-to "
    "delivered-to x-mailer in-reply-to references content-transfer-encoding sender".split()
)
_FEWEST_HEADERS = 3
# What only mail programs write.
_CERTAIN_HEADERS = frozenset("message-id mime-version received return-path delivered-to".split())
_MAX_HEADER_LINES = 500


def read_text_file(data: bytes) -> Iterator[MailItem]:
    """Read a text, or a mail that was saved as one."""
    text = decode_text(data)
    return read_eml(data) if is_mail(text) else iter([read_decoded(text)])


def is_mail(text: str) -> bool:
    """Whether *text* begins with the header of a mail, as programs write it."""
    names: set[str] = set()
    for line in text[:100_000].splitlines()[:_MAX_HEADER_LINES]:
        if not line.strip():
            break
        match = _HEADER_LINE.fullmatch(line)
        if match:
            names.add(match[1].lower())
        elif not (line.startswith((" ", "\t")) and names) and not line.startswith("From "):
            return False
    return len(names & _MAIL_HEADERS) >= _FEWEST_HEADERS and bool(names & _CERTAIN_HEADERS)
