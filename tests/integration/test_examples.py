"""The examples run as their first lines say, with a server of the test."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile

import pytest

from gearman_cffi.testing import Gearmand
from tests.support import is_served, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with examples/worker.py. At the end the worker is stopped, and must exit with 0."""
    with Gearmand() as server, TemporaryFile("w+") as log:
        worker = subprocess.Popen([sys.executable, str(EXAMPLES / "worker.py"), server.address], stderr=log)
        try:
            wait_until(lambda: is_served(server, "reverse"), "the worker is connected")
            yield server.address
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(20) == 0
            log.seek(0)
            lines = log.read().splitlines()
            assert (lines[0], lines[-1]) == ("INFO Starting Worker", "NOTICE Destroying worker.")
        finally:
            worker.kill()
            worker.wait()


def output(name: str, *arguments: str) -> list[str]:
    """The output of an example."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments], capture_output=True, text=True, timeout=40, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_client(address: str) -> None:
    first, second, third = output("client.py", address)
    assert first == "tset a si siht"
    assert second.startswith("submitted in the background as H:test:")
    assert third == "the worker raised TypeError: 'int' object is not iterable"


def test_dmank_client(address: str) -> None:
    first, second, third, fourth = output("dmank_client.py", address)
    assert first == "tset a si siht"
    assert second.startswith("submitted in the background as H:test:")
    assert third == "['eno', 'owt']"
    assert fourth == "the worker raised TypeError: 'int' object is not iterable"


def test_progress(address: str) -> None:
    assert output("progress.py", address) == [
        "1 of 4",
        "2 of 4",
        "notes.txt is not a picture",
        "3 of 4",
        "4 of 4",
        "{'resized': ['beach.png', 'hills.png', 'city.png']}",
    ]


def test_bulk(address: str) -> None:
    lines = output("bulk.py", address)
    assert lines[0] == "300 answers, in the order of the jobs: '0 boj' ... '992 boj'"
    assert "['a.png'] -> {'resized': ['a.png']}" in lines
    assert lines[-2:] == ["1 failed", "100 jobs submitted in the background"]


@pytest.mark.parametrize("name", ["client.py", "dmank_client.py", "progress.py", "bulk.py"])
def test_without_a_server(name: str, gearmand: Gearmand) -> None:
    """One line that says what to do, and no traceback."""
    gearmand.stop()
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), gearmand.address],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name.removesuffix('.py')}: could not connect to {gearmand.address}")
    assert len(done.stderr.splitlines()) == 1
