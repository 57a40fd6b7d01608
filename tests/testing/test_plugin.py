"""The pytest plugin, in a pytest process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gearman_cffi.ext import capabilities
from gearman_cffi.testing import Gearmand

TESTS = """
from __future__ import annotations
seen = []

def test_first(gearmand, shared_gearmand):
    assert gearmand.running and shared_gearmand.running
    assert gearmand.port != shared_gearmand.port
    seen.extend([gearmand.pid, shared_gearmand.pid])
    gearmand.kill()

def test_second(gearmand, shared_gearmand):
    assert gearmand.ask("version").startswith("OK ")
    assert gearmand.pid != seen[0]
    assert shared_gearmand.pid == seen[1]
"""


def run_pytest(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_inside.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=50, check=False, cwd=folder, env={**os.environ, **environment}
    )


def test_it_needs_no_set_up(tmp_path: Path) -> None:
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_its_fixtures_have_descriptions(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--fixtures")
    assert "gearmand" in done.stdout
    assert "A private gearmand, started for this test." in done.stdout


def test_without_gearmand_the_error_names_the_package(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import os\nos.environ['GEARMAND'] = 'no-such-gearmand'\n")
    done = run_pytest(tmp_path)
    assert done.returncode == 1
    assert "gearman-job-server on Debian" in done.stdout


def test_without_libgearman_only_the_tests_that_use_it_fail(tmp_path: Path) -> None:
    """pytest loads the plugin in all test runs of an environment, also in those of other projects."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['gearman_cffi._libgearman._native'] = None\n")
    (tmp_path / "test_other.py").write_text("def test_other(): pass\n")
    done = run_pytest(tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "1 passed, 2 errors" in done.stdout
    remedy = {"gearman-cffi": "libgearman8", "gearman-cffi-binary": "pip install --force-reinstall gearman-cffi-binary"}
    assert remedy[capabilities.distribution] in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) < 60


def test_the_fixture_is_the_public_class(gearmand: Gearmand) -> None:
    assert isinstance(gearmand, Gearmand)
    assert gearmand.running
