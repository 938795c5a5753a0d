"""The numeric stages of an answer in C, for machines that have a compiler or the wheel."""
