"""Addresses of conversations: one for each, read and written the same."""

from hypothesis import given
from hypothesis import strategies as st

from qa.web.pages.urls import parse_conversation, parse_query_string, query_string

PAIRS = st.lists(
    st.tuples(
        st.sampled_from(
            ["q", "drop", "publisher", "document", "from", "to", "sort", "limit", "utm_source"]
        ),
        st.text(max_size=12),
    ),
    max_size=8,
)


@given(PAIRS)
def test_what_is_written_is_read_the_same(pairs):
    conversation = parse_conversation(pairs)
    again = parse_query_string(query_string(conversation.pairs()).encode())

    assert again == conversation.pairs()
    assert parse_conversation(again) == conversation


@given(st.binary(max_size=60))
def test_any_bytes_are_an_address(query):
    parse_conversation(parse_query_string(query))


def test_a_dropped_word_belongs_to_the_question_before_it():
    pairs = [
        ("drop", "x"),
        ("q", "a"),
        ("q", "b"),
        ("drop", "harbour"),
        ("drop", "pier"),
        ("q", "c"),
    ]
    conversation = parse_conversation(pairs)

    assert [asking.drop_words for asking in conversation.turns] == [(), ("harbour", "pier"), ()]
    assert conversation.drop_words == ("harbour", "pier")


def test_a_word_typed_again_is_no_longer_dropped():
    pairs = [("q", "b"), ("drop", "harbour"), ("drop", "pier"), ("q", "the Harbour then")]

    assert parse_conversation(pairs).drop_words == ("pier",)


def test_an_address_is_encoded_as_a_browser_encodes_a_form():
    assert query_string([("q", "Tür ~a*b-c_d.e & f?")]) == "q=T%C3%BCr+%7Ea*b-c_d.e+%26+f%3F"
