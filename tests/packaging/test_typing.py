"""The types of an installed wheel, as a type checker sees them in a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .conftest import ROOT

PROGRAMS = ROOT / "tests/typing"
MISTAKES = """\
from gearman_cffi import Client, Job, JobCollection
from gearman_cffi.ext import GearmanClient

GearmanClient().doNormal("reverse", ["no", "data"])
text: str = GearmanClient().doNormal("reverse", "text")
Client(timeout="10")
Job("reverse").send_status("1", 2)

@JobCollection().task("resize")
def resize(path: str, width: int = 80) -> str:
    return f"{path} {width}"

resize.submit(Client(), "a.png", width="100")
resize.submit(Client())
resize.with_options(priority="high").job(path="a.png")
resize.job(height=5)
size: int = resize.submit(Client(), "a.png")
"""


def mypy(folder: Path, site: Path, *programs: Path) -> subprocess.CompletedProcess[str]:
    """Runs mypy --strict, without this project's settings, on programs that have the wheel installed."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=30)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "gearman_cffi").symlink_to(site / "gearman_cffi")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(folder / "cache")]
    command += ["--python-executable", str(venv / "bin/python"), *map(str, programs)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=55, check=False)


def test_typical_programs_are_clean(unpacked_wheel: Path, tmp_path: Path) -> None:
    """The wheel has py.typed and complete types: a port from PHP and a program with the Python layer pass."""
    done = mypy(tmp_path, unpacked_wheel, PROGRAMS / "php_port.py", PROGRAMS / "python_layer.py")
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


def test_mistakes_are_found(unpacked_wheel: Path, tmp_path: Path) -> None:
    """mypy finds mistakes, which it would not if the package were untyped."""
    program = tmp_path / "program.py"
    program.write_text(MISTAKES, "utf-8")
    done = mypy(tmp_path, unpacked_wheel, program)
    lines = [int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line]
    assert lines == [4, 5, 6, 7, 13, 14, 15, 16, 17], done.stdout
