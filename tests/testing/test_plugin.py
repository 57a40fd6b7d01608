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


# Each with a plugin of its own, and none of them with a fixture that is a coroutine.
ASYNC_TESTS = """
from __future__ import annotations
import asyncio
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

async def submit(client, server):
    assert await client.execute_in_background("f", 1)
    assert server.ask("status").startswith("f\\t1")

@pytest.mark.asyncio
async def test_with_pytest_asyncio(gearmand_aio_client, gearmand):
    await submit(gearmand_aio_client, gearmand)

@pytest.mark.asyncio(loop_scope="module")
async def test_in_a_loop_of_the_module(gearmand_aio_client, gearmand):
    await submit(gearmand_aio_client, gearmand)

@pytest.mark.anyio
async def test_with_anyio(gearmand_aio_client, gearmand):
    await submit(gearmand_aio_client, gearmand)

@pytest.mark.asyncio
async def test_jobs_that_are_left(gearmand_aio_client, gearmand):
    waiting = [asyncio.ensure_future(gearmand_aio_client.execute_job("g", 1)) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in waiting)

def test_without_a_coroutine(gearmand_aio_client, gearmand):
    asyncio.run(submit(gearmand_aio_client, gearmand))
"""


def run_pytest(
    folder: Path, *arguments: str, tests: str = TESTS, **environment: str
) -> subprocess.CompletedProcess[str]:
    (folder / "test_inside.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=50, check=False, cwd=folder, env={**os.environ, **environment}
    )


def test_it_needs_no_set_up(tmp_path: Path) -> None:
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_its_client_for_coroutines(tmp_path: Path) -> None:
    """It works with pytest-asyncio, whatever the scope of its loop, with anyio, and without both."""
    done = run_pytest(tmp_path, "-Werror", "-oasyncio_default_fixture_loop_scope=function", tests=ASYNC_TESTS)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


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
