"""An index folder from which a document was deleted."""

import shutil

import pytest

from tests.conftest import BRIDGE, HARBOUR, build_index, write
from tests.publishing.purged import DIARY


@pytest.fixture(scope="module")
def built_diary_index(tmp_path_factory):
    """An index folder from which a diary was deleted, with all that is kept of it."""
    folder = tmp_path_factory.mktemp("before")
    write(folder / "documents", harbour_md=HARBOUR, bridge_md=BRIDGE, diary_md=DIARY)
    build_index(folder)
    (folder / "documents" / "diary.md").unlink()
    build_index(folder)
    return folder


@pytest.fixture
def diary_index(built_diary_index, tmp_path):
    """A copy of it."""
    shutil.copytree(built_diary_index, tmp_path, dirs_exist_ok=True)
    return tmp_path
