"""Places of words on a page -> lines and paragraphs in reading order."""
