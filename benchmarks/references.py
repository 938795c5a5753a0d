"""Independent readers of each format: what they find in a file, to compare with ours.

A reader whose program or library is not installed is left out.  To add one, write a function from
a path to what it reads, and put it in REFERENCES.
"""

import email
import email.policy
import importlib.util
import json
import mailbox
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import NamedTuple

import lxml.html
import regex
from lxml import etree

from benchmarks.pandoc_text import render

_SECONDS = 60


class Reading(NamedTuple):
    """The texts of the pages of a file, one where there are none.

    *repeated* are words that may be read once more, such as the names of a table's columns.
    """

    pages: list[str]
    repeated: str = ""


class Reference(NamedTuple):
    """A reader: its name, what must be installed, and the function."""

    name: str
    needs: str
    read: Callable[[Path], Reading]

    @property
    def is_installed(self) -> bool:
        """Whether its program or module is there."""
        return bool(shutil.which(self.needs)) or _has_module(self.needs)


def _has_module(name: str) -> bool:
    with suppress(ModuleNotFoundError, ValueError):
        return importlib.util.find_spec(name) is not None
    return False


def _run(*command: str, text: str = "") -> str:
    done = subprocess.run(  # noqa: S603
        command, input=text.encode(), capture_output=True, timeout=_SECONDS, check=True
    )
    return done.stdout.decode("utf-8", "replace")


def _read_with_pdfium(path: Path) -> Reading:
    import pypdfium2  # noqa: PLC0415 - each reader is imported where it is used

    texts = []
    with closing(pypdfium2.PdfDocument(path.read_bytes())) as document:
        for number in range(len(document)):
            try:
                with closing(document[number]) as page, closing(page.get_textpage()) as text_page:
                    # These two stand for a hyphen at the end of a line.
                    text = text_page.get_text_range()
                    texts.append(text.replace("\x02", "").replace("\ufffe", ""))
            except pypdfium2.PdfiumError:
                texts.append("")
    return Reading(texts)


def _read_with_poppler(path: Path) -> Reading:
    return Reading(_run("pdftotext", "-enc", "UTF-8", str(path), "-").split("\f")[:-1])


def _read_with_pandoc(path: Path) -> Reading:
    formats = {".htm": "html", ".xhtml": "html", ".tex": "latex"}
    suffix = path.suffix.lower()
    if suffix in {".md", ".markdown"}:
        # HTML in Markdown is read as it is on a page.
        page = _run("pandoc", "--from", "gfm", "--to", "html", str(path))
        document = _run("pandoc", "--from", "html", "--to", "json", text=page)
    else:
        source = formats.get(suffix, suffix[1:])
        document = _run("pandoc", "--from", source, "--to", "json", str(path))
    text, repeated = render(document, _format_math)
    return Reading([text], repeated)


def _format_math(formulas: list[str]) -> list[str]:
    """Formulas in Unicode, as far as pandoc can."""
    if not formulas:
        return []
    mark = {"t": "Para", "c": [{"t": "Str", "c": "~~~~"}]}
    blocks: list[object] = []
    for formula in formulas:
        math = {"t": "Math", "c": [{"t": "InlineMath"}, formula]}
        blocks += [{"t": "Para", "c": [math]}, mark]
    document = {"pandoc-api-version": _api_version(), "meta": {}, "blocks": blocks}
    text = _run("pandoc", "--from", "json", "--to", "plain", text=json.dumps(document))
    return text.split("~~~~")[: len(formulas)]


@cache
def _api_version() -> list[int]:
    version: list[int] = json.loads(_run("pandoc", "--to", "json", text=""))["pandoc-api-version"]
    return version


_WORD_PARTS = regex.compile(
    r"(?:word/)?(?:(?:document|footnotes|endnotes)\d*|charts/chart\d*|diagrams/data\d*)\.xml",
    regex.I,
)
# Second versions of drawings, and what was deleted or moved away.
_UNSEEN = frozenset({"Fallback", "del", "moveFrom"})


def _read_word_xml(path: Path) -> Reading:
    """All texts in the parts of a Word document."""
    with zipfile.ZipFile(path) as package:
        names = sorted(filter(_WORD_PARTS.fullmatch, package.namelist()))
        texts = [_text_of_xml(etree.fromstring(package.read(name))) for name in names]
    return Reading(["\n".join(texts)])


def _text_of_xml(root: etree._Element) -> str:
    parts: list[str] = []
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        name = etree.QName(element).localname if isinstance(element.tag, str) else ""
        if event == "start" and name in _UNSEEN:
            walker.skip_subtree()
        elif event == "start" and name in {"t", "v"}:
            parts.append(element.text or "")
        elif name in {"p", "tab", "br", "cr", "v"} and event == "end":
            parts.append("\n")
        elif name == "noBreakHyphen" and event == "end":
            parts.append("-")
    return "".join(parts)


def _read_with_resiliparse(path: Path) -> Reading:
    """The article of a web page."""
    from resiliparse.extract.html2text import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        extract_plain_text,
    )
    from resiliparse.parse.encoding import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        bytes_to_str,
        detect_encoding,
    )

    data = path.read_bytes()
    text = bytes_to_str(data, detect_encoding(data, html5_compatible=False, from_html_meta=True))
    article = extract_plain_text(
        text, main_content=True, alt_texts=False, preserve_formatting=False, comments=False
    )
    return Reading([article])


