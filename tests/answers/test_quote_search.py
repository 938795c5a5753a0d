"""Quoted words in a text: found exactly, by their checksum, or nearly, in bounded time."""

import hashlib

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

import qa.answers.checksum_search
import qa.answers.quote_search
import qa.answers.similar_spans
from qa.analysis.deadline import Deadline
from qa.analysis.tokenizer import Span, tokenize
from qa.answers.answer import quote_checksum
from qa.answers.checksum_search import ChecksumSearch
from qa.answers.quote_search import Effort, Quote, locate_quote
from qa.answers.similar_spans import QuoteWords, find_similar
from qa.errors import DeadlineExceededError

LINDHOLM = "The old harbour of Lindholm was built in 1874 by the engineer Karl Brandt."
CHINESE = "北约拒绝了普京的保证要求。他再次提出。"
SOON = Deadline.after(3600)

pieces = st.lists(
    st.sampled_from(["a", "b.", "the pier", "“Never,”", "北约", "Ω", "it was sold."]), max_size=12
)
gaps = st.sampled_from([" ", "\n\n"])


@st.composite
def texts(draw):
    text = draw(pieces)
    return "".join(piece + draw(gaps) for piece in text).strip()


def plainly(exact, text):
    """Where *exact* stands in *text* whatever the white space, overlapping places among them."""
    pattern = r"\s+".join(map(regex.escape, exact.split()))
    return [match.span() for match in regex.finditer(pattern, text, overlapped=True)]


@given(texts(), texts(), st.integers(0, 60) | st.none())
def test_a_quote_is_found_wherever_a_plain_pattern_finds_it(exact, text, start):
    place = locate_quote(Quote("x", exact, start=start), text)
    everywhere = plainly(exact, text) if exact else []
    nearest = min((abs(first - (start or 0)) for first, _ in everywhere), default=None)

    assert (place is None) == (not everywhere)
    if place:
        assert place in everywhere
        assert abs(place.start - (start or 0)) == nearest


def test_what_stood_around_it_decides_before_what_is_near():
    text = "The first pier was sold. " * 500 + "The last pier was sold. The end."
    quote = Quote("x", "pier was sold.", prefix="The last ", suffix=" The end.", start=4)

    assert locate_quote(quote, text).start == text.rindex("pier")


@pytest.mark.parametrize("exact", ["a", "a a", "a " * 6000, "b" + " a" * 6000])
def test_a_flood_of_small_words_is_not_tried_place_by_place(exact, monkeypatch):
    looked_at = []
    context = qa.answers.quote_search._context_overlap
    monkeypatch.setattr(
        qa.answers.quote_search,
        "_context_overlap",
        lambda *args: looked_at.append(args) or context(*args),
    )
    locate_quote(Quote("x", exact, "never", "there", start=5), "a " * 300_000)

    assert len(looked_at) <= 300


@given(texts(), st.data())
def test_words_are_found_by_their_checksum_wherever_they_went(text, data):
    spans = [Span(word.start, word.end) for word in tokenize(text)] or [Span(0, 1)]
    first, last = data.draw(st.sampled_from(spans)), data.draw(st.sampled_from(spans))
    place = Span(first.start, max(first.end, last.end))
    old = Span(place.start + data.draw(st.integers(0, 300)), 0)
    old = Span(old.start, old.start + place.end - place.start)
    span = ChecksumSearch(text).find(quote_checksum(text[slice(*place)]), old)

    if text:
        assert text[slice(*span)] == text[slice(*place)]


@pytest.mark.parametrize("exact", [LINDHOLM, "harbour of Lindholm", CHINESE, "拒绝了普京"])
def test_words_that_moved_far_are_found_by_their_checksum(exact):
    text = "\n\n".join([*["Something else was here. 其他。"] * 900, f"“{LINDHOLM}”", CHINESE])

    span = ChecksumSearch(text).find(quote_checksum(exact), Span(0, len(exact)), Effort(SOON))

    assert text[slice(*span)] == exact


@pytest.mark.parametrize("sign", ["é", "€", "🙂", "\u0301"])
def test_offsets_by_checksum_are_characters_not_bytes(sign):
    text = f"{sign} {sign}{sign} " * 50 + LINDHOLM + f" {sign}"
    span = ChecksumSearch(text).find(quote_checksum(LINDHOLM), Span(3, 3 + len(LINDHOLM)))

    assert text[slice(*span)] == LINDHOLM


def test_of_several_places_with_one_checksum_the_nearest_is_taken():
    text = f"{LINDHOLM} " * 9
    size = len(LINDHOLM)
    third = 3 * (size + 1)

    assert ChecksumSearch(text).find(
        quote_checksum(LINDHOLM), Span(third + 4, third + 4 + size)
    ) == (
        third,
        third + size,
    )


