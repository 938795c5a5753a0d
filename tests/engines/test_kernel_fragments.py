"""The kernel makes the fragments of addresses as Python does."""

import random

import pytest

from qa.answers.answer import _build_directive
from qa.engines.kernel.loader import find_kernel, is_kernel_built

# Compiled where the package was installed with a C compiler.
pytestmark = pytest.mark.skipif(
    not is_kernel_built(),
    reason="the kernel is not compiled here: pip install -e . where there is a C compiler",
)


def make_quote(rng):
    """A few words, or many, between spaces of any kind, in one paragraph or several."""
    letters = rng.choice(["abc", "aé日-,&%~._", "𝄞\x00\u200b’"])
    spaces = rng.choice([" ", " \n", " \n\t\x1c\x85\xa0\u2003\u3000", "\n"])
    words = ("".join(rng.choices(letters, k=rng.randint(0, 9))) for _ in range(rng.randint(0, 30)))
    return "".join(word + "".join(rng.choices(spaces, k=rng.randint(0, 3))) for word in words)


def test_fragments_are_the_same_without_the_kernel():
    rng = random.Random(7)
    quotes = [make_quote(rng) for _ in range(5000)]
    quotes += ["a" * 4000, "a" * 4001, "é " * 2001, f"{'b' * 3999} {'c ' * 40}", "a\n\n\nb", "\n\n"]
    for quote in quotes:
        assert find_kernel().fragment(quote, 80, 5, 4000) == _build_directive(quote)


@pytest.mark.parametrize("edge", [0, -1, 65])
def test_an_edge_without_words_or_with_too_many_is_refused(edge):
    with pytest.raises(ValueError, match="1 to 64 words"):
        find_kernel().fragment("a b", 80, edge, 4000)


def test_what_is_no_text_has_no_fragment():
    with pytest.raises(UnicodeEncodeError):
        find_kernel().fragment("\ud800", 80, 5, 4000)
