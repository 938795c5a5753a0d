"""Saved mail: a message -> its text without what it quotes twice, and its attachments.

The standard library parses; its older policy does, since the newer one fails on headers that are
not as the standards have them.
"""

import email.utils
import mimetypes
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from itertools import groupby
from typing import NamedTuple

import regex

from qa.analysis.tokenizer import normalize
from qa.documents.document import RawBlock
from qa.documents.formats.archives import ArchiveMember
from qa.documents.formats.html import read_page
from qa.documents.formats.lines import split_paragraphs
from qa.documents.formats.plain import BYTE_ORDER_MARKS, decode_text
from qa.documents.metadata import RawMetadata
from qa.documents.raw_document import RawDocument, count_pictures
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError

# What a message may contain: parts in parts, and parts at all.
_MAX_DEPTH = 30
_MAX_PARTS = 10_000
_QUOTE_MARKS = regex.compile(r"^(?:>\s?)+")
# The line above each message: an address and a time.
_ENVELOPE = regex.compile(rb"^From .*?\d\d?:\d\d.*\n", regex.MULTILINE)
_ESCAPED_FROM = regex.compile(rb"^>(>*From )", regex.MULTILINE)
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")

MailItem = RawDocument | Skip | ArchiveMember


class MailParagraph(NamedTuple):
    """A paragraph or heading of a message, and whether it quotes another message."""

    text: str
    level: int = 0
    is_quoted: bool = False


@dataclass
class MailContent:
    """The text of a message, the files attached to it, and the number of pictures in its text."""

    paragraphs: list[MailParagraph] = field(default_factory=list)
    attachments: list[ArchiveMember] = field(default_factory=list)
    pictures: int = 0


def read_eml(data: bytes) -> Iterator[MailItem]:
    """Read one message and the files attached to it."""
    message = _parse_message(_to_ascii_superset(data))
    content = _read_content(message)
    metadata = _read_headers(message)
    if not metadata:
        raise UnreadableFileError("no mail in it")
    blocks = drop_repeated_quotes(content.paragraphs, set())
    yield RawDocument(blocks, metadata, omissions=count_pictures(content.pictures))
    yield from content.attachments


def read_mbox(data: bytes) -> Iterator[MailItem]:
    """Read each message of a mailbox; what it quotes of earlier ones is left out."""
    seen: set[str] = set()
    for number, message_data in enumerate(_split_mailbox(data), start=1):
        message = _parse_message(message_data)
        try:
            content = _read_content(message)
        except UnreadableFileError as error:
            yield Skip("", f"message {number}: {error}")
            continue
        blocks = drop_repeated_quotes(content.paragraphs, seen, number)
        metadata = _read_headers(message)
        yield RawDocument(
            blocks, metadata, str(number), "message", count_pictures(content.pictures)
        )
        for attachment in content.attachments:
            yield attachment._replace(name=f"{number}/{attachment.name}")


def split_mail_text(text: str) -> Iterator[MailParagraph]:
    """The paragraphs of a message in plain text."""
    for is_quoted, group in groupby(text.splitlines(), key=lambda line: line.startswith(">")):
        lines = (_QUOTE_MARKS.sub("", line, count=1) if is_quoted else line for line in group)
        for paragraph in split_paragraphs("\n".join(lines)):
            yield MailParagraph(paragraph, is_quoted=is_quoted)


def drop_repeated_quotes(
    paragraphs: Iterable[MailParagraph], seen: set[str], number: int | None = None
) -> list[RawBlock]:
    """The blocks of the message *number*, without quotes of what is in *seen*, which grows."""
    blocks: list[RawBlock] = []
    for text, level, is_quoted in paragraphs:
        key = normalize(text)
        if not is_quoted or key not in seen:
            blocks.append(RawBlock(text, level, number))
        seen.add(key)
    return blocks


def _to_ascii_superset(data: bytes) -> bytes:
    """*data* without a byte order mark, in UTF-8 if it was in UTF-16."""
    if b"\0" in data[:2]:
        encoding = "utf-16-be" if data.startswith(b"\0") else "utf-16-le"
        return data.decode(encoding, errors="replace").encode(errors="replace")
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace").encode(errors="replace")
    return data


def _parse_message(data: bytes) -> "Message[str, str]":
    return BytesParser().parsebytes(
        _ENVELOPE.sub(b"", data, count=1) if data[:5] == b"From " else data
    )


def _split_mailbox(data: bytes) -> Iterator[bytes]:
    """The messages between lines that begin with `From ` after an empty line."""
    data = data.replace(b"\r\n", b"\n")
    starts = [
        match.start()
        for match in _ENVELOPE.finditer(data)
        if not match.start() or data[match.start() - 2 : match.start()] == b"\n\n"
    ]
    if not starts:
        if not data.startswith(b"From "):
            raise UnreadableFileError("no mail in it")
        starts = [0]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        yield _ESCAPED_FROM.sub(rb"\1", data[start:end])


