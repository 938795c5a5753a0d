"""A log -> its lines, each on its number."""

from qa.documents.document import RawBlock
from qa.documents.formats.plain import decode_text
from qa.documents.raw_document import RawDocument


def read_log(data: bytes) -> RawDocument:
    """Read a log."""
    lines = enumerate(decode_text(data).split("\n"), start=1)
    blocks = [RawBlock(line, page=number) for number, line in lines if line.strip()]
    return RawDocument(blocks, {}, page_unit="line")
