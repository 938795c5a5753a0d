"""A query -> candidate passages; Whoosh and OpenSearch behind the same protocols."""
