"""What a generation was sealed with, held against what the cluster has.

Each text is written with a checksum of 24 bits; the cluster adds them up, exactly, for the sums of
hundreds of millions of them are whole numbers to a float.  The whole check reads all back.
"""

import hashlib
import zlib
from collections.abc import Iterator

from qa.documents import Document
from qa.engines.opensearch.cards import column
from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.schema import DOCUMENTS, PASSAGES
from qa.errors import DamagedError
from qa.manifests import Manifest

_PAGE = 500
_BITS = 0xFFFFFF


class Sum:
    """A checksum of many texts, in whatever order they come."""

    def __init__(self) -> None:
        self._total = 0
        self.checked = 0
        self.size = 0

    def add(self, text: bytes) -> int:
        """Count *text* in; what the cluster is given for it to add up."""
        self._total += int.from_bytes(hashlib.sha256(text).digest(), "big")
        own = zlib.crc32(text) & _BITS
        self.checked += own
        self.size += len(text)
        return own

    @property
    def digest(self) -> str:
        """The sum in hexadecimal digits."""
        return f"{self._total % (1 << 256):064x}"


def check_counts(cluster: Cluster, manifest: Manifest) -> None:
    """Raise DamagedError unless as many texts are there as were written, with their checksums."""
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
        found = answer["hits"]["total"]["value"]
        if found != count:
            raise _damaged(manifest, f"it holds {found:,} {kind} where {count:,} were written")
        if int(answer["aggregations"]["sum"]["value"]) != manifest.made_of[f"checked_{kind}"]:
            raise _damaged(manifest, f"its {kind} are not those that were written")


def check_texts(cluster: Cluster, manifest: Manifest) -> None:
    """Read all back; raise DamagedError unless every byte is as it was written.

    A passage is written only where it stands in its document.
    """
    check_counts(cluster, manifest)
    own = Sum()
    for hit in _all(cluster, manifest, PASSAGES, {"docvalue_fields": ["card"]}):
        card = column(hit, "card")
        own.add(card + hit["_source"]["text"].encode())
    _same(manifest, PASSAGES, own)
    own = Sum()
    for hit in _all(cluster, manifest, DOCUMENTS, {}):
        own.add(hit["_source"]["json"].encode())
    _same(manifest, DOCUMENTS, own)


def documents_of(cluster: Cluster, manifest: Manifest) -> Iterator[Document]:
    """All documents of a generation, whole."""
    for hit in _all(cluster, manifest, DOCUMENTS, {}):
        yield Document.from_json(hit["_source"]["json"])


def _all(cluster: Cluster, manifest: Manifest, kind: str, more: Json) -> Iterator[Json]:
    """Every text of an index, by pages that cost the cluster no sorting."""
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


def _same(manifest: Manifest, kind: str, own: Sum) -> None:
    if own.digest != manifest.files[kind].sha256:
        raise _damaged(manifest, f"its {kind} are not those that were written")


def _damaged(manifest: Manifest, why: str) -> DamagedError:
    return DamagedError(
        f"Generation {manifest.name} is damaged: {why}. Run `qa index`, or roll back."
    )
