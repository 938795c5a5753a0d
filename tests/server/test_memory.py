"""Memory that an answer took and gave back."""

import subprocess
import sys

import pytest

from tests.processes import needs_proc

# In a process of its own: prints how many megabytes stay after all was freed.
PROGRAM = """
import sys, threading
import numpy as np
from qa.server.resources import tune_malloc

def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("RssAnon"))

def work():
    large = np.ones(2 << 20)
    del large
    many = [np.ones(100_000 // 8) for _ in range(200)]
    del many

if sys.argv[1] == "give":
    tune_malloc()
before = resident()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(resident() - before)
"""


def memory_after(how):
    command = [sys.executable, "-c", PROGRAM, how]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@needs_proc
def test_what_was_freed_goes_back_to_the_system():
    usual = memory_after("as usual")
    if usual < 12:
        pytest.skip("this C library gives it back anyhow")

    assert memory_after("give") < 10