@pytest.mark.parametrize("digest", ["", "x", "0", "0" * 11, "0" * 64, "g" * 12, "A" * 12])
def test_what_is_no_checksum_is_not_looked_for(digest, monkeypatch):
    monkeypatch.setattr(
        qa.answers.checksum_search, "quote_checksum", lambda _: pytest.fail("it was hashed")
    )

    assert ChecksumSearch(LINDHOLM).find(digest, Span(0, 12)) is None


@pytest.mark.parametrize("size", [2, 1000, 120_000])
def test_a_checksum_of_nothing_there_costs_no_more_than_a_request_may(size, monkeypatch):
    hashed = []
    monkeypatch.setattr(
        qa.answers.checksum_search,
        "sha256",
        lambda data: hashed.append(len(data)) or hashlib.sha256(),
    )
    text = "It was sold, they say. " * 60_000
    with pytest.raises(DeadlineExceededError):
        ChecksumSearch(text).find("0" * 12, Span(7, 7 + size), Effort(SOON))

    assert 0 < sum(hashed) < 100_000_000
    assert len(hashed) < 100_000


def test_nothing_is_looked_for_once_the_time_is_over():
    late = Effort(Deadline.after(-1))

    with pytest.raises(DeadlineExceededError):
        ChecksumSearch(LINDHOLM).find("0" * 12, Span(0, 12), late)
    with pytest.raises(DeadlineExceededError):
        locate_quote(Quote("x", "pier"), LINDHOLM, late)
    with pytest.raises(DeadlineExceededError):
        find_similar(QuoteWords("pier"), LINDHOLM, late)


def test_who_has_no_deadline_may_look_for_anything():
    text = "It was sold, they say. " * 9_000

    assert ChecksumSearch(text).find("0" * 12, Span(7, 1007)) is None


OTHERS = [f"In {year} the council of Vesa met, and a bridge was sold." for year in range(400, 900)]
PAGE = " ".join(
    f"The {name} of {town} was built by the engineer of {name}s."
    for name in ("harbour", "pier", "ferry", "dock")
    for town in ("Lindholm", "Moberg", "Falk", "Brandt")
)
ALTERED = LINDHOLM.replace("built in 1874", "finished in 1885")


@pytest.mark.parametrize("before", ["", "It was late. ", "The old pier is no harbour. "])
@pytest.mark.parametrize("behind", ["", " So they say.", " Brandt was an engineer."])
def test_nearly_the_same_is_found_without_what_only_stands_near(before, behind):
    match = find_similar(QuoteWords(LINDHOLM), f"{before}{ALTERED}{behind}")

    assert f"{before}{ALTERED}{behind}"[slice(*match.span)] == ALTERED.rstrip(".")
    assert match.similarity == pytest.approx(24 / 28)


def test_other_words_are_not_nearly_the_same():
    assert (
        find_similar(
            QuoteWords(LINDHOLM), "The bridge over the Vesa was opened by Mayor Ines Falk."
        )
        is None
    )
    assert (
        find_similar(QuoteWords(LINDHOLM), "")
        is find_similar(QuoteWords(""), LINDHOLM)
        is find_similar(QuoteWords("?"), LINDHOLM)
        is None
    )


@given(texts(), texts())
def test_a_likeness_is_a_share_and_stands_in_the_text(exact, text):
    match = find_similar(QuoteWords(exact), text)

    if match:
        assert 0.6 <= match.similarity <= 1
        assert 0 <= match.span.start < match.span.end <= len(text)


def test_of_a_long_quote_the_beginning_is_compared():
    beginning = " ".join(f"The {number}th pier was sold." for number in range(200))
    match = find_similar(QuoteWords(f"{beginning} {LINDHOLM} {'a ' * 9_000}"), beginning)

    assert match.span == (0, len(beginning) - 1)
    assert match.similarity > 0.99


@pytest.mark.parametrize("before", [0, 40, 400])
def test_the_words_of_a_long_text_that_are_compared_are_those_around_its_pieces(before):
    altered = PAGE.replace("built", "put up").replace("engineer", "")
    text = " ".join([*OTHERS[:before], altered, *OTHERS[before:]])
    match = find_similar(QuoteWords(PAGE), text)

    assert text[slice(*match.span)] == altered.rstrip(".")


def test_a_place_with_most_of_the_pieces_is_taken_not_the_first_with_some():
    text = " ".join([LINDHOLM, *OTHERS, "The old harbour of Lindholm was built in 1875.", *OTHERS])
    exact = "The old harbour of Lindholm was built in 1875"
    match = find_similar(QuoteWords(exact), text)

    assert text[slice(*match.span)] == exact


def test_a_long_quote_of_other_words_is_not_compared_word_by_word(monkeypatch):
    monkeypatch.setattr(
        qa.answers.similar_spans, "to_term", lambda _: pytest.fail("words were compared")
    )

    assert find_similar(QuoteWords("a b c " * 500), " ".join(OTHERS)) is None
    assert find_similar(QuoteWords("the of and a to " * 200), " ".join(OTHERS)) is None
