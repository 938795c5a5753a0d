"""A PDF is read as a person sees it: letters, lines, columns, tables, pages, forms."""

import zlib

import pytest
from fpdf import FPDF

from qa.documents.document import kind_of
from qa.documents.formats import pdf
from qa.errors import UnreadableFileError

HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
COURIER = HELVETICA.replace(b"Helvetica", b"Courier")
PROSE = [
    "The mayor opened the new",
    "bridge on Monday, before a",
    "crowd of two hundred guests",
    "and the band of the harbour.",
]
OTHER_PROSE = [
    "Rain is expected in the",
    "valley tonight. The gauge at",
    "the mill may pass the mark",
    "of three metres by morning.",
]


def assemble(objects):
    """The bytes of a file of *objects*, of which the first is the catalogue."""
    data, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        data
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\n"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
        )
        + b"startxref\n%d\n%%%%EOF" % len(data)
    )


def stream(data, entries=b""):
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), entries, data)


def draw(*contents, font=HELVETICA, more=()):
    """A file with a page for each content stream, text in the font F; *more* is from object 4."""
    first = 4 + len(more)
    kids = b" ".join(b"%d 0 R" % (first + 2 * i) for i in range(len(contents)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d/MediaBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>>>"
        % (kids, len(contents)),
        font,
        *more,
    ]
    for number, content in enumerate(contents):
        objects.append(b"<</Type/Page/Parent 2 0 R/Contents %d 0 R>>" % (first + 2 * number + 1))
        objects.append(content if content.startswith(b"<<") else stream(content))
    return assemble(objects)


def at(x, y, text, size=10):
    """The operators that draw *text* at a place, in points from the lower left."""
    shown = text if isinstance(text, bytes) else b"(%s)" % text.encode("cp1252")
    return b"BT /F %d Tf %d %d Td %s Tj ET\n" % (size, x, y, shown)


def read(data):
    """The texts of the blocks with their pages."""
    return [(block.text, block.page) for block in pdf.read_pdf(data).blocks]


def texts(data):
    return [text for text, _ in read(data)]


def lines(places):
    """The operators for rows of cells, ``(x, y): text``."""
    return b"".join(at(x, y, text) for (x, y), text in places.items())


def column(x, words, top=700):
    return {(x, top - 12 * number): line for number, line in enumerate(words)}


def test_rows_of_a_table_are_read_as_they_look_in_whatever_order_they_are_drawn():
    rows = [
        ("Keeper", "Post", "Wage"),
        ("Orr, B.", "pilot", "21.00"),
        ("Marr, C.", "clerk", "9.50"),
    ]
    cells = {
        (x, 700 - 12 * i): row[k]
        for k, x in enumerate((72, 220, 460))
        for i, row in enumerate(rows)
    }
    by_columns = draw(lines(cells))
    from_below = draw(lines(dict(reversed(cells.items()))))

    assert texts(by_columns) == texts(from_below) == [" ".join(row) for row in rows]


def test_lines_of_a_cell_stay_in_their_row():
    cells = {
        (72, 700): "Gate",
        (220, 700): "shuts at ten, and on",
        (220, 689): "Sundays at nine",
        (72, 660): "Ferry",
        (220, 660): "leaves at noon",
        (72, 631): "Mill",
        (220, 631): "is closed",
    }

    assert texts(draw(lines(cells))) == [
        "Gate shuts at ten, and on Sundays at nine",
        "Ferry leaves at noon",
        "Mill is closed",
    ]


@pytest.mark.parametrize("by_rows", [True, False])
def test_columns_are_read_one_after_the_other(by_rows):
    places = column(72, PROSE) | column(320, OTHER_PROSE)
    if by_rows:
        places = dict(sorted(places.items(), key=lambda place: (-place[0][1], place[0][0])))

    assert " ".join(texts(draw(lines(places)))) == " ".join(PROSE + OTHER_PROSE)


def test_what_spans_columns_is_read_before_and_after_them():
    places = {
        (72, 712): "A heading as wide as both of the columns that are below it, and as long",
        **column(72, PROSE),
        **column(320, OTHER_PROSE),
        (72, 650): "A line as wide as both of the columns that are above it, and as long too",
    }
    text = " ".join(texts(draw(lines(places))))

    assert text.index("A heading") < text.index("The mayor") < text.index("Rain is")
    assert text.index("morning.") < text.index("A line as wide")


def test_columns_with_lines_at_heights_of_their_own_are_columns():
    places = column(72, ["Open", "Monday", "Closed", "Sunday"]) | {
        (320, 696 - 15 * number): line
        for number, line in enumerate(["Toll", "two euros", "Dogs free"])
    }

    assert texts(draw(lines(places))) == ["Open Monday Closed Sunday Toll two euros Dogs free"]


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


MAPPED = HELVETICA[:-2] + b"/ToUnicode 4 0 R>>"


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


@pytest.mark.parametrize(
    ("matrix", "places"),
    [(b"0 1 -1 0", [(100, 100), (112, 100)]), (b"-1 0 0 -1", [(500, 400), (500, 412)])],
)
def test_turned_text_is_read_in_its_own_direction(matrix, places):
    content = b"".join(
        b"BT /F 10 Tf %s %d %d Tm (%s) Tj ET\n" % (matrix, x, y, text)
        for (x, y), text in zip(
            places, (b"This text is turned by", b"whoever drew it."), strict=True
        )
    )

    assert texts(draw(content)) == ["This text is turned by whoever drew it."]


@pytest.mark.parametrize(
    "damage",
    [
        b"/Filter/FlateDecode",
        b"/Filter/ASCII85Decode",
        b"/Filter/NoSuchFilter",
    ],
)
def test_a_page_that_cannot_be_decoded_loses_no_other_and_is_named(damage):
    bad = stream(b"\xff\x00no such data\x80~", damage)
    extract = pdf.read_pdf(draw(at(72, 700, "The toll is two."), bad, at(72, 700, "Ten is late.")))

    assert [(block.text, block.page) for block in extract.blocks] == [
        ("The toll is two.", 1),
        ("Ten is late.", 3),
    ]
    assert extract.omissions == ("page 2 of 3: no text; it is blank or damaged",)


def test_a_page_that_is_a_picture_is_named():
    picture = b"q 100 0 0 100 72 600 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x00 EI Q"
    extract = pdf.read_pdf(draw(at(72, 700, "The toll is two."), picture, picture))

    assert len(extract.omissions) == 1
    assert extract.omissions[0].startswith("page 2–3 of 3: only a picture; run OCR first, or set")


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


UNNAMED = (
    b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType2/BaseFont/A/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
    b"/Supplement 0>>/FontDescriptor<</Type/FontDescriptor/FontName/A/Flags 4/Ascent 800"
    b"/Descent -200/CapHeight 700/StemV 80/ItalicAngle 0/FontBBox[0 0 1000 1000]>>>>]>>"
)


def test_numbers_of_glyphs_are_no_text():
    glyphs = b"<%s>" % "".join(f"{n:04X}" for n in (3, 0x37, 0x4B, 3, 0x48, 0x57, 3, 0x52)).encode()

    with pytest.raises(UnreadableFileError, match="do not name their characters; run OCR"):
        pdf.read_pdf(draw(at(72, 700, glyphs), font=UNNAMED))


def lay_out(*pages):
    """Pages of lines of text, each ``(y, text)`` or ``(y, text, size)``."""
    return draw(*(b"".join(at(72, line[0], *line[1:]) for line in page) for page in pages))


BODIES = [
    "The mill stood by the river for two hundred years",
    "The ferry carried the wool of the valley every spring",
    "The bridge ended the ferry and the toll house came",
    "The fire of that year took all but the old chapel",
]


def test_text_outside_of_the_page_is_not_read():
    # Both pages of a sheet have the text of both, and each shows its own half.
    sheet = at(72, 400, "The ferry is late.") + at(672, 400, "The bridge is shut.")
    halves = draw(sheet, sheet)
    for box in (b"0 0 600 800", b"600 0 1200 800"):
        halves = halves.replace(b"/Type/Page/", b"/CropBox[%s]/Type /Page/" % box, 1)
    halves = halves.replace(b"/MediaBox[0 0 600 800]", b"/MediaBox[0 0 1200 800]")

    assert read(halves) == [("The ferry is late.", 1), ("The bridge is shut.", 2)]


def test_headings_that_differ_stay_at_the_top_of_pages():
    pages = [[(770, f"Chapter {n}", 16), (700, text)] for n, text in enumerate(BODIES, start=1)]

    assert [text for text in texts(lay_out(*pages)) if text.startswith("Chapter")] == [
        "Chapter 1",
        "Chapter 2",
        "Chapter 3",
        "Chapter 4",
    ]


def test_headings_in_bold_stay_though_they_count_with_the_pages():
    bold = HELVETICA.replace(b"Helvetica", b"Helvetica-Bold")
    pages = [
        b"BT /B 10 Tf 72 770 Td (Lesson %d) Tj ET\n" % number + at(72, 700, text)
        for number, text in enumerate(BODIES, start=1)
    ]
    data = draw(*pages, more=[bold]).replace(b"<</F 3 0 R>>", b"<</F 3 0 R/B 4 0 R>>")

    assert sum(text.startswith("Lesson") for text in texts(data)) == 4


def test_rows_of_figures_that_do_not_count_with_the_pages_stay():
    pages = [[(770, f"{2000 + 9 * n} {31 + 7 * n}"), (700, text)] for n, text in enumerate(BODIES)]
    found = " ".join(texts(lay_out(*pages)))

    assert all(f"{2000 + 9 * n} {31 + 7 * n}" in found for n in range(4))


def test_a_greeting_on_some_pages_stays():
    pages = [[(700, text), (80, "Kind regards" if n < 2 else f"Yours, {text[4:9]}")]
             for n, text in enumerate(BODIES)]  # fmt: skip

    assert texts(lay_out(*pages)).count("Kind regards") == 2


@pytest.mark.parametrize(
    ("header", "first"),
    [
        ("Annals of the valley", True),
        ("Annals of the valley, page {n}", True),
        ("{n} of 4", True),
        ("- {n} -", False),
    ],
)
def test_what_recurs_at_its_place_is_kept_once_and_numbers_not_at_all(header, first):
    pages = [[(780, header.format(n=n)), (700, text)] for n, text in enumerate(BODIES, start=1)]

    assert texts(lay_out(*pages)) == [header.format(n=1)] * first + BODIES


def test_headers_of_even_and_odd_pages_may_differ():
    pages = [
        [(780, "The valley" if n % 2 else "Its history"), (700, f"{text} {n}")]
        for n, text in enumerate([*BODIES, *BODIES])
    ]
    found = texts(lay_out(*pages))

    assert (found.count("The valley"), found.count("Its history")) == (1, 1)


def test_a_file_of_page_numbers_only_keeps_them():
    assert texts(lay_out(*([(700, str(n))] for n in range(1, 4)))) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("above", "below", "joined"),
    [
        ("The guaran-", "tees were given.", "The guarantees were given."),
        ("They flew an F-", "16 over it.", "They flew an F-16 over it."),
        ("The Russo-", "Ukrainian war.", "The Russo-Ukrainian war."),
        ("The gauge, a well-known one, is well-", "known.", "is well-known."),
    ],
)
def test_a_hyphen_at_the_end_of_a_line_goes_if_it_divides_a_word(above, below, joined):
    content = at(72, 700, above) + at(72, 688, below)

    assert texts(draw(content))[0].endswith(joined)