def _read_with_readability(path: Path) -> Reading:
    """The article of a web page."""
    import readability  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415

    html = readability.Document(path.read_bytes()).summary()
    root = lxml.html.document_fromstring(html)
    for element in root.iter("br", "p", "div", "li", "td", "th", "h1", "h2", "h3", "h4", "tr"):
        element.tail = f"\n{element.tail or ''}"
    return Reading(["".join(map(str, root.itertext()))])


def _read_with_openpyxl(path: Path) -> Reading:
    import openpyxl  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    sheets = [
        [[_cell_text(value) for value in row if value is not None] for row in sheet.values]
        for sheet in book.worksheets
        if sheet.sheet_state == "visible"
    ]
    # Each row may have the name of its sheet and those of its columns; what is drawn on sheets,
    # openpyxl leaves out.
    repeated = [
        " ".join([book.worksheets[number].title, *(rows[0] if rows else [])])
        for number, rows in enumerate(sheets)
        for _ in rows
    ]
    with zipfile.ZipFile(path) as package:
        drawings = [name for name in package.namelist() if name.startswith("xl/drawings/drawing")]
        repeated += [_text_of_xml(etree.fromstring(package.read(name))) for name in drawings]
    return Reading(["\n".join(map(" ".join, rows)) for rows in sheets], " ".join(repeated))


def _cell_text(value: object) -> str:
    return str(value).removesuffix(" 00:00:00")


def _read_with_python_pptx(path: Path) -> Reading:
    import pptx  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415

    slides = pptx.Presentation(str(path)).slides
    return Reading(["\n".join(_iter_slide_texts(slide)) for slide in slides])


def _iter_slide_texts(slide: object) -> Iterator[str]:
    shapes = [*slide.shapes]  # type: ignore[attr-defined]
    while shapes:
        shape = shapes.pop(0)
        shapes[:0] = getattr(shape, "shapes", [])
        if getattr(shape, "has_table", False):
            yield from (cell.text for row in shape.table.rows for cell in row.cells)
        elif getattr(shape, "has_text_frame", False) and not _is_common(shape):
            yield shape.text_frame.text
    if slide.has_notes_slide:  # type: ignore[attr-defined]
        yield slide.notes_slide.notes_text_frame.text  # type: ignore[attr-defined]


def _is_common(shape: object) -> bool:
    """Whether a shape is the date, the footer or the number that slides have in common."""
    kinds = ("DATE", "FOOTER", "SLIDE_NUMBER", "HEADER")
    is_placeholder: bool = shape.is_placeholder  # type: ignore[attr-defined]
    return is_placeholder and shape.placeholder_format.type.name in kinds  # type: ignore[attr-defined]


def _read_with_email(path: Path) -> Reading:
    if path.suffix.lower() == ".mbox":
        contents = [message.as_bytes() for message in mailbox.mbox(path)]
    else:
        contents = [path.read_bytes()]
    messages = [email.message_from_bytes(content, policy=_POLICY) for content in contents]
    # Names and addresses are metadata, attachments documents of their own.
    others = [
        str(text)
        for message in messages
        for text in (
            *message.values(),
            *(
                part.get_content()
                for part in message.walk()
                if part.get_content_maintype() == "text"
            ),
        )
    ]
    return Reading([*map(_text_of_message, messages)], " ".join(map(_strip_tags, others)))


_POLICY = email.policy.default


def _text_of_message(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body else ""
    return "\n".join([str(message["subject"] or ""), _strip_tags(text)])


def _strip_tags(text: str) -> str:
    if "</" not in text:
        return text
    return "\n".join(map(str, lxml.html.fromstring(text).itertext()))


_PANDOC = [Reference("pandoc", "pandoc", _read_with_pandoc)]
# A word of a page counts if two independent readers agree that it is in the article.
_WEB = [
    *_PANDOC,
    Reference("resiliparse", "resiliparse", _read_with_resiliparse),
    Reference("readability", "readability", _read_with_readability),
]
_EMAIL = [Reference("email", "email", _read_with_email)]
_OPENPYXL = [Reference("openpyxl", "openpyxl", _read_with_openpyxl)]

REFERENCES: dict[str, list[Reference]] = {
    ".pdf": [
        Reference("pdfium", "pypdfium2", _read_with_pdfium),
        Reference("poppler", "pdftotext", _read_with_poppler),
    ],
    # A word counts if pandoc has it, which leaves text boxes and diagrams out, and the XML.
    ".docx": [*_PANDOC, Reference("XML", "lxml", _read_word_xml)],
    **dict.fromkeys((".odt", ".epub", ".rtf", ".rst", ".org"), _PANDOC),
    **dict.fromkeys((".tex", ".ipynb", ".md", ".markdown"), _PANDOC),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _WEB),
    **dict.fromkeys((".xlsx", ".xlsm"), _OPENPYXL),
    **dict.fromkeys((".eml", ".mbox"), _EMAIL),
    ".pptx": [Reference("python-pptx", "pptx", _read_with_python_pptx)],
}
