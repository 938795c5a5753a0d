"""Documents and their passages -> a generation in a cluster, checked before it is live."""

import base64
import dataclasses
import hashlib
import itertools
import json
import time
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from qa.analysis.tokenizer import to_term, token_texts
from qa.documents.document import Document
from qa.engines.base import STEMS, TITLE, WHOLE, WORDS, Progress, Searcher, ignore_progress
from qa.engines.document_summary import DocumentSummary
from qa.engines.opensearch.cluster import Cluster, Json
from qa.engines.opensearch.docvalues import EncodedText, encode_text, pack_card
from qa.engines.opensearch.integrity import TextChecksum
from qa.engines.opensearch.mappings import (
    DOCUMENT_TITLE,
    DOCUMENTS,
    LAYOUT,
    MAX_TERM_LENGTH,
    PASSAGES,
    index_settings,
    sealed_settings,
)
from qa.engines.opensearch.query_dsl import question_term
from qa.engines.opensearch.registry import BUILDING, MANIFEST, Lease, Registry, Seal, utc_now
from qa.engines.opensearch.search import SUGGESTIONS, ClusterSearcher
from qa.errors import IndexingError, QAError
from qa.index.lexicon import LEXICON_FILE
from qa.index.manifest import FileChecksum, Manifest
from qa.index.passages import Passage
from qa.index.questions import find_answered_keys
from qa.index.suggestions import NO_SUGGESTIONS, Suggestions

# Bytes of a request, concurrent requests, and tries and first pause, in seconds, when refused.
_REQUEST_BYTES, _MAX_REQUESTS = 2 << 20, 4
_MAX_TRIES, _FIRST_BACKOFF = 8, 0.25
_TOO_MANY_REQUESTS = 429


class BulkWriter:
    """Sends what is added to *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pool = ThreadPoolExecutor(_MAX_REQUESTS, thread_name_prefix="bulk")
        self._running: deque[Future[None]] = deque()
        self._lines: list[tuple[str, str]] = []
        self._size = 0

    def add(self, index: str, id_: str, source: Json) -> None:
        """Write *source* as the document *id_* of *index*."""
        head = f'{{"index":{{"_index":"{index}","_id":"{id_}"}}}}\n'
        text = json.dumps(source, ensure_ascii=False, separators=(",", ":")) + "\n"
        self._lines.append((head, text))
        self._size += len(text)
        if self._size >= _REQUEST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what was added."""
        if self._lines:
            self._running.append(self._pool.submit(self._send_bulk, self._lines))
            self._lines, self._size = [], 0
        self._wait_for_requests(_MAX_REQUESTS + 1)

    def finish(self) -> None:
        """Send the rest, and wait until all is written."""
        self.flush()
        self._wait_for_requests(0)

    def stop(self) -> None:
        """Drop the rest, and wait for running requests, so that none arrives after a removal."""
        self._pool.shutdown(cancel_futures=True)

    def _wait_for_requests(self, max_running: int) -> None:
        while len(self._running) > max_running:
            try:
                self._running.popleft().result()
            except IndexingError:
                raise
            except QAError as error:
                raise IndexingError(f"{error} The live index is unchanged.") from error

    def _send_bulk(self, lines: list[tuple[str, str]]) -> None:
        wait = _FIRST_BACKOFF
        for left in range(_MAX_TRIES, 0, -1):
            answer = self._cluster.bulk("".join(itertools.chain.from_iterable(lines)))
            if not answer["errors"]:
                return
            results = [next(iter(item.values())) for item in answer["items"]]
            for result in results:
                if result.get("error") and result["status"] != _TOO_MANY_REQUESTS:
                    raise IndexingError(_refusal_message(result["error"]))
            lines = [
                line
                for line, result in zip(lines, results, strict=True)
                if result["status"] == _TOO_MANY_REQUESTS
            ]
            if left > 1:
                time.sleep(wait)
                wait *= 2
        raise IndexingError(
            "The cluster is too busy to take more; the live index is unchanged. Try again later,"
            " or give it more nodes."
        )


def _refusal_message(error: Json) -> str:
    reason = error.get("reason", error.get("type", "no reason given"))
    return f"The cluster does not take a document ({reason}); the live index is unchanged."


