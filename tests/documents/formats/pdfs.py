"""PDFs made in tests, object by object, and what is read of them."""

from qa.documents.formats import pdf

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
