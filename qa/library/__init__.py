"""Verbatim as a library: an index in a Python program, without a server."""
