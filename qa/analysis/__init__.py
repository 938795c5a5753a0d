"""Text -> tokens: the one analysis of documents and questions."""