def _read_headers(message: "Message[str, str]") -> RawMetadata:
    """The metadata in the header of a message."""
    names = {
        "subject": "title",
        "from": "author",
        "date": "date",
        "to": "To",
        "cc": "Cc",
        "content-language": "language",
    }
    values = {key: _decode_header(message[name]) for name, key in names.items() if message[name]}
    if "author" in values:
        name, address = email.utils.parseaddr(values["author"])
        values["author"] = name or address or values["author"]
    if "date" in values:
        values["date"] = format_date(values["date"])
    return {key: value for key, value in values.items() if value}


def format_date(value: str) -> str:
    """A date of a header as its sender's calendar had it; unchanged if it is none."""
    parts = email.utils.parsedate_tz(value)
    return f"{parts[0]:04}-{parts[1]:02}-{parts[2]:02}" if parts else value


def _decode_header(value: object) -> str:
    with suppress(LookupError, ValueError, HeaderParseError):
        if text := normalize(str(make_header(decode_header(str(value))))):
            return text
    return normalize(str(value))


def _read_content(message: "Message[str, str]") -> MailContent:
    if message.get_content_type() in _ENCRYPTED:
        raise UnreadableFileError("encrypted; save it without encryption")
    content = MailContent()
    parts = 0
    waiting = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        if depth > _MAX_DEPTH or parts > _MAX_PARTS:
            raise UnreadableFileError("too many parts, or parts in parts, in it")
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            inner = _choose_alternatives(part)
            waiting += [(inner_part, depth + 1) for inner_part in reversed(inner)]
        else:
            _read_part(part, content)
    return content


def _choose_alternatives(part: "Message[str, str]") -> "list[Message[str, str]]":
    """The parts of *part*: of alternatives, the plain text, unless it says much less than HTML."""
    parts = [inner for inner in part.get_payload() if isinstance(inner, Message)]
    if part.get_content_subtype() != "alternative":
        return parts
    plain = [inner for inner in parts if inner.get_content_type() == "text/plain"]
    others = [inner for inner in parts if inner not in plain]
    if not plain or not others:
        return parts[-1:] if len(parts) > 1 and not plain else parts
    sizes = [
        sum(_count_words(inner) for inner in group for inner in inner.walk())
        for group in (plain, others)
    ]
    text_parts, dropped = (others, []) if sizes[0] * 2 < sizes[1] else (plain, others)
    # Pictures and attachments beside HTML that is not read.
    return text_parts + [
        inner
        for group in dropped
        for inner in group.walk()
        if inner.get_content_maintype() not in {"multipart", "text"}
    ]


def _count_words(part: "Message[str, str]") -> int:
    if part.get_content_maintype() != "text":
        return 0
    return sum(len(paragraph.text.split()) for paragraph in _text_paragraphs(part))


def _read_part(part: "Message[str, str]", content: MailContent) -> None:
    kind = part.get_content_maintype()
    name = _decode_header(part.get_filename() or "")
    is_attached = part.get_content_disposition() == "attachment" or bool(name)
    if kind == "text" and not is_attached:
        content.paragraphs += _text_paragraphs(part)
    elif kind == "message" and part.is_multipart():
        content.attachments += _read_inner_messages(part, len(content.attachments))
    elif kind == "image" and (part["content-id"] or not is_attached):
        content.pictures += 1
    elif isinstance(payload := part.get_payload(decode=True), bytes):
        ending = mimetypes.guess_extension(part.get_content_type()) or ""
        name = name or f"attachment-{len(content.attachments) + 1}{ending}"
        content.attachments.append(ArchiveMember(name.replace("/", "_"), payload))


def _read_inner_messages(part: "Message[str, str]", count: int) -> Iterator[ArchiveMember]:
    """The messages that *part*, which has *count* attachments before it, forwards as a whole."""
    for number, inner in enumerate(part.get_payload(), start=count + 1):
        if isinstance(inner, Message):
            yield ArchiveMember(f"message-{number}.eml", inner.as_bytes())


def _text_paragraphs(part: "Message[str, str]") -> list[MailParagraph]:
    payload = part.get_payload(decode=True)
    text = _decode_part(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""
    if part.get_content_subtype() == "html":
        return split_mail_html(text)
    return list(split_mail_text(text))


def split_mail_html(text: str) -> list[MailParagraph]:
    """The paragraphs of a message in HTML."""
    return [MailParagraph(block.text, block.level) for block in read_page(text)]


def _decode_part(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, ValueError):
        return decode_text(data) if data else ""
