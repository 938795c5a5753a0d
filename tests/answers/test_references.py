"""What a citation says of a document."""

import datetime

import pytest

from qa.analysis.tokenizer import Span
from qa.answers.answer import build_citation
from qa.answers.reference import PersonName, Reference
from qa.documents.document import Metadata, RawBlock, build_document

TODAY = datetime.date(2026, 12, 4)
BLOCKS = [
    RawBlock("The old harbour", 1, 4),
    RawBlock("It was built in 1874.", 0, 4),
    RawBlock("Storms", 2, 4),
    RawBlock("A storm broke the pier.", 0, 5),
    RawBlock("It was mended.", 0, 6),
]


def reference(span=None, blocks=BLOCKS, **about):
    metadata = Metadata(**{"title": "The old harbour", "publisher": "Gazette"} | about)
    cited = build_document("harbour", "harbour.pdf", blocks, metadata)
    place = build_citation(cited, Span(*span)) if span else None
    return Reference(cited, place, "http://host/documents/harbour", TODAY, "3f9ac1d0e2b7")


def span_of(first, last=None):
    text = reference().document.text
    return text.index(first), text.index(last or first) + len(last or first)


@pytest.mark.parametrize(
    ("authors", "names"),
    [
        (None, []),
        ("Ada Berg", [PersonName("Berg", "Ada")]),
        ("Berg, Ada", [PersonName("Berg", "Ada")]),
        ("Anna Maria Ek", [PersonName("Ek", "Anna Maria")]),
        ("Ada Berg, Bo Ek", [PersonName("Berg", "Ada"), PersonName("Ek", "Bo")]),
        ("Ada Berg and Bo Ek", [PersonName("Berg", "Ada"), PersonName("Ek", "Bo")]),
        ("Berg, Ada; Ek, Bo", [PersonName("Berg", "Ada"), PersonName("Ek", "Bo")]),
        (
            "Ada Berg, Bo Ek, and Cy Holm",
            [*map(PersonName, ("Berg", "Ek", "Holm"), ("Ada", "Bo", "Cy"))],
        ),
        ("Ursula von der Leyen", [PersonName("von der Leyen", "Ursula")]),
        ("Reuters", [PersonName("Reuters")]),
        ("NATO Press Office", [PersonName("NATO Press Office")]),
        ("The Daily Gazette", [PersonName("The Daily Gazette")]),
        ("King Charles III of England", [PersonName("King Charles III of England")]),
        ("普京", [PersonName("普京")]),
        (" , ", [PersonName(",")]),
    ],
)
def test_authors_are_parted_only_where_it_is_sure(authors, names):
    assert list(reference(author=authors, publisher="The Daily Gazette").authors) == names


@pytest.mark.parametrize(
    ("extra", "url", "kinds"),
    [
        ({}, None, ("misc", "document", "GEN")),
        ({}, "https://a.example", ("misc", "webpage", "ELEC")),
        ({"type": "NewsArticle"}, "https://a.example", ("article", "article-newspaper", "NEWS")),
        ({"Type": "Technical report"}, None, ("techreport", "report", "RPRT")),
        ({"genre": "scholarly-article"}, None, ("article", "article-journal", "JOUR")),
        ({"type": "book"}, None, ("book", "book", "BOOK")),
        ({"type": "riddle"}, None, ("misc", "document", "GEN")),
    ],
)
def test_the_sort_of_work_is_what_the_document_says(extra, url, kinds):
    kind = reference(extra=extra, url=url).work_type

    assert (kind.bibtex, kind.csl, kind.ris) == kinds


def test_the_place_tells_the_section_the_paragraphs_and_the_pages():
    cited = reference(span_of("A storm", "mended."))

    assert (cited.section, cited.paragraphs, cited.pages) == ("Storms", "2–3", "5–6")


def test_a_place_in_one_paragraph_has_one_number():
    cited = reference(span_of("built in 1874."))

    assert (cited.paragraphs, cited.pages) == ("1", "4")


def test_a_section_that_repeats_the_title_is_left_out():
    assert reference(span_of("built in 1874.")).section is None


def test_a_whole_document_has_no_place():
    whole = reference()

    assert (whole.quote, whole.section, whole.paragraphs, whole.pages) == ("", None, None, None)
    assert "characters" not in whole.provenance


def test_the_link_opens_the_original_at_the_quote():
    cited = reference(span_of("A storm"), url="https://gazette.example/harbour")

    assert cited.link == "https://gazette.example/harbour#:~:text=A%20storm"
    assert reference(url="https://gazette.example/h").link == "https://gazette.example/h"


@pytest.mark.parametrize("url", [None, "javascript:alert(1)"])
def test_without_an_original_the_link_opens_our_own_page(url):
    assert reference(span_of("A storm"), url=url).link == "http://host/documents/harbour"


def test_a_key_is_the_same_whenever_and_wherever_it_is_asked_for():
    about = {"author": "Ada Berg", "date": datetime.date(2021, 12, 3)}
    first = reference(span_of("A storm"), **about)
    later = Reference(
        first.document, first.citation, "http://other/", datetime.date(2030, 1, 1), "a"
    )

    assert first.citation_key == later.citation_key
    assert first.citation_key.startswith("berg2021harbour-")


def test_another_passage_has_another_key():
    keys = {
        reference(span).citation_key
        for span in (None, span_of("A storm"), span_of("It was mended"))
    }

    assert len(keys) == 3


@pytest.mark.parametrize(
    ("about", "begin"),
    [
        (
            {"title": "Überfall auf Łódź", "publisher": "Süddeutsche Zeitung"},
            "suddeutscheuberfall-",
        ),
        ({"title": "Война и мир", "publisher": None}, "document-"),
        ({"title": "a{b}, c%", "publisher": "@x, y"}, "x-"),
    ],
)
def test_a_key_is_made_of_plain_letters_and_digits(about, begin):
    key = reference(**about).citation_key

    assert key.startswith(begin)
    assert key.replace("-", "").isalnum()
    assert key.isascii()
