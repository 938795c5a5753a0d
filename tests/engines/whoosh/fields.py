"""Fields of a few postings, for tests."""

from qa.engines.whoosh.byte_strings import join_strings
from qa.engines.whoosh.field_encoder import FieldEncoder


def encode_field(name, postings):
    """The arrays of a field with *postings*, all at once."""
    encoder = FieldEncoder(postings.lengths)
    encoder.add(postings)
    terms, ends = join_strings(postings.terms)
    return encoder.finish(name, {"terms": terms, "ends": ends})
