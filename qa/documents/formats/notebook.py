"""A Jupyter notebook -> its texts, its code and what that printed.

A notebook is JSON: nbformat would check it against a schema, with four more libraries, and refuse
what can be read.
"""

import json
from collections.abc import Iterator

from qa.documents.formats.markdown import read_markdown
from qa.documents.formats.plain import decode_text
from qa.documents.raw_document import RawDocument, count_pictures
from qa.errors import UnreadableFileError

# Longer than any fence in a notebook.
_FENCE = "`" * 40
_MAX_OUTPUT_LINES = 1000


def read_notebook(data: bytes) -> RawDocument:
    """Read a notebook as Markdown in which code and outputs are code blocks."""
    try:
        notebook = json.loads(decode_text(data))
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError("not valid JSON, so no notebook") from error
    cells = _find_cells(notebook)
    parts = [part for cell in cells for part in _iter_parts(cell)]
    pictures = sum(map(_count_pictures, cells))
    raw_document = read_markdown("\n\n".join(parts).encode(errors="replace"))
    metadata = {**_read_metadata(notebook), **raw_document.metadata}
    return raw_document._replace(metadata=metadata, omissions=count_pictures(pictures))


def _find_cells(notebook: object) -> list[dict[str, object]]:
    """The cells of a notebook; those of version 3 are in worksheets."""
    if isinstance(notebook, dict):
        worksheets = notebook.get("worksheets")
        sheets = worksheets if isinstance(worksheets, list) else [notebook]
        cells = [
            cell
            for sheet in sheets
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
            for cell in sheet["cells"]
        ]
        if cells and all(isinstance(cell, dict) for cell in cells):
            return cells
    raise UnreadableFileError("no cells of a notebook in it")


def _iter_parts(cell: dict[str, object]) -> Iterator[str]:
    source = _join_text(cell.get("source", cell.get("input")))
    match cell.get("cell_type"):
        case "markdown":
            yield source
        case "heading":
            level = cell.get("level")
            yield f"{'#' * (level if level in range(1, 7) else 1)} {source}"  # type: ignore[operator]
        case "code":
            yield _fence(source)
            yield from (_fence(text) for text in _iter_outputs(cell))
        case _:
            yield _fence(source)


def _fence(text: str) -> str:
    return f"{_FENCE}\n{text}\n{_FENCE}" if text.strip() else ""


def _outputs_of(cell: dict[str, object]) -> list[dict[str, object]]:
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return []
    return [output for output in outputs if isinstance(output, dict)]


def _iter_outputs(cell: dict[str, object]) -> Iterator[str]:
    """The texts that the code of a cell printed; of a picture its text says nothing."""
    for output in _outputs_of(cell):
        data = output.get("data", output)
        if not isinstance(data, dict) or _has_picture(output):
            continue
        text = _join_text(output.get("text")) or _join_text(data.get("text/plain"))
        error = ": ".join(str(output[key]) for key in ("ename", "evalue") if output.get(key))
        yield "\n".join((text or error).splitlines()[:_MAX_OUTPUT_LINES])


def _has_picture(output: dict[str, object]) -> bool:
    data = output.get("data", output)
    return isinstance(data, dict) and any(
        str(kind).startswith("image/") or kind in {"png", "jpeg", "svg"} for kind in data
    )


def _count_pictures(cell: dict[str, object]) -> int:
    return sum(map(_has_picture, _outputs_of(cell)))


def _join_text(value: object) -> str:
    """A text, or one that is a list of its lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _read_metadata(notebook: object) -> dict[str, object]:
    metadata = notebook.get("metadata") if isinstance(notebook, dict) else None
    if not isinstance(metadata, dict):
        return {}
    values = {"title": metadata.get("title"), "author": metadata.get("authors")}
    return {key: value for key, value in values.items() if value}
