"""What is in view beside the answers: documents that are open, quotes with the text around them."""

from qa.web.pages.view_state import parse_view_state


def test_where_one_more_quote_has_its_text_around_it_the_first_closes():
    view = parse_view_state(("around", str(rank)) for rank in (3, 1, 4, 5, 9))

    assert view.with_around(2).around == (1, 4, 5, 9, 2)
    assert view.with_around(4).around == (3, 1, 5, 9)


def test_an_address_opens_no_more_than_a_page_can_show():
    view = parse_view_state(
        [
            *(("around", str(rank)) for rank in range(1, 100)),
            *(("open", str(rank)) for rank in range(1, 100)),
        ]
    )

    assert len(view.around) == 5
    assert [passage.value for passage in view.open] == ["1", "2"]


def test_what_is_no_such_value_opens_nothing():
    view = parse_view_state([("around", "0"), ("around", "x"), ("open", "1.2.3"), ("other", "1")])

    assert view.pairs() == []
