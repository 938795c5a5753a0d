"""Saved mail -> its text once, its headers, its attachments."""

import compressed_rtf
import pytest

from qa.documents.document import Document
from qa.documents.formats.archives import ArchiveMember
from qa.documents.formats.mail import read_eml, read_mbox
from qa.documents.formats.outlook import read_msg
from qa.documents.reader import FileContent, read_content
from qa.documents.skips import Skip
from qa.errors import UnreadableFileError
from qa.settings import Settings
from tests.documents.reading import make_zip
from tests.documents.samples import eml, mbox, msg

LIMIT = 1 << 20


def message_of(data):
    """The document of a message, without its attachments."""
    return next(read_eml(data))


def texts(raw_document):
    return [block.text for block in raw_document.blocks]


def read(name, data):
    """The documents by id, and the skips, of a file."""
    results = read_content(FileContent(data, {}), name, Settings())
    documents = {result.id: result for result in results if isinstance(result, Document)}
    return documents, [result for result in results if isinstance(result, Skip)]


def alternatives(plain, html, **headers):
    """A message in plain text and in HTML."""
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return (
        f"Subject: Gate\n{head}Content-Type: multipart/alternative; boundary=Y\n\n"
        f"--Y\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n"
        f"--Y\nContent-Type: text/html; charset=utf-8\n\n{html}\n--Y--\n"
    ).encode()


def test_the_headers_are_metadata():
    metadata = message_of(eml("=?utf-8?q?Gate_caf=C3=A9?=", "Text.", Cc="Cy <cy@x.org>")).metadata

    assert metadata == {
        "title": "Gate café",
        "author": "Anna Vell",
        "date": "2024-05-06",
        "To": "Bo Lund <bo@example.org>",
        "Cc": "Cy <cy@x.org>",
    }


def test_the_date_is_that_of_the_sender(tmp_path):
    documents, _ = read("mail.eml", eml("Gate", "Text."))

    assert documents["mail"].metadata.date.isoformat() == "2024-05-06"


def test_plain_text_is_read_once_and_not_as_html_again():
    assert texts(message_of(alternatives("The gate is open.", "<p>The gate is open.</p>"))) == [
        "The gate is open."
    ]


def test_html_is_read_where_plain_text_says_less():
    html = "<h1>Gate</h1><p>The gate is open from nine to five on all days.</p>"

    assert texts(message_of(alternatives("See HTML.", html))) == [
        "Gate",
        "The gate is open from nine to five on all days.",
    ]


def test_a_quoted_paragraph_is_read_once():
    text = "I agree.\n\n> Shall we open\n> the gate?\n\nOn Monday:\n\n> > Shall we open the gate?\n"

    assert texts(message_of(eml("Re: Gate", text))) == [
        "I agree.",
        "Shall we open the gate?",
        "On Monday:",
    ]


def test_a_mailbox_has_what_its_messages_quote_once():
    first, second = read_mbox(
        mbox(
            ("Gate", "Shall we open\nthe gate?\n\nFrom nine on."),
            ("Re: Gate", "> Shall we open the gate?\n> \n> From nine on.\n\nYes."),
        )
    )

    assert texts(first) == ["Shall we open the gate?", "From nine on."]
    assert texts(second) == ["Yes."]
    assert (second.name, second.page_unit, second.blocks[0].page) == ("2", "message", 2)


def test_a_line_that_begins_with_from_begins_no_message():
    (only,) = read_mbox(mbox(("Gate", "Text.\nFrom here on.\n\n>From there on.")))

    assert texts(only) == ["Text.", "From here on.", "From there on."]


def test_attachments_are_documents_beside_their_message():
    documents, skips = read(
        "mail.eml",
        eml(
            "Gate",
            "See the plan.",
            [("plan a.md", "# Plan\n\nOpen it."), ("x.bin", "?"), ("old.doc", "x")],
        ),
    )

    assert set(documents) == {"mail", "mail/plan-a"}
    assert documents["mail/plan-a"].source == "mail.eml/plan a.md"
    assert documents["mail/plan-a"].metadata.title == "Plan"
    assert [skip.source for skip in skips] == ["mail.eml/x.bin", "mail.eml/old.doc"]
    assert skips[1].reason.startswith("an old Word file; save it as .docx")


