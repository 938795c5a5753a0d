"""A small town in an index, for the tests of Whoosh over our arrays."""

import pytest
from whoosh.index import open_dir

from tests.engines.whoosh.codec.corpora import TOWN


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A folder with TOWN in it."""
    return TOWN.write(tmp_path_factory.mktemp("town"), segments=2)


@pytest.fixture
def passages(town):
    """A reader of TOWN's passages."""
    with open_dir(str(town)).reader() as reader:
        yield reader
