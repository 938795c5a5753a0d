"""Pages that are pictures are read by Tesseract, where it is installed and asked for."""

import io
import shutil
from types import SimpleNamespace

import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image

from qa.app import create_app
from qa.documents import ocr
from qa.documents.document import Metadata, RawBlock, build_document
from qa.documents.formats import pdf
from qa.documents.reader import FileContent, is_reproducible, read_content
from qa.errors import UnreadableFileError
from qa.settings import Settings
from tests.conftest import build_index
from tests.documents.samples import facts_of

needs_tesseract = pytest.mark.skipif(
    not shutil.which("tesseract"), reason="Tesseract is not installed (tesseract-ocr)"
)
ON = Settings(ocr=True)
TEXT = "The keeper of the ferry was Anna Vell until the bridge opened."


def photograph(*pages, turns=0):
    """A PDF whose pages are pictures of *pages*, each a text."""
    file = FPDF()
    for text in pages:
        page = FPDF()
        page.add_page()
        page.set_font("Helvetica", size=16)
        page.multi_cell(0, 9, text, align="L")
        picture = pypdfium2.PdfDocument(bytes(page.output()))[0].render(scale=200 / 72)
        pixels = np.rot90(picture.to_numpy()[:, :, :3], turns)
        file.add_page("L" if turns % 2 else "P")
        file.image(Image.fromarray(np.ascontiguousarray(pixels)), 0, 0, file.w, file.h)
    return bytes(file.output())


def words(document):
    return " ".join(block.text for block in document.blocks)


@needs_tesseract
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_picture_of_a_page_is_read_whichever_way_it_lies(turns):
    document = pdf.read_pdf(photograph(f"{TEXT} {TEXT} {TEXT}", turns=turns), ON)

    assert words(document).split() == [*TEXT.split() * 3]
    assert document.certainties[1] > 0.8
    assert document.omissions == ()


@needs_tesseract
def test_only_pages_without_text_are_recognized_and_pages_keep_their_numbers():
    file = FPDF()
    file.add_page()
    file.set_font("Helvetica", size=12)
    file.cell(text="Page one has text.")
    mixed = merge(bytes(file.output()), photograph(TEXT))
    document = pdf.read_pdf(mixed, ON)

    assert [(block.text, block.page) for block in document.blocks] == [
        ("Page one has text.", 1),
        (TEXT, 2),
    ]
    assert set(document.certainties) == {2}


def merge(*files):
    merged, data = pypdfium2.PdfDocument.new(), io.BytesIO()
    for file in files:
        merged.import_pages(pypdfium2.PdfDocument(file))
    merged.save(data)
    return data.getvalue()


