"""What programs may send and what they get: the models that check it, and its description."""
