"""The zip file of a Word document -> its parts as XML, and its properties."""

import datetime
import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

from lxml import etree

from qa.documents.formats.packages import parse_xml
from qa.documents.metadata import RawMetadata
from qa.errors import UnreadableFileError

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_TERMS = "{http://purl.org/dc/terms/}"
# Strict Open XML has other names for the same (ISO/IEC 29500-1 and -4).
_STRICT = (
    (b"http://purl.oclc.org/ooxml/officeDocument/math", b"http://schemas.openxmlformats.org/officeDocument/2006/math"),
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", W[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", R[1:-1].encode()),
)  # fmt: skip
_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Parts of a kind that a part may refer to: each section has three headers at most.
_MAX_RELATED = 100
# The properties that python-docx's template has.
_TEMPLATE = {"author": "python-docx", "created": datetime.datetime(2013, 12, 23, 23, 15)}


class Part:
    """A part of the package as XML, and the names of the parts that it refers to."""

    def __init__(self, package: "Package", name: str, root: etree._Element) -> None:
        self._package = package
        self.root = root
        self._targets: dict[str, str] = {}
        self._by_kind: dict[str, list[str]] = {}
        for relationship in package.relationships(name):
            target = relationship.get("Target", "")
            if relationship.get("TargetMode") != "External":
                path = posixpath.normpath(posixpath.join("/", posixpath.dirname(name), target))
                self._targets[relationship.get("Id", "")] = path.lstrip("/")
                kind = relationship.get("Type", "").rpartition("/")[2]
                self._by_kind.setdefault(kind, []).append(path.lstrip("/"))

    def related_part(self, kind: str) -> "Part | None":
        """The part of a kind, such as "footnotes", that this one refers to."""
        return next(self.iter_related(kind), None)

    def iter_related(self, kind: str) -> "Iterator[Part]":
        """The first parts of a kind, such as "header", that this one refers to."""
        for name in self._by_kind.get(kind, ())[:_MAX_RELATED]:
            if (part := self._package.open_part(name)) is not None:
                yield part

    def by_id(self, relationship_id: str) -> "Part | None":
        """The part that *relationship_id* refers to."""
        name = self._targets.get(relationship_id)
        return self._package.open_part(name) if name else None

    def read_by_id(self, relationship_id: str) -> tuple[str, bytes]:
        """The name and the bytes of the file that *relationship_id* refers to."""
        name = self._targets.get(relationship_id, "")
        return name, self._package.read(name)


class Package:
    """An Open XML file.  Parts that are missing or damaged, but for the main one, are left out."""

    def __init__(self, data: bytes, limit: int) -> None:
        if data.startswith(_OLE_SIGNATURE):
            raise UnreadableFileError(
                "encrypted, or of an old Word; save it as .docx without a password"
            )
        self._file = zipfile.ZipFile(BytesIO(data))
        # zipfile reads no more of a member than it declares.
        if sum(member.file_size for member in self._file.infolist()) > limit:
            raise UnreadableFileError(f"unpacks to more than {limit >> 20} MB")
        # Some programs write backslashes, and names in another case than the references to them.
        self._members = {name.replace("\\", "/").lower(): name for name in self._file.namelist()}

    def main_part(self) -> Part:
        """The part with the document's text."""
        kinds = {
            r.get("Type", "").rpartition("/")[2]: r.get("Target", "")
            for r in self.relationships("")
        }
        name = kinds.get("officeDocument", "word/document.xml").lstrip("/")
        return Part(self, name, _parse_part(self.read(name)))

    def open_part(self, name: str) -> Part | None:
        """The part called *name*; None if it is not there or no XML."""
        with suppress(KeyError, zipfile.BadZipFile, etree.XMLSyntaxError, NotImplementedError):
            return Part(self, name, _parse_part(self.read(name)))
        return None

    def relationships(self, name: str) -> list[etree._Element]:
        """The relationships of the part called *name*, of the package itself for ""."""
        folder, _, file = name.rpartition("/")
        path = posixpath.join(folder, "_rels", f"{file}.rels")
        with suppress(KeyError, zipfile.BadZipFile, etree.XMLSyntaxError):
            return list(_parse_part(self.read(path)))
        return []

    def read_properties(self) -> RawMetadata:
        """The title, author, date and language that a person filled in."""
        names = [
            r.get("Target", "")
            for r in self.relationships("")
            if "core-properties" in r.get("Type", "")
        ]
        part = self.open_part(names[0].lstrip("/")) if names else None
        if part is None:
            return {}
        values = {
            "title": part.root.findtext(f"{_DC}title"),
            "author": part.root.findtext(f"{_DC}creator"),
            "created": _parse_time(part.root.findtext(f"{_TERMS}created")),
            "language": part.root.findtext(f"{_DC}language"),
        }
        return {k: v for k, v in values.items() if v and v != _TEMPLATE.get(k)}

    def read(self, name: str) -> bytes:
        """The bytes of the member called *name*."""
        return self._file.read(self._members[name.lower()])


def _parse_part(data: bytes) -> etree._Element:
    for strict, transitional in _STRICT:
        data = data.replace(strict, transitional)
    return parse_xml(data, huge=False)


def _parse_time(text: str | None) -> datetime.datetime | None:
    with suppress(ValueError):
        return datetime.datetime.fromisoformat(text or "").replace(tzinfo=None)
    return None
