"""How well are sentences split?  Precision, recall and F1 by language, on treebanks in CoNLL-U.

    python -m benchmarks.sentences FOLDER [--match GLOB] [--splitter NAME] [--mistakes N]

FOLDER has files of Universal Dependencies such as de_gsd-ud-test.conllu, whose names begin with the
language.  The sentences of a paragraph are joined to running text; a boundary is right if it is
where the treebank has one.  The end of a paragraph does not count, since every splitter knows it.

Three figures each: over all boundaries; over those with an end mark, so without headings, lines of
lists, and sentences that end with a colon, a semicolon or a comma; and over those that no small
letter follows either, since many treebanks have sentences out of order, or of careless writers.
Limit is the F1 over all of a splitter that misses just those without a mark.  What is left out is
counted with `--mistakes`.  `--splitter` compares sentencex, pysbd or sentence_splitter, if
installed.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import click
import regex

from qa.analysis.sentences import split_sentences

Splitter = Callable[[str, str], Iterable[int]]
"""From a text and its language to where sentences end, white space before or after it."""


class Paragraph(NamedTuple):
    """A running text, and where its sentences end."""

    text: str
    ends: tuple[int, ...]


class _Sentence(NamedTuple):
    text: str
    starts_paragraph: bool
    space_after: bool


def read_paragraphs(path: Path) -> Iterator[Paragraph]:
    """The paragraphs of a CoNLL-U file; all of it is one where the file does not say."""
    pending: list[_Sentence] = []
    for sentence in _iter_sentences(path.read_text(encoding="utf-8")):
        if sentence.starts_paragraph and pending:
            yield _join(pending)
            pending = []
        pending.append(sentence)
    if pending:
        yield _join(pending)


_TEXT = regex.compile(r"^# text = (.*)$", regex.MULTILINE)
_BREAK = regex.compile(r"^# new(?:doc|par)\b", regex.MULTILINE)


def _iter_sentences(conllu: str) -> Iterator[_Sentence]:
    for block in conllu.split("\n\n"):
        if text := _TEXT.search(block):
            joined = block.rstrip().endswith("SpaceAfter=No")
            yield _Sentence(text[1].strip(), _BREAK.search(block) is not None, not joined)


def _join(sentences: list[_Sentence]) -> Paragraph:
    pieces = [sentence.text + " " * sentence.space_after for sentence in sentences]
    text = "".join(pieces)
    ends = (len(text[:end].rstrip()) for end in accumulate(map(len, pieces)))
    return Paragraph(text.rstrip(), tuple(ends))


_CLOSING = r"[\s\p{Pe}\p{Pf}\p{Pi}\"'*_]*"
_END_MARK = regex.compile(rf"[.!?…。！？।؟]{_CLOSING}\Z")
_CLASSES = {
    "after a colon": regex.compile(rf"[:：]{_CLOSING}\Z"),
    "after a semicolon or comma": regex.compile(rf"[;,；،]{_CLOSING}\Z"),
}


_SMALL_LETTER = regex.compile(r"[^\p{L}\p{N}]*\p{Ll}")
_BEFORE_SMALL = "before a small letter"


def odd_class(text: str, end: int) -> str | None:
    """What kind of boundary is at *end*; None if a mark is before it and no small letter after."""
    before = text[max(0, end - 12) : end]
    if _END_MARK.search(before):
        return _BEFORE_SMALL if _SMALL_LETTER.match(text, end) else None
    names = (name for name, pattern in _CLASSES.items() if pattern.search(before))
    return next(names, "without any mark, such as headings")


@dataclass
class Score:
    """Counts of boundaries, and the mistakes by what is around them."""

    right: int = 0
    extra: int = 0
    missing: int = 0
    odd: Counter[str] = field(default_factory=Counter)
    odd_right: Counter[str] = field(default_factory=Counter)
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    characters: int = 0
    seconds: float = 0.0

    def add(self, paragraph: Paragraph, ends: Iterable[int]) -> None:
        """Judge the *ends* that a splitter gave for *paragraph*."""
        text = paragraph.text
        gold = set(paragraph.ends[:-1])
        given = {len(text[:end].rstrip()) for end in ends} - {0, len(text)}
        for end in gold:
            self._add_gold(text, end, is_given=end in given)
        for end in given - gold:
            self.extra += 1
            self.examples[f"+ {_last_word(text, end)}"].append(_context(text, end))

    def _add_gold(self, text: str, end: int, *, is_given: bool) -> None:
        if kind := odd_class(text, end):
            self.odd[kind] += 1
            self.odd_right[kind] += is_given
            self.examples[f"? {kind}"].append(_context(text, end))
        elif not is_given:
            self.examples[f"- {_last_word(text, end)}"].append(_context(text, end))
        self.right += is_given
        self.missing += not is_given

    def figures(self, left_out: Iterable[str]) -> tuple[float, float, float]:
        """F1, precision and recall without the boundaries of some kinds."""
        right, missing = self.right, self.missing
        for kind in left_out:
            right -= self.odd_right[kind]
            missing -= self.odd[kind] - self.odd_right[kind]
        precision = right / max(1, right + self.extra)
        recall = right / max(1, right + missing)
        return 2 * right / max(1, 2 * right + self.extra + missing), precision, recall

    @property
    def kinds_without_mark(self) -> set[str]:
        """The kinds of boundaries without a mark."""
        return set(self.odd) - {_BEFORE_SMALL}

    @property
    def limit(self) -> float:
        """The F1 if all boundaries with a mark were right, and no others given."""
        total = self.right + self.missing
        marked = total - sum(self.odd[kind] for kind in self.kinds_without_mark)
        return 2 * marked / max(1, marked + total)


def _last_word(text: str, end: int) -> str:
    """The last word before a boundary, without most letters if it is long."""
    word = text[max(0, end - 20) : end].rsplit(maxsplit=1)[-1]
    return word if len(word) <= 6 else f"…{word[-3:]}"


def _context(text: str, end: int) -> str:
    return f"{text[max(0, end - 40) : end]} ‖ {text[end : end + 30].lstrip()}"


def _split_ours(text: str, language: str) -> Iterable[int]:
    return (span.end for span in split_sentences(text, language))


def _split_sentencex(text: str, language: str) -> Iterable[int]:
    rows = import_module("sentencex").get_sentence_boundaries(language, text)
    return (row["end_index"] for row in rows)


def _split_pysbd(text: str, language: str) -> Iterable[int]:
    segmenter = import_module("pysbd").Segmenter(language=language, clean=False)
    return _find_ends(text, segmenter.segment(text))


def _split_sentence_splitter(text: str, language: str) -> Iterable[int]:
    return _find_ends(
        text, import_module("sentence_splitter").split_text_into_sentences(text, language)
    )


def _find_ends(text: str, sentences: Iterable[str]) -> Iterator[int]:
    """Where *sentences* end in *text*, though a library changes the white space."""
    places = [place for place, character in enumerate(text) if not character.isspace()]
    count = 0
    for sentence in sentences:
        count += len("".join(sentence.split()))
        yield places[count - 1] + 1


_SPLITTERS: dict[str, Splitter] = {
    "ours": _split_ours,
    "sentencex": _split_sentencex,
    "pysbd": _split_pysbd,
    "sentence_splitter": _split_sentence_splitter,
}
# Others take time quadratic in the length of a text, so paragraphs are given in pieces.
_MAX_SENTENCES = 30


def _cut(paragraph: Paragraph) -> Iterator[Paragraph]:
    """*paragraph* in pieces of some sentences each."""
    start = 0
    for first in range(0, len(paragraph.ends), _MAX_SENTENCES):
        ends = paragraph.ends[first : first + _MAX_SENTENCES]
        piece = paragraph.text[start : ends[-1]]
        indent = len(piece) - len(piece.lstrip())
        yield Paragraph(piece.lstrip(), tuple(end - start - indent for end in ends))
        start = ends[-1]


def measure(paths: Iterable[Path], split: Splitter) -> Score:
    """The score of *split* on the files at *paths*."""
    score = Score()
    for path in paths:
        language = path.name.partition("_")[0]
        for paragraph in read_paragraphs(path):
            for piece in _cut(paragraph):
                start = time.perf_counter()
                ends = list(split(piece.text, language))
                score.seconds += time.perf_counter() - start
                score.characters += len(piece.text)
                score.add(piece, ends)
    return score


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--match", default="*-test.conllu", help="Which files of FOLDER.", show_default=True)
@click.option("--splitter", type=click.Choice(list(_SPLITTERS)), default="ours", show_default=True)
@click.option("--mistakes", default=0, help="How many kinds of mistakes to print.")
@click.option("--by-file", is_flag=True, help="A line for each file, too.")
def main(folder: Path, match: str, splitter: str, mistakes: int, *, by_file: bool) -> None:
    """Print F1, precision and recall of the sentence boundaries in FOLDER, by language."""
    paths = sorted(folder.glob(match))
    if not paths:
        raise click.ClickException(f"No file of {folder} matches {match}; see --match.")
    by_language: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        by_language[path.name.partition("_")[0]].append(path)
    click.echo(f"{'':35}all boundaries{'':8}with a mark{'':6}no small letter")
    click.echo(f"{'':21}count   limit {'    F1     P     R  ' * 3}  MB/s")
    for language, files in by_language.items():
        _print_score(language, measure(files, _SPLITTERS[splitter]), mistakes)
        for path in files if by_file and len(files) > 1 else ():
            _print_score(path.stem, measure([path], _SPLITTERS[splitter]), 0)


def _print_score(name: str, score: Score, mistakes: int) -> None:
    columns = [score.figures(left_out) for left_out in ((), score.kinds_without_mark, score.odd)]
    figures = "   ".join(" ".join(f"{value:.3f}" for value in column) for column in columns)
    speed = score.characters / 1e6 / score.seconds
    click.echo(
        f"{name:20} {score.right + score.missing:5}  {score.limit:.3f}  {figures}  {speed:6.1f}"
    )
    if not mistakes:
        return
    for kind, number in score.odd.most_common():
        example = score.examples[f"? {kind}"][0]
        click.echo(f"    {number} {kind}, {score.odd_right[kind]} of them right: {example}")
    kinds = [kind for kind in score.examples if not kind.startswith("?")]
    for kind in sorted(kinds, key=lambda kind: -len(score.examples[kind]))[:mistakes]:
        examples = score.examples[kind]
        click.echo(f"    {len(examples):3} {kind}   {examples[0]}")


if __name__ == "__main__":
    main()
