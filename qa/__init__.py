"""Verbatim: ask a folder of documents, read the passages that answer, word for word."""

__version__ = "0.1.0"
