"""A build without a required part prints a few lines: the part and the packages that contain it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Runs the real compiler, or fails with pages of output as if a part were missing.
COMPILER = """\
#!/bin/sh
for argument; do
  case $argument in
    {hidden_argument}) seq 100 200 >&2; exit 1 ;;
    *.c) if grep -q '{hidden_text}' "$argument"; then seq 100 200 >&2; exit 1; fi ;;
  esac
done
exec {compiler} "$@"
"""


def build(source: Path, scratch: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Compiles the module in a directory of its own, with these environment variables."""
    command = [sys.executable, "setup.py", "--quiet", "build_ext"]
    command += [f"--build-temp={scratch / 'temp'}", f"--build-lib={scratch / 'lib'}"]
    return subprocess.run(
        command,
        cwd=source,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a failed build, which must be nothing but a short message."""
    assert done.returncode != 0
    text = done.stdout + done.stderr
    assert len(text.strip().splitlines()) <= 8, text
    assert "Traceback" not in text
    assert "gearman-cffi cannot be built here" in text
    return text


@pytest.mark.parametrize(
    ("hidden_text", "hidden_argument", "said", "packages"),
    [
        ("Python.h", "-none", "Python.h", ("python3-dev", "python3-devel")),
        ("gearman.h", "-none", "headers", ("libgearman-dev", "libgearman-devel", "gearman-dev", "gearman")),
        ("VERSION_HEX", "-none", "too old", ("1.1.19", "libgearman-dev", "libgearman-devel")),
        ("no such text", "-lgearman", "library", ("libgearman-dev", "libgearman-devel", "gearman-dev")),
        ("stdio.h", "-none", "compiler", ("gcc libc6-dev", "gcc musl-dev", "xcode-select")),
    ],
    ids=["python", "headers", "version", "library", "compiler"],
)
def test_a_missing_part_is_named(
    source: Path, tmp_path: Path, hidden_text: str, hidden_argument: str, said: str, packages: tuple[str, ...]
) -> None:
    """Each of the five parts has a message of its own, without the compiler's output."""
    wrapper = tmp_path / "cc"
    real = shutil.which("cc") or shutil.which("gcc")
    wrapper.write_text(COMPILER.format(hidden_argument=hidden_argument, hidden_text=hidden_text, compiler=real))
    wrapper.chmod(0o755)
    text = complaint(build(source, tmp_path, CC=str(wrapper)))
    assert said in text
    for package in (*packages, "Debian/Ubuntu", "Fedora", "Alpine", "macOS (Homebrew)"):
        assert package in text


# Runs setup.py as another Python would.
PRETENDS = """
import runpy, sys, sysconfig, types
if "{name}" == "pypy":
    sys.implementation = types.SimpleNamespace(**{{**vars(sys.implementation), "name": "pypy"}})
else:
    sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1
sys.argv = ["setup.py", "--quiet", "build_ext", "--build-temp={scratch}", "--build-lib={scratch}"]
runpy.run_path("setup.py", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("name", "said"), [("pypy", "this Python is pypy"), ("free-threaded", "this CPython is free-threaded")]
)
def test_another_python_is_refused(source: Path, tmp_path: Path, name: str, said: str) -> None:
    """The message says why, and which Python to use."""
    program = PRETENDS.format(name=name, scratch=tmp_path)
    command = [sys.executable, "-c", program]
    text = complaint(subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=30, check=False))
    assert said in text
    assert "Use " in text
    assert "CPython" in text
    assert not list(tmp_path.rglob("*.o"))


def test_a_compiler_that_is_not_there_is_named(source: Path, tmp_path: Path) -> None:
    """A program in CC that does not exist is reported like a compiler that does not work."""
    assert "/no/such/cc" in complaint(build(source, tmp_path, CC="/no/such/cc"))


@pytest.mark.parametrize("variable", ["GEARMAN_CFFI_INCLUDE_DIR", "GEARMAN_CFFI_LIB_DIR"])
def test_a_folder_without_libgearman_is_named(source: Path, tmp_path: Path, variable: str) -> None:
    """A wrong directory is an error; the build does not use the system's libgearman instead."""
    text = complaint(build(source, tmp_path, **{variable: str(tmp_path)}))
    assert variable in text
    assert str(tmp_path) in text


def test_pip_shows_the_complaint(source: Path, tmp_path: Path) -> None:
    """A user of pip sees the message, with few lines of the build around it."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(source)],
        env={**os.environ, "CC": "/no/such/cc"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "gcc libc6-dev" in text
    assert "Traceback" not in text
    assert len(text.splitlines()) < 45, text


def test_an_sdist_needs_neither_compiler_nor_libgearman(source: Path, tmp_path: Path) -> None:
    """An sdist can be built on any machine."""
    done = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", str(tmp_path)],
        cwd=source,
        env={**os.environ, "CC": "/no/such/cc", "PKG_CONFIG": "/no/such/pkg-config"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("gearman_cffi-*.tar.gz"))
