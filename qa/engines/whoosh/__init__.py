"""The embedded engine: an index in a folder, read and written through Whoosh."""
