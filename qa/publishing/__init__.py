"""A folder of documents -> a published generation."""
