"""Subtitles and logs -> paragraphs with their times, entries with their lines."""

import pytest

from qa.documents.formats.log import read_log
from qa.documents.formats.subtitles import read_subtitles
from qa.errors import UnreadableFileError


def paragraphs(text):
    return [(block.text, block.page) for block in read_subtitles(text.encode()).blocks]


def cue(start, end, text):
    return f"{start} --> {end}\n{text}\n\n"


def test_captions_are_joined_to_sentences_with_the_time_of_the_first():
    text = (
        cue("00:00:01.000", "00:00:02.000", "The ferry runs")
        + cue("00:00:02.000", "00:00:04.000", "twice a day.")
        + cue("00:00:04.000", "00:00:05.000", "In winter")
        + cue("00:01:00.000", "00:01:01.000", "it does not.")
    )

    assert paragraphs(f"WEBVTT\n\n{text}") == [
        ("The ferry runs twice a day.", 1),
        ("In winter", 4),
        ("it does not.", 60),
    ]


@pytest.mark.parametrize("times", [("1:02:03,5", "1:02:04,0"), ("01:02:03.500", "01:02:04.000")])
def test_subrip_is_read_with_times_in_any_form(times):
    text = f"1\n{times[0]} --> {times[1]} X1:5\nThe <i>ferry</i> &amp; {{\\an8}}tug\n"

    assert paragraphs(text) == [("The ferry & tug", 3723)]


def test_speakers_are_named():
    text = "WEBVTT\n\n" + cue("00:01.000", "00:02.000", "<v Anna Vell>Open the gate") * 2

    assert paragraphs(text)[0] == ("Anna Vell: Open the gate", 1)


def test_captions_that_roll_up_are_read_once():
    text = cue("00:01.000", "00:02.000", "The ferry") + cue(
        "00:02.000", "00:03.000", "The ferry\nruns daily"
    )

    assert paragraphs(f"WEBVTT\n\n{text}") == [("The ferry runs daily", 1)]


def test_notes_and_styles_are_left_out():
    head = "WEBVTT\n\nNOTE Made by a program\n\nSTYLE\n::cue { color: red }\n\n"

    assert paragraphs(head + cue("00:01.000", "00:02.000", "Text")) == [("Text", 1)]


@pytest.mark.parametrize("text", ["", "WEBVTT", "Just text."])
def test_what_has_no_times_is_no_subtitles(text):
    with pytest.raises(UnreadableFileError, match="no times"):
        paragraphs(text)


def test_a_line_of_a_log_is_on_its_number():
    raw_document = read_log(b"one\n\ntwo\n  at a\n")

    assert [(b.text, b.page) for b in raw_document.blocks] == [
        ("one", 1),
        ("two", 3),
        ("  at a", 4),
    ]
    assert raw_document.page_unit == "line"
