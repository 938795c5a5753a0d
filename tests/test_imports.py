"""The package reads top to bottom: a module imports only modules above it in ORDER."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
ORDER = """
errors deadlines settings hosts versions processes remembering segmentation spellings languages text
printing documents filenames file_access
metadata sidecars extracts formats formats.opening formats.plain formats.markdown formats.html
formats.pdf formats.docx formats.rows formats.archives reading caching extraction
crawl folders watching
passages conversation.vocabulary conversation.tokens conversation.signs conversation.cues
conversation.turns conversation.memory conversation.leaning conversation.weights
conversation.choosing conversation
skips synonyms queries matches locks manifests history generations disks
engines.base engines.spelling engines.following
engines.whoosh engines.whoosh.schema engines.whoosh.remembering
engines.whoosh.arrays engines.whoosh.batches
engines.whoosh.inversion engines.whoosh.vocabulary engines.whoosh.fields
engines.whoosh.encoding engines.whoosh.store engines.whoosh.segments engines.whoosh.matchers
engines.whoosh.codec engines.whoosh.postings engines.whoosh.scores engines.whoosh.occurrences
engines.whoosh.phrases engines.whoosh.spelling engines.whoosh.search engines.whoosh.build
engines.whoosh.erasing
engines.whoosh.following engines.whoosh.engine
engines.opensearch engines.opensearch.addresses engines.opensearch.cluster engines.opensearch.schema
engines.opensearch.cards engines.opensearch.spelling
engines.opensearch.asking engines.opensearch.verifying engines.opensearch.search
engines.opensearch.lease engines.opensearch.catalogue engines.opensearch.writing
engines.opensearch.build engines.opensearch.erasing
engines.opensearch.following engines.opensearch.engine engines
named features weights ranking evidence confidence answers references citations
quotes anchors
refusals pipeline
evaluation evaluation.matching gate indexing purging
evaluation.sets evaluation.strangers evaluation.asking
evaluation.measures evaluation.rewrites evaluation.report
marks recent
contract contract.asked contract.answered contract.documents contract.saved contract.openapi
saved api verification
pages pages.site pages.addresses pages.questions pages.periods pages.facts pages.turns
pages.pinning pages.conversation pages.listing pages.catalogue pages.documents
pages.citing pages.export pages.within pages.reader pages.search pages.quality pages.about
pages.programs tools mcp
service service.access service.accounts service.listening service.output service.logs
service.unanswered service.tallies
service.metrics service.limits service.freshness service.problems app
serving.incoming serving.idle serving.refusing serving.connections serving.shares
serving.workers serving.memory serving.descriptors serving.opening serving
commands commands.printing commands.options commands.watching commands.index commands.ask
commands.serve commands.report
commands.generations commands.purge commands.verify commands.evaluate
cli __main__
""".split()


def path_of(module):
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports_of(module):
    """The modules of this package that *module* imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(path_of(module).read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import, line {node.lineno}"
            if node.module == "qa":
                found.update(f"qa.{alias.name}" for alias in node.names)
            else:
                found.add(node.module)
    found.discard("qa.__version__")
    return {name.removeprefix("qa.") for name in found if name.startswith("qa.")}


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_those_above_it(module):
    above = set(ORDER[: ORDER.index(module)])

    assert imports_of(module) <= above


def test_every_module_has_its_place():
    files = set(PACKAGE.rglob("*.py")) - {PACKAGE / "__init__.py"}

    assert files == {path_of(module) for module in ORDER}


@pytest.mark.parametrize("module", ORDER)
def test_only_the_whoosh_engine_imports_whoosh(module):
    names = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(path_of(module).read_text()))
        for name in _imported(node)
    }

    assert "whoosh" not in names or module.startswith("engines.whoosh")


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) else []


def test_asking_does_not_load_the_libraries_that_read_documents():
    source = "import sys, qa.app; print(*sys.modules)"
    loaded = _output(source).split()

    assert not {"trafilatura", "pypdf", "docx", "pebble"} & set(loaded)


def _output(source):
    return subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    ).stdout
