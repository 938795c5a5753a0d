"""Which tests run in one process, one after the other, where pytest-xdist starts several.

The groups of pytest-xdist 3.8 itself (`--dist=loadgroup`) have no effect with pytest 9.2: it writes
them to `Item._nodeid`, which pytest does not read any more.
"""

import re

from xdist.scheduler import LoadScopeScheduling

# What is started once for all tests that need it.
_SHARED = {"tests/engines/opensearch/": "opensearch", "tests/browser/": "browser"}
_CLUSTER = re.compile(r"\[(.*-)?cluster(-.*)?\]$|^tests/engines/test_agreement\.py")
# These measure what the whole machine shares: memory, open files, sockets, full disks.
_MEASURING = (
    "tests/faults/",
    "tests/hostility/test_bytes.py",
    "tests/hostility/test_sockets.py",
    "tests/server/",
    "tests/web/middleware/test_metrics.py",
)
# The groups that take longest, in this order: where one came last, all others would wait for it.
_LONGEST = (
    *("machine", "browser", "opensearch", "tests/web/contract/test_conformance.py"),
    *("tests/publishing/test_upgrading.py", "tests/publishing/test_watcher.py"),
    *("tests/publishing/test_changes.py", "tests/web/middleware/test_output.py"),
    *("tests/documents/test_ocr.py", "tests/documents/test_versions.py"),
    *("tests/engines/whoosh/test_engine.py", "tests/engines/test_contract.py"),
    *("tests/engines/whoosh/codec/test_agreement.py", "tests/web/contract/test_clients.py"),
    *("tests/publishing/test_purge.py", "tests/documents/test_hostile_metadata.py"),
)


def group(test):
    """The group of a test, by its id: what it shares with others, otherwise its file."""
    if _CLUSTER.search(test):
        return "opensearch"
    for folder, name in _SHARED.items():
        if test.startswith(folder):
            return name
    return "machine" if test.startswith(_MEASURING) else test.partition("::")[0]


def order(test):
    """The place of a test's group among those that take longest; behind them for all others."""
    name = group(test)
    return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)


class GroupScheduling(LoadScopeScheduling):
    """Gives each process a group at a time, in the order of the tests."""

    def __init__(self, config, log=None):
        super().__init__(config, log)
        # Otherwise that of most tests would come first.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid):
        return group(nodeid)
