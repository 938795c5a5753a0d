"""What the two Whoosh indexes of a generation hold, and how a passage is scored.

Words come in as lists that text.py made; no analyser of Whoosh's ever sees a text.
"""

import datetime

from whoosh.fields import ID, STORED, TEXT, Schema
from whoosh.scoring import BM25F

PASSAGES = "passages"
DOCUMENTS = "documents"

# Publishers and dates carry no analyser either: one exact value each.
SCHEMAS = {
    PASSAGES: Schema(
        passage=STORED,
        document=ID,
        stems=TEXT(phrase=False),
        title=TEXT(phrase=False),
        publisher=ID,
        date=ID,
    ),
    DOCUMENTS: Schema(id=ID(unique=True), json=STORED, words=TEXT(phrase=False)),
}

# Short passages of like length: length says little, a second occurrence not much more.
WEIGHTING = BM25F(B=0.4, K1=0.9)
TITLE_BOOST = 0.3


def publisher_key(publisher: str) -> str:
    """The form in which publishers are compared."""
    return publisher.casefold()


def date_key(date: datetime.date) -> str:
    """Sorts as the date does."""
    return date.isoformat()
