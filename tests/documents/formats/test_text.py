"""Plain texts -> paragraphs: encodings, wrapped lines, front matter, mail, openings."""

import pytest

from qa.documents.formats import markdown, plain
from qa.documents.formats.lines import split_paragraphs
from qa.documents.formats.text import is_mail, read_text_file
from qa.errors import UnreadableFileError

RUSSIAN = "Президент заявил в четверг, что переговоры о гарантиях безопасности продолжаются."
PROSE = "The harbour was built in 1874, when the town was still small, by Karl Brandt."


def read_plain(text):
    """What a plain text says of itself, and its paragraphs."""
    extract = plain.read_text(text.encode())
    return extract.metadata, [block.text for block in extract.blocks]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Zürich – “naïve” café", "utf-8"),
        ("Zürich – “naïve” café", "utf-8-sig"),
        ("Zürich – “naïve” café", "utf-16"),
        ("Zürich – “naïve” café", "utf-32"),
        ("Café", "cp1252"),
        ("The café’s owner said “naïve” things – and the façade fell.", "cp1252"),
        ("Der Präsident sagte, die Verhandlungen würden fortgeführt.", "iso-8859-1"),
        ("Prezydent powiedział, że gwarancje są konieczne, ponieważ żołnierze…", "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        ("大統領は木曜日に、安全保障に関する交渉が続いていると述べた。", "shift_jis"),
        ("总统星期四表示，关于安全保障的谈判仍在继续。", "gb18030"),
        ("대통령은 목요일 안전 보장에 관한 협상이 계속되고 있다고 말했다.", "euc_kr"),
        (PROSE + "\n" * 3 + RUSSIAN, "cp1251"),
        ("The harbour office opens at nine.", "utf-16-le"),
        ("The harbour office opens at nine.", "utf-16-be"),
        ("Контора порта\nоткрывается в девять.", "utf-16-le"),
        ("Контора порта открывается в девять.", "cp866"),
        ("Паром отходит в семь часов.", "koi8-r"),
        ("Ворота закрыты. Ключ у сторожа.", "iso8859-5"),
        ("Die Fähre fährt täglich.", "cp850"),
        ("Le café est fermé à midi.", "cp1252"),
        ("港の事務所は九時に開きます。", "shift_jis"),
        ("営業時間のお知らせ", "euc_jp"),
        ("港の事務所は九時に開きます。", "iso2022_jp"),
        ("港口办公室九点开门。", "gbk"),
        ("渡轮时刻表", "gbk"),
        ("港口辦公室九點開門。請準時到達。", "big5"),
        ("항구 사무실은 아홉 시에 문을 엽니다.", "cp949"),
        ("Το λιμάνι ανοίγει στις εννέα.", "cp1253"),
    ],
)
def test_the_encoding_is_found_out(text, encoding):
    assert plain.decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("stray", [b"\x81", b"\x9d", b"\xff", b"\xe2\x80"])
@pytest.mark.parametrize("text", [f"– {PROSE}", RUSSIAN])
def test_utf8_with_a_byte_gone_wrong_is_still_utf8(text, stray):
    assert plain.decode_text(text.encode() + stray) == f"{text}\ufffd"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20,
        bytes(range(256)) * 20,
        b"\0" * 1000,
        b"%PDF-1.7\n" + b"\x01\x02\x03\x04\x81\x8d\x8f" * 500,
    ],
)
def test_binary_junk_is_not_text(data):
    with pytest.raises(UnreadableFileError, match="not text"):
        plain.decode_text(data)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_empty_lines_part_paragraphs_and_wrapped_lines_are_joined(end):
    text = end.join(["One that", "goes on.", "", " \t", "Two.", ""])

    assert split_paragraphs(plain.decode_text(text.encode())) == ["One that goes on.", "Two."]


def test_long_lines_are_paragraphs_of_their_own():
    long = [f"{number} " + "and so on " * 20 for number in range(3)]

    assert split_paragraphs("\n".join(long)) == long


@pytest.mark.parametrize(
    "lines",
    [
        ["- bread", "- milk", "- two candles"],
        ["Bring:", "* a rope", "* a lamp"],
        ["1. Open the gate.", "2. Lower the bridge."],
        ["Harbour office", "12 Mill Lane", "Vell"],
        ["The tide came in at night,", "And took the boats away;", "The gulls flew off in fright",
         "And left us with the day."],
        ["if true; then", "    make clean", "fi"],
        ["x = 1", "print(x)"],
        ["Name    Room    Phone", "Ann     214     4471", "Bo      309     4488"],
        ["Dear Ann,", "The gate of the northern pier is fixed since yesterday at noon."],
    ],
)  # fmt: skip
def test_lines_that_were_not_wrapped_stay_apart(lines):
    assert split_paragraphs("\n".join(lines)) == lines


