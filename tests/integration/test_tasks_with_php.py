"""Tasks with arguments, with PHP as the client and as the worker."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gearman_cffi import Client, JobCollection
from gearman_cffi.ext import GEARMAN_WORK_EXCEPTION, GEARMAN_WORK_FAIL
from gearman_cffi.testing import Gearmand
from tests.python_layer.workers import running
from tests.support import is_served, wait_until

pytestmark = pytest.mark.php

SCRIPT = str(Path(__file__).with_name("php") / "arguments.php")
jobs = JobCollection()


@jobs.task("resize")
def resize(path: str, width: int = 80, mode: str = "fit") -> list[object]:
    return [path, width, mode]


@jobs.task("php.resize")
def php_resize(path: str, width: int = 80, mode: str = "fit") -> list[object]:
    raise NotImplementedError("PHP has the function")


def test_a_client_in_php(gearmand: Gearmand) -> None:
    """It sends an array with named arguments, or a list. Wrong arguments fail the job."""
    with running(gearmand, jobs):
        done = subprocess.run(
            ["php", SCRIPT, "client", str(gearmand.port)], capture_output=True, check=True, timeout=40
        )
    *answers, code = json.loads(done.stdout)
    assert answers == [["a.png", 100, "fit"], ["b.png", 80, "cröp"], ["c.png", 5, "fit"]]
    assert code in (GEARMAN_WORK_FAIL, GEARMAN_WORK_EXCEPTION)


def test_a_worker_in_php(gearmand: Gearmand) -> None:
    """It passes the array to its function, as named arguments."""
    process = subprocess.Popen(["php", SCRIPT, "worker", str(gearmand.port)], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_served(gearmand, "php.resize"), "PHP's worker is connected")
        client = Client(gearmand.address, timeout=20)
        assert php_resize.submit(client, "a.png", mode="crop") == ["a.png", 80, "crop"]
        assert client.execute_jobs([php_resize.job("é", 5)]) == [["é", 5, "fit"]]
    finally:
        process.kill()
        process.wait()
