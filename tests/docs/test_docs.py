"""The documentation against the code: what is generated is current, and the examples run."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi.ext import GearmanClient, GearmanWorker
from gearman_cffi.testing import Gearmand
from tests.parity.differences import DIFFERENCES
from tests.support import wait_until

ROOT = Path(__file__).parents[2]
PORTING = (ROOT / "docs/porting-from-php.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PORTING, re.DOTALL)


def test_the_reference_is_that_of_the_code() -> None:
    """docs/ext-reference.md is what docs/make_ext_reference.py writes."""
    check = subprocess.run([sys.executable, ROOT / "docs/make_ext_reference.py", "--check"], check=False)
    assert check.returncode == 0, "run python docs/make_ext_reference.py"


def test_the_differences_are_those_of_the_parity_tests() -> None:
    """Each has its line, with the reason that the tests know, and there are no others."""
    lines = re.findall(r"^\| ([a-z-]+) \| (.*) \|$", PORTING, re.MULTILINE)
    assert lines == [(difference.id, difference.reason) for difference in DIFFERENCES]


class TestExamples:
    """The ports of the manual's examples in docs/porting-from-php.md, run in order against one server."""

    @pytest.fixture
    def names(self, gearmand: Gearmand) -> dict[str, Any]:
        """The names of a program that has begun: the server is the test's, not the manual's."""
        client, worker = GearmanClient(), GearmanWorker()
        client.addServer(gearmand.host, gearmand.port)
        worker.addServer(gearmand.host, gearmand.port)
        namespace: dict[str, Any] = {}
        exec("from gearman_cffi.ext import *", namespace)
        return namespace | {"client": client, "worker": worker}

    def run(self, example: str, names: dict[str, Any], gearmand: Gearmand) -> None:
        exec(example.replace("127.0.0.1", gearmand.host).replace("4730", str(gearmand.port)), names)

    def work(self, names: dict[str, Any]) -> threading.Thread:
        def loop() -> None:
            while names["worker"].returnCode() == 0:
                try:
                    names["worker"].work()
                except ZeroDivisionError:
                    return

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        return thread

    def test_reverse(self, names: dict[str, Any], gearmand: Gearmand, capsys: pytest.CaptureFixture[str]) -> None:
        """The worker's loop is run in a thread here: its last two lines stay out."""
        self.run(EXAMPLES[0].partition("while worker")[0], names, gearmand)
        self.work(names)
        self.run(EXAMPLES[1], names, gearmand)
        self.run(EXAMPLES[2], names, gearmand)
        results = EXAMPLES[3]
        self.run(results, names, gearmand)
        assert names["results"] == {"first": b"olleH", "second": b"dlroW"}
        assert "!olleH" in capsys.readouterr().out
        names["worker"].stop()

    def test_exceptions(self, names: dict[str, Any], gearmand: Gearmand, capsys: pytest.CaptureFixture[str]) -> None:
        """The client learns of the type and the text."""
        function, _, client = EXAMPLES[4].partition("\n\n")
        self.run(function, names, gearmand)
        thread = self.work(names)
        self.run(client, names, gearmand)
        assert "exception: b'ZeroDivisionError: division by zero'" in capsys.readouterr().out
        wait_until(lambda: not thread.is_alive(), "work() raised")
