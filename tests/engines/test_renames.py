"""Both engines know what was renamed, and compare documents with each other."""

import pytest

from qa.engines.factory import open_engine
from qa.publishing.near_duplicates import find_near_duplicates
from tests.conftest import HARBOUR, write
from tests.engines.indexes import ENGINES, prepare_settings, run_build


@pytest.fixture(params=ENGINES)
def settings(request, tmp_path):
    return prepare_settings(request, tmp_path)


def test_a_renamed_file_and_a_near_duplicate_are_found(settings):
    documents = settings.documents_folder
    write(documents, copy_md=f"{HARBOUR}\n\nA new pier was built in 1921.")
    run_build(settings)
    (documents / "harbour.md").rename(documents / "port.md")
    run_build(settings)
    searcher = open_engine(settings).searcher()
    comparison = find_near_duplicates(searcher, settings.home, documents)

    assert searcher.manifest.renames.new_ids == {"harbour": "port"}
    assert {comparison.pairs[0].newer.id, comparison.pairs[0].older.id} == {"copy", "port"}
