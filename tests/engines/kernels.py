"""Searchers with the kernel and without, for the tests that compare the two."""

from dataclasses import replace

from qa.engines.factory import open_engine


def open_searcher(settings, *, on):
    """A searcher with the kernel, or without."""
    searcher = open_engine(replace(settings, kernel=on)).searcher()
    searcher.verify()
    assert (searcher._kernel_index is not None) == on
    return searcher
