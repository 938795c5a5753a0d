"""Three questions to a file of each format: the answer, and its place in citation and reader."""

import io

import docx
import lxml.html
import pytest
from PIL import Image

from qa.app import create_app
from tests.conftest import build_index
from tests.documents import samples

QUESTIONS = (
    "Who built the harbour of {}?",
    "How often does the ferry from {} run in winter?",
    "What has lit the lighthouse of {} since 1902?",
)


def sheets(facts):
    rows = [["Place", "Remark"], ["Harbour", facts[0]], ["Ferry", facts[1]]]
    return {"Ports": rows, "Lights": [["Place", "Remark"], [], ["Lighthouse", facts[2]]]}


def slides(facts):
    return [("Ships", facts[0], facts[1]), ("Lights", facts[2])]


def captions(facts, separator):
    times = ("00:00:05", "00:01:20", "01:02:03")
    return "\n\n".join(
        f"{number}\n{time}{separator}000 --> {time}{separator}900\n{fact}"
        for number, (time, fact) in enumerate(zip(times, facts, strict=True), start=1)
    )


def add_heading(facts, ships, lights):
    """Two facts below a heading, and one below another."""
    return f"{ships}\n\n{facts[0]}\n\n{facts[1]}\n\n{lights}\n\n{facts[2]}\n"


