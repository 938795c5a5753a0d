"""Independent readers of each format: what they find in a file, to compare with ours.

A reader whose program or library is not installed is left out.  To add one, write a function from
a path to the texts of its pages (one where there are none), and put it in REFERENCES.
"""

import email
import email.policy
import importlib.util
import mailbox
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

_SECONDS = 60


class Reference(NamedTuple):
    """A reader: its name, what must be installed, and the function."""

    name: str
    needs: str
    read: Callable[[Path], list[str]]

    @property
    def is_installed(self) -> bool:
        """Whether its program or module is there."""
        return bool(shutil.which(self.needs)) or _has_module(self.needs)


def _has_module(name: str) -> bool:
    with suppress(ModuleNotFoundError, ValueError):
        return importlib.util.find_spec(name) is not None
    return False


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603
    return done.stdout.decode("utf-8", "replace")


def _read_with_pdfium(path: Path) -> list[str]:
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
    return texts


def _read_with_poppler(path: Path) -> list[str]:
    return _run("pdftotext", "-enc", "UTF-8", str(path), "-").split("\f")[:-1]


def _read_with_pandoc(path: Path) -> list[str]:
    formats = {".htm": "html", ".xhtml": "html", ".tex": "latex", ".md": "gfm", ".markdown": "gfm"}
    suffix = path.suffix.lower()
    source = formats.get(suffix, suffix[1:])
    return [_run("pandoc", "--from", source, "--to", "plain", "--wrap", "none", str(path))]


def _read_with_openpyxl(path: Path) -> list[str]:
    import openpyxl  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return [
        "\n".join(
            " ".join(str(value) for value in row if value is not None)
            for row in sheet.iter_rows(values_only=True)
        )
        for sheet in book.worksheets
    ]


def _read_with_python_pptx(path: Path) -> list[str]:
    import pptx  # type: ignore[import-untyped,import-not-found,unused-ignore]  # noqa: PLC0415

    return ["\n".join(_iter_slide_texts(slide)) for slide in pptx.Presentation(str(path)).slides]


def _iter_slide_texts(slide: object) -> Iterator[str]:
    shapes = [*slide.shapes]  # type: ignore[attr-defined]
    while shapes:
        shape = shapes.pop(0)
        shapes[:0] = getattr(shape, "shapes", [])
        if getattr(shape, "has_table", False):
            yield from (cell.text for row in shape.table.rows for cell in row.cells)
        elif getattr(shape, "has_text_frame", False):
            yield shape.text_frame.text
    if slide.has_notes_slide:  # type: ignore[attr-defined]
        yield slide.notes_slide.notes_text_frame.text  # type: ignore[attr-defined]


def _read_with_email(path: Path) -> list[str]:
    if path.suffix.lower() == ".mbox":
        contents = [message.as_bytes() for message in mailbox.mbox(path)]
    else:
        contents = [path.read_bytes()]
    return [_text_of_message(email.message_from_bytes(c, policy=_POLICY)) for c in contents]


_POLICY = email.policy.default


def _text_of_message(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    return "\n".join([str(message["subject"] or ""), str(message["from"] or ""), text])


_PANDOC = [Reference("pandoc", "pandoc", _read_with_pandoc)]
_EMAIL = [Reference("email", "email", _read_with_email)]
_OPENPYXL = [Reference("openpyxl", "openpyxl", _read_with_openpyxl)]

REFERENCES: dict[str, list[Reference]] = {
    ".pdf": [
        Reference("pdfium", "pypdfium2", _read_with_pdfium),
        Reference("poppler", "pdftotext", _read_with_poppler),
    ],
    **dict.fromkeys(
        (".docx", ".odt", ".epub", ".html", ".htm", ".xhtml", ".rtf", ".rst", ".org"), _PANDOC
    ),
    **dict.fromkeys((".tex", ".ipynb", ".md", ".markdown"), _PANDOC),
    **dict.fromkeys((".xlsx", ".xlsm"), _OPENPYXL),
    **dict.fromkeys((".eml", ".mbox"), _EMAIL),
    ".pptx": [Reference("python-pptx", "pptx", _read_with_python_pptx)],
}
