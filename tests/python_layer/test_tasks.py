"""Tasks: functions with ordinary arguments."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from gearman_cffi import (
    Client,
    CoroutineTask,
    Job,
    JobCollection,
    JobException,
    JobNotRunning,
    JsonSerializer,
    PickleSerializer,
    Priority,
    Serializer,
    Task,
    UpdateKind,
    aio,
    current_job,
)
from gearman_cffi.testing import Gearmand, LocalGearman
from tests.python_layer.workers import running

jobs = JobCollection()


@jobs.task("resize")
def resize(path: str, width: int = 80, *, mode: str = "fit") -> list[Any]:
    """Resizes a picture."""
    return [path, width, mode]


@jobs.task()
def note(text: str, **details: Any) -> dict[str, Any]:
    return {"text": text, **details}


@jobs.task()
def nothing() -> str:
    return "done"


@jobs.task()
def progress(steps: int) -> str:
    job = current_job()
    for step in range(1, steps + 1):
        job.send_status(step, steps)
    return job.handle


@pytest.fixture
def local() -> LocalGearman:
    return LocalGearman(jobs)


class TestTheFunction:
    def test_it_is_called_as_a_function(self) -> None:
        assert resize("a.png", width=100) == ["a.png", 100, "fit"]

    def test_it_looks_like_the_function(self) -> None:
        assert (resize.__name__, resize.__doc__, resize.name) == ("resize", "Resizes a picture.", "resize")
        assert str(inspect.signature(resize)).startswith("(path: 'str', width: 'int' = 80, *, mode: 'str' = 'fit')")

    def test_the_default_name(self) -> None:
        assert note.name == "note"

    def test_no_job(self) -> None:
        with pytest.raises(JobNotRunning, match="no worker executes a job here"):
            progress(3)


class TestSubmitting:
    @pytest.mark.parametrize("serializer", [None, JsonSerializer(), PickleSerializer()], ids=["php", "json", "pickle"])
    def test_arguments(self, serializer: Serializer | None) -> None:
        """Positional and named ones arrive, and the worker's defaults are used for the others."""
        client = LocalGearman(jobs, serializer=serializer).client
        assert resize.submit(client, "a.png") == ["a.png", 80, "fit"]
        assert resize.submit(client, "a.png", 100, mode="crop") == ["a.png", 100, "crop"]
        assert resize.submit(client, width=5, path="b") == ["b", 5, "fit"]
        assert note.submit(client, "x", size=1, tags=["a"]) == {"text": "x", "size": 1, "tags": ["a"]}
        assert nothing.submit(client) == "done"

    def test_the_workload(self, local: LocalGearman) -> None:
        """A dict with the arguments by name, without the defaults."""
        resize.submit_background(local.client, "a.png", mode="crop")
        note.submit_background(local.client, "x", size=1)
        nothing.submit_background(local.client)
        assert [job.workload for job in local.waiting] == [
            {"path": "a.png", "mode": "crop"},
            {"text": "x", "size": 1},
            [],  # PHP's empty array
        ]

    @pytest.mark.parametrize(
        ("workload", "answer"),
        [
            ({"path": "a", "width": 1}, ["a", 1, "fit"]),
            (["a", 1], ["a", 1, "fit"]),
            (["a"], ["a", 80, "fit"]),
        ],
    )
    def test_other_clients(self, local: LocalGearman, workload: Any, answer: Any) -> None:
        """What they send is read: an array with names, or a list."""
        assert local.client.execute_job("resize", workload) == answer

    @pytest.mark.parametrize("workload", [[], {}, None, ""])
    def test_no_arguments(self, local: LocalGearman, workload: Any) -> None:
        assert local.client.execute_job("nothing", workload) == "done"

    def test_many(self, local: LocalGearman) -> None:
        paths = ["a", "b", "c"]
        answers = local.client.execute_jobs(resize.job(path, width=1) for path in paths)
        assert answers == [[path, 1, "fit"] for path in paths]

    def test_options(self, local: LocalGearman) -> None:
        urgent = resize.with_options(priority=Priority.HIGH, unique="a")
        urgent.submit_background(local.client, "a")
        resize.submit_background(local.client, "b")
        local.client.execute_jobs_in_background([urgent.with_options(unique="c", timeout=5).job("c")])
        found = [(job.workload["path"], job.priority, job.unique) for job in local.waiting]
        assert found[0] == ("a", Priority.HIGH, "a")
        assert found[1][:2] == ("b", Priority.NORMAL)
        assert found[2] == ("c", Priority.HIGH, "c")

    def test_a_timeout(self, shared_gearmand: Gearmand) -> None:
        with pytest.raises(TimeoutError):
            resize.with_options(timeout=0.01).submit(Client(shared_gearmand.address), "nobody does it")

    def test_the_job(self, local: LocalGearman) -> None:
        """current_job() is the one that runs, also if its task waits for another task."""
        watch = local.client.watch_job("progress", {"steps": 2})
        fractions = [update.fraction for update in watch if update.kind is UpdateKind.STATUS]
        assert (fractions, watch.result()) == ([0.5, 1.0], watch.handle)

    def test_nested(self) -> None:
        outer = JobCollection()
        local = LocalGearman(outer)

        @outer.task()
        def inner() -> str:
            return current_job().get_job_name()

        @outer.task()
        def outside() -> list[str]:
            return [current_job().get_job_name(), inner.submit(local.client), current_job().get_job_name()]

        assert outside.submit(local.client) == ["outside", "inner", "outside"]


