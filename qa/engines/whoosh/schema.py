"""The fields of an index, what each weighs, and the schemas by which Whoosh knows them.

Words come in as text.py made them; no analyser of Whoosh's ever sees a text.
"""

from whoosh.analysis.tokenizers import SpaceSeparatedTokenizer
from whoosh.fields import STORED, TEXT, Schema
from whoosh.scoring import BM25F

# Of WHOLE the documents are whole documents, of the other fields passages.
STEMS, WORDS, TITLE, WHOLE = "stems", "words", "title", "whole"

# The files of an index and the fields in each.
PASSAGES, DOCUMENTS = "passages.bin", "documents.bin"
FILES = {PASSAGES: (STEMS, WORDS, TITLE), DOCUMENTS: (WHOLE,)}

# Short passages of like length: length says little, a second occurrence not much more.
K1, B = 0.9, 0.4
WEIGHTING = BM25F(B=B, K1=K1)

# What a word found in a field counts.  Tried on four sets: the whole document finds a little more
# among the first 200, unstemmed words put fewer answers first.
WEIGHTS = {STEMS: 1.0, TITLE: 0.5, WHOLE: 0.3}

# Named, because what Whoosh would take by default is not written down the same way twice.
_SPACES = SpaceSeparatedTokenizer()
SCHEMAS = {
    PASSAGES: Schema(
        document=STORED,
        number=STORED,
        start=STORED,
        end=STORED,
        text=STORED,
        heading=STORED,
        language=STORED,
        stems=TEXT(_SPACES),
        words=TEXT(_SPACES),
        title=TEXT(_SPACES, phrase=False),
    ),
    DOCUMENTS: Schema(id=STORED, json=STORED, whole=TEXT(_SPACES, phrase=False)),
}
