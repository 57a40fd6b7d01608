"""What ``import gearman_cffi`` costs a program, as pip installs the package: with compiled bytecode."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from pathlib import Path

# Dear, and of use to a few parts of the package only, which import them where they need them.
DEAR = {"asyncio", "click", "ctypes", "multiprocessing", "prometheus_client", "rich", "ssl", "subprocess", "watchfiles"}
PROGRAM = """
import sys, time
began = time.perf_counter()
import gearman_cffi
print(time.perf_counter() - began, *sys.modules)
"""


def test_import_is_quick(unpacked_wheel: Path) -> None:
    """50 ms were measured. The best of several counts: a busy machine only adds."""
    compileall.compile_dir(unpacked_wheel, quiet=1)
    seconds = []
    for _ in range(9):
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=unpacked_wheel,
            env={**os.environ, "PYTHONPATH": str(unpacked_wheel)},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        time, *modules = answer.stdout.split()
        seconds.append(float(time))
        assert DEAR & set(modules) == set()
    print(f"import gearman_cffi: {[round(one * 1000) for one in sorted(seconds)]} ms")
    assert min(seconds) < 0.09