class TestWrongArguments:
    @pytest.mark.parametrize(
        ("args", "kwargs", "reason"),
        [
            ((), {}, "missing a required argument: 'path'"),
            (("a", 1, "crop"), {}, "too many positional arguments"),
            (("a",), {"height": 1}, "got an unexpected keyword argument 'height'"),
            (("a",), {"path": "b"}, "multiple values for argument 'path'"),
        ],
    )
    def test_at_both_ends(self, local: LocalGearman, args: Any, kwargs: Any, reason: str) -> None:
        """The submission raises TypeError before anything is sent; a worker fails the job with the same text."""
        with pytest.raises(TypeError, match=f"wrong arguments for the task 'resize': {reason}.*called as resize"):
            resize.submit_background(local.client, *args, **kwargs)
        assert local.waiting == []
        if not (args and kwargs):
            with pytest.raises(JobException, match=reason) as caught:
                local.client.execute_job("resize", list(args))
            assert caught.value.remote_type == "TypeError"

    @pytest.mark.parametrize("workload", [5, "a.png", {1: "a.png"}, {"path": "a", 7: 1}])
    def test_no_arguments(self, local: LocalGearman, workload: Any) -> None:
        """A workload that is not an array of arguments fails the job."""
        with pytest.raises(JobException, match="must be an array with the arguments by name, or a list"):
            local.client.execute_job("resize", workload)

    def test_a_value_that_cannot_be_sent(self, local: LocalGearman) -> None:
        with pytest.raises(TypeError):
            resize.submit(local.client, object())  # type: ignore[call-overload]


class TestDefinitions:
    def test_not_possible(self) -> None:
        def variable(*paths: str) -> None: ...

        def positional(path: str, /) -> None: ...

        def generator(path: str) -> Any:
            yield path

        for function, reason in (
            (variable, "must not have the variadic positional parameter 'paths'"),
            (positional, "must not have the positional-only parameter 'path'"),
            (generator, "not a generator"),
            ("no function", "must be a function"),
        ):
            with pytest.raises(TypeError, match=reason):
                JobCollection().task("t")(function)  # type: ignore[arg-type]

    def test_the_decorator_must_be_called(self) -> None:
        with pytest.raises(TypeError, match="must be called"):
            JobCollection().task(resize)  # type: ignore[arg-type]

    def test_the_collection_has_it(self) -> None:
        assert list(jobs.get_jobs()) == ["resize", "note", "nothing", "progress"]
        assert isinstance(resize, Task)

    def test_a_task_by_itself(self) -> None:
        """Task() needs no collection: a client program need not import the worker's code."""

        def stub(path: str) -> int:
            raise NotImplementedError

        job = Task("resize", stub).job("a.png")
        assert (job.get_job_name(), job.get_workload()) == ("resize", {"path": "a.png"})


class TestCoroutines:
    def test_they_are_tasks(self, gearmand: Gearmand) -> None:
        """A Worker runs them in an event loop; the client gets the result of the coroutine."""
        mixed = JobCollection(jobs)

        @mixed.task()
        async def later(text: str, times: int = 2) -> str:
            await asyncio.sleep(0)
            current_job().send_status(1, 1)
            return text * times

        assert isinstance(later, CoroutineTask)
        assert inspect.iscoroutinefunction(later.execute)
        client = Client(gearmand.address, timeout=20)
        with running(gearmand, mixed):
            assert later.submit(client, "ab") == "abab"
            assert client.execute_jobs([later.job("a", times=3), resize.job("b")]) == ["aaa", ["b", 80, "fit"]]
            with pytest.raises(JobException, match="wrong arguments for the task 'later'"):
                client.execute_job("later", {"number": 1})
        assert LocalGearman(mixed).client.execute_job("later", ["x"]) == "xx"

    def test_they_are_called_as_functions(self) -> None:
        @JobCollection().task()
        async def double(number: int) -> int:
            return 2 * number

        assert asyncio.run(double(21)) == 42

    def test_each_kind_has_its_class(self) -> None:
        async def coroutine() -> None: ...

        def plain() -> None: ...

        with pytest.raises(TypeError, match=r"is a coroutine function: use CoroutineTask\(\), or @jobs.task"):
            Task("t", coroutine)
        with pytest.raises(TypeError, match=r"is a plain function: use Task\(\)"):
            CoroutineTask("t", plain)


def test_aio(gearmand: Gearmand) -> None:
    """The same calls with an aio.Client, awaited; plain handlers and tasks side by side."""
    mixed = JobCollection(jobs)

    @mixed.handler()
    def plain(job: Job) -> Any:
        return job.get_workload()

    async def program() -> list[Any]:
        async with aio.Client(gearmand.address, timeout=20) as client:
            handle = await resize.submit_background(client, "a")
            answers = await client.execute_jobs([resize.job("b"), Job("plain", 1)])
            return [handle, answers, await resize.submit(client, "c", width=1)]

    with running(gearmand, mixed):
        handle, answers, answer = asyncio.run(program())
    assert handle.startswith("H:test:")
    assert (answers, answer) == ([["b", 80, "fit"], 1], ["c", 1, "fit"])
