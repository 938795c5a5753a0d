"""Synonyms: what the operator's file says, and what becomes of it in an answer."""

import pytest

from qa.answers.pipeline import ask
from qa.documents.document import Metadata, RawBlock, build_document
from qa.engines.factory import open_engine
from qa.errors import SettingsError
from qa.index.manifest import FILE_NAME, build_synonym_map, load_synonym_groups
from qa.publishing.builder import index_documents
from qa.settings import Settings

GROUP = "VCU, Vesa Credit Union, the lender  # as the locals say\n\n# nothing\n"


def pairs(folder, *words):
    synonyms = build_synonym_map(load_synonym_groups(folder))
    return [(one.text, other.text) for one, other in synonyms.iter_synonyms(words)]


def test_a_member_brings_the_others_of_its_group(tmp_path):
    (tmp_path / FILE_NAME).write_text(GROUP)

    assert pairs(tmp_path, "fees", "VCU") == [("VCU", "Vesa Credit Union"), ("VCU", "the lender")]
    assert ("Vesa Credit Union", "VCU") in pairs(tmp_path, "Vesa", "credit", "union")
    assert pairs(tmp_path, "credit", "union") == []


def test_without_a_file_there_are_none(tmp_path):
    assert pairs(tmp_path, "VCU") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"ok, fine\nalone\n", "line 2"),
        (b"\xff\xfe\x00", "UTF-8"),
        (", ".join(f"w{n}" for n in range(40)).encode(), "at most"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, text, message):
    (tmp_path / FILE_NAME).write_bytes(text)

    with pytest.raises(SettingsError, match=message):
        load_synonym_groups(tmp_path)


@pytest.fixture
def rebuild(tmp_path):
    """Settings over an index of three texts, built again at each call."""
    texts = [
        "The Vesa Credit Union raised its fees for members in the spring of that year.",
        "A bakery raised the price of bread for everyone in the town again.",
        "Fishing boats came back to the harbour with a good catch of herring.",
    ]
    settings = Settings(index=str(tmp_path))
    documents = [
        build_document(f"d{n}", "d", [RawBlock(t)], Metadata("")) for n, t in enumerate(texts)
    ]

    def index():
        index_documents(documents, open_engine(settings), settings)
        return settings

    return index


def test_what_is_said_otherwise_is_found_and_the_reader_is_told(rebuild, tmp_path):
    settings = rebuild()
    before = ask(open_engine(settings).searcher(), settings, "what did VCU raise?")
    (tmp_path / FILE_NAME).write_text(GROUP)
    rebuild()
    after = ask(open_engine(settings).searcher(), settings, "what did VCU raise?")

    assert before.query.expanded == {}
    assert after.query.expanded == {"VCU": ("Vesa Credit Union", "the lender")}
    assert after.confidence > before.confidence
    best = (after.passages or after.none.closest)[0]
    assert best.citation.document_id == "d0"
    assert "Credit" in [best.text[start:end] for start, end in best.marks]


def test_an_index_keeps_the_synonyms_that_it_was_built_with(rebuild, tmp_path):
    (tmp_path / FILE_NAME).write_text(GROUP)
    engine = open_engine(rebuild())
    searcher = engine.searcher()
    (tmp_path / FILE_NAME).write_text("fees, charges\n")
    settings = rebuild()

    assert ask(searcher, settings, "what did VCU raise?").query.expanded
    assert ask(engine.searcher(), settings, "what did VCU raise?").query.expanded == {}
    assert ask(engine.searcher(), settings, "whose fees?").query.expanded == {"fees": ("charges",)}
    older = engine.searcher(searcher.manifest.name)
    assert ask(older, settings, "what did VCU raise?").query.expanded


def test_a_word_in_quotation_marks_stands_for_itself_alone(rebuild, tmp_path):
    (tmp_path / FILE_NAME).write_text(GROUP)
    settings = rebuild()
    searcher = open_engine(settings).searcher()

    for question in ('what did "VCU" raise?', 'what did "Vesa Credit Union" raise?'):
        assert ask(searcher, settings, question).query.expanded == {}
