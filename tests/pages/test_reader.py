"""The reader page."""

import pytest

from tests.pages.conftest import HARBOUR, one, text


def test_the_reader_shows_the_whole_document(page):
    found = page("/documents/old/harbour%20&%20pier")
    blocks = one(found, "//div[@class='text']").getchildren()

    assert [(block.tag, block.get("id")) for block in blocks] == [
        ("p", None),
        ("h2", None),
        ("p", "p1"),
        ("p", "p2"),
        ("p", None),
        ("h3", None),
        ("p", "p3"),
        ("h2", None),
        ("p", "p4"),
    ]
    assert [text(p) for p in found.xpath("//p[@class='page']")] == ["Page 1", "Page 2"]
    assert all(HARBOUR.text[b.start : b.end] in text(found) for b in HARBOUR.blocks)
    assert not found.xpath("//mark")


def test_the_reader_tells_where_the_document_is_from(page):
    found = page("/documents/old/harbour%20&%20pier")
    about = text(one(found, "//details[@class='about']"))

    assert text(one(found, "//p[@class='byline']")) == (
        "Ada Berg Northern Gazette 3 December 2021 Original of this document"
    )
    assert one(found, "//p[@class='byline']//a").get("rel") == "noopener noreferrer external"
    assert "edition evening" in about
    assert "old/harbour & pier.pdf" in about
    assert HARBOUR.sha256 in about


def test_marks_that_cross_paragraphs_are_cut_at_their_borders(page):
    start, end = HARBOUR.text.index("It took"), HARBOUR.text.index(" that nobody")
    answer = HARBOUR.text.index("cost four"), HARBOUR.text.index(" demanded")
    path = f"/documents/old/harbour%20&%20pier?cite={start}-{end}&answer={answer[0]}-{answer[1]}"
    found = page(path)

    assert ["".join(m.itertext()) for m in found.xpath("//mark[@class='passage']")] == [
        "It took eleven years and cost four million crowns.",
        "Captain Elsa Moberg demanded guarantees",
    ]
    assert [m.text for m in found.xpath("//mark[@class='passage']/mark[@class='answer']")] == [
        "cost four million crowns.",
        "Captain Elsa Moberg",
    ]
    assert one(found, "//p[@class='jump']/a").get("href") == "#p1"


@pytest.mark.parametrize(
    "query",
    ["cite=3-20&sha256=000000000000", "cite=3-99999", "cite=3-20&answer=4-99999", "sha256=é"],
)
def test_a_citation_of_another_text_marks_nothing_and_says_so(page, query):
    found = page(f"/documents/ferry?{query}")

    assert "has changed since it was cited" in one(found, "//main//*[@role='status']").text
    assert not found.xpath("//mark")


@pytest.mark.parametrize(
    "value", ["x", "3", "3-", "-3", "9-3", "3-3", "1-2-3", "٣-٩", "1-" + "9" * 50]
)
@pytest.mark.parametrize("name", ["cite", "answer"])
def test_a_malformed_citation_is_refused(page, name, value):
    found = page(f"/documents/ferry?{name}={value}", 422)

    assert f"{name}: {value!r} is not a stretch of text" in text(found)


def test_an_unknown_document_is_not_found(page):
    found = page("/documents/nothing/here", 404)

    assert "nothing/here" in text(found.find(".//main"))
    assert found.xpath("//main//a[@href='/documents']")
