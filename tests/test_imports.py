"""The package reads top to bottom: a module imports only modules above it in ORDER."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
# Packages from the bottom up, and the modules of each; a module imports only from before itself.
PACKAGES = """
errors
settings
analysis: deadline records english script_variants normalization languages tokenizer word_counts
  match_forms abbreviations sentences dates numerals variants variant_signs
documents: document skips processes metadata raw_document front_matter file_access versions
  layout.segments layout.columns layout.running_lines layout.paragraphs ocr
  formats.front_lines formats.lines formats.plain formats.archives formats.tables formats.packages
  formats.list_numbers formats.stylesheets formats.html_blocks formats.markdown
  formats.html_article formats.html formats.mail formats.text
  formats.pdf_characters formats.pdf_letters formats.pdf_words formats.pdf_text formats.pdf_forms
  formats.pdf_pictures formats.pdf formats.picture
  formats.docx_package formats.docx_numbering formats.docx_styles formats.docx_text
  formats.docx_drawings formats.docx
  formats.records formats.rows formats.log formats.rst formats.org formats.asciidoc
  formats.tex_macros formats.tex formats.notebook formats.subtitles formats.rtf formats.xml
  formats.epub formats.opendocument formats.pptx formats.number_formats
  formats.sheet_formats formats.sheets formats.outlook
  format_registry sidecars reader cache crawl folder
index: passages passage_cache questions counts acronyms lexicon suggestions statistics renames
  manifest generation generations
queries: completion related entities grammar frames asking topics prose query parser variants
  periods compounds operators conditions word_patterns negation asked_polarity segments parts
  followup.word_features followup.question_features followup.corrections followup.substitution
  followup.dialogue_state followup.carryover followup.readings
engines: spelling candidates document_summary base searcher_manager document_lookup kernel.loader
  whoosh.checksums whoosh.arrays whoosh.byte_strings whoosh.inverter whoosh.vocabulary whoosh.fields
  whoosh.stored_document whoosh.column_encoder whoosh.stored_fields whoosh.field_encoder
  whoosh.merge_plan whoosh.merge_inputs whoosh.merger whoosh.column_merger whoosh.whoosh_codec
  whoosh.term_table whoosh.postings whoosh.scorer whoosh.positions whoosh.numpy_index
  whoosh.kernel_index
  whoosh.integrity whoosh.facets whoosh.spelling whoosh.masks whoosh.summaries whoosh.search
  whoosh.build_tasks whoosh.builder
  whoosh.engine
  opensearch.hits opensearch.cluster opensearch.mappings opensearch.query_dsl opensearch.docvalues
  opensearch.integrity opensearch.registry opensearch.search_requests opensearch.rescorer
  opensearch.search opensearch.builder opensearch.engine
  factory
ranking: features fitting reranker answer_selection contradiction term_matches highlighter
  confidence
answers: collection answer no_answer reference citation_formats quote_search
  checksum_search similar_spans rare_words reanchoring parts spelling turns
  retrieval ranges question_reading pipeline
publishing: ledger gate live_generation generation_writer feedback builder build_record
  near_duplicates watcher purge
evaluation: sets runner verdicts measures rewrites evaluator tuning
web: json_responses response_schemas answer_json request_schemas answering tables offsets problems
  context mount static_files openapi parsing api pages.common pages.urls middleware.proxies
  middleware.access middleware.request_counter middleware.rate_limits middleware.error_handlers
  middleware.http_cache middleware.metrics_folder
  middleware.request_log middleware.gauges middleware.metrics
  pages.index_stats pages.api_examples pages.suggestions pages.stable_ids pages.cite pages.turns
  pages.block_groups pages.find_in_document pages.reader pages.view_state
  pages.panels pages.facets pages.surroundings pages.conversation pages.document_list
  pages.document_search pages.feedback pages.documents pages.export
  pages.about mcp_tools mcp
library: evaluation index building
integrations: passages langchain haystack
app
server: error_responses plain_requests request_parser connections load_balancing threads
  responses resources answering worker service
  gunicorn_config
commands: options index ask generations serve demo evaluate tune
cli
__main__
"""


def modules_of(packages):
    """The names of all modules, in order."""
    package = ""
    for line in packages.strip().splitlines():
        head, colon, names = line.partition(":")
        if not colon and not line.startswith(" "):
            yield line
        else:
            package, names = (head, names) if colon else (package, line)
            yield from (f"{package}.{name}" for name in names.split())


ORDER = [*modules_of(PACKAGES)]


def path_of(module):
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports_of(module):
    """The modules of this package that *module* imports, at any depth of its code."""
    modules_found = set()
    for node in ast.walk(ast.parse(path_of(module).read_text())):
        if isinstance(node, ast.Import):
            modules_found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import, line {node.lineno}"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in names if name.removeprefix("qa.") in ORDER}
            modules_found |= modules or {node.module}
    modules_found.discard("qa.__version__")
    return {name.removeprefix("qa.") for name in modules_found if name.startswith("qa.")}


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_those_above_it(module):
    above = set(ORDER[: ORDER.index(module)])

    assert imports_of(module) <= above


def test_every_module_has_its_place():
    files = {path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}

    assert files == {path_of(module) for module in ORDER}


def test_a_package_holds_nothing_but_a_docstring():
    for path in PACKAGE.rglob("*/__init__.py"):
        if path.parent != PACKAGE:
            assert len(ast.parse(path.read_text(encoding="utf-8")).body) == 1, path


def test_the_package_by_itself_loads_nothing():
    loaded = _output("import sys, qa; print(*sys.modules)").split()

    assert [name for name in loaded if name.startswith("qa")] == ["qa"]
    assert not {"numpy", "pydantic", "flask", "importlib.metadata"} & set(loaded)


@pytest.mark.parametrize("module", ORDER)
def test_only_the_whoosh_engine_imports_whoosh(module):
    names = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(path_of(module).read_text()))
        for name in _imported_modules(node)
    }

    assert "whoosh" not in names or module.startswith("engines.whoosh")


def _imported_modules(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) else []


def test_asking_does_not_load_the_libraries_that_read_documents():
    source = "import sys, qa.app; print(*sys.modules)"
    loaded = _output(source).split()

    assert not {"trafilatura", "pypdfium2", "docx", "pebble", "docutils", "pptx"} & set(loaded)


def _output(source):
    return subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    ).stdout
