"""Books -> chapters in reading order, with their names as headings."""

import pytest

from qa.documents.formats.epub import read_epub
from qa.errors import UnreadableFileError
from tests.documents.reading import make_zip
from tests.documents.samples import epub

LIMIT = 50 << 20


def blocks(*chapters):
    return [(b.text, b.level) for b in read_epub(epub(chapters), LIMIT).blocks]


def test_chapters_have_the_headings_of_the_text_or_of_the_contents():
    assert blocks(
        ("One", "<h1>The harbour</h1><p>Built in 1874.</p>"),
        ("Two", "<p>The ferry.</p>"),
        ("Three", "<p>THREE</p><p>The light.</p>"),
    ) == [
        ("The harbour", 1),
        ("Built in 1874.", 0),
        ("Two", 1),
        ("The ferry.", 0),
        ("Three", 1),
        ("The light.", 0),
    ]


def test_the_metadata_are_those_of_the_book():
    assert read_epub(epub([("One", "<p>a</p>")], "Ports"), LIMIT).metadata == {
        "title": "Ports",
        "author": ["Anna Vell"],
    }


def test_a_protected_book_is_said_to_be():
    encryption = "<e xmlns:enc='urn:e'><enc:EncryptionMethod Algorithm='urn:adobe:aes'/></e>"

    with pytest.raises(UnreadableFileError, match="protected"):
        read_epub(epub([("One", "x")], **{"META-INF/encryption.xml": encryption}), LIMIT)


def test_fonts_may_be_obfuscated():
    encryption = (
        "<e xmlns:enc='urn:e'><enc:EncryptionMethod "
        "Algorithm='http://www.idpf.org/2008/embedding'/></e>"
    )

    assert read_epub(epub([("One", "<p>x</p>")], **{"META-INF/encryption.xml": encryption}), LIMIT)


@pytest.mark.parametrize("name", ["META-INF/container.xml", "OPS/book.opf"])
def test_a_book_without_its_list_of_chapters_is_damaged(name):
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_epub(make_zip(**{name: "<a/>"}), LIMIT)


def test_no_part_outside_of_the_book_is_read():
    data = epub([("One", "<p>a</p>")]).replace(b"c%200.xhtml", b"../../../x")

    assert read_epub(data, LIMIT) is not None