FIELD = b"<</Type/Annot/Subtype/Widget/FT/%s/T(f%d)/V %s/Rect[150 %d 300 %d]/F %d%s>>"


def form(*fields):
    """A page that says Name:, with *fields* of a type, value, flags and other entries."""
    annotations = [
        FIELD % (kind, n, value, 695 - 30 * n, 715 - 30 * n, flags, extra)
        for n, (kind, value, flags, extra) in enumerate(fields)
    ]
    numbers = b" ".join(b"%d 0 R" % (6 + n) for n in range(len(fields)))
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%s]/DA(/F 10 Tf)>>>>" % numbers,
            b"<</Type/Pages/Kids[4 0 R]/Count 1/MediaBox[0 0 600 800]>>",
            HELVETICA,
            b"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 3 0 R>>>>/Annots[%s]>>"
            % numbers,
            stream(at(72, 700, "Name:")),
            *annotations,
        ]
    )


def test_values_of_a_form_are_read_beside_their_labels():
    assert texts(form((b"Tx", b"(Anna Vell)", 4, b""))) == ["Name: Anna Vell"]


def test_a_choice_is_read_as_it_is_shown():
    options = b"/Ff 131072/Opt[[(a)(Harbour master)][(b)(Pilot)]]"

    assert texts(form((b"Ch", b"(b)", 4, options))) == ["Name: Pilot"]


