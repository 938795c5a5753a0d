"""Sidecars and front matter: JSON or YAML that says what is known of a file."""

import datetime

import pytest

from qa.documents.front_matter import split_front_matter
from qa.documents.metadata import merge_metadata
from qa.documents.sidecars import is_sidecar, parse_sidecar, sidecar_names
from qa.errors import UnreadableFileError

DAY = datetime.date(2021, 12, 3)


def about(raw):
    return merge_metadata([raw], file_name="x1", text="Text.", default_language="en")


def test_sidecars_are_called_like_the_file_with_or_without_its_ending():
    names = list(sidecar_names("report.pdf"))

    assert names[0] == "report.pdf.meta.json"
    assert set(names) > {"report.pdf.meta.yaml", "report.meta.json", "report.meta.yml"}
    assert all(map(is_sidecar, names))
    assert not is_sidecar("report.json")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.meta.json", b'{"title": 1984}'),
        ("a.meta.yaml", b"title: 1984\n"),
        ("a.meta.yml", b"\xef\xbb\xbf{title: 1984}"),
    ],
)
def test_a_sidecar_is_json_or_yaml(name, data):
    assert about(parse_sidecar(name, data)).title == "1984"


def test_yaml_says_what_is_written():
    raw = parse_sidecar("a.meta.yaml", b"title: 12:30\nlanguage: no\ndate: 2021-12-03\nauthor: ~\n")
    metadata = about(raw)

    assert (metadata.title, metadata.language) == ("12:30", "no")
    assert (metadata.date, metadata.author) == (DAY, None)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.meta.json", b"{"),
        ("a.meta.json", b"[1]"),
        ("a.meta.json", b'{"n": ' + b"9" * 5000 + b"}"),
        ("a.meta.json", b"[" * 100_000),
        ("a.meta.yaml", b"a: b: c"),
        ("a.meta.yaml", b"just words"),
        ("a.meta.yaml", b"[" * 20_000),
        ("a.meta.yaml", b"\xff\xfe"),
        ("a.meta.yaml", b""),
        ("a.meta.yaml", b"a: " + b"x" * (1 << 20)),
    ],
)
def test_a_sidecar_that_is_no_mapping_is_refused(name, data):
    with pytest.raises(UnreadableFileError):
        parse_sidecar(name, data)


def test_a_yaml_bomb_stays_small():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    raw = parse_sidecar("a.meta.yaml", "\n".join([*lines, "title: Bomb", "author: *a29"]).encode())

    assert about(raw).title == "Bomb"
    assert about(raw).author is None


@pytest.mark.parametrize(
    ("text", "about", "rest"),
    [
        ("---\ntitle: A\n---\nText.", {"title": "A"}, "Text."),
        ("\n---\ntitle: A\n...\n\nText.", {"title": "A"}, "\nText."),
        ("---\n---\nText.", {}, "Text."),
        (
            "---\ntitle: Polityka: a deal\nn: 1\n---\nT.",
            {"title": "Polityka: a deal", "n": "1"},
            "T.",
        ),
        ("---\nA rule above.\n---\nText.", {}, "---\nA rule above.\n---\nText."),
        ("---\nNever closed.", {}, "---\nNever closed."),
        ("Text.\n---\na: b\n---\n", {}, "Text.\n---\na: b\n---\n"),
    ],
)
def test_front_matter_is_yaml_between_lines_of_dashes_at_the_top(text, about, rest):
    assert split_front_matter(text) == (about, rest)
