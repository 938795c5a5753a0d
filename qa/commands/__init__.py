"""The commands of `qa`: each is a few lines around a function."""
