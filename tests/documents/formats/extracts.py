"""What is read of a table, a row at a time."""

from qa.documents.skips import Skip


def texts(extracts):
    """The name, the paragraphs and the metadata of each extract; the reason of each Skip."""
    return [
        extract.reason
        if isinstance(extract, Skip)
        else (extract.name, [block.text for block in extract.blocks], extract.metadata)
        for extract in extracts
    ]


def paragraphs_of(extracts):
    return [paragraphs for _, paragraphs, _ in texts(extracts)]
