"""The formats that can be read, by the extension of a file, and what converts others to them."""

from collections.abc import Callable, Iterable
from importlib import import_module

from qa.documents.formats.archives import ArchiveMember
from qa.documents.raw_document import RawDocument
from qa.documents.skips import Skip
from qa.settings import Settings

# What a format reader gives: documents, the reasons why parts are none, and attached files.
RawItem = RawDocument | Skip | ArchiveMember

# The module and function that read each format.  Some of their libraries are slow to import, so
# each is imported for the first file that needs it.
_FORMAT_READERS = {
    ".txt": ("text", "read_text_file"),
    ".text": ("text", "read_text_file"),
    ".log": ("log", "read_log"),
    ".md": ("markdown", "read_markdown"),
    ".markdown": ("markdown", "read_markdown"),
    ".rst": ("rst", "read_rst"),
    ".org": ("org", "read_org"),
    ".adoc": ("asciidoc", "read_asciidoc"),
    ".asciidoc": ("asciidoc", "read_asciidoc"),
    ".tex": ("tex", "read_tex"),
    ".ipynb": ("notebook", "read_notebook"),
    ".html": ("html", "read_html"),
    ".htm": ("html", "read_html"),
    ".xhtml": ("html", "read_html"),
    ".xml": ("xml", "read_xml"),
    ".epub": ("epub", "read_epub"),
    ".pdf": ("pdf", "read_pdf"),
    ".png": ("picture", "read_picture"),
    ".jpg": ("picture", "read_picture"),
    ".jpeg": ("picture", "read_picture"),
    ".tif": ("picture", "read_picture"),
    ".tiff": ("picture", "read_picture"),
    ".docx": ("docx", "read_docx"),
    ".odt": ("opendocument", "read_odt"),
    ".rtf": ("rtf", "read_rtf"),
    ".pptx": ("pptx", "read_pptx"),
    ".odp": ("opendocument", "read_odp"),
    ".csv": ("rows", "read_csv"),
    ".tsv": ("rows", "read_tsv"),
    ".json": ("rows", "read_json"),
    ".jsonl": ("rows", "read_jsonl"),
    ".ndjson": ("rows", "read_jsonl"),
    ".xlsx": ("sheets", "read_excel"),
    ".xlsm": ("sheets", "read_excel"),
    ".xls": ("sheets", "read_excel"),
    ".ods": ("sheets", "read_ods"),
    ".eml": ("mail", "read_eml"),
    ".mbox": ("mail", "read_mbox"),
    ".msg": ("outlook", "read_msg"),
    ".vtt": ("subtitles", "read_subtitles"),
    ".srt": ("subtitles", "read_subtitles"),
}
# Packed formats, whose readers are told how many bytes they may unpack to.
_PACKED_EXTENSIONS = frozenset(
    {".docx", ".epub", ".msg", ".odp", ".ods", ".odt", ".pptx", ".xls", ".xlsm", ".xlsx"}
)
# Formats that may hold pictures of text, whose readers are told whether to recognize it.
_RECOGNIZED_EXTENSIONS = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff"})
ARCHIVE_EXTENSIONS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
EXTENSIONS = (*_FORMAT_READERS, *ARCHIVE_EXTENSIONS)
# Formats that no library reads in Python, and what converts them into one that can be read.
_LIBREOFFICE = "; save it as .{0}, or run: soffice --headless --convert-to {0} FILE"
_CONVERSIONS = {
    ".doc": "an old Word file" + _LIBREOFFICE.format("docx"),
    ".dot": "an old Word template" + _LIBREOFFICE.format("docx"),
    ".ppt": "an old PowerPoint file" + _LIBREOFFICE.format("pptx"),
    ".pps": "an old PowerPoint show" + _LIBREOFFICE.format("pptx"),
    ".wpd": "a WordPerfect file" + _LIBREOFFICE.format("docx"),
    ".wps": "a Works file" + _LIBREOFFICE.format("docx"),
    ".xlsb": "a binary Excel file" + _LIBREOFFICE.format("xlsx"),
    ".pages": "a Pages file; export it to Word or PDF from Pages, or at iCloud.com",
    ".key": "a Keynote file; export it to PowerPoint or PDF from Keynote, or at iCloud.com",
    ".numbers": "a Numbers file; export it to Excel from Numbers, or at iCloud.com",
    ".mobi": "a Kindle book; convert it with calibre: ebook-convert FILE book.epub",
    ".azw3": "a Kindle book; convert it with calibre: ebook-convert FILE book.epub",
    ".chm": "a help file; convert it with calibre: ebook-convert FILE book.epub",
    ".djvu": "a DjVu file; convert it to PDF: ddjvu -format=pdf FILE book.pdf",
    ".ps": "a PostScript file; convert it to PDF: ps2pdf FILE",
    ".pst": "an Outlook data file; convert it to .mbox: readpst -r FILE",
}

UNKNOWN_FORMAT = "unknown kind of file"
_WITH_FRONT_MATTER = ("text", "markdown")


def file_extension(name: str) -> str:
    """The extension of a format that can be read; empty for others."""
    extensions = (
        extension
        for extension in EXTENSIONS
        if name.lower().endswith(extension) and len(name) > len(extension)
    )
    return max(extensions, key=len, default="")


def without_extension(name: str) -> str:
    """*name* without the extension of its format."""
    return name[: len(name) - len(file_extension(name))]


def unreadable_reason(name: str) -> str | None:
    """Why a file of this name cannot be read; None if it can."""
    if file_extension(name):
        return None
    extension = f".{name.rpartition('.')[2].lower()}"
    return _CONVERSIONS.get(extension, UNKNOWN_FORMAT)


def has_front_matter(extension: str) -> bool:
    """Whether files of a format may begin with metadata in YAML."""
    return _FORMAT_READERS[extension][0] in _WITH_FRONT_MATTER


def read_format(data: bytes, extension: str, settings: Settings) -> Iterable[RawItem]:
    """What the reader of a format finds in *data*; it may raise any exception."""
    module, name = _FORMAT_READERS[extension]
    function: Callable[..., RawDocument | Iterable[RawItem]] = getattr(
        import_module(f"qa.documents.formats.{module}"), name
    )
    arguments: tuple[object, ...] = ()
    if extension in _PACKED_EXTENSIONS:
        arguments = (settings.max_file_mb << 20,)
    elif extension in _RECOGNIZED_EXTENSIONS:
        arguments = (settings,)
    result = function(data, *arguments)
    return [result] if isinstance(result, RawDocument) else result