def half_scanned(text, scan, turns=0):
    """A page with a line of text above a picture of another text."""
    picture = pypdfium2.PdfDocument(photograph(scan))[0].render(scale=200 / 72).to_numpy()
    pixels = np.ascontiguousarray(picture[: len(picture) // 3, :, :3])
    file = FPDF()
    file.add_page()
    file.set_font("Helvetica", size=12)
    file.cell(text=text)
    file.image(Image.fromarray(pixels), 0, 100, file.w)
    document = pypdfium2.PdfDocument(bytes(file.output()))
    document[0].set_rotation(90 * turns)
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


@needs_tesseract
@pytest.mark.parametrize("turns", [0, 1])
def test_a_picture_of_text_beside_text_is_recognized(turns):
    document = pdf.read_pdf(half_scanned("The gate has text.", TEXT, turns), ON)

    assert words(document) == f"The gate has text. {TEXT}"
    assert 0.8 < document.certainties[1] < 1
    assert document.omissions == ()


def test_a_picture_of_text_beside_text_is_named_without_ocr():
    document = pdf.read_pdf(half_scanned("The gate has text.", TEXT))

    assert words(document) == "The gate has text."
    assert len(document.omissions) == 1
    assert document.omissions[0].startswith(
        "page 1 of 1: a part of it is a picture, perhaps of text; run OCR first, or set QA_OCR=1"
    )


def photo_page(shade, text_over=""):
    """A page with a line of text and a large picture in a shade, with text over it or not."""
    file = FPDF()
    file.add_page()
    file.set_font("Helvetica", size=12)
    file.cell(text="The gate has text.")
    file.image(Image.new("L", (400, 400), shade), 20, 60, 150)
    file.set_xy(25, 65)
    file.multi_cell(140, 6, text_over)
    return bytes(file.output())


@pytest.mark.parametrize(
    ("text_over", "omissions"), [("", ("pictures on page 1 of 1",)), (f"{TEXT} " * 5, ())]
)
def test_a_photo_is_named_and_a_background_is_not(text_over, omissions):
    assert pdf.read_pdf(photo_page(128, text_over), ON).omissions == omissions


@needs_tesseract
def test_a_picture_without_words_is_named():
    file = FPDF()
    file.add_page()
    file.set_fill_color(0)
    file.rect(40, 40, 90, 60, style="F")

    with pytest.raises(UnreadableFileError, match="no words were recognized in it"):
        pdf.read_pdf(bytes(file.output()), ON)


@needs_tesseract
def test_pages_for_which_there_is_no_time_are_named_and_not_remembered(monkeypatch):
    # Not in the module itself, whose clock other threads of the process look at, too.
    clock = SimpleNamespace(monotonic=iter([0, *[10_000] * 99]).__next__)
    monkeypatch.setattr(ocr, "time", clock)
    results = read_content(FileContent(photograph(TEXT), {}), "scan.pdf", ON)

    assert "QA_OCR_SECONDS" in results[0].reason
    assert not is_reproducible(results, ON)


def test_without_the_setting_the_report_says_how_to_read_a_picture():
    with pytest.raises(UnreadableFileError, match="run OCR first, or set QA_OCR=1"):
        pdf.read_pdf(photograph(TEXT))


def test_without_tesseract_the_report_says_what_to_install(monkeypatch):
    monkeypatch.setattr(ocr, "tesseract_version", lambda: "")

    with pytest.raises(UnreadableFileError, match="install Tesseract"):
        pdf.read_pdf(photograph(TEXT), ON)


@needs_tesseract
def test_a_language_that_is_not_there_is_named():
    languages = Settings(ocr=True, ocr_languages=("eng", "xyz_vert"))

    with pytest.raises(UnreadableFileError, match="install tesseract-ocr-xyz-vert"):
        pdf.read_pdf(photograph(TEXT), languages)


def test_what_is_recognized_is_cached_apart_by_language_and_time():
    settings = [
        Settings(),
        ON,
        Settings(ocr=True, ocr_languages=("deu",)),
        Settings(ocr=True, ocr_seconds=9),
    ]

    assert len({ocr.describe_ocr(each) for each in settings}) == 4


def test_pages_know_how_certain_their_words_are():
    blocks = [RawBlock("Written.", page=1), RawBlock("Recognized.", page=2)]
    document = build_document("a", "a.pdf", blocks, Metadata("A"), certainties={2: 0.93})

    assert document.locate(0).certainty is None
    assert document.locate(len(document.text) - 1).certainty == 0.93
    assert type(document).from_json(document.to_json()) == document


def picture_file(kind, *texts, dark=False, **options):
    """A file of pictures, each of a text."""
    file = pypdfium2.PdfDocument(photograph(*texts))
    frames = [page.render(scale=150 / 72).to_pil().convert("RGB") for page in file]
    if dark:
        frames = [Image.eval(frame, lambda shade: 255 - shade) for frame in frames]
    data = io.BytesIO()
    more = {"save_all": True, "append_images": frames[1:]} if kind == "TIFF" else {}
    frames[0].save(data, kind, **more, **options)
    return data.getvalue()


def read_picture(name, data, settings=ON):
    return read_content(FileContent(data, {}), name, settings)


@needs_tesseract
@pytest.mark.parametrize(
    ("name", "kind", "options"),
    [
        ("scan.png", "PNG", {"dpi": (150, 150)}),
        ("scan.jpg", "JPEG", {"quality": 80}),
        ("SCAN.JPEG", "JPEG", {}),
        ("dark.png", "PNG", {"dark": True}),
    ],
)
def test_the_words_of_a_picture_are_read_with_their_certainty(name, kind, options):
    (document,) = read_picture(name, picture_file(kind, f"{TEXT} {TEXT}", **options))

    assert document.text.split() == [*TEXT.split() * 2]
    assert document.locate(0).certainty > 0.8
    assert document.page_at(0) == 1


@needs_tesseract
def test_the_pictures_of_a_file_are_its_pages():
    second = "The mill burnt down in the year of the flood."
    (document,) = read_picture("scan.tiff", picture_file("TIFF", TEXT, second))

    assert document.page_at(0) == 1
    assert document.page_at(document.text.index("mill")) == 2


QUESTIONS = (
    ("Who built the harbour of Lindholm?", "Karl Brandt"),
    ("How often does the ferry from Lindholm run in winter?", "twice a day"),
    ("What has lit the lighthouse of Lindholm since 1902?", "by gas"),
)


@needs_tesseract
def test_questions_to_a_scan_are_answered_with_the_page_and_its_certainty(tmp_path):
    (tmp_path / "documents").mkdir()
    scan = picture_file("TIFF", *facts_of("Lindholm"))
    (tmp_path / "documents" / "scan.tiff").write_bytes(scan)
    client = create_app(build_index(tmp_path, ocr=True)).test_client()

    for page, (question, answer) in enumerate(QUESTIONS, start=1):
        response = client.get("/ask", query_string={"q": question}).get_json()
        citation = response["passages"][0]["citation"]

        assert response["verdict"] == "found"
        assert answer in citation["exact"]
        assert citation["place"] == f"p. {page}"
        assert citation["certainty"] > 0.8


@needs_tesseract
@pytest.mark.parametrize("size", [4, 900])
def test_a_damaged_picture_is_named_with_the_reason(size):
    (skip,) = read_picture("scan.png", picture_file("PNG", TEXT)[:size])

    assert skip.reason == "damaged, or no picture"


@needs_tesseract
def test_a_picture_without_words_is_named_with_the_reason():
    (skip,) = read_picture("scan.png", picture_file("PNG", ""))

    assert skip.reason == "a picture in which no words were recognized"


def test_without_the_setting_a_picture_says_how_it_is_read():
    (skip,) = read_picture("scan.png", picture_file("PNG", TEXT), Settings())

    assert skip.reason == "a picture; set QA_OCR=1 to read it with Tesseract"
