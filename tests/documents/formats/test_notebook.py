"""Notebooks -> their texts, code and outputs."""

import json

import pytest

from qa.documents.formats.notebook import read_notebook
from qa.errors import UnreadableFileError
from tests.documents.samples import notebook


def test_texts_code_and_outputs_are_read_in_order():
    raw_document = read_notebook(
        notebook(
            ("markdown", "# Ports\n\n## Ships\n\nThe *ferry*."),
            ("code", "print(3)", "3 ships"),
            ("raw", "As it is"),
        )
    )

    assert raw_document.metadata == {"title": "Ports"}
    assert [(b.text.strip(), b.level) for b in raw_document.blocks] == [
        ("Ships", 2),
        ("The ferry.", 0),
        ("print(3)", 0),
        ("3 ships", 0),
        ("As it is", 0),
    ]


def test_fences_in_code_end_nothing():
    blocks = read_notebook(notebook(("code", "a = 1\n```\nb = 2"), ("markdown", "Text."))).blocks

    assert [block.text for block in blocks] == ["a = 1", "```", "b = 2", "Text."]


def test_pictures_are_counted_and_errors_read():
    outputs = [
        {"output_type": "display_data", "data": {"image/png": "x", "text/plain": "<Figure>"}},
        {"output_type": "execute_result", "data": {"text/plain": ["4", "2"]}},
        {"output_type": "error", "ename": "ValueError", "evalue": "no ship"},
    ]
    cell = {"cell_type": "code", "source": "f()", "outputs": outputs}
    raw_document = read_notebook(json.dumps({"cells": [cell]}).encode())

    assert raw_document.omissions == ("a picture",)
    assert [b.text.strip() for b in raw_document.blocks] == ["f()", "42", "ValueError: no ship"]


def test_the_old_version_is_read():
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Ships"]},
        {"cell_type": "code", "input": "f()", "outputs": [{"text": ["1"]}]},
    ]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()

    assert [(b.text.strip(), b.level) for b in read_notebook(data).blocks] == [
        ("Ships", 2),
        ("f()", 0),
        ("1", 0),
    ]


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'{"cells": 3}', b'{"cells": [3]}', b'{"cells": []}', b"[" * 100_000],
)
def test_what_is_no_notebook_is_said_to_be_none(data):
    with pytest.raises(UnreadableFileError, match="notebook"):
        read_notebook(data)
