"""Earlier turns and a follow-up -> the words that are carried over."""
