"""RTF -> headings, paragraphs and table rows, footnotes at the end, and its properties.

striprtf makes it plain text.  It drops footnotes and the levels of headings, so footnotes are cut
out before, and levels are passed through as control characters.
"""

from collections.abc import Iterator
from itertools import groupby

import regex
from striprtf.striprtf import rtf_to_text

from qa.documents.document import RawBlock
from qa.documents.formats.tables import format_table
from qa.documents.metadata import RawMetadata
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures
from qa.errors import UnreadableFileError

_SIGNATURE = "{\\rtf"
_OUTLINE_LEVEL = regex.compile(r"\\outlinelevel(\d)")
_LEVEL_MARK = regex.compile("\x01(\\d)\x02\\s*")
_FOOTNOTE = regex.compile(r"\{\s*(?:\\\*)?\\footnote\b")
_BRACE_OR_ESCAPE = regex.compile(r"\\[\\{}]|[{}]")
_CODE_PAGE = regex.compile(r"\\ansicpg\d+")
_PICTURE = regex.compile(r"\\pict\b")
_INFO_FIELD = regex.compile(r"\{\\(title|author|subject|keywords)\s((?:[^{}\\]|\\[^{}])*)\}")
_CREATION_TIME = regex.compile(r"\{\\creatim\\yr(\d+)\\mo(\d+)\\dy(\d+)")


def read_rtf(data: bytes) -> RawDocument:
    """Read an RTF file."""
    # RTF is ASCII; bytes above are in the code page that the file names, as escapes are.
    source = data.lstrip(b"\xef\xbb\xbf \r\n\t").decode("latin-1")
    if not source.startswith(_SIGNATURE):
        raise UnreadableFileError("not RTF")
    body, notes = _cut_footnotes(source)
    code_page = _CODE_PAGE.search(source)
    prefix = f"{_SIGNATURE}1\\ansi{code_page[0] if code_page else ''}"
    blocks = list(_iter_blocks(_strip(body)))
    for note in notes:
        blocks += _iter_blocks(_strip(f"{prefix} {note}}}"))
    return build_raw_document(blocks, _read_info(source, prefix))._replace(
        omissions=count_pictures(len(_PICTURE.findall(source)))
    )


def _strip(source: str) -> str:
    marked = _OUTLINE_LEVEL.sub(r"\\outlinelevel\1\\'01\1\\'02", source)
    text: str = rtf_to_text(marked, errors="replace")  # type: ignore[no-untyped-call]
    # It leaves characters beyond the basic plane as pairs of surrogates.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cut_footnotes(source: str) -> tuple[str, list[str]]:
    """The *source* without footnotes, and the footnotes."""
    pieces: list[str] = []
    notes: list[str] = []
    position = 0
    while match := _FOOTNOTE.search(source, position):
        end = _group_end(source, match.end())
        pieces.append(source[position : match.start()])
        notes.append(source[match.end() : end - 1])
        position = end
    return "".join([*pieces, source[position:]]), notes


def _group_end(source: str, position: int) -> int:
    """Where the group that *position* is in ends."""
    depth = 1
    for match in _BRACE_OR_ESCAPE.finditer(source, position):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return len(source)


def _iter_blocks(text: str) -> Iterator[RawBlock]:
    """The paragraphs of plain text as striprtf makes it, with cells that end with a bar."""
    for is_row, lines in groupby(text.splitlines(), key=lambda line: line.endswith("|")):
        if is_row:
            yield from format_table([_LEVEL_MARK.sub("", line).split("|")[:-1] for line in lines])
            continue
        for line in lines:
            level = _LEVEL_MARK.search(line)
            yield RawBlock(_LEVEL_MARK.sub("", line), min(int(level[1]) + 1, 6) if level else 0)


def _read_info(source: str, prefix: str) -> RawMetadata:
    """The document's properties."""
    head = source[: source.find("\\pard")][:100_000]
    info: dict[str, object] = {
        name: _strip(f"{prefix} {value}}}").strip() for name, value in _INFO_FIELD.findall(head)
    }
    if created := _CREATION_TIME.search(head):
        year, month, day = map(int, created.groups())
        info["date"] = f"{year:04}-{month:02}-{day:02}"
    return {name: value for name, value in info.items() if value}