@pytest.mark.parametrize(("flags", "entries"), [(2, b""), (32, b""), (4, b"/Ff 8192")])
def test_hidden_fields_and_passwords_are_not_read(flags, entries):
    assert texts(form((b"Tx", b"(Anna Vell)", flags, entries))) == ["Name:"]


def test_a_typed_note_is_read_and_a_comment_is_not():
    note = b"<</Type/Annot/Subtype/%s/Contents(Seen by Orr)/Rect[72 600 200 620]/F 4>>"
    pages = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1/MediaBox[0 0 600 800]>>",
        HELVETICA,
        b"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 3 0 R>>>>/Annots[6 0 R]>>",
        stream(at(72, 700, "The toll is two.")),
    ]

    assert texts(assemble([*pages, note % b"FreeText"])) == ["The toll is two.", "Seen by Orr"]
    assert texts(assemble([*pages, note % b"Text"])) == ["The toll is two."]


def test_larger_type_is_a_heading():
    blocks = pdf.read_pdf(
        lay_out(
            [(750, "The valley", 20), (710, "Its mill", 14), (690, BODIES[0]), (678, BODIES[1])]
        )
    ).blocks

    assert [block.level for block in blocks] == [1, 2, 0]


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"no PDF", b"%PDF-1.7\n" + bytes(1000)])
def test_what_is_no_pdf_is_refused(data):
    with pytest.raises(UnreadableFileError, match="damaged"):
        pdf.read_pdf(data)


def test_a_page_of_a_hundred_thousand_words_at_one_place_is_read_in_time():
    content = b"BT /F 10 Tf 72 700 Td " + b"(aa) Tj 0 0 Td " * 20_000 + b"ET"
    squeezed = stream(zlib.compress(content), b"/Filter/FlateDecode")

    assert texts(draw(squeezed))


def test_words_strewn_over_a_page_are_all_read():
    file = FPDF()
    file.add_page()
    file.set_font("Helvetica", size=8)
    for number in range(2000):
        file.text(number * 7919 % 190, 10 + number * 104729 % 270, f"w{number}")
    found = set(" ".join(texts(bytes(file.output()))).replace("-", " ").split())

    assert sum(f"w{number}" in found for number in range(2000)) > 1500


def test_pages_that_were_left_out_are_counted_by_their_reason():
    kinds = {kind_of(f"page {pages}: only a picture") for pages in ("2 of 3", "4–7, 9 of 12")}

    assert kinds == {"only a picture"}
