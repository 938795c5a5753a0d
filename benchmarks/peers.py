"""The engines side by side, each behind the same three methods: index, prepare, open.

Everyone gets the same passages and words; what each of them keeps of a passage is said here.
"""

from collections.abc import Callable, Sequence, Sized
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.corpora import Corpus
from benchmarks.peer import (
    FIRST_STAGE,
    TOP,
    AnyPeer,
    FolderIndex,
    Search,
    StemmingPeer,
    query_words,
)
from qa.documents.versions import analysis_version
from qa.index.manifest import Manifest
from qa.queries.query import Query
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.engines.whoosh.engine import WhooshEngine
    from qa.engines.whoosh.search import WhooshSearcher


# The number or address of a passage, and its score.
Hit = tuple[object, float]


def small_manifest(documents: int, passages: int) -> Manifest:
    """The manifest of an index of English documents without dates."""
    made_of = {"analysis": analysis_version()}
    return Manifest(documents, passages, ("en",), None, None, (), made_of)


class Verbatim(FolderIndex):
    """Ours: passages stemmed and unstemmed, titles, whole documents, filters; all text stored."""

    def __init__(self) -> None:
        # Imported here, as the imports are timed.
        from qa.engines.base import STEMS  # noqa: PLC0415
        from qa.engines.whoosh.engine import WhooshEngine  # noqa: PLC0415

        self._engine_class, self._field = WhooshEngine, STEMS

    def index(self, corpus: Corpus, folder: Path) -> None:
        document_count = passage_count = 0
        with self._engine(folder).build() as build:
            for document, passages in corpus.documents():
                build.add(document, passages)
                document_count += 1
                passage_count += len(passages)
            build.finish(small_manifest(document_count, passage_count))
            build.publish(None)

    def prepare(self, query: Query) -> Query:
        """The query itself."""
        return query

    def open(self, folder: Path) -> dict[str, Search[Query]]:
        """All searches: `first` is what ranking starts from, `answer` is all of an answer."""
        from qa.answers.pipeline import ask  # noqa: PLC0415

        searcher, settings = self.searcher(folder), Settings()

        def top(query: Query) -> Sized:
            terms = [
                (self._field, stem, term.weight) for term in query.terms for stem in term.stems
            ]
            return searcher.top_by_terms(terms, TOP).numbers

        def first(query: Query) -> Sized:
            return searcher.top_passages(query, FIRST_STAGE).numbers

        def answer(query: Query) -> Sized:
            return ask(searcher, settings, query.typed).passages

        return {"top": top, "first": first, "answer": answer}

    def searcher(self, folder: Path) -> "WhooshSearcher":
        """The searcher of the index in *folder*."""
        return self._engine(folder).searcher()

    def _engine(self, folder: Path) -> "WhooshEngine":
        return self._engine_class(folder, keep=1, processes=Settings().workers)


class Whoosh3(StemmingPeer):
    """Stock Whoosh: passages stemmed (its own Porter), text stored; one process, no positions."""

    def __init__(self) -> None:
        super().__init__()
        self._analysis = import_module("whoosh.analysis")
        self._fields = import_module("whoosh.fields")
        self._index = import_module("whoosh.index")
        self._query = import_module("whoosh.query")

    def index(self, corpus: Corpus, folder: Path) -> None:
        text = self._fields.TEXT(analyzer=self._analyzer(), phrase=False, stored=True)
        index = self._index.create_in(str(folder), self._fields.Schema(text=text))
        writer = index.writer(limitmb=512)
        for passage in corpus.texts():
            writer.add_document(text=passage)
        writer.commit()
        index.close()

    def prepare(self, query: Query) -> list[str]:
        """What its own analyser makes of each word."""
        analyzer = self._analyzer()
        return [token.text for word in query_words(query) for token in analyzer(word)]

    def open(self, folder: Path) -> dict[str, Search[list[str]]]:
        """The stock searcher, with its default BM25F."""
        searcher = self._index.open_dir(str(folder)).searcher()
        either, term = self._query.Or, self._query.Term

        def top(words: list[str]) -> Sized:
            hits = searcher.search(either([term("text", word) for word in words]), limit=TOP)
            return [(hit.docnum, hit.score) for hit in hits]

        return {"top": top}

    def _analyzer(self) -> Any:  # noqa: ANN401 - Whoosh's
        # Every word, as we index every word.
        return self._analysis.StemmingAnalyzer(stoplist=None, minsize=1)


