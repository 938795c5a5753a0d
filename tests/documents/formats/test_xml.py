"""XML of any kind -> its texts, records with names, nothing from elsewhere."""

import pytest

from qa.documents.formats.xml import read_xml


def blocks(text):
    return [(block.text, block.level) for block in read_xml(text.encode()).blocks]


def test_sections_titles_and_paragraphs_are_read():
    article = (
        "<article><title>Ports</title><sec><title>Ships</title><p>The <i>ferry</i> runs.</p>"
        "<sec><title>Tugs</title><p>Two.</p></sec></sec></article>"
    )

    assert read_xml(article.encode()).metadata == {"title": "Ports"}
    assert blocks(article) == [
        ("Ships", 2),
        ("The ferry runs.", 0),
        ("Tugs", 3),
        ("Two.", 0),
    ]


def test_values_of_data_have_their_names():
    assert blocks("<all><port><name>Vesa</name><built/><ships>3</ships></port></all>") == [
        ("name: Vesa; built: ; ships: 3", 0)
    ]


def test_a_name_in_a_text_is_no_record():
    text = "<a><p>Text.</p><name><given>Anna</given><family>Vell</family></name></a>"

    assert blocks(text) == [("Text.", 0), ("Anna Vell", 0)]


def test_rows_have_the_names_of_their_columns():
    rows = "<tr><th>Ship</th><th>Crew</th></tr><tr><td>Ferry</td><td>3</td></tr>"

    assert blocks(f"<a><p>See</p><table>{rows}</table></a>")[1:] == [("Ship: Ferry; Crew: 3", 0)]


def test_html_in_a_text_is_read_as_html():
    assert blocks("<rss><item>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two&lt;/p&gt;</item></rss>") == [
        ("One", 0),
        ("Two", 0),
    ]


def test_text_between_blocks_is_read():
    assert blocks("<a>Before<p>In</p>Between<p>In</p>After</a>") == [
        ("Before", 0),
        ("In", 0),
        ("Between", 0),
        ("In", 0),
        ("After", 0),
    ]


def test_damaged_xml_is_read_as_far_as_it_goes():
    assert blocks("<a><p>One</p><p>Two &nosuch; <b>three</a>")[0] == ("One", 0)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
        "<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;",
        "<!ENTITY x 'aaaaaaaaaa'>"
        + "".join(f"<!ENTITY x{n} '{'&x' * 1}{n - 1 or ''};'>" for n in range(1, 30)),
    ],
)
def test_no_entity_is_expanded_and_no_file_read(doctype):
    text = f"<!DOCTYPE a [{doctype}]><a><p>Seen &x; &x29;</p></a>"

    assert "root:" not in str(blocks(text))
    assert len(str(blocks(text))) < 200


def test_deep_nesting_is_read():
    deep = "<a>" * 2000 + "Text" + "</a>" * 2000

    assert blocks(deep) == [("Text", 0)]
