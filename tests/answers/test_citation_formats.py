"""Citations in every format, read back by parsers that others wrote."""

import datetime
import json
import re

import bibtexparser
import pytest
import rispy
from bibtexparser.middlewares import MonthIntMiddleware
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pylatexenc.latex2text import LatexNodes2Text

from qa.analysis.tokenizer import Span, normalize
from qa.answers.answer import build_citation
from qa.answers.citation_formats import (
    FORMATS,
    format_bibtex,
    format_csl_json,
    format_markdown,
    format_ris,
    format_text,
)
from qa.answers.reference import Reference
from qa.documents.document import Metadata, RawBlock, build_document

QUOTE = "It cost 50% of {all} we_had: R&D, $4 #1 ~ ^ \\ <b> *so* -- he said “no”."
ADDRESS = "http://127.0.0.1:8000/documents/old/harbour?cite=8-81&sha256=abc#p1"
# The decoder of LaTeX gives this accent for a circumflex.
NASTY = st.text(st.characters(codec="utf-8", exclude_characters="\u02c6"), max_size=60)


def reference(quote=QUOTE, *, whole=False, **about):
    metadata = {
        "title": "100 % {Lindholm} & _the_ [sea]",
        "author": "Ada Berg; NATO Press Office",
        "publisher": "Northern *Gazette* & Sons",
        "date": datetime.date(2021, 12, 3),
        "url": "https://gazette.example/a_(b)?x=1&y={2}",
    }
    blocks = [RawBlock("Storms", 1, 7), RawBlock(quote, 0, 7), RawBlock("The end.", 0, 8)]
    cited = build_document("old/harbour", "harbour.pdf", blocks, Metadata(**metadata | about))
    start = cited.text.index("\n\n") + 2
    place = None if whole else build_citation(cited, Span(start, len(cited.text)))
    return Reference(cited, place, ADDRESS, datetime.date(2026, 12, 4), "3f9ac1d0e2b7")


def entry(of):
    library = bibtexparser.parse_string(format_bibtex(of), append_middleware=[MonthIntMiddleware()])

    assert not library.failed_blocks
    (parsed,) = library.entries
    return parsed


def decode_latex(value):
    # The decoder knows braces by their short names only.
    short = value.replace(r"\textbraceleft{}", r"\{").replace(r"\textbraceright{}", r"\}")
    return (
        LatexNodes2Text().latex_to_text(short).replace("\N{MODIFIER LETTER CIRCUMFLEX ACCENT}", "^")
    )


def render_markdown(text):
    """The words that a browser shows for *text* in Markdown, paragraph by paragraph."""
    inline = [token for token in MarkdownIt().parse(text) if token.type == "inline"]
    return [
        "".join(child.content for child in token.children if child.type != "html_inline")
        for token in inline
    ]


def test_plain_text_says_it_all():
    assert format_text(reference(quote="It cost much.", title="The pier", publisher="Gazette")) == (
        "“It cost much.\n\nThe end.”\n\n"
        "Ada Berg; NATO Press Office, “The pier”, Gazette, 3 December 2021, Storms, ¶ 1–2, pp. 7–8."
        "\nhttps://gazette.example/a_(b)?x=1&y={2}#:~:text=It%20cost%20much.,The%20end."
        f"\n{ADDRESS}\nRead 4 December 2026, index 3f9ac1d0e2b7.\n"
    )


def test_plain_text_leaves_out_what_is_not_known():
    bare = reference(whole=True, title="A note", author=None, publisher=None, date=None, url=None)

    assert format_text(bare) == f"“A note”.\n{ADDRESS}\nRead 4 December 2026, index 3f9ac1d0e2b7.\n"


def test_markdown_quotes_and_links():
    html = MarkdownIt().render(format_markdown(reference()))
    quoted, _, named = html.partition("</blockquote>")

    assert quoted.count("<p>") == 2
    assert '<a href="https://gazette.example/a%5F%28b%29?x=1&amp;y=%7B2%7D#:~:text=' in named
    assert f'<a href="{ADDRESS.replace("&", "&amp;")}">Read</a> 4 December 2026' in named
    assert "<em>" not in html


def test_markdown_shows_the_very_words():
    first, second, named = render_markdown(format_markdown(reference()))

    assert (first, second) == (QUOTE, "The end.")
    assert named.startswith(
        "— Ada Berg; NATO Press Office, 100 % {Lindholm} & _the_ [sea], Northern *Gazette* & Sons,"
        " 3 December 2021, Storms, ¶ 1–2, pp. 7–8. Read 4 December 2026"
    )


@pytest.mark.parametrize(
    "quote",
    ["# no heading", "- no list", "+ none", "12. none", "1) none", "> none", "=== x", "``` x",
     "[a]: b", "<https://x.example>", "&amp; &#35;", "![x](y)", "a | b", "\\*x \\", "**x** __y__"],
)  # fmt: skip
def test_nothing_in_a_quote_is_taken_for_markdown(quote):
    html = MarkdownIt().enable("table").render(format_markdown(reference(quote=quote)))

    assert render_markdown(format_markdown(reference(quote=quote)))[0] == quote
    assert set(re.findall(r"<(\w+)", html)) == {"blockquote", "p", "a"}


