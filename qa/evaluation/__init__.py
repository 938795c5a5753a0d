"""Questions with judgements -> measures."""
