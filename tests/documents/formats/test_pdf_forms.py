"""What is filled into a PDF is read beside its labels."""

import pytest

from tests.documents.formats.pdfs import (
    HELVETICA,
    assemble,
    at,
    stream,
    texts,
)

FIELD = b"<</Type/Annot/Subtype/Widget/FT/%s/T(f%d)/V %s/Rect[150 %d 300 %d]/F %d%s>>"


def form(*fields):
    """A page that says Name:, with *fields* of a type, value, flags and other entries."""
    annotations = [
        FIELD % (kind, n, value, 695 - 30 * n, 715 - 30 * n, flags, extra)
        for n, (kind, value, flags, extra) in enumerate(fields)
    ]
    numbers = b" ".join(b"%d 0 R" % (6 + n) for n in range(len(fields)))
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[%s]/DA(/F 10 Tf)>>>>" % numbers,
            b"<</Type/Pages/Kids[4 0 R]/Count 1/MediaBox[0 0 600 800]>>",
            HELVETICA,
            b"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 3 0 R>>>>/Annots[%s]>>"
            % numbers,
            stream(at(72, 700, "Name:")),
            *annotations,
        ]
    )


def test_values_of_a_form_are_read_beside_their_labels():
    assert texts(form((b"Tx", b"(Anna Vell)", 4, b""))) == ["Name: Anna Vell"]


def test_a_choice_is_read_as_it_is_shown():
    options = b"/Ff 131072/Opt[[(a)(Harbour master)][(b)(Pilot)]]"

    assert texts(form((b"Ch", b"(b)", 4, options))) == ["Name: Pilot"]


@pytest.mark.parametrize(("flags", "entries"), [(2, b""), (32, b""), (4, b"/Ff 8192")])
def test_hidden_fields_and_passwords_are_not_read(flags, entries):
    assert texts(form((b"Tx", b"(Anna Vell)", flags, entries))) == ["Name:"]


def test_a_typed_note_is_read_and_a_comment_is_not():
    note = b"<</Type/Annot/Subtype/%s/Contents(Seen by Orr)/Rect[72 600 200 620]/F 4>>"
    pages = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1/MediaBox[0 0 600 800]>>",
        HELVETICA,
        b"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F 3 0 R>>>>/Annots[6 0 R]>>",
        stream(at(72, 700, "The toll is two.")),
    ]

    assert texts(assemble([*pages, note % b"FreeText"])) == ["The toll is two.", "Seen by Orr"]
    assert texts(assemble([*pages, note % b"Text"])) == ["The toll is two."]
