"""Markdown -> blocks without their markup: headings, tables, lists, code."""

import pytest

from qa.documents.formats import markdown


def read_markdown(text):
    extract = markdown.read_markdown(text.encode())
    return extract.metadata, [(block.text, block.level) for block in extract.blocks]


def test_markdown_becomes_blocks_without_their_markup():
    about, blocks = read_markdown("""---
author: Ann
---
# The *harbour*

## Storms

A **bold** [link](http://a.example), `code`, ![a picture](p.png)<b>!</b><br>A
soft break &amp; an entity.

- one
- two

  more of two
  1. nested

> quoted

| a | b |
|---|---|
| 1 | *2* |

```python
print(1)
```

<!-- a
comment -->
<div>raw &lt; text</div>
<script>alert(1)</script>
""")

    assert about == {"author": "Ann", "title": "The harbour"}
    assert blocks == [
        ("Storms", 2),
        ("A bold link, code, a picture! A soft break & an entity.", 0),
        ("one", 0),
        ("two", 0),
        ("more of two", 0),
        ("1. nested", 0),
        ("quoted", 0),
        ("a: 1; b: 2", 0),
        ("print(1)", 0),
        ("raw < text", 0),
    ]


def test_tables_of_markdown_keep_their_columns():
    _, blocks = read_markdown(
        "| Tree | Planted | Lost |\n|---|---|---|\n| Elm | 40 | 3 |\n| Oak | | 12 |\n"
    )

    assert [text for text, _ in blocks] == [
        "Tree: Elm; Planted: 40; Lost: 3",
        "Tree: Oak; Planted: ; Lost: 12",
    ]


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("1. Fill it.\n2. Light it.", ["1. Fill it.", "2. Light it."]),
        ("3) Fill it.\n3) Light it.", ["3. Fill it.", "4. Light it."]),
        ("1. Fill it.\n\n   To the brim.\n\n2. - Now", ["1. Fill it.", "To the brim.", "2. Now"]),
        ("1.\n2. Light it.\n\nDone.", ["2. Light it.", "Done."]),
        ("1. ```\n   make\n   ```\n- Tin", ["1. make", "Tin"]),
    ],
)
def test_items_of_markdown_have_their_numbers(text, paragraphs):
    assert [block.text for block in markdown.read_markdown(text.encode()).blocks] == paragraphs


def test_pictures_of_markdown_are_counted():
    raw_document = markdown.read_markdown(b"The gate. ![Gate](g.png)\n\n![Pier](p.png)")

    assert raw_document.omissions == ("2 pictures",)


def test_lines_of_code_in_markdown_stay_apart():
    assert read_markdown("```sh\nmake clean # all\n\nmake install\n```")[1] == [
        ("make clean # all", 0),
        ("make install", 0),
    ]


def test_tables_of_html_in_markdown_are_tables():
    _, blocks = read_markdown("<table><tr><th>Tree<th>Lost<tr><td>Oak<td>12</table>\n\nProse.")

    assert [text for text, _ in blocks] == ["Tree: Oak; Lost: 12", "Prose."]


@pytest.mark.parametrize("title", ["Harbour", "Other"])
def test_a_heading_is_left_out_only_if_it_is_the_title(title):
    about, blocks = read_markdown(f"---\ntitle: {title}\n---\n# Harbour\n\nText.")

    assert about == {"title": title}
    assert (("Harbour", 1) in blocks) == (title == "Other")
