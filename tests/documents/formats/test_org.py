"""Org mode -> headings, paragraphs, items and rows without mark-up."""

from qa.documents.formats.org import read_org

HARBOUR = """\
#+TITLE: The harbour
#+AUTHOR: Anna Vell
#+DATE: <2021-05-04 Tue>
# a comment
It was /built/ in =1874=, see [[https://x.org][the plan]] and a/b/c.

* TODO [#A] Ships :ferry:
:PROPERTIES:
:ID: 7
:END:
- The *ferry*
  runs daily.
- [X] A tug
** Crew
#+CAPTION: The crews
| Ship  | Crew | Port |
|-------+------+------|
| Ferry |      | Vesa |

#+BEGIN_SRC python
def f(): # *not bold*
    pass
#+END_SRC
#+BEGIN_QUOTE
Quoted.
#+END_QUOTE
[[file:pier.png]]
[fn:1] Of stone.
"""


def test_the_text_is_read_without_its_markup():
    raw_document = read_org(HARBOUR.encode())

    assert [(" ".join(b.text.split()), b.level) for b in raw_document.blocks] == [
        ("It was built in 1874, see the plan and a/b/c.", 0),
        ("Ships", 1),
        ("The ferry runs daily.", 0),
        ("A tug", 0),
        ("Crew", 2),
        ("The crews", 0),
        ("Ship: Ferry; Crew: ; Port: Vesa", 0),
        ("def f(): # *not bold*", 0),
        ("pass", 0),
        ("Quoted.", 0),
        ("Of stone.", 0),
    ]


def test_the_lines_above_the_text_are_metadata():
    raw_document = read_org(HARBOUR.encode())

    assert raw_document.metadata == {
        "title": "The harbour",
        "author": "Anna Vell",
        "date": "<2021-05-04 Tue>",
    }
    assert raw_document.omissions == ("a picture",)


def test_a_block_that_does_not_end_loses_nothing():
    assert [b.text for b in read_org(b"#+BEGIN_SRC c\nint x;\n").blocks] == ["int x;"]
