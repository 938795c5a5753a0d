"""A file with the extension of a text -> its paragraphs, or those of the mail that it is."""

import email.utils
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import regex

from qa.documents.document import RawBlock
from qa.documents.formats.html_blocks import read_fragment
from qa.documents.formats.lines import split_paragraphs
from qa.documents.formats.plain import decode_text, read_decoded
from qa.documents.metadata import RawDocument, RawMetadata
from qa.errors import UnreadableFileError

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
_MAX_PARTS = 1000


def read_text_file(data: bytes) -> RawDocument:
    """Read a text, or a mail that was saved as one."""
    text = decode_text(data)
    return _read_mail(data, text) if is_mail(text) else read_decoded(text)


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


def _read_mail(data: bytes, text: str) -> RawDocument:
    # In UTF-16 and with a mark, the parser finds no header.
    is_plain = b"\0" not in data and data[:1].isascii()
    message = message_from_bytes(data if is_plain else text.encode(), policy=policy.default)
    if not isinstance(message, EmailMessage):
        raise UnreadableFileError("no mail in it")
    return RawDocument(list(_iter_blocks(message)), _read_headers(message))


def _read_headers(message: EmailMessage) -> RawMetadata:
    headers = {name: str(message[name] or "") for name in ("subject", "from", "date", "to", "cc")}
    name, address = email.utils.parseaddr(headers["from"])
    date = email.utils.parsedate(headers["date"])
    values = {
        "title": headers["subject"],
        "author": name or address,
        "date": "-".join(f"{part:02}" for part in date[:3]) if date else None,
        "To": headers["to"],
        "Cc": headers["cc"],
    }
    return {key: value for key, value in values.items() if value}


def _iter_blocks(message: EmailMessage) -> Iterator[RawBlock]:
    """The paragraphs of the parts with text, in plain text where there is a choice."""
    body = message.get_body(preferencelist=("plain", "html"))
    parts = [body] if body is not None else list(message.walk())[:_MAX_PARTS]
    for part in parts:
        if part.get_content_maintype() == "text" and isinstance(part, EmailMessage):
            content = part.get_payload(decode=True)
            text = _decode_part(part, content if isinstance(content, bytes) else b"")
            if part.get_content_subtype() == "html":
                yield from read_fragment(text)
            else:
                yield from map(RawBlock, split_paragraphs(text))


def _decode_part(part: EmailMessage, data: bytes) -> str:
    try:
        return data.decode(part.get_content_charset() or "utf-8")
    except (LookupError, ValueError):
        return decode_text(data)
