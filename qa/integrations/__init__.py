"""Verbatim as a component of other frameworks."""