SECTIONS = (("Ships", None), ("Ships", None), ("Lights", None))
ROWS = (("Ports", "row 2"), ("Ports", "row 3"), ("Lights", "row 3"))
SLIDES = (("Ships", "slide 1"), ("Ships", "slide 1"), ("Lights", "slide 2"))
TIMES = ((None, "0:00:05"), (None, "0:01:20"), (None, "1:02:03"))
XML = (
    "<doc><section><title>Ships</title><p>{}</p><p>{}</p></section>"
    "<section><title>Lights</title><p>{}</p></section></doc>"
)
ODT = (
    "<text:h text:outline-level='1'>Ships</text:h><text:p>{}</text:p><text:p>{}</text:p>"
    "<text:h text:outline-level='1'>Lights</text:h><text:p>{}</text:p>"
)
# The name of a town that is in one file only, how the file is made, and the places in it.
FORMATS = {
    "xlsx": ("Arkady", lambda facts: samples.xlsx(sheets(facts)), ROWS),
    "xls": (
        "Belvar",
        lambda facts: samples.xls(sheets(facts)),
        ROWS,
    ),
    "ods": ("Corvin", lambda facts: samples.ods(sheets(facts)), ROWS),
    "pptx": ("Dalmar", lambda facts: samples.pptx(slides(facts)), SLIDES),
    "odp": ("Elvass", lambda facts: samples.odp(slides(facts)), SLIDES),
    "odt": ("Fenwyk", lambda facts: samples.opendocument("text", ODT.format(*facts)), SECTIONS),
    "epub": (
        "Gorlun",
        lambda facts: samples.epub(
            [("Ships", f"<p>{facts[0]}</p><p>{facts[1]}</p>"), ("Lights", f"<p>{facts[2]}</p>")]
        ),
        SECTIONS,
    ),
    "rtf": (
        "Hulmen",
        lambda facts: samples.rtf(
            rf"\outlinelevel0 Ships\par\pard {facts[0]}\par {facts[1]}\par"
            rf"\pard\outlinelevel0 Lights\par\pard {facts[2]}\par"
        ),
        SECTIONS,
    ),
    "mbox": (
        "Irkand",
        lambda facts: samples.mbox(*((f"Note {n}", fact) for n, fact in enumerate(facts, 1))),
        ((None, "message 1"), (None, "message 2"), (None, "message 3")),
    ),
    "eml": (
        "Jostrup",
        lambda facts: samples.eml("Ports", "\n\n".join(facts[:2]), [("light.txt", facts[2])]),
        ((None, None), (None, None), (None, None)),
    ),
    "msg": (
        "Kelburg",
        lambda facts: samples.msg("Ports", "\n\n".join(facts[:2]), [("light.txt", facts[2])]),
        ((None, None), (None, None), (None, None)),
    ),
    "rst": (
        "Lorvik",
        lambda facts: add_heading(facts, "Ships\n=====", "Lights\n======"),
        SECTIONS,
    ),
    "org": ("Mendal", lambda facts: add_heading(facts, "* Ships", "* Lights"), SECTIONS),
    "adoc": ("Norvik", lambda facts: add_heading(facts, "== Ships", "== Lights"), SECTIONS),
    "tex": (
        "Osmund",
        lambda facts: add_heading(facts, r"\section{Ships}", r"\section{Lights}"),
        SECTIONS,
    ),
    "ipynb": (
        "Pelvin",
        lambda facts: samples.notebook(
            ("markdown", f"# All\n\n## Ships\n\n{facts[0]}"),
            ("code", "print(ferry)", facts[1]),
            ("markdown", f"## Lights\n\n{facts[2]}"),
        ),
        SECTIONS,
    ),
    "vtt": ("Quenby", lambda facts: "WEBVTT\n\n" + captions(facts, "."), TIMES),
    "srt": ("Rosmar", lambda facts: captions(facts, ","), TIMES),
    "log": (
        "Selvik",
        lambda facts: f"{facts[0]}\n{facts[1]}\n\n{facts[2]}\n",
        ((None, "line 1"), (None, "line 2"), (None, "line 4")),
    ),
    "xml": ("Torvald", lambda facts: XML.format(*facts), SECTIONS),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The app over an index of one file of each format."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "documents").mkdir()
    for extension, (town, make, _) in FORMATS.items():
        content = make(samples.facts_of(town))
        data = content.encode() if isinstance(content, str) else content
        (folder / "documents" / f"ports.{extension}").write_bytes(data)
    return create_app(build_index(folder)).test_client()


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("extension", FORMATS)
def test_the_answer_is_cited_at_its_place(client, extension, number):
    town, _, places = FORMATS[extension]
    fact = samples.facts_of(town)[number]
    answer = client.get("/ask", query_string={"q": QUESTIONS[number].format(town)}).get_json()
    citation = answer["passages"][0]["citation"]
    section, place = places[number]

    assert answer["verdict"] == "found"
    assert fact in citation["exact"]
    assert citation["place"] == place
    assert section is None or citation["section"] == section or citation["title"] == section


@pytest.mark.parametrize("extension", [e for e, (_, _, places) in FORMATS.items() if places[0][1]])
def test_the_reader_shows_the_places(client, extension):
    town, _, places = FORMATS[extension]
    answer = client.get("/ask", query_string={"q": QUESTIONS[1].format(town)}).get_json()
    url = answer["passages"][0]["citation"]["read_url"].partition("#")[0]
    page = lxml.html.fromstring(client.get(url).text)
    shown = [element.text_content() for element in page.xpath("//p[@class='page']")]

    assert places[1][1].capitalize() in shown
    assert town in page.xpath("//mark[@id='cited']")[0].text_content()


def test_an_attachment_is_a_document_of_its_own(client):
    documents = client.get("/documents.json").get_json()["items"]
    attached = [document["source"] for document in documents if "light" in document["id"]]

    assert attached == ["ports.eml/light.txt", "ports.msg/light.txt"]


def test_the_page_of_a_document_says_what_its_text_lacks(tmp_path):
    picture = io.BytesIO()
    Image.new("L", (40, 40)).save(picture, "PNG")
    document = docx.Document()
    document.add_paragraph("The ferry to Vesa runs twice a day.")
    document.add_picture(picture)
    (tmp_path / "documents").mkdir()
    document.save(tmp_path / "documents" / "ferry.docx")
    page = "<p>The pier of Vesa is long.</p><img src=a.png><img src=b.png>"
    (tmp_path / "documents" / "pier.html").write_text(page)
    client = create_app(build_index(tmp_path)).test_client()

    assert "Not in this text: a picture." in client.get("/documents/ferry").text
    assert "Not in this text: 2 pictures." in client.get("/documents/pier").text
