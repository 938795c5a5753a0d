"""A question and its earlier turns -> a query."""