class ClusterBuilder:
    """A generation in the making, in indices of its own."""

    def __init__(self, cluster: Cluster, registry: Registry, lease: Lease, keep: int) -> None:
        self._cluster = cluster
        self._registry = registry
        self._lease = lease
        self._keep = keep
        self.name = uuid.uuid4().hex[:12]
        self._passages, self._documents = registry.indices(self.name)
        self._writer = BulkWriter(cluster)
        self._checksums = {PASSAGES: TextChecksum(), DOCUMENTS: TextChecksum()}
        self._words = self._title_words = self._next_ordinal = 0
        self._digest = ""
        self._is_final = False

    def start(self) -> None:
        """Make the indices, empty."""
        meta = Seal(BUILDING, utc_now())._asdict()
        for index, kind in ((self._documents, DOCUMENTS), (self._passages, PASSAGES)):
            self._cluster.command(
                "PUT", f"/{index}", index_settings(kind, self._cluster.shards, meta)
            )

    def reuse(self, _: Searcher) -> None:
        """Nothing can be kept: each generation has indices of its own."""

    def keep(self, number: int) -> None:
        """Raise an error; see reuse."""
        raise NotImplementedError(f"No document {number} can be kept in a cluster")

    def add(self, document: Document, passages: Sequence[Passage]) -> None:
        """Index a document."""
        ordinal, self._next_ordinal = self._next_ordinal, self._next_ordinal + 1
        whole: list[EncodedText] = []
        filters = _filter_values(document)
        questions: dict[int, list[str]] = {}
        for number, key in find_answered_keys(document, [p.start for p in passages]):
            questions.setdefault(number, []).append(question_term(key))
        for number, passage in enumerate(passages):
            if document.text[passage.start : passage.end] != passage.text:
                raise IndexingError(f"Passage {passage.number} of {document.id!r} is not in it.")
            more = {"questions": questions[number]} if number in questions else {}
            whole.append(self._add_passage(document, ordinal, passage, filters | more))
        line = document.to_json()
        words = sum(len(text.tokens) for text in whole)
        source = {
            WHOLE: " ".join(stem for text in whole for stem in text.stems),
            "id": document.id,
            "ordinal": ordinal,
            "summary": _encode_base64(
                DocumentSummary.of(document, len(passages), words).to_json().encode()
            ),
            "json": line,
            "checked": self._checksums[DOCUMENTS].add(line.encode()),
            **filters,
        }
        self._writer.add(self._documents, str(ordinal), source)

    def _add_passage(
        self, document: Document, ordinal: int, passage: Passage, filters: Json
    ) -> EncodedText:
        """Index a passage, and return its words."""
        text = encode_text(passage.text, passage.language, MAX_TERM_LENGTH)
        heading = encode_text(passage.heading, passage.language, MAX_TERM_LENGTH)
        self._words += len(text.tokens)
        self._title_words += len(heading.tokens)
        card = pack_card(document, ordinal, passage, text, heading)
        source = {
            STEMS: " ".join(text.stems),
            WORDS: " ".join([token.form for token in text.tokens]),
            TITLE: " ".join(heading.stems),
            "document": document.id,
            "card": _encode_base64(card),
            "text": passage.text,
            "checked": self._checksums[PASSAGES].add(card + passage.text.encode()),
            **filters,
            **_facet_values(document),
        }
        self._writer.add(self._passages, f"{ordinal}-{passage.number}", source)
        return text

    def finish(
        self,
        manifest: Manifest,
        progress: Progress = ignore_progress,
        lexicon: bytes = b"",
        suggestions: Suggestions = NO_SUGGESTIONS,
        _statistics: Iterable[bytes] = (),
    ) -> ClusterSearcher:
        """Write all of it out, seal it, and open it: whole, but not live yet."""
        progress(0, 1)
        self._writer.finish()
        files = {
            kind: FileChecksum(checksum.size, checksum.digest)
            for kind, checksum in sorted(self._checksums.items())
        }
        made_of = {
            **manifest.made_of,
            "layout": LAYOUT,
            "shards": self._cluster.shards,
            "words": self._words,
            "title_words": self._title_words,
            SUGGESTIONS: hashlib.sha256(suggestions.to_json().encode()).hexdigest(),
            **{
                f"checked_{kind}": checksum.checksum_total
                for kind, checksum in self._checksums.items()
            },
        }
        if lexicon:
            files[LEXICON_FILE] = FileChecksum(len(lexicon), hashlib.sha256(lexicon).hexdigest())
            self._writer.add(self._documents, LEXICON_FILE, {MANIFEST: lexicon.decode()})
        manifest = dataclasses.replace(manifest, files=files, made_of=made_of)
        text = manifest.to_json()
        self._digest = hashlib.sha256(text.encode()).hexdigest()
        self._writer.add(self._documents, MANIFEST, {MANIFEST: text})
        self._writer.add(self._documents, SUGGESTIONS, {"json": suggestions.to_json()})
        self._writer.finish()
        both = f"{self._documents},{self._passages}"
        self._cluster.command("POST", f"/{both}/_flush?force=true")
        self._cluster.command("POST", f"/{both}/_refresh")
        self._cluster.command("PUT", f"/{both}/_settings", sealed_settings(self._cluster.replicas))
        self._cluster.try_command(
            "GET", f"/_cluster/health/{both}?wait_for_no_initializing_shards=true&timeout=60s"
        )
        return ClusterSearcher(self._cluster, dataclasses.replace(manifest, name=self.name))

    def publish(self, expected_live: str | None) -> None:
        """Make it live in place of *expected_live*."""
        self._lease.check()
        self._registry.publish(self.name, self._digest, expected_live)
        self._is_final = True
        self._registry.prune(self._keep, expected_live)

    def refuse(self) -> None:
        """Keep it for inspection."""
        self._lease.check()
        self._registry.refuse(self.name, self._digest)
        self._is_final = True

    def discard(self) -> None:
        """Remove it unless it was published or refused."""
        self._writer.stop()
        if not self._is_final:
            self._registry.remove(self.name)


def _facet_values(document: Document) -> Json:
    """What passages are also counted by: the year of *document*."""
    date = document.metadata.date
    return {"year": date.year} if date else {}


def _filter_values(document: Document) -> Json:
    metadata = document.metadata
    values: Json = {}
    if metadata.publisher:
        values["publisher"] = metadata.publisher.casefold()
    if metadata.date:
        values["date"] = metadata.date.toordinal()
    if document_type := DocumentSummary.of(document, 0).type:
        values["type"] = document_type
    values[DOCUMENT_TITLE] = " ".join(
        to_term(word)[:MAX_TERM_LENGTH] for word in token_texts(metadata.title)
    )
    return values


def _encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
