"""Candidates -> ranked passages."""
