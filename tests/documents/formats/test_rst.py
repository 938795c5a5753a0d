"""reStructuredText -> blocks and metadata, also with the mark-up of Sphinx."""

import sys

from qa.documents.formats.rst import read_rst
from qa.documents.skips import Skip
from tests.documents.reading import read_file

HARBOUR = """\
===========
The harbour
===========

:Author: Anna Vell
:Date: 2021-05-04

It was *built* in ``1874``.

Ships
=====

- The ferry
  runs daily.

=======  =====
Ship     Crew
=======  =====
Ferry
Tug      3
=======  =====
"""


def texts(source):
    """The texts of the blocks in *source*."""
    return [block.text for block in read_rst(source.encode()).blocks]


def test_headings_paragraphs_items_and_rows_are_blocks_without_their_markup():
    raw_document = read_rst(HARBOUR.encode())

    assert [(block.text, block.level) for block in raw_document.blocks] == [
        ("It was built in 1874.", 0),
        ("Ships", 1),
        ("The ferry\nruns daily.", 0),
        ("Ship: Ferry; Crew: ", 0),
        ("Ship: Tug; Crew: 3", 0),
    ]


def test_the_title_and_the_fields_below_it_are_metadata():
    metadata = read_rst(HARBOUR.encode()).metadata

    assert metadata == {"author": "Anna Vell", "date": "2021-05-04", "title": "The harbour"}


def test_directives_of_any_tool_keep_their_text():
    assert texts(".. versionadded:: 2.0\n   :since: 1\n\n   The *tug*.\n") == ["2.0", "The tug."]
    assert texts(".. note::\n\n   Mind the gap.\n") == ["Mind the gap."]
    assert texts("See.\n\n.. toctree::\n   :maxdepth: 2\n\n   intro\n") == ["See."]


def test_roles_of_any_tool_show_what_people_see():
    assert texts("Ask :ref:`the pilot <pilot>` or :py:class:`~Tug`.") == ["Ask the pilot or Tug."]


def test_comments_and_targets_are_no_text():
    assert texts(".. a comment\n\n.. _pilot:\n\nText. [1]_\n\n.. [1] Note.") == [
        "Text. 1",
        "Note.",
    ]


def test_no_other_file_is_read(tmp_path):
    secret = tmp_path / "secret.rst"
    secret.write_text("secret")
    source = (
        f"Text.\n\n.. include:: {secret}\n\n.. csv-table::\n   :file: {secret}\n\n"
        f".. raw:: html\n   :file: {secret}\n"
    )

    assert texts(source) == ["Text."]


def test_mistakes_and_long_lines_lose_nothing():
    long_line = "word " * 20_000

    assert "".join(texts(f"Head\n===\n\n*open\n\n.. code\n\n{long_line}")).endswith("word word")
    assert "open" in " ".join(texts("Text\n\n*open"))


def test_deep_nesting_is_one_line_in_the_report(tmp_path):
    quotes = "\n\n".join("  " * depth + "quote" for depth in range(2000))
    documents, skips = read_file(tmp_path, "deep.rst", quotes)

    assert documents or skips[0].reason.startswith("damaged")


def test_the_report_names_the_library_that_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "docutils", None)
    monkeypatch.delitem(sys.modules, "qa.documents.formats.rst", raising=False)

    _, skips = read_file(tmp_path, "a.rst", "Text.")

    assert skips == [
        Skip("a.rst", "docutils is not installed; run: pip install 'verbatim-qa[formats]'")
    ]