def test_a_forwarded_message_is_a_document_with_its_subject():
    inner = eml("The gate", "Open it.").decode()
    data = (
        "Subject: Fwd\nContent-Type: multipart/mixed; boundary=Z\n\n--Z\n\nSee below.\n"
        f"--Z\nContent-Type: message/rfc822\n\n{inner}\n--Z--\n"
    )
    documents, _ = read("mail.eml", data.encode())

    assert [d.metadata.title for d in documents.values()] == ["Fwd", "The gate"]


def test_pictures_in_the_text_are_counted_not_read():
    data = (
        "Subject: Gate\nContent-Type: multipart/related; boundary=Z\n\n--Z\n\nText.\n"
        "--Z\nContent-Type: image/png\nContent-ID: <a>\n\nxx\n--Z--\n"
    )
    (document,) = read("mail.eml", data.encode())[0].values()

    assert document.omissions == ("a picture",)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-8-sig"])
def test_a_message_saved_in_another_encoding_is_read(encoding):
    data = "Subject: Gate\n\nThe gate is open."

    assert texts(message_of(data.encode(encoding))) == ["The gate is open."]


@pytest.mark.parametrize(
    "headers",
    [
        "Subject: =?utf-99?q?Gate?=",
        "Subject: =?utf-8?b?!!!?=",
        "Subject: Gate\nFrom: <<>>,,\nDate: never",
        "Subject: \udc80\udcff",
        "Subject: Gate\nContent-Type: text/plain; charset=klingon",
        "Subject: Gate\nContent-Type: multipart/mixed",
        "Subject: Gate\nContent-Transfer-Encoding: base64",
    ],
)
def test_headers_that_are_wrong_lose_nothing(headers):
    data = f"{headers}\n\nThe gate is open.".encode(errors="surrogateescape")

    assert message_of(data).metadata["title"]


def test_encrypted_mail_is_said_to_be():
    data = b"Subject: x\nContent-Type: multipart/encrypted; boundary=Z\n\n--Z\n\nx\n--Z--\n"

    with pytest.raises(UnreadableFileError, match="encrypted"):
        list(read_eml(data))


@pytest.mark.parametrize("data", [b"", b"\0\0\0\0", b"Just a text."])
def test_what_is_no_mail_is_said_to_be_none(data):
    with pytest.raises(UnreadableFileError, match="no mail"):
        list(read_eml(data))


def test_a_message_of_outlook_is_read_like_others():
    message, attachment = read_msg(
        msg("Gate", "It is open.\r\n\r\n> It is open.", [("plan.txt", "Plan.")]), LIMIT
    )

    assert texts(message) == ["It is open."]
    assert message.metadata == {"title": "Gate", "author": "Anna Vell"}
    assert attachment == ArchiveMember("plan.txt", b"Plan.")


def test_outlook_has_texts_in_compressed_rtf_too():
    packed = compressed_rtf.compress(rb"{\rtf1\ansi The gate is open.\par}")
    (message,) = read_msg(msg("Gate", "", p10090102=packed), LIMIT)

    assert texts(message) == ["The gate is open."]


def test_compressed_rtf_that_unpacks_to_too_much_is_refused():
    packed = b"\0\0\0\0" + (LIMIT * 2).to_bytes(4, "little") + b"LZFu" + bytes(4)

    with pytest.raises(UnreadableFileError, match="unpacks to more than 1 MB"):
        list(read_msg(msg("Gate", "", p10090102=packed), LIMIT))


def test_an_archive_in_a_message_is_unpacked_but_none_in_an_archive():
    data = eml("Gate", "x", [("a.eml", "Subject: Inner\n\ny")])
    inner = make_zip(**{"a.txt": "Text."}).decode("latin-1")
    packed = (
        (
            b"Subject: Gate\nContent-Type: multipart/mixed; boundary=Z\n\n--Z\nContent-Type: a/b\n"
            b"Content-Disposition: attachment; filename=x.zip\n\n"
        )
        + inner.encode("latin-1")
        + b"\n--Z--\n"
    )

    assert "mail/x/a" in read("mail.eml", packed)[0]
    assert "mail/a" in read("mail.eml", data)[0]
    assert read("all.zip", make_zip(**{"mail.eml": packed}))[1][-1].reason.startswith(
        "an archive in"
    )
