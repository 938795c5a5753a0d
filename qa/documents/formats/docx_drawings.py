"""The diagrams, charts and files that a Word document embeds -> their blocks.

Pictures and embedded files of other programs are counted.
"""

from collections.abc import Iterator

from lxml import etree

from qa.documents.document import RawBlock
from qa.documents.formats.docx_package import Part, W
from qa.documents.formats.html_blocks import read_fragment
from qa.documents.formats.plain import decode_text
from qa.documents.formats.tables import format_table
from qa.documents.formats.text import read_text_file
from qa.documents.raw_document import RawDocument, count_omissions

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic"
_OLD_PICTURE = "{urn:schemas-microsoft-com:vml}imagedata"
_OBJECT = f"{W}object"
# What is below these is not shown: the second version of a drawing, what was deleted.
_NOT_SHOWN = frozenset(
    {
        "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
        f"{W}del",
        f"{W}moveFrom",
    }
)
_HTML = (".html", ".htm", ".xhtml")
_TEXT = (".txt", ".mht", ".mhtml", ".eml")


def read_drawing(root: etree._Element) -> list[RawBlock]:
    """The paragraphs of a diagram or a chart, and a row for each category of a chart."""
    paragraphs = (
        "".join(text.text or "" for text in paragraph.iter(f"{_DRAWING}t"))
        for paragraph in root.iter(f"{_DRAWING}p")
    )
    rows = list(_iter_chart_rows(root))
    return [RawBlock(text) for text in paragraphs if text.strip()] + format_table(rows, 1)


def _iter_chart_rows(root: etree._Element) -> Iterator[list[str]]:
    series = list(root.iter(f"{_CHART}ser"))
    names = [" ".join(_values(one, "tx").values()) for one in series]
    values = [_values(one, "val") or _values(one, "yVal") for one in series]
    categories = next(filter(None, (_values(s, "cat") or _values(s, "xVal") for s in series)), {})
    if series:
        yield ["", *names]
    for place, category in categories.items():
        yield [category, *(each.get(place, "") for each in values)]


def _values(series: etree._Element, name: str) -> dict[str, str]:
    """The cached values of a part of a series, by their places."""
    part = series.find(f"{_CHART}{name}")
    points = [] if part is None else part.iter(f"{_CHART}pt")
    return {point.get("idx", ""): point.findtext(f"{_CHART}v") or "" for point in points}


def read_embedded(name: str, data: bytes) -> list[RawBlock]:
    """The blocks of a file that takes the place of a paragraph, if it is a page or a text."""
    if name.lower().endswith(_HTML):
        return read_fragment(decode_text(data))
    if not name.lower().endswith(_TEXT):
        return []
    items = read_text_file(data)
    return [block for item in items if isinstance(item, RawDocument) for block in item.blocks]


def list_omissions(main: Part) -> tuple[str, ...]:
    """What a person sees in a document that is not read."""
    pictures = objects = 0
    walker = etree.iterwalk(main.root, events=("start",))
    for _, element in walker:
        if element.tag in _NOT_SHOWN:
            walker.skip_subtree()
        elif element.tag == _OBJECT:
            # The picture in it is a preview.
            walker.skip_subtree()
            objects += 1
        else:
            pictures += element.tag in {_PICTURE, _OLD_PICTURE}
    comments = main.related_part("comments")
    counts = {
        "a picture": pictures,
        "an embedded object": objects,
        "a comment": 0 if comments is None else len(comments.root.findall(f"{W}comment")),
    }
    return (*count_omissions(counts), *_list_running_lines(main))


def _list_running_lines(main: Part) -> tuple[str, ...]:
    """The headers and footers, unless they have page numbers only."""
    kinds = ("header", "footer")
    return tuple(
        f"the {kind}s" for kind in kinds if any(map(_has_letters, main.iter_related(kind)))
    )


def _has_letters(part: Part) -> bool:
    return any(map(str.isalpha, "".join(map(str, part.root.itertext(f"{W}t")))))
