"""Archives: members are read as files are, in memory; none of them can do harm."""

import io
import tarfile
import zipfile
import zlib
from functools import partial

import pytest

from qa.documents.skips import Skip
from qa.settings import Settings
from tests.documents.reading import make_tar, make_zip, read_file

PROSE = "The harbour of Lindholm was built in 1874."


@pytest.fixture
def read(tmp_path):
    """Reads a file of a name and content: Documents by id, and Skips."""
    return partial(read_file, tmp_path)


def link(kind, target="/etc/passwd"):
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def test_sidecars_and_front_matter_work_inside_archives(read):
    data = make_zip(
        **{
            "a/one.txt": f"---\nauthor: Ann\n---\n{PROSE}",
            "a/one.txt.meta.yaml": "title: One",
            "a/two.jsonl": '{"id": "x", "text": "Row."}',
            "a/lost.meta.json": "{}",
        }
    )
    documents, skips = read(
        "x.zip", data, _meta_json='{"title": "X", "author": "B", "source": "P"}'
    )
    one = documents["x/a/one"].metadata

    assert (one.title, one.author, one.publisher) == ("One", "Ann", "P")
    assert documents["x/a/two/x"].metadata.author == "B"
    assert skips == [Skip("x.zip/a/lost.meta.json", "describes a file that is not there")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../up.txt", "unsafe path"),
        ("a/../../up.txt", "unsafe path"),
        ("/etc/up.txt", "unsafe path"),
        ("C:/up.txt", "unsafe path"),
        ("..\\up.txt", "unsafe path"),
        ("C:\\up.txt", "unsafe path"),
        ("inner.zip", "an archive in an archive; unpack it first"),
        ("inner.tar.gz", "an archive in an archive; unpack it first"),
        ("a.mp3", "unknown kind of file"),
    ],
)
@pytest.mark.parametrize("pack", [make_zip, make_tar])
def test_a_member_that_must_not_be_read_is_skipped_alone(read, pack, name, reason):
    ending = "zip" if pack is make_zip else "tar"
    documents, [skip] = read(f"x.{ending}", pack(**{name: PROSE, "ok.txt": PROSE}))

    assert list(documents) == ["x/ok"]
    assert skip.source == f"x.{ending}/{name}"
    assert skip.reason.startswith(reason)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.FIFOTYPE, "not a file"),
        (tarfile.CHRTYPE, "not a file"),
    ],
)
def test_links_and_devices_in_a_tar_are_skipped(read, kind, reason):
    documents, skips = read("x.tar", make_tar(**{"l.txt": link(kind), "ok.txt": PROSE}))

    assert list(documents) == ["x/ok"]
    assert skips == [Skip("x.tar/l.txt", reason)]


def test_links_and_locked_members_in_a_zip_are_skipped(read):
    linked = zipfile.ZipInfo("l.txt")
    linked.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(linked, "/etc/passwd")
        archive.writestr("locked.txt", PROSE)
        archive.writestr("ok.txt", PROSE)
    data = bytearray(file.getvalue())
    entry = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    data[entry + 8] |= 1
    documents, skips = read("x.zip", bytes(data))

    assert list(documents) == ["x/ok"]
    assert skips == [Skip("x.zip/l.txt", "a link"), Skip("x.zip/locked.txt", "encrypted")]


def test_a_damaged_member_of_a_zip_is_skipped_alone(read):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bad.txt", "x" * 100)
        archive.writestr("ok.txt", PROSE)
    documents, skips = read("x.zip", buffer.getvalue().replace(b"x" * 100, b"y" * 100))

    assert list(documents) == ["x/ok"]
    assert skips == [Skip("x.zip/bad.txt", "damaged")]


def test_hidden_members_are_left_out_silently(read):
    names = [".hidden.txt", "__MACOSX/a.txt", "a/.git/b.txt", "folder/"]

    assert read("x.zip", make_zip(**dict.fromkeys(names, PROSE), **{"ok.txt": PROSE}))[1] == []


@pytest.mark.parametrize("pack", [make_zip, lambda **m: make_tar("w:gz", **m)])
def test_a_bomb_gives_nothing_but_one_skip(read, pack):
    data = pack(**{f"{number}.txt": "a" * (1 << 19) for number in range(3)}, **{"ok.txt": PROSE})
    name = "x.zip" if pack is make_zip else "x.tar.gz"

    assert len(data) < 20_000
    assert read(name, data, Settings(max_file_mb=1)) == (
        {},
        [Skip(name, "unpacks to more than 1 MB")],
    )


def test_a_bomb_that_lies_about_its_size_gives_nothing_either(read):
    data = bytearray(make_zip(**{"a.txt": "a" * (3 << 20)}))
    entry = data.index(b"PK\1\2")
    data[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    documents, skips = read("x.zip", bytes(data), Settings(max_file_mb=1))

    assert documents == {}
    assert [skip.reason for skip in skips] == ["damaged"]


def test_a_word_document_that_is_a_bomb_is_skipped(read):
    data = make_zip(**{"word/document.xml": "a" * (2 << 20)})

    assert read("x.docx", data, Settings(max_file_mb=1))[1] == [
        Skip("x.docx", "unpacks to more than 1 MB")
    ]


def test_an_archive_of_too_many_files_is_skipped(read, monkeypatch):
    monkeypatch.setattr("qa.documents.formats.archives._MAX_MEMBERS", 2)

    assert read("x.zip", make_zip(a="", b="", c=""))[1] == [
        Skip("x.zip", "more than 2 files in it")
    ]


def zip_with_names(encoding, *names):
    """A zip whose names are in *encoding*, without the flag of UTF-8, as old programs pack them."""
    raw_names = [name.encode(encoding) for name in names]
    members = {"XY"[n] * len(raw): f"{PROSE} {n}" for n, raw in enumerate(raw_names)}
    data = make_zip(**members)
    for member, raw in zip(members, raw_names, strict=True):
        data = data.replace(member.encode(), raw)
    return data


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp866", ["договор аренды.txt", "счёт.txt"]),
        ("utf-8", ["Übersicht.txt", "договор.txt"]),
        ("shift_jis", ["港の事務所.txt"]),
        ("gbk", ["港口办公室.txt"]),
        ("cp437", ["Fähre.txt"]),
    ],
)
def test_names_in_old_encodings_are_read(read, encoding, names):
    documents, skips = read("a.zip", zip_with_names(encoding, *names))

    assert skips == []
    assert {d.source for d in documents.values()} == {f"a.zip/{name}" for name in names}


def test_the_unicode_name_of_an_extra_field_is_used(read):
    raw = b"a\x9d\x9d.txt"
    field = b"\x01" + zlib.crc32(raw).to_bytes(4, "little") + "aøø.txt".encode()
    info = zipfile.ZipInfo("aXX.txt")
    info.extra = b"up" + len(field).to_bytes(2, "little") + field
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, PROSE)
    [document] = read("a.zip", file.getvalue().replace(b"aXX.txt", raw))[0].values()

    assert document.source == "a.zip/aøø.txt"
