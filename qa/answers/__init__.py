"""Ranked passages -> an answer with citations."""
