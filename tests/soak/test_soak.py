"""A soak of some seconds, with some faults. script/soak is longer, and drops packets too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.support import INSTALLED, ROOT


@pytest.mark.timeout(180)  # it takes ten seconds, and many times that on a machine with much other work
def test_a_brief_soak(tmp_path: Path) -> None:
    """No job is lost, no answer is wrong, and no process is left."""
    result, plot = tmp_path / "soak.json", tmp_path / "soak.svg"
    command = [sys.executable, "-m", "tests.soak.soak", "--minutes=0.1", "--seed=1", "--load=0.4"]
    command += ["--without=host vanished", f"--json={result}", f"--plot={plot}"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{INSTALLED}"}
    soak = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=170)
    assert soak.returncode == 0, soak.stdout + soak.stderr
    found = json.loads(result.read_text())
    assert found["ok"]
    assert found["lost"] == 0
    assert found["faults"]
    ElementTree.parse(plot)
