"""Documents and their passages -> a generation in a cluster, checked before it is live."""

import base64
import dataclasses
import hashlib
import json
import uuid
from collections.abc import Sequence

from qa.documents import Document
from qa.engines.base import Summary
from qa.engines.opensearch.cards import Token, packed, token
from qa.engines.opensearch.catalogue import BUILDING, MANIFEST, Catalogue, Seal, now
from qa.engines.opensearch.cluster import Cluster
from qa.engines.opensearch.lease import Lease
from qa.engines.opensearch.schema import (
    DOCUMENTS,
    LAYOUT,
    LONGEST,
    PASSAGES,
    STEMS,
    TITLE,
    WHOLE,
    WORDS,
    created,
    finished,
)
from qa.engines.opensearch.search import ClusterSearcher
from qa.engines.opensearch.verifying import Sum
from qa.engines.opensearch.writing import Writer
from qa.errors import IndexingError
from qa.manifests import FileSum, Manifest
from qa.passages import Passage
from qa.text import tokens


class ClusterBuild:
    """A generation in the making, in indices of its own."""

    def __init__(self, cluster: Cluster, catalogue: Catalogue, lease: Lease, keep: int) -> None:
        self._cluster = cluster
        self._catalogue = catalogue
        self._lease = lease
        self._keep = keep
        self.name = uuid.uuid4().hex[:12]
        self._passages, self._documents = catalogue.indices(self.name)
        self._writer = Writer(cluster)
        self._sums = {PASSAGES: Sum(), DOCUMENTS: Sum()}
        self._words = self._title_words = self._added = 0
        self._digest = ""
        self._done = False

    def begin(self) -> None:
        """Make the indices, empty."""
        meta = Seal(BUILDING, now())._asdict()
        for index, kind in ((self._documents, DOCUMENTS), (self._passages, PASSAGES)):
            self._cluster.command("PUT", f"/{index}", created(kind, self._cluster.shards, meta))

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""
        ordinal, self._added = self._added, self._added + 1
        whole: list[str] = []
        filters = _filters(document)
        for passage in passages:
            if document.text[passage.start : passage.end] != passage.text:
                raise IndexingError(f"Passage {passage.number} of {document.id!r} is not in it.")
            whole += self._add_passage(document, ordinal, passage, filters)
        line = document.to_json()
        source = {
            WHOLE: " ".join(whole),
            "id": document.id,
            "ordinal": ordinal,
            "summary": _summary(document, len(whole), len(passages)),
            "json": line,
            "checked": self._sums[DOCUMENTS].add(line.encode()),
            **filters,
        }
        self._writer.add(self._documents, str(ordinal), source)

    def _add_passage(
        self,
        document: Document,
        ordinal: int,
        passage: Passage,
        filters: dict[str, str | int],
    ) -> list[str]:
        """Index a passage; its stems."""
        found = _tokens(passage.text, passage.language)
        stems = [each.stem for each in found]
        over = _tokens(passage.heading, passage.language)
        self._words += len(found)
        self._title_words += len(over)
        card = packed(document, ordinal, passage, found, over)
        source = {
            STEMS: " ".join(stems),
            WORDS: " ".join([each.form for each in found]),
            TITLE: " ".join([each.stem for each in over]),
            "document": document.id,
            "card": base64.b64encode(card).decode(),
            "text": passage.text,
            "checked": self._sums[PASSAGES].add(card + passage.text.encode()),
            **filters,
        }
        self._writer.add(self._passages, f"{ordinal}-{passage.number}", source)
        return stems

    def finish(self, manifest: Manifest) -> ClusterSearcher:
        """Write all of it out, seal it, and open it: whole, but not live yet."""
        self._writer.finish()
        files = {kind: FileSum(each.size, each.digest) for kind, each in sorted(self._sums.items())}
        made_of = {
            **manifest.made_of,
            "layout": LAYOUT,
            "shards": self._cluster.shards,
            "words": self._words,
            "title_words": self._title_words,
            **{f"checked_{kind}": each.checked for kind, each in self._sums.items()},
        }
        manifest = dataclasses.replace(manifest, files=files, made_of=made_of)
        text = manifest.to_json()
        self._digest = hashlib.sha256(text.encode()).hexdigest()
        self._writer.add(self._documents, MANIFEST, {MANIFEST: text})
        self._writer.finish()
        both = f"{self._documents},{self._passages}"
        self._cluster.command("POST", f"/{both}/_flush?force=true")
        self._cluster.command("POST", f"/{both}/_refresh")
        self._cluster.command("PUT", f"/{both}/_settings", finished(self._cluster.replicas))
        self._cluster.try_command(
            "GET", f"/_cluster/health/{both}?wait_for_no_initializing_shards=true&timeout=60s"
        )
        return ClusterSearcher(self._cluster, dataclasses.replace(manifest, name=self.name))

    def publish(self, over: str | None) -> None:
        """Make it live in place of *over*."""
        self._lease.check()
        self._catalogue.publish(self.name, self._digest, over)
        self._done = True
        self._catalogue.prune(self._keep, over)

    def refuse(self) -> None:
        """Keep it for inspection."""
        self._lease.check()
        self._catalogue.refuse(self.name, self._digest)
        self._done = True

    def discard(self) -> None:
        """Let go of what was neither published nor refused."""
        self._writer.stop()
        if not self._done:
            self._catalogue.remove(self.name)


def _tokens(text: str, language: str) -> list[Token]:
    return [token(word, language, LONGEST) for word in tokens(text)]


def _filters(document: Document) -> dict[str, str | int]:
    about = document.metadata
    found: dict[str, str | int] = {}
    if about.publisher:
        found["publisher"] = about.publisher.casefold()
    if about.date:
        found["date"] = about.date.toordinal()
    return found


def _summary(document: Document, words: int, passages: int) -> str:
    about = document.metadata
    summary = Summary(
        document.id,
        document.source,
        about.title,
        about.publisher,
        about.date,
        words,
        passages,
        document.sha256,
    )
    line = json.dumps(vars(summary), default=str, ensure_ascii=False)
    return base64.b64encode(line.encode()).decode()
