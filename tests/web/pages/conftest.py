"""An index of documents that make pages difficult, and its pages as a plain browser gets them."""

import datetime
import json

import lxml.html
import pytest

from qa.documents.document import Metadata, RawBlock, build_document
from qa.documents.skips import Skip
from qa.engines.factory import open_engine
from qa.publishing.builder import index_documents
from qa.settings import Settings

BROWSER = {"Accept": "text/html"}
SCRIPT = "<script>alert(1)</script>"
HARBOUR = build_document(
    "old/harbour & pier",
    "old/harbour & pier.pdf",
    [
        RawBlock("Building", 3, 1),
        RawBlock(
            "The old harbour of Lindholm was built in 1874 by the engineer Karl Brandt. It took "
            "eleven years and cost four million crowns.",
            0,
            1,
        ),
        RawBlock("Captain Elsa Moberg demanded guarantees that nobody would sell the pier.", 0, 1),
        RawBlock("Storms", 6, 2),
        RawBlock("In October 1902 a storm broke the northern pier.", 0, 2),
        RawBlock("Aftermath", 2, 2),
        RawBlock("The lighthouse went dark for nine days.", 0, 2),
    ],
    Metadata(
        "The harbour of Lindholm",
        author="Ada Berg",
        publisher="Northern Gazette",
        date=datetime.date(2021, 12, 3),
        url="https://gazette.example/harbour",
        extra={"edition": "evening"},
    ),
)
HOSTILE = build_document(
    "hostile",
    "hostile.html",
    [RawBlock(f"A zebra said {SCRIPT} and left. The zebra & its friends came back.")],
    Metadata(f"{SCRIPT} zebras", publisher=f"Press {SCRIPT}", url="javascript:alert(1)"),
)
FERRY = build_document(
    "ferry",
    "ferry.txt",
    [RawBlock("The ferry over the Vesa ran for ninety years until Mayor Falk opened a bridge.")],
    Metadata("The ferry", publisher="Vesa Courier", date=datetime.date(2022, 3, 29)),
)
FILLERS = [
    build_document(
        f"filler-{n:03}", "f.csv", [RawBlock("Nothing here.")], Metadata(f"Filler {n:03}")
    )
    for n in range(120)
]
QUESTIONS = [
    {"question": "Who won the cup?", "verdict": "none"},
    {"question": "Which unicorns dance on Jupiter?"},
    {"question": "Who built the old harbour of Lindholm?"},
]


@pytest.fixture(scope="session")
def index(tmp_path_factory):
    """A folder with an index of documents that make pages difficult."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    settings = Settings(index=str(folder))
    documents = [HARBOUR, HOSTILE, FERRY, *FILLERS, Skip("scan.pdf", "no text in it")]
    index_documents(documents, open_engine(settings), settings)
    return folder


@pytest.fixture
def get_page(client):
    """Get a page and parse it, checking its status."""

    def get(path, status=200):
        response = client.get(path, headers=BROWSER)

        assert response.status_code == status
        assert response.content_type == "text/html; charset=utf-8"
        return lxml.html.fromstring(response.text)

    return get


def text(element):
    """The words that an element shows, with single spaces."""
    return " ".join(element.text_content().split())


def one(page, selector):
    (element,) = page.xpath(selector)
    return element


def controls(form):
    """What a browser would send for a form as it stands, with the fields elsewhere that are its."""
    fields = form.xpath(".//*[self::input or self::textarea]")
    fields += form.xpath(f"//input[@form='{form.get('id')}']")
    return [
        (field.get("name"), field.get("value") or field.text or "")
        for field in fields
        if field.get("name")
        and (field.get("type") != "checkbox" or field.get("checked") is not None)
    ]
