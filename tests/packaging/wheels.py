"""Looks into wheels, and runs programs with what they contain."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

COMMAND = "from gearman_cffi.cli import main; main()"  # what the script gearman-cffi does


def unpack(folder: Path, *wheels: Path) -> Path:
    """The folder with the files of these wheels, one over the other, as pip leaves them."""
    for wheel in wheels:
        zipfile.ZipFile(wheel).extractall(folder)
    return folder


def metadata_of(wheel: Path) -> Message:
    """The metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs code in a new Python that imports the package from this directory."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False)


def readelf(file: Path, option: str) -> str:
    """The output of readelf for a file."""
    command = ["readelf", "--wide", option, str(file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
