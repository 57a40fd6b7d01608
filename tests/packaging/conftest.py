"""A copy of the source and, built from it as `pip install` and a release build do, the distributions."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_SOURCE = (".git", ".venv", "build", "dist", "*.egg-info", "*.so", "__pycache__", ".*_cache")


class Distributions(NamedTuple):
    """What one run of `python -m build` leaves: the sdist, and the wheels that were built from that sdist."""

    sdist: Path
    wheels: list[Path]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree without anything that was built in it."""
    folder = tmp_path_factory.mktemp("source") / "tree"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    return folder


@pytest.fixture(scope="session")
def distributions(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The sdist and, from it, the wheel. No downloads: what a build needs is among the development tools."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = folder.glob("*.tar.gz")
    return Distributions(sdist, sorted(folder.glob("*.whl")))


@pytest.fixture
def unpacked_wheel(distributions: Distributions, tmp_path: Path) -> Path:
    """A folder that holds the wheel's files, to be put on the path of a new Python."""
    folder = tmp_path / "site"
    zipfile.ZipFile(distributions.wheels[0]).extractall(folder)
    return folder
