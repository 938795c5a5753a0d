"""An EPUB book -> its chapters in reading order, each with its heading, and its metadata."""

from collections.abc import Iterator

from lxml import etree

from qa.analysis.tokenizer import normalize
from qa.documents.document import RawBlock
from qa.documents.formats.html import read_page
from qa.documents.formats.packages import Package, local_name, parse_xml
from qa.documents.metadata import RawMetadata
from qa.documents.raw_document import RawDocument, build_raw_document, count_pictures
from qa.errors import UnreadableFileError

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts may be obfuscated in a book that is not protected.
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGE_TYPES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_FIELDS = {
    "title": "title",
    "creator": "author",
    "publisher": "publisher",
    "date": "date",
    "language": "language",
    "description": "description",
}


def read_epub(data: bytes, limit: int) -> RawDocument:
    """Read a book that unpacks to no more than *limit* bytes."""
    package = Package(data, limit)
    if _is_protected(package):
        raise UnreadableFileError("protected (DRM); a copy without protection can be read")
    root_name = _find_root(package)
    root = package.parse(root_name)
    manifest = {item.get("id"): item for item in root.iter("{*}item")}
    labels = _read_labels(package, root_name, manifest)
    blocks: list[RawBlock] = []
    seen: set[str] = set()
    for reference in root.iter("{*}itemref"):
        item = manifest.get(reference.get("idref"))
        name = None if item is None else package.find(root_name, item.get("href", ""))
        # A chapter comes once, as the standard says, however often it is listed.
        if item is None or not name or name in seen:
            continue
        seen.add(name)
        if item.get("media-type") in _PAGE_TYPES:
            blocks += _read_chapter(package.read(name), labels.get(name))
    pictures = sum(item.get("media-type", "").startswith("image/") for item in manifest.values())
    return build_raw_document(blocks, _read_metadata(root))._replace(
        omissions=count_pictures(pictures)
    )


def _is_protected(package: Package) -> bool:
    if _ENCRYPTION not in package.names:
        return False
    methods = package.parse(_ENCRYPTION).iter("{*}EncryptionMethod")
    return any(method.get("Algorithm") not in _FONT_ALGORITHMS for method in methods)


def _find_root(package: Package) -> str:
    """The name of the part that lists the others."""
    if _CONTAINER in package.names:
        for element in package.parse(_CONTAINER).iter("{*}rootfile"):
            if element.get("full-path") in package.names:
                return str(element.get("full-path"))
    raise UnreadableFileError("damaged: it does not list its chapters")


def _read_chapter(data: bytes, label: str | None) -> Iterator[RawBlock]:
    """The blocks of a chapter, under its name in the table of contents if it has no heading."""
    blocks = read_page(data)
    if label and blocks and not any(block.level for block in blocks):
        is_repeated = normalize(blocks[0].text).lower() == normalize(label).lower()
        yield RawBlock(label, 1)
        blocks = blocks[1:] if is_repeated else blocks
    yield from blocks


def _read_labels(
    package: Package, root_name: str, manifest: "dict[str | None, etree._Element]"
) -> dict[str, str]:
    """The names of chapters in the table of contents, by part; the first of each part."""
    labels: dict[str, str] = {}
    for item in manifest.values():
        is_contents = "nav" in item.get("properties", "").split()
        if is_contents or item.get("media-type") == "application/x-dtbncx+xml":
            name = package.find(root_name, item.get("href", ""))
            for address, label in _iter_labels(package.read(name)) if name else ():
                target = package.find(name or "", address)
                if target and label:
                    labels.setdefault(target, label)
    return labels


def _iter_labels(data: bytes) -> Iterator[tuple[str, str]]:
    root = parse_xml(data, recover=True)
    for element in root.iter("{*}a", "{*}navPoint"):
        if local_name(element) == "a":
            yield element.get("href", ""), _text_of(element)
        else:
            content, label = element.find("{*}content"), element.find("{*}navLabel")
            if content is not None and label is not None:
                yield content.get("src", ""), _text_of(label)


def _read_metadata(root: etree._Element) -> RawMetadata:
    metadata: dict[str, object] = {}
    authors: list[str] = []
    for element in root.iterfind("{*}metadata//*"):
        field, value = _FIELDS.get(local_name(element)), _text_of(element)
        if field == "author" and value:
            authors.append(value)
        elif field and value:
            metadata.setdefault(field, value)
    return {**metadata, "author": authors} if authors else metadata


def _text_of(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())
