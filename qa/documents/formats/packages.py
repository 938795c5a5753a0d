"""Formats that are ZIP archives of XML: opening them within limits."""

import posixpath
import zipfile
from io import BytesIO
from urllib.parse import unquote

from lxml import etree

from qa.errors import UnreadableFileError

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_PARTS = 100_000


class Package:
    """The parts of a package; all of them together are no larger than a limit."""

    def __init__(self, data: bytes, limit: int) -> None:
        """Raise UnreadableFileError if *data* is encrypted, or unpacks to more than *limit*."""
        if data.startswith(_OLE_SIGNATURE):
            raise UnreadableFileError("encrypted; save it without a password")
        self._archive = zipfile.ZipFile(BytesIO(data))
        members = self._archive.infolist()
        # zipfile reads no more of a member than it declares.
        if sum(member.file_size for member in members) > limit:
            raise UnreadableFileError(f"unpacks to more than {limit >> 20} MB")
        if len(members) > _MAX_PARTS:
            raise UnreadableFileError(f"more than {_MAX_PARTS:,} parts in it")
        self.names = frozenset(member.filename for member in members)

    def read(self, name: str) -> bytes:
        """The bytes of a part; raise UnreadableFileError if there is none or it is damaged."""
        try:
            return self._archive.read(name)
        except KeyError:
            raise UnreadableFileError(f"damaged: it has no {name}") from None
        except (RuntimeError, NotImplementedError) as error:
            raise UnreadableFileError("encrypted; save it without a password") from error

    def parse(self, name: str) -> etree._Element:
        """The root element of a part."""
        return parse_xml(self.read(name))

    def find(self, base: str, address: str) -> str | None:
        """The name of the part that a link in the part *base* leads to."""
        folder = posixpath.dirname(base)
        name = posixpath.normpath(posixpath.join(folder, unquote(address.partition("#")[0])))
        return name if name in self.names else None


def parse_xml(data: bytes, *, recover: bool = False, huge: bool = True) -> etree._Element:
    """The root element of a document; entities are not expanded, nothing else is opened.

    Without *huge*, it is nested no deeper than libxml2 allows by default, 256 elements.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=huge,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )
    root = etree.fromstring(data, parser)
    if root is None:
        raise UnreadableFileError("no XML in it")
    return root


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for entities."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
