"""Files made for the tests of reading, and what is found in them."""

import io
import tarfile
import zipfile

from qa.documents.document import Document
from qa.documents.file_access import open_failure, to_printable
from qa.documents.folder import DocumentFolder
from qa.documents.format_registry import unreadable_reason
from qa.documents.reader import load_content, read_content
from qa.documents.skips import Skip
from qa.settings import Settings


def read_folder(folder, settings, progress=None):
    """Read all files below *folder*, in the order of their paths."""
    return DocumentFolder(folder, settings).iter_documents(progress)


def read_texts(folder, settings=None):
    """The texts of documents and the Skips, in order."""
    results = read_folder(folder, settings or Settings())
    return [result.text if isinstance(result, Document) else result for result in results]


def read_documents(path, source, settings):
    """Read the file at *path*, called *source* below the documents folder."""
    if reason := unreadable_reason(path.name):
        return [Skip(to_printable(source), reason)]
    try:
        content = load_content(path, source, settings)
    except OSError as error:
        return [Skip(to_printable(source), open_failure(error))]
    return read_content(content, source, settings)


def read_file(folder, name, data, settings=None, **sidecars):
    """Read a file of this name and content: Documents by id, and Skips.

    *sidecars* are given by the ending of their name, with underscores for dots.
    """
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    for ending, text in sidecars.items():
        (folder / (name + ending.replace("_", "."))).write_text(text)
    results = read_documents(path, name, settings or Settings())
    skips = [result for result in results if isinstance(result, Skip)]
    return {r.id: r for r in results if isinstance(r, Document)}, skips


def make_zip(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            # Without the time, so that every process that runs tests has the same.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def make_tar(mode="w", **members):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.name = name
            content = b"" if isinstance(data, tarfile.TarInfo) else data.encode()
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()
