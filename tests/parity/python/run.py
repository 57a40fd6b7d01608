"""Runs one scenario: run.py GROUP. The repository can be imported, after installed packages."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(__file__).parent]
sys.path.append(str(Path(__file__).parents[3]))
runpy.run_module(f"tests.parity.python.{sys.argv[1]}", run_name="__main__")
sys.modules["tests.parity.python.children"].end_everything()
