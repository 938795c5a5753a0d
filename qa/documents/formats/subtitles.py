"""Subtitles (WebVTT, SubRip) -> what is said, in paragraphs with their times."""

import html
from collections.abc import Iterable, Iterator
from io import StringIO

import regex
import webvtt
from webvtt.models import Caption

from qa.documents.document import RawBlock
from qa.documents.formats.plain import decode_text
from qa.documents.raw_document import RawDocument
from qa.errors import UnreadableFileError

# A paragraph ends with a sentence, before a pause, or after so many seconds.
_MAX_PAUSE = 4
_MAX_PARAGRAPH_SECONDS = 30
_SENTENCE_END = regex.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_MARKUP = regex.compile(r"</?[a-z][^>]*>|\{\\[^}]*\}", regex.I)
_TIME_LINE = regex.compile(r"^[\d:.,\s]+-->.*$", regex.MULTILINE)
# Also without hours or with a comma, as SubRip has it.
_TIME = regex.compile(r"(?:(\d+):)?(\d\d?):(\d\d?)[.,](\d{1,3})\d*")


def read_subtitles(data: bytes) -> RawDocument:
    """Read WebVTT or SubRip; paragraphs are on pages called by their seconds."""
    text = decode_text(data).lstrip("\ufeff")
    if not _TIME_LINE.search(text):
        raise UnreadableFileError("no times of subtitles in it")
    # SubRip is WebVTT with other times and without the first line.
    head = "" if text.startswith("WEBVTT") else "WEBVTT\n\n"
    captions = webvtt.from_buffer(StringIO(head + _TIME_LINE.sub(_normalize_times, text)))
    return RawDocument(list(_iter_paragraphs(captions.captions)), {}, page_unit="time")


def _normalize_times(line: "regex.Match[str]") -> str:
    return _TIME.sub(
        lambda time: (
            f"{int(time[1] or 0):02}:{int(time[2]):02}:{int(time[3]):02}.{time[4].ljust(3, '0')}"
        ),
        line[0],
    )


def _iter_paragraphs(captions: Iterable[Caption]) -> Iterator[RawBlock]:
    lines: list[str] = []
    start = end = 0
    previous_lines: list[str] = []
    for caption in captions:
        caption_lines = list(_iter_lines(caption))
        # Captions that roll up repeat what is still on the screen.
        new_lines = [line for line in caption_lines if line not in previous_lines]
        previous_lines = caption_lines or previous_lines
        begins = caption.start_in_seconds
        is_over = begins - end > _MAX_PAUSE or begins - start > _MAX_PARAGRAPH_SECONDS
        if lines and (is_over or _SENTENCE_END.search(lines[-1]) or caption.voice):
            yield RawBlock(" ".join(lines), page=start)
            lines = []
        if not lines:
            start = begins
        lines += new_lines
        end = caption.end_in_seconds
    if lines:
        yield RawBlock(" ".join(lines), page=start)


def _iter_lines(caption: Caption) -> Iterator[str]:
    """The lines of a caption that are not empty, the first with who says it."""
    speaker = f"{caption.voice}: " if caption.voice else ""
    for line in caption.text.splitlines():
        text = html.unescape(_MARKUP.sub("", line)).strip()
        if text:
            yield speaker + text
            speaker = ""
