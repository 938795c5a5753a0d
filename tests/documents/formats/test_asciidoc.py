"""AsciiDoc -> headings, paragraphs, items and rows without mark-up."""

import pytest

from qa.documents.formats.asciidoc import read_asciidoc

HARBOUR = """\
= The harbour
Anna Vell <anna@x.org>
v1.0, 2021-05-04: First
:town: Lindholm
:toc:

// a comment
It was _built_ in *1874*, in {town}.footnote:[Of stone.]
See https://x.org[the plan^] and <<ships,below>>.

[[ships]]
== Ships

.Fleet
* The `ferry`
runs daily.
** A tug
Term:: Its meaning.

[source,python]
----
def f():
    *not bold*
----

NOTE: Mind the gap.

[cols="1,1,1",options="header"]
|===
|Ship |Crew |Port

|Ferry | |Vesa
|Tug
|3
|Lindholm
|===

image::pier.png[The pier,300]

////
Not this.
////

include::other.adoc[]

====
Inside.
====
"""


def read(text):
    return read_asciidoc(text.encode())


def test_the_text_is_read_without_its_markup():
    assert [(" ".join(b.text.split()), b.level) for b in read(HARBOUR).blocks] == [
        ("It was built in 1874, in Lindholm. See the plan and below.", 0),
        ("Ships", 1),
        ("Fleet", 0),
        ("The ferry runs daily.", 0),
        ("A tug", 0),
        ("Term: Its meaning.", 0),
        ("def f():", 0),
        ("*not bold*", 0),
        ("NOTE: Mind the gap.", 0),
        ("Ship: Ferry; Crew: ; Port: Vesa", 0),
        ("Ship: Tug; Crew: 3; Port: Lindholm", 0),
        ("The pier", 0),
        ("Inside.", 0),
        ("Of stone.", 0),
    ]


def test_the_lines_below_the_title_are_metadata():
    raw_document = read(HARBOUR)

    assert raw_document.metadata == {
        "title": "The harbour",
        "author": "Anna Vell",
        "date": "2021-05-04",
    }
    assert raw_document.omissions == ("a picture",)


@pytest.mark.parametrize("edge", ["----", "....", "|===", "////", "===="])
def test_a_block_that_does_not_end_is_read_to_the_end(edge):
    texts = [block.text for block in read(f"Before.\n\n{edge}\n|Inside\n").blocks]

    assert texts[0] == "Before."
    assert edge == "////" or "Inside" in texts[-1]


def test_a_cell_that_repeats_takes_no_memory():
    assert len(read("|===\n|a\n999999999*|word\n|===\n").blocks) <= 101


def test_a_letter_before_a_bar_is_a_cell_unless_it_stands_alone():
    assert [b.text for b in read("|===\n|a|b|c\n2*|x a|y\n|===\n").blocks] == [
        "a | b | c",
        "x | x | y",
    ]
