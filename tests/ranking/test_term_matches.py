"""Where a passage has terms: spans, the phrase, what each sentence has; the same from C."""

import random
import sys

import pytest

from qa.analysis.tokenizer import Span, find_spans, token_spans
from qa.engines.kernel.loader import find_kernel, is_kernel_built, switch_kernel
from qa.ranking.term_matches import TermMatcher

# What words are made of, and what stands between them.
PIECES = [
    *"aZéßıſ09_.,'’&+#-²½ªµº÷×ʯʰ ",
    "  ",
    "ab",
    "U.S.",
    "R&D",
    "'s",
    "’s",
    "1,000",
    "++",
    "\n\n",
]
IDF = [0.4, 0.1, 0.3, 0.2]


@pytest.fixture(autouse=True)
def switch():
    """Each test leaves the kernel switched on, as it is by default."""
    yield
    switch_kernel(on=True)


def make_matcher(*, compiled=False, weights=IDF, own_count=3):
    switch_kernel(on=compiled)
    return TermMatcher(IDF, weights, own_count)


def test_spans_are_merged_and_sentences_weighed_by_their_terms():
    text = "The port fees rose. Fees of the port fell."
    sentences = (Span(0, 19), Span(20, 42))
    positions = [(1, 0), (2, 1), (4, 1), (7, 0)]
    matches = make_matcher().match(text, sentences, positions)

    assert [text[slice(*span)] for span in matches.spans] == ["port", "fees", "Fees", "port"]
    assert matches.words == {"port", "fees", "Fees"}
    assert matches.phrase == "port fees"
    assert matches.terms == {0, 1}
    assert matches.coverages == matches.scores == [0.5, 0.5]


def test_a_term_counts_once_in_a_sentence_and_by_its_weight():
    matcher = make_matcher(weights=[1.0, 0.0, 0.0, 0.0])
    matches = matcher.match("fees, fees, rates", (Span(0, 17),), [(0, 0), (1, 0), (2, 1)])

    assert (matches.coverages, matches.scores) == ([0.5], [1.0])


def test_of_terms_at_one_word_there_is_one_span():
    matches = make_matcher().match("high fees", (Span(0, 9),), [(1, 0), (1, 3)])

    assert matches.spans == (Span(5, 9),)
    assert matches.terms == {0, 3}


def test_terms_that_are_not_the_questions_own_are_in_no_phrase():
    positions = [(0, 2), (1, 3)]

    assert make_matcher().match("high fees", (), positions).phrase is None
    assert make_matcher(own_count=4).match("high fees", (), positions).phrase == "high fees"


def cut_sentences(rng, length):
    places = sorted(rng.choices(range(length + 1), k=rng.choice([0, 2, 6])))
    return tuple(Span(*pair) for pair in zip(places[::2], places[1::2], strict=True))


def match_both(text, sentences, positions, **options):
    """What the kernel gives, and what Python does."""
    by_kernel = make_matcher(compiled=True, **options).match(text, sentences, positions)
    return by_kernel, make_matcher(**options).match(text, sentences, positions)


needs_kernel = pytest.mark.skipif(
    not is_kernel_built(),
    reason="the kernel is not compiled here: pip install -e . where there is a C compiler",
)


@needs_kernel
@pytest.mark.parametrize("seed", range(20))
def test_the_kernel_finds_what_python_does_in_any_text(seed):
    rng = random.Random(seed)
    for _ in range(200):
        text = "".join(rng.choices(PIECES, k=rng.randint(0, 40)))
        count = len(token_spans(text))
        chosen = [n for n in range(count) for _ in range(2) if rng.random() < 0.4]
        positions = [(place, rng.randrange(len(IDF))) for place in chosen]
        weights = rng.choice([IDF, [rng.random() for _ in IDF]])
        by_kernel, expected = match_both(
            text, cut_sentences(rng, len(text)), positions, weights=weights
        )

        assert by_kernel == expected
        assert {*map(type, by_kernel.spans)} <= {Span}


@needs_kernel
def test_the_kernel_knows_what_every_character_is_to_a_word():
    kernel = find_kernel()
    idf = TermMatcher(IDF, IDF, 3)._idf
    for code in range(sys.maxunicode + 1):
        text = f"a{chr(code)}b c"
        found = kernel.match_terms(text, (), [], idf, idf, 3, Span)
        if found is None:
            assert code > 0x7F
            continue
        last = len(token_spans(text)) - 1
        found = kernel.match_terms(text, (), [(last, 0)], idf, idf, 3, Span)

        assert found[3] == tuple(find_spans(text, [last])), hex(code)
    assert all(kernel.match_terms(c, (), [], idf, idf, 3, Span) for c in "éßıſ’“”—€")


@needs_kernel
@pytest.mark.parametrize("compiled", [True, False])
def test_positions_beyond_the_words_are_an_error(compiled):
    matcher = make_matcher(compiled=compiled)

    with pytest.raises(IndexError, match="fewer words than 3"):
        matcher.match("one two", (), [(2, 0)])
    with pytest.raises(IndexError):
        matcher.match("one two", (Span(0, 7),), [(0, len(IDF))])


@needs_kernel
@pytest.mark.parametrize(
    "arguments",
    [
        (b"text", (), [], 3, Span),
        ("text", [], [], 3, Span),
        ("text", (), (), 3, Span),
        ("text", (), [(0,)], 3, Span),
        ("text", (), [(0, "0")], 3, Span),
        ("text", (), [[0, 0]], 3, Span),
        ("text", ((0,),), [(0, 0)], 3, Span),
        ("text", (), [(0, 0)], 3, list),
        ("text", (), [(0, 0)], 3, None),
    ],
)
def test_the_kernel_refuses_what_is_of_another_type(arguments):
    kernel = find_kernel()
    idf = TermMatcher(IDF, IDF, 3)._idf
    text, sentences, positions, own_count, span_type = arguments

    with pytest.raises(TypeError):
        kernel.match_terms(text, sentences, positions, idf, idf, own_count, span_type)


@needs_kernel
def test_the_kernel_refuses_weights_that_are_not_one_for_each_term():
    kernel = find_kernel()
    idf, other = TermMatcher(IDF, IDF, 3)._idf, TermMatcher(IDF[:2], IDF[:2], 2)._idf

    with pytest.raises(ValueError, match="weights"):
        kernel.match_terms("text", (), [], idf, other, 3, Span)
