"""Tests that share a server or a browser run in one process."""

import pytest

from tests.conftest import ROOT
from tests.scheduling import _LONGEST, group, order


def test_what_is_started_once_is_used_in_one_process(request):
    groups = dict.fromkeys(("opensearch", "nodes", "secure_node"), "opensearch")
    groups["browser"] = "browser"
    elsewhere = [
        item.nodeid
        for item in request.session.items
        for name in groups.keys() & {*item.fixturenames}
        if group(item.nodeid) != groups[name]
    ]

    assert elsewhere == []


@pytest.mark.parametrize(("test", "name"), [
    ("tests/engines/test_contract.py::test_phrases[cluster]", "opensearch"),
    ("tests/engines/test_contract.py::test_phrases[two words-cluster-1]", "opensearch"),
    ("tests/engines/test_contract.py::test_phrases[folder]", "tests/engines/test_contract.py"),
    ("tests/engines/opensearch/test_cluster.py::test_a_node_is_gone", "opensearch"),
    ("tests/server/test_memory.py::test_it_is_given_back", "machine"),
    ("tests/faults/test_kills.py::test_a_build_is_killed[3]", "machine"),
])  # fmt: skip
def test_a_group_is_that_of_a_shared_thing_or_of_the_file(test, name):
    assert group(test) == name


def test_what_takes_longest_comes_first(request):
    tests = sorted((item.nodeid for item in request.session.items), key=order)
    groups = [*dict.fromkeys(map(group, tests))]

    assert [name for name in groups if name in _LONGEST] == [
        name for name in _LONGEST if name in groups
    ]
    assert not {*groups[: len({*groups} & {*_LONGEST})]} - {*_LONGEST}


@pytest.mark.parametrize("name", [name for name in _LONGEST if name.endswith(".py")])
def test_a_file_that_takes_long_is_there(name):
    assert (ROOT / name).exists()