def test_a_short_address_in_a_longer_text_stays_apart():
    assert split_paragraphs(f"{PROSE}\n\nHarbour office\n12 Mill Lane\n\nEnd.")[1:3] == [
        "Harbour office",
        "12 Mill Lane",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ["The harbour was built in 1874, when the town", "was still small, by the engineer Karl",
         "Brandt. In October a storm broke the pier,", "and three ships were lost."],
        ["- an item that is wrapped since it has", "  more words than the line", "- another one"],
        ["The pier was built by Karl", "Brandt in 1874."],
    ],
)  # fmt: skip
def test_wrapped_lines_are_joined(lines):
    text = " ".join(map(str.strip, lines)).replace(" - another one", "")

    assert split_paragraphs("\n".join(lines))[0] == text


def test_an_indented_line_begins_a_paragraph():
    text = f"  {PROSE[:40]}\nwas small.\n  Karl Brandt built it, in those\nyears."

    assert len(split_paragraphs(text)) == 2


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("この港の事務\n所は九時に開きます。青い用紙を\n求めてください。",
         "この港の事務所は九時に開きます。青い用紙を求めてください。"),
        ("港口办公室，\n九点开门。", "港口办公室，九点开门。"),
        ("항구 사무실은\n아홉 시에", "항구 사무실은 아홉 시에"),
        ("駅の Wi-Fi\nは無料", "駅の Wi-Fi は無料"),
    ],
)  # fmt: skip
def test_lines_of_scripts_without_spaces_are_joined_without(text, joined):
    assert split_paragraphs(text) == [joined]
    (block,) = markdown.read_markdown(text.encode()).blocks
    assert (block.text, block.level) == (joined, 0)


@pytest.mark.parametrize(
    "front",
    [
        '+++\ntitle = "Night ferry"\ndate = 2024-05-06\n+++\n',
        '{\n  "title": "Night ferry",\n  "date": "2024-05-06"\n}\n',
        "---\ntitle: Night ferry\ndate: 2024-05-06\n---\n",
    ],
)
def test_front_matter_may_be_toml_json_or_yaml(front):
    about, paragraphs = read_plain(f"{front}\nThe ferry leaves at nine.")

    assert {key: str(value) for key, value in about.items()} == {
        "title": "Night ferry",
        "date": "2024-05-06",
    }
    assert paragraphs == ["The ferry leaves at nine."]


@pytest.mark.parametrize(
    "text",
    [
        "+++\nnot toml at all\n+++\nProse.",
        '{"a": 1}',
        '{"a": 1} is an object.',
        "{not json}\nProse.",
        '{"a": ' * 5000,
    ],
)
def test_what_is_no_front_matter_is_text(text):
    assert " ".join(" ".join(read_plain(text)[1]).split()) == " ".join(text.split())


MAIL = """Return-Path: <ann@example.org>
MIME-Version: 1.0
Date: Mon, 6 May 2024 10:00:00 +0200
Subject: =?utf-8?q?Gate_repair_=E2=80=93_done?=
From: "Vell, Anna" <anna@example.org>
To: Boris <boris@example.org>,
 Carl <carl@example.org>
"""


def read_mail(text, encoding="utf-8"):
    extract = next(read_text_file(text.encode(encoding)))
    return extract.metadata, [" ".join(block.text.split()) for block in extract.blocks]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mail_saved_as_a_text_is_read_as_one(encoding):
    body = 'Content-Type: text/plain; charset="UTF-8"\n\nThe gate is fixed.\n\nThe bill follows.\n'

    assert read_mail(MAIL + body, encoding) == (
        {
            "title": "Gate repair – done",
            "author": "Vell, Anna",
            "date": "2024-05-06",
            "To": "Boris <boris@example.org>, Carl <carl@example.org>",
        },
        ["The gate is fixed.", "The bill follows."],
    )


@pytest.mark.parametrize(
    ("body", "paragraphs"),
    [
        ("Content-Transfer-Encoding: base64\n\nVGhlIGdhdGUu\n", ["The gate."]),
        (("Content-Transfer-Encoding: quoted-printable\nContent-Type: text/plain; charset=l1\n\n"
         "Caf=E9 =\nopen.\n"), ["Café open."]),
        ("Content-Type: text/html\n\n<p>The gate.</p><p>Fixed.</p>", ["The gate.", "Fixed."]),
        (('Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
         "Plain.\n--b\nContent-Type: text/html\n\n<p>Rich.</p>\n--b--\n"), ["Plain."]),
    ],
)  # fmt: skip
def test_the_body_of_a_mail_is_decoded(body, paragraphs):
    assert read_mail(MAIL + body)[1] == paragraphs


