"""Where words are of which only the checksum is known."""

from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256

import numpy as np
import regex

from qa.analysis.tokenizer import Span
from qa.answers.answer import quote_checksum
from qa.answers.quote_search import Effort
from qa.engines.candidates import Array, BoolArray, IntArray

_DIGEST = regex.compile(r"[0-9a-f]{12}")

# From here on, scripts may be written without spaces between words: Thai, Khmer, Chinese.
_FIRST_UNSPACED = 0x0E00
# Places that are hashed between two looks at the time; what hashing one takes, and its characters.
_BATCH, _STEPS_PER_HASH, _CHARACTERS_PER_HASH_STEP = 32, 0.8, 1_500


class ChecksumSearch:
    """A text in which to find words of which only the quote_checksum() is known."""

    def __init__(self, text: str) -> None:
        self._text = text

    def find(self, digest: str, old: Span, effort: Effort | None = None) -> Span | None:
        """The place of the words with this *digest*: the *old* one, or the nearest to it.

        Places at the start of a sentence are tried before those at other words.
        """
        effort = effort or Effort()
        size = old.end - old.start
        if not _DIGEST.fullmatch(digest) or not 0 < size <= len(self._text):
            return None
        steps = _STEPS_PER_HASH + size / _CHARACTERS_PER_HASH_STEP
        effort.spend(steps)
        if old.end <= len(self._text) and quote_checksum(self._text[slice(*old)]) == digest:
            return old
        if "_boundaries" not in vars(self):
            effort.spend(len(self._text) / 75)
        starts, wanted = self._likely_starts(old), bytes.fromhex(digest)
        for first in range(0, len(starts), _BATCH):
            batch = starts[first : first + _BATCH]
            effort.spend(steps * len(batch))
            for start, data in zip(batch.tolist(), self._read_bytes(batch, size), strict=True):
                if sha256(data).digest().startswith(wanted):
                    return Span(start, start + size)
        return None

    def _likely_starts(self, old: Span) -> IntArray:
        """Where whole words of the old length start, the most likely first."""
        size = old.end - old.start
        begins, ends, sentence = self._boundaries
        fit = np.flatnonzero(begins[: len(begins) - size + 1] & ends[size - 1 :])
        return fit[np.lexsort((np.abs(fit - old.start), ~sentence[fit]))]

    def _read_bytes(self, starts: IntArray, size: int) -> Iterator[memoryview]:
        """The text from each of *starts* on in UTF-8, not copied."""
        encoded, offsets = self._utf8
        ends = starts + size
        if offsets is not None:
            starts, ends = offsets[starts], offsets[ends]
        return (encoded[slice(*span)] for span in zip(starts.tolist(), ends.tolist(), strict=True))

    @cached_property
    def _utf8(self) -> tuple[memoryview, IntArray | None]:
        """The text in UTF-8, and the byte at which each character starts; None if as in the text.

        The bytes are int64 of shape (characters + 1,).
        """
        encoded = memoryview(self._text.encode())
        if len(encoded) == len(self._text):
            return encoded, None
        longer = sum(self._codes >= least for least in (0x80, 0x800, 0x10000))
        return encoded, np.concatenate(([0], np.cumsum(longer + np.int64(1))))

    @cached_property
    def _codes(self) -> Array:
        """The code point of each character: uint32 of shape (characters,)."""
        return np.frombuffer(self._text.encode("utf-32-le"), np.uint32)

    @cached_property
    def _boundaries(self) -> tuple[BoolArray, BoolArray, BoolArray]:
        """For each character, whether it can start a word, end a word, start a sentence."""
        codes = self._codes
        characters = codes.view("<U1")
        wordy, visible = np.strings.isalnum(characters), ~np.strings.isspace(characters)
        parted = ~(wordy[:-1] & wordy[1:]) | (
            (codes[:-1] >= _FIRST_UNSPACED) & (codes[1:] >= _FIRST_UNSPACED)
        )
        begins = visible & np.concatenate(([True], parted))
        ends = visible & np.concatenate((parted, [True]))
        before = np.concatenate(([False], wordy[:-1]))
        spaced = np.concatenate(([False], ~visible[:-1]))
        two_before = np.concatenate(([False], before[:-1]))
        return begins, ends, ~before & ~(spaced & two_before)
