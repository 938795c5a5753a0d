"""The letters of a PDF: accents, directions, fonts with codes of their own."""

import pytest

from qa.documents.formats import pdf
from qa.errors import UnreadableFileError
from tests.documents.formats.pdfs import COURIER, HELVETICA, at, draw, stream, texts

MAPPED = HELVETICA[:-2] + b"/ToUnicode 4 0 R>>"

UNNAMED = (
    b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType2/BaseFont/A/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
    b"/Supplement 0>>/FontDescriptor<</Type/FontDescriptor/FontName/A/Flags 4/Ascent 800"
    b"/Descent -200/CapHeight 700/StemV 80/ItalicAngle 0/FontBBox[0 0 1000 1000]>>>>]>>"
)


def test_accents_drawn_over_letters_join_them():
    content = b"BT /F 12 Tf 72 700 Td [(The prot\xb4) 333 (eg\xb4) 333 (e left)] TJ ET"

    assert texts(draw(content)) == ["The protégé left"]


def test_an_accent_between_words_stays():
    assert texts(draw(at(72, 700, "run ` ls ` here"))) == ["run ` ls ` here"]


@pytest.mark.parametrize("shift", [0.3, 0.8])
def test_letters_drawn_twice_are_read_once(shift):
    content = b"".join(
        b"BT /F 12 Tf %.1f 700 Td (%c) Tj ET\n" % (72 + 7.2 * place + again, letter)
        for place, letter in enumerate(b"Balloon")
        for again in (0, shift)
    )

    assert texts(draw(content, font=COURIER)) == ["Balloon"]


def test_words_drawn_again_later_are_read_once():
    words = at(72, 700, "Total due: 120 euros") + at(72, 670, "Paid: 90 euros")

    assert texts(draw(words + at(72, 700, "Total due: 120 euros"))) == [
        "Total due: 120 euros",
        "Paid: 90 euros",
    ]


def to_unicode(pairs):
    """A character map from codes of two digits to texts."""
    entries = b"".join(
        b"<%02X> <%s>\n" % (code, text.encode("utf-16-be").hex().encode()) for code, text in pairs
    )
    return stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def"
        b" 1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"%d beginbfchar\n%sendbfchar endcmap end end" % (len(pairs), entries)
    )


def test_arabic_is_read_from_the_right_with_lam_before_alef():
    # Drawn from the left, as printers do; one glyph is lam and alef.
    letters = to_unicode([(0x41, "لا"), (0x42, "س"), (0x43, "م"), (0x44, "ن"), (0x45, "ع")])
    content = at(72, 700, "DEC CAB", 12)

    assert texts(draw(content, font=MAPPED, more=[letters])) == ["سلام معن"]


def test_latin_words_in_arabic_keep_the_spaces_around_them():
    letters = to_unicode([(0x41, "س"), (0x43, "م"), (0x45, "ن"), (0x50, "P"), (0x44, "D")])
    content = at(72, 700, "EC PD CA", 12)

    assert texts(draw(content, font=MAPPED, more=[letters])) == ["سم PD من"]


def test_a_letter_beyond_the_basic_plane_is_one_character():
    letters = to_unicode([(0x41, "𝒜"), (0x42, "fi")])

    assert texts(draw(at(72, 700, "A B A"), font=MAPPED, more=[letters])) == ["𝒜 fi 𝒜"]
    assert texts(draw(at(71, 703, "x A y B A"), font=MAPPED, more=[letters])) == ["x 𝒜 y fi 𝒜"]


def test_lines_of_chinese_are_joined_without_a_space():
    letters = to_unicode([(0x41, "港"), (0x42, "务"), (0x43, "办"), (0x44, "。")])
    content = at(72, 700, "ABCABCABC") + at(72, 688, "CABD")

    assert texts(draw(content, font=MAPPED, more=[letters])) == ["港务办港务办港务办办港务。"]


def cjk_font(cmap, ordering):
    """A font that is not in the file, with the characters of a predefined CMap."""
    return (
        b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/%s/DescendantFonts[<</Type/Font"
        b"/Subtype/CIDFontType0/BaseFont/A/DW 1000/CIDSystemInfo<</Registry(Adobe)/Ordering(%s)"
        b"/Supplement 2>>/FontDescriptor<</Type/FontDescriptor/FontName/A/Flags 4/Ascent 900"
        b"/Descent -200/CapHeight 700/StemV 80/ItalicAngle 0/FontBBox[0 -200 1000 900]>>>>]>>"
    ) % (cmap, ordering)


@pytest.mark.parametrize(
    ("cmap", "ordering", "encoding", "text"),
    [
        (b"90ms-RKSJ-H", b"Japan1", "cp932", "橋の門は夜に閉まる"),
        (b"EUC-H", b"Japan1", "euc_jp", "橋の門は夜に閉まる"),
        (b"UniJIS-UCS2-H", b"Japan1", "utf-16-be", "橋の門は夜に閉まる"),
        (b"UniJIS-UTF16-H", b"Japan1", "utf-16-be", "橋の門は夜に閉まる"),
        (b"GBK-EUC-H", b"GB1", "gbk", "桥门夜里关闭"),
        (b"UniGB-UCS2-H", b"GB1", "utf-16-be", "桥门夜里关闭"),
        (b"ETen-B5-H", b"CNS1", "big5", "橋門夜裡關閉"),
        (b"KSCms-UHC-H", b"Korea1", "cp949", "다리의 문은 밤에 닫힌다"),
    ],
)
def test_characters_of_chinese_japanese_and_korean_cmaps_are_read(cmap, ordering, encoding, text):
    shown = b"<%s>" % text.encode(encoding).hex().encode()

    assert texts(draw(at(72, 700, shown), font=cjk_font(cmap, ordering))) == [text]


def test_numbers_of_japanese_glyphs_are_read_as_their_characters():
    # 843 to 852 are the first letters of hiragana in Adobe-Japan1.
    shown = b"<%s>" % b"".join(b"%04x" % number for number in (843, 845, 847, 849, 851))

    assert texts(draw(at(72, 700, shown), font=cjk_font(b"Identity-H", b"Japan1"))) == [
        "あいうえお"
    ]


def test_numbers_of_glyphs_are_no_text():
    glyphs = b"<%s>" % "".join(f"{n:04X}" for n in (3, 0x37, 0x4B, 3, 0x48, 0x57, 3, 0x52)).encode()

    with pytest.raises(UnreadableFileError, match="do not name their characters; run OCR"):
        pdf.read_pdf(draw(at(72, 700, glyphs), font=UNNAMED))
