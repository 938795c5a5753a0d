"""One module per kind of file: its bytes -> extracts."""
