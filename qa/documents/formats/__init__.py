"""One module for each format: its bytes -> raw documents."""
