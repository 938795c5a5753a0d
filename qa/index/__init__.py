"""Passages, and the generations that hold them."""
