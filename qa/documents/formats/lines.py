"""The lines of a plain text -> its paragraphs: wrapped lines are joined, those of lists are not."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import regex

from qa.analysis.normalization import RUN

# Text with longer lines was not wrapped.
_MAX_WRAPPED_LENGTH = 120
# Lines of addresses, verses and lists of names are hardly longer.
_MAX_SHORT_LENGTH = 45

_BULLET = regex.compile(r"\s*[-*+•‣◦·–—▪]\s+\S")
_NUMBER = regex.compile(r"\s*\(?(?:\d{1,3}|\p{L}|[ivxIVX]{1,5})[.)]\s+\S")
_CODE = regex.compile(
    r".*[{};\\]\s*|\s*(?:[$#%]|//|>>>)\s.*|\s*[\w.\[\]]+\s*(?:=|:=|\+=)\s*\S.*|\s*[\w.]+\(.*\)\s*:?"
)
_COLUMNS = regex.compile(r"\S(?:\s{3,}|\s*\t\s*)\S")
_SENTENCE_END = regex.compile(r"[.!?…][\"'”’»)]*\s*$")
# Words of the scripts without spaces, and their punctuation.
_UNSPACED = rf"(?:{RUN}|[\u3000-\u303F\uFF00-\uFF65])"
_UNSPACED_END = regex.compile(rf"(?!\p{{Hangul}}){_UNSPACED}$")
_UNSPACED_START = regex.compile(rf"(?!\p{{Hangul}}){_UNSPACED}")


def split_paragraphs(text: str) -> list[str]:
    """The paragraphs between empty lines; lines that were not wrapped are paragraphs, too."""
    lines = text.splitlines()
    lengths = (length for line in lines if (length := len(line.rstrip())) <= _MAX_WRAPPED_LENGTH)
    text_width = max(lengths, default=0)
    result: list[str] = []
    for blank, group in groupby(lines, key=lambda line: not line.strip()):
        if not blank:
            result.extend(_join_wrapped(list(group), text_width))
    return result


def join_lines(lines: Sequence[str]) -> str:
    """The lines as one: with spaces, except between characters of scripts without."""
    text = ""
    for line in map(str.strip, lines):
        is_unspaced = _UNSPACED_END.search(text[-2:]) and _UNSPACED_START.match(line)
        text += line if is_unspaced or not text else f" {line}"
    return text


def _join_wrapped(lines: Sequence[str], text_width: int) -> Iterator[str]:
    """The paragraphs in lines without an empty one between them, in a text of this width."""
    if max(map(len, lines)) > _MAX_WRAPPED_LENGTH or _keep_lines(lines, text_width):
        yield from lines
        return
    width = max(len(line.rstrip()) for line in lines)
    has_numbers = sum(1 for line in lines if _NUMBER.match(line)) > 1
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    paragraph = [lines[0]]
    for above, line in pairwise(lines):
        is_item = _BULLET.match(line) or (has_numbers and _NUMBER.match(line))
        is_after_short = _fits(above, line, width) and len(above.rstrip()) < 0.7 * width
        is_indented = len(line) - len(line.lstrip()) > indent + 1 and _SENTENCE_END.search(above)
        if is_item or is_indented or (is_after_short and _starts_line(line)):
            yield join_lines(paragraph)
            paragraph = []
        paragraph.append(line)
    yield join_lines(paragraph)


def _keep_lines(lines: Sequence[str], text_width: int) -> bool:
    """Whether lines are those of code, of a table, of an address or of verse."""
    if len(lines) == 1:
        return True
    code = sum(1 for line in lines if _CODE.fullmatch(line))
    columns = sum(1 for line in lines if _COLUMNS.search(line.strip()))
    if code * 5 >= len(lines) * 2 or columns * 2 >= len(lines) or _is_nested(lines):
        return True
    width = max(len(line.rstrip()) for line in lines)
    starts = sum(map(_starts_line, lines[1:]))
    fitting = sum(_fits(above, line, width) for above, line in pairwise(lines))
    breaks = len(lines) - 1
    is_narrow = width <= _MAX_SHORT_LENGTH and (breaks > 1 or width * 3 < text_width * 2)
    is_short = starts == breaks and is_narrow
    is_ragged = breaks > 1 and fitting * 2 >= breaks and starts * 10 >= breaks * 6
    return is_short or is_ragged


def _is_nested(lines: Sequence[str]) -> bool:
    """Whether lines are indented in between, as those of code without sentences."""
    indents = [len(line) - len(line.lstrip()) for line in lines]
    is_nested = indents[0] == indents[-1] == min(indents) < max(indents) - 1
    is_list = any(_BULLET.match(line) or _NUMBER.match(line) for line in lines)
    return is_nested and not is_list and not any(map(_SENTENCE_END.search, lines))


def _starts_line(line: str) -> bool:
    """Whether a line begins with a capital, a number or a sign."""
    first = line.lstrip()[:1]
    return not first.islower() and (first.isupper() or not first.isalpha())


def _fits(above: str, line: str, width: int) -> bool:
    """Whether the first word of *line* has space at the end of the line above."""
    return len(above.rstrip()) + 1 + len(line.split(maxsplit=1)[0]) <= width
