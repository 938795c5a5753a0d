"""Whether a cluster holds every text as it was written."""

import hashlib
import zlib
from collections.abc import Iterator

from qa.documents.document import Document
from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.docvalues import decode_column
from qa.engines.opensearch.mappings import DOCUMENTS, PASSAGES
from qa.errors import CorruptIndexError
from qa.index.manifest import Manifest

_PAGE = 500
_BITS = 0xFFFFFF


class TextChecksum:
    """A checksum of many texts that does not depend on their order."""

    def __init__(self) -> None:
        self._total = 0
        self.checksum_total = 0
        self.size = 0

    def add(self, text: bytes) -> int:
        """Add *text*; its own checksum, which the cluster stores and adds up."""
        self._total += int.from_bytes(hashlib.sha256(text).digest(), "big")
        checksum = zlib.crc32(text) & _BITS
        self.checksum_total += checksum
        self.size += len(text)
        return checksum

    @property
    def digest(self) -> str:
        """The sum in hexadecimal digits."""
        return f"{self._total % (1 << 256):064x}"


def check_counts(cluster: Cluster, manifest: Manifest) -> None:
    """Raise CorruptIndexError unless all texts are there, with the checksums as written."""
    kinds = {DOCUMENTS: manifest.documents, PASSAGES: manifest.passages}
    body: Json = {
        "size": 0,
        "track_total_hits": True,
        "query": {"exists": {"field": "checked"}},
        "aggs": {"sum": {"sum": {"field": "checked"}}},
    }
    searches = [(f"{cluster.name}-{manifest.name}-{kind}", body) for kind in kinds]
    answers = cluster.search(searches)
    for (kind, count), answer in zip(kinds.items(), answers, strict=True):
        total = answer["hits"]["total"]["value"]
        if total != count:
            raise CorruptIndexError.of_damage(
                f"Generation {manifest.name}",
                f"it holds {total:,} {kind} where {count:,} were written",
            )
        if int(answer["aggregations"]["sum"]["value"]) != manifest.made_of[f"checked_{kind}"]:
            raise CorruptIndexError.of_damage(
                f"Generation {manifest.name}", f"its {kind} are not those that were written"
            )


def check_texts(cluster: Cluster, manifest: Manifest) -> None:
    """Read all back; raise CorruptIndexError unless every byte is as it was written.

    A passage is only written if it is in its document.
    """
    check_counts(cluster, manifest)
    checksum = TextChecksum()
    for hit in _iter_texts(cluster, manifest, PASSAGES, {"docvalue_fields": ["card"]}):
        card = decode_column(hit, "card")
        checksum.add(card + hit["_source"]["text"].encode())
    _check_digest(manifest, PASSAGES, checksum)
    checksum = TextChecksum()
    for hit in _iter_texts(cluster, manifest, DOCUMENTS, {}):
        checksum.add(hit["_source"]["json"].encode())
    _check_digest(manifest, DOCUMENTS, checksum)


def documents_of(cluster: Cluster, manifest: Manifest) -> Iterator[Document]:
    """All documents of a generation, whole."""
    for hit in _iter_texts(cluster, manifest, DOCUMENTS, {}):
        yield Document.from_json(hit["_source"]["json"])


def _iter_texts(cluster: Cluster, manifest: Manifest, kind: str, more: Json) -> Iterator[Json]:
    """Every text of an index, page by page, unsorted."""
    index = f"{cluster.name}-{manifest.name}-{kind}"
    body = {"size": _PAGE, "sort": ["_doc"], "query": {"exists": {"field": "checked"}}, **more}
    page = cluster.command("POST", f"/{index}/_search?scroll=2m", body)
    try:
        while hits := page["hits"]["hits"]:
            yield from hits
            scroll = {"scroll": "2m", "scroll_id": page["_scroll_id"]}
            page = cluster.command("POST", "/_search/scroll", scroll)
    finally:
        cluster.try_command("DELETE", "/_search/scroll", {"scroll_id": page["_scroll_id"]})


def _check_digest(manifest: Manifest, kind: str, checksum: TextChecksum) -> None:
    if checksum.digest != manifest.files[kind].sha256:
        raise CorruptIndexError.of_damage(
            f"Generation {manifest.name}", f"its {kind} are not those that were written"
        )
