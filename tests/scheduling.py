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


def group(test):
    """The group of a test, by its id: what it shares with others, otherwise its file."""
    if _CLUSTER.search(test):
        return "opensearch"
    for folder, name in _SHARED.items():
        if test.startswith(folder):
            return name
    return "machine" if test.startswith(_MEASURING) else test.partition("::")[0]


class GroupScheduling(LoadScopeScheduling):
    """Gives each process a group at a time, those of most tests first."""

    def _split_scope(self, nodeid):
        return group(nodeid)