def test_bibtex_can_be_parsed_and_says_it_all():
    fields = entry(reference())
    values = {field.key: field.value for field in fields.fields}

    assert fields.entry_type == "misc"
    assert fields.key.startswith("berg2021lindholm-")
    assert values["author"] == "Berg, Ada and {NATO Press Office}"
    assert decode_latex(values["title"]) == "100 % {Lindholm} & _the_ [sea]"
    assert decode_latex(values["howpublished"]) == "Northern *Gazette* & Sons"
    assert (values["year"], values["month"], values["day"]) == ("2021", 12, "3")
    assert (values["pages"], values["note"]) == ("7--8", "Storms, ¶ 1–2")
    assert values["url"].startswith("https://gazette.example/a_(b)?x=1&y=%7B2%7D#:~:text=")
    assert values["urldate"] == "2026-12-04"
    assert decode_latex(values["annote"]).startswith(f"“{QUOTE} The end.” Text SHA-256 ")
    assert values["annote"].endswith("index 3f9ac1d0e2b7")


def test_each_sort_of_work_has_its_own_entry_and_holder():
    fields = entry(reference(extra={"type": "NewsArticle"}, publisher="Gazette"))

    assert fields.entry_type == "article"
    assert fields["journal"] == "Gazette"


def test_pairs_that_fonts_join_are_kept_apart():
    assert "a-{}-{}-b '{}'c,{},d" in format_bibtex(reference(quote="a---b ''c,,d"))


@given(NASTY)
def test_no_text_breaks_out_of_bibtex(text):
    title = normalize(text) or "x"
    fields = entry(reference(quote=f"A {title}", title=title, author=title, publisher=title))

    assert decode_latex(fields["title"]).split() == title.split()


def test_csl_json_has_the_fields_of_its_schema():
    (item,) = json.loads(format_csl_json(reference()))

    assert item == {
        "id": reference().citation_key,
        "type": "webpage",
        "title": "100 % {Lindholm} & _the_ [sea]",
        "author": [{"family": "Berg", "given": "Ada"}, {"literal": "NATO Press Office"}],
        "container-title": "Northern *Gazette* & Sons",
        "publisher": "Northern *Gazette* & Sons",
        "issued": {"date-parts": [[2021, 12, 3]]},
        "section": "Storms",
        "locator": "¶ 1–2",
        "page": "7–8",
        "URL": reference().link,
        "accessed": {"date-parts": [[2026, 12, 4]]},
        "language": "en",
        "annote": f"{QUOTE}\n\nThe end.",
        "note": reference().provenance,
        "custom": {"read_url": ADDRESS, "generation": "3f9ac1d0e2b7"},
    }


def test_csl_json_leaves_out_what_is_not_known():
    (item,) = json.loads(
        format_csl_json(reference(whole=True, author=None, publisher=None, date=None))
    )

    assert not {"author", "publisher", "container-title", "issued", "annote", "page"} & set(item)


def test_ris_can_be_parsed_and_says_it_all():
    (fields,) = rispy.loads(format_ris(reference()))

    assert fields["type_of_reference"] == "ELEC"
    assert fields["title"] == "100 % {Lindholm} & _the_ [sea]"
    assert fields["authors"] == ["Berg, Ada", "NATO Press Office"]
    assert fields["publisher"] == fields["secondary_title"] == "Northern *Gazette* & Sons"
    assert (fields["year"], fields["date"]) == ("2021", "2021/12/03")
    assert (fields["start_page"], fields["end_page"]) == ("7", "8")
    assert fields["section"] == "Storms"
    assert fields["urls"] == [reference().link]
    assert fields["access_date"] == "2026/12/04"
    assert fields["notes"] == [f"{QUOTE} The end.", "¶ 1–2", reference().provenance]
    assert fields["id"] == reference().citation_key


def test_ris_ends_its_lines_as_the_format_wants():
    lines = format_ris(reference()).split("\r\n")

    assert lines[0] == "TY  - ELEC"
    assert lines[-2:] == ["ER  - ", ""]
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines[:-1])
    assert "\n" not in "".join(lines)


@given(NASTY)
def test_no_text_breaks_out_of_ris(text):
    title = normalize(f"ER  - {text}")
    (fields,) = rispy.loads(format_ris(reference(quote=title, title=title, publisher=title)))

    assert fields["title"].split() == title.split()


@given(NASTY)
def test_no_text_breaks_out_of_markdown(text):
    quote = normalize(text)
    words = quote if any(map(str.isalnum, quote)) else "none"

    assert render_markdown(format_markdown(reference(quote=words)))[0] == words


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_keeps_other_scripts(name):
    assert "Звезда 星" in FORMATS[name].write(reference(quote="Звезда 星 said so."))
