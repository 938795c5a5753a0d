"""Documents and their passages -> a generation in a cluster, checked before it is live."""

import base64
import dataclasses
import hashlib
import itertools
import json
import time
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from qa.analysis.tokenizer import tokens
from qa.documents.document import Document
from qa.engines.base import Summary
from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.docvalues import Sum, Token, packed, token
from qa.engines.opensearch.query_dsl import (
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
from qa.engines.opensearch.registry import BUILDING, MANIFEST, Catalogue, Lease, Seal, now
from qa.engines.opensearch.search import ClusterSearcher
from qa.errors import IndexingError, QAError
from qa.index.manifest import FileSum, Manifest
from qa.index.passages import Passage

# Bytes of a request, requests under way, and how often and how long what was turned away waits.
_REQUEST, _UNDER_WAY = 2 << 20, 4
_TRIES, _FIRST_WAIT = 8, 0.25
_BUSY = 429


class Writer:
    """Sends what is added to *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pool = ThreadPoolExecutor(_UNDER_WAY, thread_name_prefix="bulk")
        self._running: deque[Future[None]] = deque()
        self._lines: list[tuple[str, str]] = []
        self._size = 0

    def add(self, index: str, id_: str, source: Json) -> None:
        """Write *source* as the document *id_* of *index*."""
        head = f'{{"index":{{"_index":"{index}","_id":"{id_}"}}}}\n'
        text = json.dumps(source, ensure_ascii=False, separators=(",", ":")) + "\n"
        self._lines.append((head, text))
        self._size += len(text)
        if self._size >= _REQUEST:
            self.flush()

    def flush(self) -> None:
        """Send what was gathered."""
        if self._lines:
            self._running.append(self._pool.submit(self._send, self._lines))
            self._lines, self._size = [], 0
        self._wait(_UNDER_WAY + 1)

    def finish(self) -> None:
        """Send the rest, and wait until all is written."""
        self.flush()
        self._wait(0)

    def stop(self) -> None:
        """Let go of everything; what is under way is waited for, lest it come after a removal."""
        self._pool.shutdown(cancel_futures=True)

    def _wait(self, most: int) -> None:
        while len(self._running) > most:
            try:
                self._running.popleft().result()
            except IndexingError:
                raise
            except QAError as error:
                raise IndexingError(f"{error} The live index is unchanged.") from error

    def _send(self, lines: list[tuple[str, str]]) -> None:
        wait = _FIRST_WAIT
        for left in range(_TRIES, 0, -1):
            answer = self._cluster.bulk("".join(itertools.chain.from_iterable(lines)))
            if not answer["errors"]:
                return
            results = [next(iter(item.values())) for item in answer["items"]]
            for result in results:
                if result.get("error") and result["status"] != _BUSY:
                    raise IndexingError(_reason(result["error"]))
            lines = [
                line
                for line, result in zip(lines, results, strict=True)
                if result["status"] == _BUSY
            ]
            if left > 1:
                time.sleep(wait)
                wait *= 2
        raise IndexingError(
            "The cluster is too busy to take more; the live index is unchanged. Try again later,"
            " or give it more nodes."
        )


def _reason(error: Json) -> str:
    reason = error.get("reason", error.get("type", "no reason given"))
    return f"The cluster does not take a document ({reason}); the live index is unchanged."


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
