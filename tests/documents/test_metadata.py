"""Raw keys and values -> Metadata: synonyms, precedence, dates beyond doubt, titles at any rate."""

import datetime

import pytest

from qa.documents.metadata import merge_metadata, parse_date
from qa.documents.raw_document import build_raw_document

DAY = datetime.date(2021, 12, 3)


def merge(*sources, name="x1", text="The first sentence. A second.", language="en"):
    return merge_metadata(sources, file_name=name, text=text, default_language=language)


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("Title", "title"),
        ("headline", "title"),
        ("AUTHORS", "author"),
        ("byline", "author"),
        ("creator", "author"),
        ("source", "publisher"),
        ("site_name", "publisher"),
        ("Container-Title", "publisher"),
    ],
)
def test_a_field_is_found_by_any_of_its_names(key, field):
    metadata = merge({key: "Some Words"})

    assert getattr(metadata, field) == "Some Words"
    assert metadata.extra == {}


@pytest.mark.parametrize(
    "key", ["date", "Published", "published_at", "publish date", "pubdate", "created"]
)
def test_a_date_is_found_by_any_of_its_names(key):
    assert merge({key: "2021-12-03"}).date == DAY


def test_the_earlier_source_wins_field_by_field():
    metadata = merge({"title": "Sidecar"}, {"title": "Front", "author": "Ann"}, {"by": "Bob"})

    assert (metadata.title, metadata.author) == ("Sidecar", "Ann")


def test_a_value_that_does_not_fit_leaves_the_field_to_the_next_source():
    metadata = merge({"date": "soon", "url": "javascript:x"}, {"date": "2021-12-03"})

    assert metadata.date == DAY
    assert metadata.url is None
    assert metadata.extra == {"url": "javascript:x"}


@pytest.mark.parametrize(
    ("value", "author"),
    [
        (["Ann Bell", "Carl Dee"], "Ann Bell, Carl Dee"),
        (
            [{"name": "Ann Bell"}, {"name": "Carl Dee", "url": "x"}, "Ann Bell"],
            "Ann Bell, Carl Dee",
        ),
        ({"name": "Ann Bell"}, "Ann Bell"),
        ("Ann  Bell\n", "Ann Bell"),
        ([], None),
        ([["nested"], None, 7.5], "7.5"),
        ("https://example.org/ann", None),
    ],
)
def test_authors_may_be_a_name_a_list_or_objects(value, author):
    assert merge({"author": value}).author == author


@pytest.mark.parametrize(
    "value",
    [
        "2021-12-03",
        "2021-12-3",
        "2021/12/03",
        "2021.12.03",
        "2021-12-03T23:30:00-05:00",
        "2021-12-03 10:30 CET",
        "3 December 2021",
        "December 3, 2021",
        "Dec. 3, 2021",
        "Friday, December 3rd, 2021",
        "Fri, 03 Dec 2021 23:00:00 +0100",
        "D:20211203101500+01'00'",
        "20211203",
        20211203,
        DAY,
        datetime.datetime(2021, 12, 3, 23, 59),
    ],
)
def test_a_whole_date_is_read_however_it_is_written(value):
    assert parse_date(value) == DAY


@pytest.mark.parametrize(
    "value",
    [
        "2021",
        2021,
        "2021-12",
        "December 2021",
        "3 December",
        "Friday",
        "10:30",
        "03/12/2021",
        "2021-13-03",
        "0800-01-01",
        "2999-01-01",
        "1638489600",
        "9" * 5000,
        "soon",
        "",
        None,
        True,
        1.5,
        ["2021-12-03"],
        {"year": 2021},
    ],
)
def test_a_date_in_doubt_is_none(value):
    assert parse_date(value) is None


def test_a_day_above_twelve_settles_which_number_is_the_month():
    assert parse_date("25/12/2021") == parse_date("12/25/2021") == datetime.date(2021, 12, 25)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("HTTP://example.org", "HTTP://example.org"),
        ("javascript:alert(1)", None),
        ("ftp://example.org", None),
        ("https://", None),
        ("https://[broken", None),
        ("https://example.org/" + "a" * 3000, None),
        ("see https://example.org", None),
        (5, None),
    ],
)
def test_only_web_addresses_are_urls(value, url):
    assert merge({"link": value}).url == url


def test_a_source_that_is_an_address_is_the_url_and_not_the_publisher():
    metadata = merge({"source": "https://example.org/a"})

    assert (metadata.publisher, metadata.url) == (None, "https://example.org/a")