class Tantivy(StemmingPeer):
    """tantivy: passages stemmed, text stored; two threads, frequencies without positions."""

    def __init__(self) -> None:
        super().__init__()
        self._tantivy = import_module("tantivy")

    def index(self, corpus: Corpus, folder: Path) -> None:
        schema = self._schema(text="en_stem")
        writer = self._writer(schema, folder)
        for passage in corpus.texts():
            writer.add_document(self._tantivy.Document(text=passage))
        _finish(writer)

    def open(self, folder: Path) -> dict[str, Search[list[str]]]:
        return {"top": self._search(folder, {"text": 1.0}, TOP)}

    def _schema(self, stored: Sequence[str] = ("text",), **tokenizers: str) -> Any:  # noqa: ANN401
        builder = self._tantivy.SchemaBuilder()
        for field, tokenizer in tokenizers.items():
            builder.add_text_field(
                field, stored=field in stored, tokenizer_name=tokenizer, index_option="freq"
            )
        return builder

    def _writer(self, builder: Any, folder: Path) -> Any:  # noqa: ANN401 - tantivy's
        folder.mkdir(exist_ok=True)
        index = self._tantivy.Index(builder.build(), str(folder))
        return index.writer(heap_size=512_000_000, num_threads=2)

    def _search(
        self, folder: Path, boosts: dict[str, float], limit: int
    ) -> Callable[[list[str]], list[Hit]]:
        index = self._tantivy.Index.open(str(folder))
        searcher, schema = index.searcher(), index.schema
        query, should = self._tantivy.Query, self._tantivy.Occur.Should

        def term(field: str, word: str, boost: float) -> Any:  # noqa: ANN401 - tantivy's
            plain = query.term_query(schema, field, word, "freq")
            return plain if boost == 1.0 else query.boost_query(plain, boost)

        def top(words: list[str]) -> list[Hit]:
            terms = [(should, term(f, word, boosts[f])) for word in words for f in boosts]
            # Counting all hits would switch off its block-max pruning.
            hits = searcher.search(query.boolean_query(terms), limit, count=False).hits
            return [(address, score) for score, address in hits]

        return top


class TantivyAll(Tantivy):
    """tantivy with our fields: passages stemmed and unstemmed, titles, whole documents unstemmed.

    Text is stored once, with the documents; passages keep their document and offsets.
    """

    def index(self, corpus: Corpus, folder: Path) -> None:
        """Index *corpus* into two indexes in *folder*."""
        builder = self._schema((), text="en_stem", exact="default", title="en_stem")
        builder.add_text_field("document", stored=True, tokenizer_name="raw", index_option="basic")
        for offset in ("start", "end"):
            builder.add_unsigned_field(offset, stored=True)
        passages = self._writer(builder, folder / "passages")
        whole = self._schema((), text="default")
        whole.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        whole.add_bytes_field("json", stored=True)
        documents = self._writer(whole, folder / "documents")
        make_document = self._tantivy.Document
        for document, split in corpus.documents():
            stored = document.to_json().encode()
            documents.add_document(make_document(id=document.id, text=document.text, json=stored))
            for p in split:
                words = make_document(
                    text=p.text, exact=p.text, title=p.heading, document=p.document_id
                )
                words.add_unsigned("start", p.start)
                words.add_unsigned("end", p.end)
                passages.add_document(words)
        _finish(documents)
        _finish(passages)

    def open(self, folder: Path) -> dict[str, Search[list[str]]]:
        """Text alone; and for `first` three fields of passages and, apart, whole documents."""
        passages, documents = folder / "passages", folder / "documents"
        boosts = {"text": 1.0, "exact": 0.5, "title": 0.3}
        of_passages = self._search(passages, boosts, FIRST_STAGE)
        of_documents = self._search(documents, {"text": 1.0}, FIRST_STAGE)
        return {
            "top": self._search(passages, {"text": 1.0}, TOP),
            "first": lambda words: [*of_passages(words), *of_documents(words)],
        }


