"""A PDF is read as a person sees it: letters, lines, columns, tables, pages, forms."""

import zlib

import pytest
from fpdf import FPDF

from qa.documents.formats import pdf
from qa.documents.skips import kind_of
from qa.errors import UnreadableFileError
from tests.documents.formats.pdfs import (
    HELVETICA,
    OTHER_PROSE,
    PROSE,
    at,
    column,
    draw,
    lines,
    read,
    stream,
    texts,
)


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
