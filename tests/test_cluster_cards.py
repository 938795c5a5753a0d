"""Cards: what they tell of passages is what stands in the texts."""

import base64
import datetime

import numpy as np
import pytest

from qa.analysis.tokenizer import tokens
from qa.documents.document import Metadata, RawBlock, document
from qa.engines.base import found
from qa.index.passages import split
from qa.queries.parser import read

pytest.importorskip("opensearchpy")
from qa.engines.opensearch.docvalues import Cards, ordinals, packed, token
from qa.engines.opensearch.query_dsl import LONGEST

TEXTS = {
    "harbour": "# Häfen\n\nMoberg demanded guarantees. Demanding them again, he demanded granite.",
    "bridge": "# Putin's bridge\n\nThe bridge of Ærø was built of granite; US engineers demand it.",
    "empty-heading": "Ĳ ﬀ 東京都 no guarantee",
    "heading": "# " + "granite heading " * 40_000 + "\n\nA guarantee is demanded.",
    "long": "# Long\n\n" + "demand guarantee granite " * 40,
}


def made(id_, text):
    heading, _, rest = text.rpartition("\n\n")
    blocks = [RawBlock(heading.removeprefix("# "), 1)] if heading else []
    about = Metadata(id_.title(), publisher=None if heading else "Ærø Times")
    if id_ == "bridge":
        about = Metadata("Bridge", publisher="The Week", date=datetime.date(2023, 12, 3))
    return document(id_, f"{id_}.md", [*blocks, RawBlock(rest)], about)


@pytest.fixture(scope="module")
def passages():
    """Passages with their documents' numbers."""
    documents = [made(id_, text) for id_, text in TEXTS.items()]
    return [(n, each, p) for n, each in enumerate(documents) for p in split(each)]


@pytest.fixture(scope="module")
def letters(passages):
    """Their cards, as a cluster hands them over."""

    def words(text, language):
        return [token(word, language, LONGEST) for word in tokens(text)]

    cards = [
        packed(own, number, p, words(p.text, p.language), words(p.heading, p.language))
        for number, own, p in passages
    ]
    return [base64.b64encode(card).decode() for card in cards]


def test_a_card_tells_what_was_put_on_it(passages, letters):
    cards = Cards(letters)

    assert ordinals(letters).tolist() == [number for number, _, _ in passages]
    for place, (number, own, passage) in enumerate(passages):
        head = cards.head(place)
        assert head.document == own.id
        assert (head.ordinal, head.number) == (number, passage.number)
        assert (head.start, head.end) == (passage.start, passage.end)
        assert (head.heading, head.language) == (passage.heading, passage.language)
        assert head.size == len(own.text)
        assert cards.publishers[place] == own.metadata.publisher
        assert cards.dates(np.array([place])) == [own.metadata.date]
        assert cards.lengths[place] == len(tokens(passage.text))


@pytest.mark.parametrize(
    "question",
    [
        "who demanded guarantees?",
        "granite bridges of Ærø built by US engineers",
        "東京都",
        "demand demanded demanding",
        "nothing of this stands anywhere",
    ],
)
def test_a_question_is_found_in_cards_where_it_is_in_the_texts(question, passages, letters):
    query = read(question)
    stems = [*dict.fromkeys(s for asked in query.searched for s in asked.stems)]
    cards = Cards(letters)
    # In another order, and without one.
    places = np.arange(len(passages))[::-1][1:]
    chosen = [passages[place][2] for place in places]
    occurrences = cards.occurrences(stems)
    own = occurrences.matches(query, stems, places)
    wanted = found(query, [p.text for p in chosen], [p.language for p in chosen])

    assert own.text.tolist() == wanted.text.tolist()
    assert own.place.tolist() == wanted.place.tolist()
    assert own.number.tolist() == wanted.number.tolist()
    assert own.exact.tolist() == wanted.exact.tolist()
    for place, (_, _, passage) in enumerate(passages):
        heading = [token(w, passage.language, LONGEST).stem for w in tokens(passage.heading)]
        assert occurrences.over[place].tolist() == [heading.count(each) for each in stems]


def test_no_cards_are_no_passages():
    cards = Cards([])

    assert len(cards) == 0
    assert cards.occurrences(["demand"]).inside.shape == (0, 1)
