"""Memory of arrays that come and go."""

import platform
import subprocess
import sys

import pytest

AGAIN = """
import resource
import numpy as np
from actcli.analysis.stream.memory import keep_freed_memory
keep_freed_memory()
for _ in range(20):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(1 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_memory_that_was_freed_is_there_for_the_next_array():
    faults = subprocess.run([sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True).stdout
    assert int(faults) < 100  # 2,048 pages
