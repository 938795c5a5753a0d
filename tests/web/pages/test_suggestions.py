"""The ways that a turn offers: words taken out or insisted on, and out of a refusal."""

from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.web.pages.conftest import one, text


def words_under(page, label):
    """The links in the strip of words after a label: the word, and where it leads."""
    items = [li for li in page.xpath("//ul[@class='words']/li") if text(li).startswith(label)]
    return {
        a.text: parse_qsl(urlsplit(a.get("href")).query) for li in items for a in li.xpath(".//a")
    }


def test_each_word_looked_for_can_be_taken_out(get_page):
    words = words_under(get_page("/?q=pier&q=Who+sold+the+Pier,+%22the+pier%22%3F"), "Searched for")

    assert words == {
        "sold": [("q", "pier"), ("q", 'Who the Pier, "the pier"?')],
        "pier": [("q", "pier"), ("q", 'Who sold the , "the "?')],
    }


def test_a_word_is_not_taken_out_when_nothing_would_be_left(get_page):
    page = get_page("/?q=the+harbour")

    assert text(page.xpath("//ul[@class='words']/li")[0]) == "Searched for harbour"
    assert words_under(page, "Searched for") == {}


def test_a_word_left_out_can_be_insisted_on(get_page):
    words = words_under(get_page("/?q=Who+sold+the+pier%3F"), "Ignored")

    assert words["the"] == [("q", 'Who sold "the" pier?')]


def test_in_a_text_of_several_sentences_no_word_is_insisted_on(get_page):
    page = get_page("/?q=The+pier+was+old.+Who+sold+it%3F")

    assert words_under(page, "Ignored") == {}
    assert "Ignored the" in text(page.xpath("//ul[@class='words']")[0])


def test_quotations_that_are_not_required_are_named(get_page):
    page = get_page("/?q=Who+sold+the+%22pier+of+glass%22%3F")
    (line,) = [item for item in page.xpath("//li") if text(item).startswith("Not required")]

    assert [q.text for q in line.xpath(".//q")] == ["pier of glass"]


def test_a_carried_word_can_be_left_out_for_the_rest_of_the_conversation(get_page):
    path = "/?q=the+old+harbour&q=when+was+it+built"
    dropped = words_under(get_page(path), "From earlier questions")["old"]

    assert dropped == [("q", "the old harbour"), ("q", "when was it built"), ("drop", "old")]
    after = get_page(f"/?{urlencode(dropped)}&q=what+did+it+cost")
    assert "old" not in words_under(after, "From earlier questions")


def test_all_carried_words_can_be_left_out_and_the_conversation_stays(get_page):
    words = words_under(
        get_page("/?q=the+old+harbour&q=when+was+it+built"), "From earlier questions"
    )
    *questions, first, second = words["ask without them"]

    assert questions == [("q", "the old harbour"), ("q", "when was it built")]
    assert {first, second} == {("drop", "old"), ("drop", "harbour")}


def test_words_that_were_not_carried_are_named_and_can_be_carried(get_page):
    conversation = "/?q=Who+is+Ada+Berg%3F&q=What+did+the+engineers+choose%3F"
    (line,) = [
        item for item in get_page(conversation).xpath("//li") if text(item).startswith("Without ")
    ]
    link = one(line, ".//a").get("href")

    assert "Berg" in text(line)
    assert "Berg" in parse_qsl(urlsplit(link).query)[-1][1]


def test_a_refusal_offers_ways_out(get_page):
    page = get_page('/?q=harbour+"unicorn+pier"&publisher=Vesa+Courier&from=2020-01-01')
    ways = one(page, "//div[@class='ways']")
    links = {text(a): parse_qsl(urlsplit(a.get("href")).query) for a in ways.xpath(".//a")}
    buttons = {text(button): button.get("value") for button in ways.xpath(".//button")}
    filters = [("publisher", "Vesa Courier"), ("from", "2020-01-01")]

    assert links == {
        "without unicorn": [("q", 'harbour " pier"'), *filters],
        "without the quotation marks": [("q", "harbour unicorn pier"), *filters],
        "in all documents": [("q", 'harbour "unicorn pier"')],
    }
    assert buttons == {
        "without the filter Vesa Courier": "publisher=",
        "without the filter from 2020-01-01": "from=",
    }


def test_a_year_that_no_document_is_dated_in_is_said(get_page):
    page = get_page("/?q=unicorn+taxes+in+1950")

    assert "No document is from 1950; they date from 3 December 2021" in text(page.find(".//main"))


def test_no_answer_says_why(get_page):
    page = get_page("/?q=Is+there+a+lighthause+on+Jupiter%3F&from=2021-01-01")
    turn = text(one(page, "//article"))

    assert "Not found in the documents" in turn
    assert "No document contains lighthause, Jupiter." in turn
    assert "The documents date from 3 December 2021 to 29 March 2022." in turn
    assert "without the filter from 2021-01-01" in turn


def test_a_word_spelt_otherwise_is_one_link_away(get_page):
    page = get_page("/?q=zebra&q=Was+the+Lighthause+dark+on+Jupiter%3F")
    link = one(page, "//div[@class='ways']//a[contains(., 'instead of')]")

    assert parse_qsl(urlsplit(link.get("href")).query) == [
        ("q", "zebra"),
        ("q", "Was the lighthouse dark on Jupiter?"),
    ]