def _finish(writer: Any) -> None:  # noqa: ANN401 - tantivy's
    writer.commit()
    writer.wait_merging_threads()


class Bm25s(StemmingPeer):
    """bm25s with numba: passages stemmed, text stored; impacts computed when indexing, no pruning.

    Opened with its arrays memory-mapped; its first answer waits for numba to compile.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bm25s = import_module("bm25s")

    def index(self, corpus: Corpus, folder: Path) -> None:
        texts = list(corpus.texts())
        pattern = r"(?u)\b\w+\b"  # single letters too
        tokens = self._bm25s.tokenize(
            texts, token_pattern=pattern, stopwords=None, stemmer=self._stemmer, show_progress=False
        )
        retriever = self._bm25s.BM25(backend="numba")
        retriever.index(tokens, show_progress=False)
        retriever.save(folder, corpus=texts, show_progress=False)

    def open(self, folder: Path) -> dict[str, Search[list[str]]]:
        retriever = self._bm25s.BM25.load(folder, mmap=True)
        limit = min(TOP, retriever.scores["num_docs"])

        def top(words: list[str]) -> Sized:
            numbers, scores = retriever.retrieve([words], k=limit, show_progress=False)
            return list(zip(numbers[0].tolist(), scores[0].tolist(), strict=True))

        return {"top": top}


class Sqlite(FolderIndex):
    """SQLite FTS5: passages stemmed (its own Porter), text stored, with positions; optimised."""

    def __init__(self) -> None:
        self._sqlite = import_module("sqlite3")

    def index(self, corpus: Corpus, folder: Path) -> None:
        """Index *corpus* into the empty *folder*, in one transaction that waits for no disk."""
        connection = self._sqlite.connect(folder / "passages.sqlite")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE VIRTUAL TABLE passages USING fts5(text, tokenize = 'porter unicode61')"
        )
        rows = ((passage,) for passage in corpus.texts())
        connection.executemany("INSERT INTO passages (text) VALUES (?)", rows)
        connection.execute("INSERT INTO passages (passages) VALUES ('optimize')")
        connection.commit()
        connection.close()

    def prepare(self, query: Query) -> str:
        """An OR of the words, quoted; it stems them itself."""
        return " OR ".join(f'"{word}"' for word in query_words(query))

    def open(self, folder: Path) -> dict[str, Search[str]]:
        path = folder / "passages.sqlite"
        connection = self._sqlite.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        connection.execute(f"PRAGMA mmap_size = {1 << 33}")
        statement = "SELECT rowid, rank FROM passages WHERE passages MATCH ? ORDER BY rank LIMIT ?"

        def top(match: str) -> Sized:
            rows: list[tuple[int, float]] = connection.execute(statement, (match, TOP)).fetchall()
            return rows

        return {"top": top}


# Name -> how to make it and the package that it needs, if we do not bring it.
PEERS: dict[str, tuple[Callable[[], AnyPeer], str | None]] = {
    "verbatim": (Verbatim, None),
    "whoosh3": (Whoosh3, "whoosh3"),
    "tantivy": (Tantivy, "tantivy"),
    "tantivy-all": (TantivyAll, "tantivy"),
    "bm25s": (Bm25s, "bm25s"),
    "sqlite": (Sqlite, None),
}
