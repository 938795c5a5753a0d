"""Cards: what they tell of passages is what stands in the texts."""

import base64
import datetime

import numpy as np
import pytest

from qa.analysis.tokenizer import token_texts
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.kernel.loader import is_kernel_built, switch_kernel
from qa.index.passages import split_passages
from qa.queries.parser import parse_query
from qa.queries.variants import apply_variants, find_query_variants
from tests.engines.positions import find_positions

pytest.importorskip("opensearchpy")
from qa.engines.opensearch.docvalues import Cards, encode_text, pack_card, read_headers
from qa.engines.opensearch.hits import CardTexts
from qa.engines.opensearch.mappings import MAX_TERM_LENGTH


@pytest.fixture(autouse=True, params=["kernel", "NumPy"])
def engine(request):
    """Each test runs with the kernel, where there is one, and without."""
    if request.param == "kernel" and not is_kernel_built():
        pytest.skip("the kernel is not compiled here")
    switch_kernel(on=request.param == "kernel")
    yield
    switch_kernel(on=True)


TEXTS = {
    "harbour": "# Häfen\n\nMoberg demanded guarantees. Demanding them again, he demanded granite.",
    "bridge": "# Putin's bridge\n\nThe bridge of Ærø was built of granite; US engineers demand it.",
    "empty-heading": "Ĳ ﬀ 東京都 no guarantee",
    "heading": "# " + "granite heading " * 40_000 + "\n\nA guarantee is demanded.",
    "dates": "# Log of 14 July 2021\n\nOn 14.07.2021 the wi-fi and 5kg of granite came for €2.35m.",
    "long": "# Long\n\n" + "demand guarantee granite " * 40,
}


def make_document(id_, text):
    heading, _, rest = text.rpartition("\n\n")
    blocks = [RawBlock(heading.removeprefix("# "), 1)] if heading else []
    about = Metadata(id_.title(), publisher=None if heading else "Ærø Times")
    if id_ == "bridge":
        about = Metadata("Bridge", publisher="The Week", date=datetime.date(2023, 12, 3))
    return build_document(id_, f"{id_}.md", [*blocks, RawBlock(rest)], about)


@pytest.fixture(scope="module")
def passages():
    """Passages with their documents' numbers."""
    documents = [make_document(id_, text) for id_, text in TEXTS.items()]
    return [
        (n, document, p) for n, document in enumerate(documents) for p in split_passages(document)
    ]


@pytest.fixture(scope="module")
def letters(passages):
    """Their cards, as a cluster hands them over."""
    cards = [
        pack_card(
            document,
            number,
            p,
            encode_text(p.text, p.language, MAX_TERM_LENGTH),
            encode_text(p.heading, p.language, MAX_TERM_LENGTH),
        )
        for number, document, p in passages
    ]
    return [base64.b64encode(card).decode() for card in cards]


def test_a_card_tells_what_was_put_on_it(passages, letters):
    cards = Cards(CardTexts.of(letters))

    assert read_headers(CardTexts.of(letters))[:, 0].tolist() == [
        number for number, _, _ in passages
    ]
    for place, (number, document, passage) in enumerate(passages):
        head = cards.head(place)
        assert head.document == document.id
        assert (head.ordinal, head.number) == (number, passage.number)
        assert (head.start, head.end) == (passage.start, passage.end)
        assert (head.heading, head.language) == (passage.heading, passage.language)
        assert head.size == len(document.text)
        assert cards.publishers[place] == document.metadata.publisher
        assert cards.dates(np.array([place])) == [document.metadata.date]
        assert cards.lengths[place] == len(token_texts(passage.text))


@pytest.mark.parametrize(
    "question",
    [
        "who demanded guarantees?",
        "granite bridges of Ærø built by US engineers",
        "東京都",
        "demand demanded demanding",
        "nothing of this stands anywhere",
        "wi-fi on 14 July 2021",
        "5 kg for 2,350,000 in July 2021",
    ],
)
def test_a_question_is_found_in_cards_where_it_is_in_the_texts(question, passages, letters):
    query = parse_query(question)
    variants = find_query_variants(query, ["en"])
    frequencies = dict.fromkeys([*query.stems, *(s for v in variants for s in v.stems)], 1)
    query = apply_variants(query, variants, frequencies, 10)
    stems = query.stems
    cards = Cards(CardTexts.of(letters))
    # In another order, and without one.
    places = np.arange(len(passages))[::-1][1:]
    chosen = [passages[place][2] for place in places]
    occurrences = cards.find_stems(stems)
    positions = occurrences.positions(query, stems, places)
    expected = find_positions(query, [p.text for p in chosen], [p.language for p in chosen])

    assert positions.passage_index.tolist() == expected.passage_index.tolist()
    assert positions.position.tolist() == expected.position.tolist()
    assert positions.term_index.tolist() == expected.term_index.tolist()
    assert positions.is_exact.tolist() == expected.is_exact.tolist()
    for place, (_, _, passage) in enumerate(passages):
        heading = encode_text(passage.heading, passage.language, MAX_TERM_LENGTH).stems
        assert occurrences.heading_counts[place].tolist() == [heading.count(stem) for stem in stems]


def test_no_cards_are_no_passages():
    cards = Cards(CardTexts.of([]))

    assert len(cards) == 0
    assert cards.find_stems(["demand"]).text_counts.shape == (0, 1)
