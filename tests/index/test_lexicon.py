"""The stems of an index: found from both ends, as a plain list would find them."""

import random

import pytest

from qa.documents.document import Metadata, RawBlock, build_document
from qa.index.lexicon import Lexicon, LexiconCollector, SortedWords, encode_lexicon

LETTERS = "abcäßöжя"


@pytest.fixture(scope="module")
def words():
    chance = random.Random(5)
    return sorted({"".join(chance.choices(LETTERS, k=chance.randint(1, 6))) for _ in range(3000)})


@pytest.fixture(scope="module")
def lines(words):
    return SortedWords("\n".join(f"{word}\t{n + 1}" for n, word in enumerate(words)).encode())


def test_each_word_has_its_count(words, lines):
    assert len(lines) == len(words)
    assert [lines.count(word) for word in words] == list(range(1, len(words) + 1))


def test_other_words_are_not_found(words, lines):
    assert [lines.count(word) for word in ("", "zz", "aaaaaaaaa", "\N{SNOWMAN}")] == [0] * 4


def test_words_with_a_prefix_are_those_of_a_list(words, lines):
    prefixes = {word[:size] for word in words[::7] for size in (1, 2, 3)} | {"zz", "ab" * 9}

    for prefix in prefixes:
        expected = [word for word in words if word.startswith(prefix)]
        assert lines.with_prefix(prefix, 10_000) == expected
        assert lines.with_prefix(prefix, 5) == expected[:5]


def test_words_with_a_part_inside_are_those_of_a_list(words, lines):
    for part in {word[1:3] for word in words[::9] if len(word) > 2} | {"zz", "ß"}:
        expected = [word for word in words if part in word]
        assert lines.containing(part, 10_000) == expected
        assert lines.containing(part, 4) == expected[:4]


def test_without_words_there_are_none():
    empty = Lexicon()

    assert len(empty) == 0
    assert (empty.count("haus"), empty.beginning_with("haus", 5)) == (0, [])
    assert empty.ending_with("haus", 5) == []


def collect(*texts, language="de"):
    collector = LexiconCollector()
    for text in texts:
        about = Metadata("Text", language=language)
        collector.add(build_document("d", "d.txt", [RawBlock(text)], about))
    return encode_lexicon(collector.finish())


def test_a_lexicon_counts_documents():
    lexicon = Lexicon(collect("Der Garten, die Gartentür.", "Gärten und ein Schulgarten."))

    assert lexicon.count("gart") == 2
    assert lexicon.beginning_with("gart", 9) == ["gartentur"]
    assert lexicon.ending_with("gart", 9) == ["schulgart"]
    assert lexicon.count("unbekannt") == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The garden gate", "en"),
        ("la porte du jardin", "fr"),
        ("der die das und", "de"),
        ("", "sv"),
    ],
)
def test_other_languages_and_small_words_have_none(text, language):
    assert collect(text, language=language) == b""


def test_the_order_of_documents_does_not_matter():
    texts = ["Haus und Hof", "Hofladen", "Haustür"]

    assert collect(*texts) == collect(*reversed(texts))