@pytest.mark.parametrize(
    "text",
    [
        "From: Ann\nTo: Bo\nSubject: Gate\n\nThe gate is fixed.",
        "Date: 2021-12-03\nSource: Gazette\n\nProse.",
        "Message-ID: what it is\n\nProse.",
        f"{PROSE}\n\n{MAIL}\nText.",
    ],
)
def test_a_text_that_only_mentions_headers_is_no_mail(text):
    assert not is_mail(text)


def test_front_matter_wins_over_an_opening():
    assert read_plain(f"---\ntitle: A\n---\nBy Ann Bell\n\n{PROSE}") == (
        {"title": "A"},
        ["By Ann Bell", PROSE],
    )


@pytest.mark.parametrize(
    ("opening", "about"),
    [
        ("What Does Russia Want?\n\nDescription\n\nvia RT\n\n",
         {"title": "What Does Russia Want?", "publisher": "RT"}),
        ("A harbour\n\nSource: Gazette\n\n", {"title": "A harbour", "publisher": "Gazette"}),
        ("Publisher: Northern Gazette\n\n", {"publisher": "Northern Gazette"}),
        ("A harbour\nBy Jane Doe\nDecember 3, 2021\n\n",
         {"title": "A harbour", "author": "Jane Doe", "date": "December 3, 2021"}),
        ("By Jane van Doe, Bo Lee and Ann O’Hara\n\n",
         {"author": "Jane van Doe, Bo Lee and Ann O’Hara"}),
        ("date 2021-12-03\n\n", {"date": "2021-12-03"}),
        ("Date: 2021-12-03\n\n", {"date": "2021-12-03"}),
        ("Published: 3 December 2021\n\n", {"date": "3 December 2021"}),
        ("Published on 3 December 2021\n\n", {"date": "3 December 2021"}),
        ("2021-12-03 10:30\n\n", {"date": "2021-12-03 10:30"}),
        ("Title: A harbour\nURL: https://a.example/b\nText:\n\n",
         {"title": "A harbour", "url": "https://a.example/b"}),
        ("“Never again!”\n\nSummary\n", {"title": "“Never again!”"}),
        (" date 2021-12-03 ", {"date": "2021-12-03"}),
        ("Published: December 3, 2021 - ", {"date": "December 3, 2021"}),
    ],
)  # fmt: skip
def test_the_opening_gives_metadata_and_leaves_the_text(opening, about):
    assert read_plain(opening + PROSE + "\n\nMore.") == (about, [PROSE, "More."])


@pytest.mark.parametrize(
    "opening",
    [
        "A sentence that ends.",
        "A line that goes on,",
        "A line before a colon:",
        "- an item",
        "lower case",
        "Word " * 40,
        "Source: ",
        "Date: soon",
        "Warning: this is none of ours",
        "By the river",
    ],
)
def test_a_first_line_that_is_no_metadata_stays_text(opening):
    about, paragraphs = read_plain(f"{opening}\n\nlower case, so no title before it.")

    assert about == {}
    assert paragraphs[0].startswith(opening.split()[0])


@pytest.mark.parametrize(
    "text",
    [
        "The beginning of a\n\nsentence that was torn apart.",
        "The beginning of a sentence\nthat was wrapped.",
        "One line only",
        "A title\n\nvia RT",
        "DATE 2021-12-03 was a Friday",
    ],
)
def test_what_only_looks_like_an_opening_is_text(text):
    about, paragraphs = read_plain(text)

    assert about == {}
    assert " ".join(paragraphs) == " ".join(text.split())


@pytest.mark.parametrize(
    ("dateline", "about"),
    [
        ("MOSCOW, Dec 3, 2021 (Reuters) - ", {"date": "Dec 3, 2021"}),
        ("WASHINGTON, 3 December 2021 — ", {"date": "3 December 2021"}),
        ("MOSCOW, Dec 3 (Reuters) - ", {}),
        ("RIGA (AP) — ", {}),
    ],
)
def test_a_dateline_stays_in_the_text_and_dates_it_if_it_says_the_year(dateline, about):
    assert read_plain(dateline + PROSE) == (about, [dateline + PROSE])


def test_what_comes_after_the_first_prose_is_text():
    text = f"{PROSE}\n\nvia RT\n\nBy Jane Doe\n\nDate: 2021-12-03"

    assert read_plain(text) == ({}, text.split("\n\n"))
