"""PHP and Python on both sides of one gearmand, with values of every type."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gearman_cffi import Client, Job, JobException, JobFailed, PhpObject, PhpSerializer, UpdateKind
from gearman_cffi.testing import Gearmand
from tests.codec.php_codec import tree_of
from tests.python_layer.workers import handlers, running
from tests.support import is_served, shown, wait_until

pytestmark = pytest.mark.php

PHP = Path(__file__).with_name("php")
SCALARS: list[Any] = [None, True, False, 0, -(2**63), 2**63 - 1, 1.5, -0.0, 1e100, float("inf")]
TEXTS: list[Any] = [
    "",
    "plain",
    "0",
    "é ü 漢 🎉",
    "with\0nul",
    "b",
    'quo"te',
    "a:1",
    b"\xff\xfe\0binary",
    "x" * 100_000,
]
ARRAYS: list[Any] = [
    [],
    [1, "two", 3.0, None, True],
    {"name": "é", "data": b"\xff\0", 7: "seven", -1: "minus", "": "empty"},
    {"nested": {"deep": [[[{"x": [False, {"y": None}]}]]]}, "texts": ["i:5;", "b:0;", 's:1:"x";', "N;"]},
    {5: "not", 6: "a list"},
    [[i, str(i), {"n": i}] for i in range(300)],
]
VALUES = SCALARS + TEXTS + ARRAYS


@pytest.fixture
def client(gearmand: Gearmand) -> Client:
    return Client(gearmand.address, timeout=20)


@pytest.fixture
def php_worker(gearmand: Gearmand) -> Iterator[Gearmand]:
    process = subprocess.Popen(["php", str(PHP / "worker.php"), str(gearmand.port)], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_served(gearmand, "php.echo"), "PHP's worker is connected")
        yield gearmand
    finally:
        process.kill()
        process.wait()


def php(script: str, server: Gearmand, given: object = None) -> Any:
    """The JSON that a PHP script prints."""
    done = subprocess.run(
        ["php", str(PHP / script), str(server.port)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestPhpClientPythonWorker:
    def test_values_survive_both_ways(self, gearmand: Gearmand) -> None:
        """The handler gets PHP's values, and PHP gets the same values back."""
        seen: list[Any] = []

        def echo(job: Job) -> Any:
            seen.append(job.get_workload())
            return job.get_workload()

        with running(gearmand, handlers(echo=echo)):
            answers = php("client.php", gearmand, [["echo", tree_of(value)] for value in VALUES])
        assert seen == VALUES
        assert list(map(type, seen)) == list(map(type, VALUES))
        assert [same for _, same, _ in answers] == [True] * len(VALUES)

    def test_answers_are_those_of_dmanks_worker(self, php_worker: Gearmand) -> None:
        """With dmank_results the answers are the same, byte for byte."""
        jobs = handlers(echo=lambda job: job.get_workload())
        with running(php_worker, jobs, serializer=PhpSerializer(dmank_results=True)):
            ours = php("client.php", php_worker, [["echo", tree_of(value)] for value in VALUES])
        theirs = php("client.php", php_worker, [["php.echo", tree_of(value)] for value in VALUES])
        assert ours == theirs

    def test_text_and_arrays_need_no_option(self, php_worker: Gearmand) -> None:
        values = TEXTS + ARRAYS
        with running(php_worker, handlers(echo=lambda job: job.get_workload())):
            ours = php("client.php", php_worker, [["echo", tree_of(value)] for value in values])
        assert ours == php("client.php", php_worker, [["php.echo", tree_of(value)] for value in values])

    def test_tasks_and_status(self, gearmand: Gearmand) -> None:
        go_on = threading.Event()

        def tell(job: Job) -> str:
            job.send_status(3, 10)
            job.send_data("part")
            job.send_warning("careful")
            return "end"

        def fail(job: Job) -> None:
            raise LookupError("not here: é")

        def slow(job: Job) -> None:
            job.send_status(1, 2)
            go_on.wait(20)

        jobs = handlers(tell=tell, fail=fail, unique=lambda job: job.unique, slow=slow)
        with running(gearmand, jobs), running(gearmand, handlers(go_on=lambda job: go_on.set())):
            seen = php("tasks.php", gearmand)
        assert seen["tell"] == [["status", [3, 10]], ["data", "part"], ["warning", "careful"], ["complete", "end"]]
        assert seen["fail"] == [["exception", "LookupError: not here: é"]]
        assert seen["unique"] == [["complete", "my-key"]]
        assert seen["status"] == [True, True, 1, 2]


class TestPythonClientPhpWorker:
    def test_arrays_and_text_survive_both_ways(self, php_worker: Gearmand, client: Client) -> None:
        values = TEXTS + ARRAYS
        assert [client.execute_job("php.echo", value) for value in values] == values
        assert client.execute_jobs([Job("php.echo", value) for value in values]) == values

    @pytest.mark.parametrize(
        ("value", "type_in_php", "answer"),
        [
            (None, "null", ""),
            (True, "bool", "1"),
            (False, "bool", ""),
            (42, "int", "42"),
            (1.5, "float", "1.5"),
            ("é", "string", "é"),
            ([1], "array", [1]),
            ("i:5;", "int", "5"),
        ],
        ids=shown,
    )
    def test_scalars_arrive_as_what_they_are_and_come_back_as_text(
        self, php_worker: Gearmand, client: Client, value: Any, type_in_php: str, answer: Any
    ) -> None:
        """dmank's workers turn results into text, so that clients cannot know their types."""
        assert client.execute_job("php.type", value) == type_in_php
        assert client.execute_job("php.echo", value) == answer

    def test_failures(self, php_worker: Gearmand, client: Client) -> None:
        """dmank sends exceptions as results. Here they are records, and no object of their class is created."""
        thrown = client.execute_job("php.throw", "oh no")
        assert isinstance(thrown, PhpObject)
        assert thrown.class_name == "RuntimeException"
        assert thrown.properties["message"] == "oh no"
        with pytest.raises(JobException):
            client.execute_job("php.error", 1)
        with pytest.raises(JobFailed):
            client.execute_job("php.fail", 1)
        assert client.execute_job("php.echo", "still there") == "still there"

    def test_progress(self, php_worker: Gearmand, client: Client) -> None:
        watch = client.watch_job("php.progress", 1)
        updates = [(update.kind, update.fraction, update.data) for update in watch]
        assert updates[1:] == [
            (UpdateKind.STATUS, 0.5, b""),
            (UpdateKind.DATA, 0.5, b"half "),
            (UpdateKind.WARNING, 0.5, b"careful"),
        ]
        assert watch.result() == "half whole"