@pytest.mark.parametrize(
    ("value", "language"),
    [
        ("en", "en"),
        ("DE", "de"),
        ("deu", "de"),
        ("de-AT", "de"),
        ("zh_Hant_TW", "zh"),
        ("English!", "fr"),
        ("und", "fr"),
        (3, "fr"),
        (None, "fr"),
    ],
)
def test_a_language_is_its_primary_subtag_or_the_default(value, language):
    assert merge({"lang": value}, text="1874.", language="fr").language == language


@pytest.mark.parametrize(
    ("stated", "text", "language"),
    [
        (None, "Der Hafen wurde im Jahr 1874 gebaut, und die Stadt zahlte.", "de"),
        ("nl", "Der Hafen wurde im Jahr 1874 gebaut, und die Stadt zahlte.", "nl"),
        ("en", "Порт был построен в 1874 году.", "ru"),
        (None, "Lindholm 1874", "fr"),
    ],
)
def test_a_language_that_is_not_stated_is_read_from_the_text(stated, text, language):
    assert merge({"language": stated}, text=text, language="fr").language == language


def test_the_language_is_that_of_the_whole_text_not_of_its_beginning():
    whole = "NATO Summit\nDer Gipfel wurde von der Ukraine mit viel Hoffnung erwartet."

    metadata = merge_metadata(
        [], file_name="x1", text="NATO Summit", default_language="en", full_text=whole
    )

    assert metadata.language == "de"


def test_other_scalars_are_kept_as_extras():
    metadata = merge(
        {"Digests": "A speech", "number": 3, "list": [1], "nothing": None, "nested": {"a": 1}},
        {"digests": "Another"},
        {"year": "2021", "date": "2021"},
    )

    assert metadata.extra == {
        "Digests": "A speech",
        "number": "3",
        "digests": "Another",
        "year": "2021",
        "date": "2021",
    }


def test_extras_are_few_and_short():
    metadata = merge({"long": "x" * 501} | {f"key{number}": number for number in range(50)})

    assert "long" not in metadata.extra
    assert len(metadata.extra) == 20


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("annual-report-2023", "Annual report 2023"),
        ("annual_report", "Annual report"),
        ("Annual report - final", "Annual report - final"),
        ("briefing-2021-12-03", "Briefing 2021-12-03"),
        ("AnnualReport2023", "AnnualReport2023"),
        ("отчёт-за-год", "Отчёт за год"),
    ],
)
def test_a_name_of_words_is_the_title_where_nothing_else_is(name, title):
    assert merge(name=name).title == title


@pytest.mark.parametrize(
    "name",
    ["000_97a93bebb664e1bd", "a00000", "2021-12-03", "page-12", "IMG_0815", "x",
     "3f2b8c1e-1111-4e2a-9c3d-aaaabbbbcccc"],
)  # fmt: skip
def test_a_name_that_says_nothing_gives_way_to_the_first_sentence(name):
    assert merge(name=name).title == "The first sentence."


def test_a_long_first_sentence_is_cut_at_a_word():
    title = merge(text="Putin chose the moment " * 10 + "and went on.").title

    assert title == "Putin chose the moment " * 3 + "Putin…"


def test_a_long_first_word_is_cut_all_the_same():
    assert merge(text="x" * 300).title == "x" * 79 + "…"


def test_a_file_without_name_or_text_has_an_empty_title():
    assert merge(text="").title == ""


def test_titles_are_normalised():
    assert merge({"title": " Two\u00a0 words\u200b \n"}).title == "Two words"


@pytest.mark.parametrize("title", ["", "~", None, "—", ["a"], {"a": 1}])
def test_a_title_without_words_is_none(title):
    assert merge({"title": title}).title == "The first sentence."


@pytest.mark.parametrize(
    "title",
    ["Microsoft Word - minutes.doc", "untitled", "Untitled-1", "Document1", "Word Document",
     "Book1", "PowerPoint Presentation", "anonymous", "report.pdf", "New Document (2)", "No title"],
)  # fmt: skip
def test_a_title_that_a_program_entered_is_none(title):
    assert build_raw_document([], {"title": title}).metadata == {}


@pytest.mark.parametrize(
    "title",
    ["The untitled letters", "Book 1 of the annals", "Anonymous letters", "Documents of 1902"],
)
def test_a_title_that_a_person_entered_stays(title):
    assert build_raw_document([], {"title": title}).metadata == {"title": title}


def test_an_author_that_a_program_entered_is_none():
    properties = {"author": "python-docx", "creator": "Ann Bell"}

    assert build_raw_document([], properties).metadata == {"creator": "Ann Bell"}
