"""A message that Outlook saved (.msg) -> its text and its attachments."""

from collections.abc import Iterator
from io import BytesIO

import compressed_rtf
import regex
from oxmsg import Message
from oxmsg.attachment import Attachment

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.formats.archives import ArchiveMember
from qa.documents.formats.mail import (
    MailItem,
    drop_repeated_quotes,
    split_mail_html,
    split_mail_text,
)
from qa.documents.formats.rtf import read_rtf
from qa.documents.raw_document import RawDocument, count_pictures
from qa.errors import UnreadableFileError

_RTF_PROPERTY = 0x1009
_CONTENT_ID_PROPERTY = 0x3712
_MAX_RECIPIENTS = 20
_SENDER = regex.compile(r"\"?(?P<name>[^<\"]*?)\"?\s*(?:<(?P<address>[^>]*)>?)?")


def read_msg(data: bytes, limit: int) -> Iterator[MailItem]:
    """Read a message; what it unpacks to has at most *limit* bytes."""
    message = Message.load(BytesIO(data))
    paragraphs = list(split_mail_text(message.body or "")) or split_mail_html(
        message.html_body or ""
    )
    blocks = drop_repeated_quotes(paragraphs, set()) or _read_rtf_body(message, limit)
    blocks = [block for block in blocks if has_words(block.text)]
    attachments = list(_iter_attachments(message))
    if not blocks and any(member.name.endswith("pgp-encrypted") for member in attachments):
        raise UnreadableFileError("encrypted; save it without encryption")
    sender = _SENDER.fullmatch(message.sender or "")
    recipients = [recipient.name or recipient.email_address for recipient in message.recipients]
    metadata = {
        "title": message.subject,
        "author": sender and (sender["name"] or sender["address"]),
        "date": message.sent_date,
        "To": ", ".join(recipients[:_MAX_RECIPIENTS]),
    }
    pictures = sum(map(_is_picture, message.attachments))
    yield RawDocument(
        blocks,
        {key: value for key, value in metadata.items() if value},
        omissions=count_pictures(pictures),
    )
    yield from attachments


def _iter_attachments(message: Message) -> Iterator[ArchiveMember]:
    """The attached files; pictures in the text are none."""
    for number, attachment in enumerate(message.attachments, start=1):
        data = attachment.file_bytes
        if data is not None and not _is_picture(attachment):
            name = (attachment.file_name or f"attachment-{number}").replace("/", "_")
            yield ArchiveMember(name, data)


def _is_picture(attachment: Attachment) -> bool:
    """Whether an attachment is shown in the text."""
    is_image = (attachment.mime_type or "").startswith("image/")
    return is_image and attachment.properties.str_prop_value(_CONTENT_ID_PROPERTY) is not None


def _read_rtf_body(message: Message, limit: int) -> list[RawBlock]:
    """The text of a message that has it in compressed RTF only (MS-OXRTFCP)."""
    data = message.properties.binary_prop_value(_RTF_PROPERTY)
    if not data:
        return []
    # Both sizes are in the header; each byte of a hostile one may unpack to nine.
    if int.from_bytes(data[4:8], "little") > limit or len(data) * 9 > limit:
        raise UnreadableFileError(f"unpacks to more than {limit >> 20} MB")
    return read_rtf(compressed_rtf.decompress(data)).blocks
