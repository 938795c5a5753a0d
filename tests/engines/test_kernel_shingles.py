"""The kernel compares texts as Python does."""

import random

import pytest

from qa.engines.kernel.loader import find_kernel, is_kernel_built, switch_kernel
from qa.ranking.reranker import find_alike

# Compiled where the package was installed with a C compiler.
pytestmark = pytest.mark.skipif(
    not is_kernel_built(),
    reason="the kernel is not compiled here: pip install -e . where there is a C compiler",
)


# What Python takes for white space, and some that it does not.
SPACES = " \n\t\r\x1c\x1f\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000"


NO_SPACES = "\x00\x1b\u180e\u200b\u2060\ufeff"


def make_duplicate(rng, text):
    """*text* with another beginning, and at times other words in between."""
    kept = text[rng.randrange(len(text) + 1) // 4 :]
    return kept if rng.random() < 0.5 else kept.replace(rng.choice(" aé日"), rng.choice(" xy日"))


def make_any_text(rng):
    letters = rng.choice(["abc", "abcdeéñ𝄞", "日本語中文字", f"ab{NO_SPACES}"])
    chunks = ("".join(rng.choices(letters, k=rng.randint(0, 4))) for _ in range(rng.randint(0, 90)))
    spaces = rng.choice([SPACES, " ", ["", "", " "]])
    return "".join(chunk + rng.choice([*spaces]) for chunk in chunks)


def compare(first, *others):
    """Which of *others* the first text is found to be like."""
    shingles = [find_alike(text, [])[0] for text in others]
    return find_alike(first, shingles)[1]


def test_the_kernel_compares_texts_as_python_does():
    rng = random.Random(11)
    groups = []
    for _ in range(3000):
        text = make_any_text(rng)
        others = [
            make_duplicate(rng, text) if rng.random() < 0.5 else make_any_text(rng)
            for _ in range(rng.randint(0, 3))
        ]
        groups.append((text, *others))
    outcomes = {}
    for on in (True, False):
        switch_kernel(on=on)
        outcomes[on] = [compare(*texts) for texts in groups]
    switch_kernel(on=True)

    assert outcomes[True] == outcomes[False]
    assert {*outcomes[True]} == {-1, 0, 1, 2}


def test_what_are_no_shingles_is_refused():
    kernel = find_kernel()
    shingles, _ = kernel.find_alike("one two", 20, [], 0.8)
    assert kernel.find_alike("one two", 20, [shingles], 0.8) == (shingles, 0)
    for wrong in (b"", b"\xff" * 64, bytes(64), bytes(shingles[:-8])):
        with pytest.raises(ValueError, match="no shingles"):
            kernel.find_alike("one two", 20, [bytearray(wrong)], 0.8)
    with pytest.raises(TypeError, match="a bytearray"):
        kernel.find_alike("one two", 20, [bytes(shingles)], 0.8)
