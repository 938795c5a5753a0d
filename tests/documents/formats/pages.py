"""Web pages made for the tests of reading them."""

from qa.documents.formats import html

PROSE = "The harbour was built in 1874, when the town was still small. " * 6


def read_page(page):
    """What a page says of itself, and its blocks."""
    extract = html.read_html(page if isinstance(page, bytes) else page.encode())
    return extract.metadata, [
        (" ".join(block.text.split()), block.level) for block in extract.blocks
    ]
