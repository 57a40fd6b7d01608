"""Generated files that are committed: they are what their scripts write today."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.parametrize("script", ["make_stub.py", "make_functions.py"])
def test_generated_files_are_current(script: str) -> None:
    """The script's --check succeeds. If it does not, run the script without it."""
    command = [sys.executable, f"script/{script}", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
