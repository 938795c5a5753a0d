"""An index folder from which a document was deleted."""

import shutil

import pytest

from tests.conftest import BRIDGE, HARBOUR, build_index, write
from tests.publishing.purged import DIARY


@pytest.fixture(scope="module")
def index_before(tmp_path_factory):
    """An index folder from which a diary was deleted, with all that is kept of it."""
    folder = tmp_path_factory.mktemp("before")
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE, diary_md=DIARY)
    build_index(folder)
    (folder / "documents" / "diary.md").unlink()
    build_index(folder)
    return folder


@pytest.fixture
def index(index_before, tmp_path):
    """A copy of it."""
    shutil.copytree(index_before, tmp_path, dirs_exist_ok=True)
    return tmp_path
