"""JobCollection and handlers."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import pytest

from gearman_cffi import FunctionHandler, InvalidArgument, Job, JobCollection, JobHandlerInterface, Worker
from gearman_cffi.durations import to_span, to_time_limit
from gearman_cffi.handlers import is_coroutine_handler
from tests.support import shown


class Named(JobHandlerInterface):
    def __init__(self, name: Any, tag: str = "") -> None:
        self.name = name
        self.tag = tag

    def execute(self, job: Job) -> str:
        return self.tag

    def listens_to_job(self) -> str:
        return str(self.name)


class Methods:
    def none(self) -> None: ...

    def one(self, job: Job) -> None: ...

    def two(self, job: Job, other: Any) -> None: ...

    @classmethod
    def of_the_class(cls) -> None: ...


class NoCall:
    def __call__(self) -> None: ...


def injects(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(job: Job) -> Any:
        return function(job, "a database")

    return wrapper


@injects
def injected(job: Job, database: str) -> str:
    return database


class TestJobCollection:
    def test_empty(self) -> None:
        jobs = JobCollection()
        assert (len(jobs), list(jobs), jobs.get_jobs()) == (0, [], {})

    def test_a_second_handler_of_a_name(self) -> None:
        """It is refused, however it is added: it would silently replace the first one."""
        jobs = JobCollection([Named("a", "first"), Named("b")])
        for add in (
            lambda: jobs.add(Named("a", "second")),
            lambda: jobs.handler("a")(lambda job: None),
            lambda: JobCollection([*jobs, Named("a", "second")]),
        ):
            with pytest.raises(InvalidArgument, match="there is a handler for 'a' already"):
                add()
        found = jobs.get_job("a")
        assert isinstance(found, Named)
        assert found.tag == "first"
        jobs.add(found)  # adding the same one again changes nothing
        assert len(jobs) == 2

    def test_replace(self) -> None:
        jobs = JobCollection([Named("a", "first"), Named("b")])
        jobs.add(Named("a", "second"), replace=True)
        assert len(jobs) == 2
        assert list(jobs.get_jobs()) == ["a", "b"]
        found = jobs.get_job("a")
        assert isinstance(found, Named)
        assert found.tag == "second"
        assert jobs.get_job("zzz") is None

    def test_a_handler_that_changes_its_name(self) -> None:
        """get_jobs() has it under the old name, get_job() finds it by the new one."""
        handler = Named("old")
        jobs = JobCollection([handler])
        handler.name = "new"
        assert list(jobs.get_jobs()) == ["old"]
        assert jobs.get_job("new") is handler
        assert jobs.get_job("old") is None

    def test_a_numeric_name(self) -> None:
        """In PHP it becomes an int and is never registered."""
        assert JobCollection([Named("5")]).get_job("5") is not None

    def test_invalid_handlers_and_names(self) -> None:
        with pytest.raises(TypeError, match=r"@jobs\.handler"):
            JobCollection().add("x")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="must be a JobCollection or several"):
            JobCollection(Named("f"))  # type: ignore[arg-type]
        for name in ("", "a\0b", "x" * 513):
            with pytest.raises(InvalidArgument):
                JobCollection([Named(name)])
            with pytest.raises(InvalidArgument):
                JobCollection().handler(name)(lambda job: None)


class TestHandlers:
    def test_either_name_is_enough(self) -> None:
        class Handler(JobHandlerInterface):
            def execute(self, job: Job) -> None: ...

            def listens_to_job(self) -> str:
                return "named"

        assert Handler().listens_to_job() == "named"
        with pytest.raises(TypeError, match="abstract"):
            JobHandlerInterface()  # type: ignore[abstract]

    def test_a_handler_without_a_name(self) -> None:
        class Nameless(JobHandlerInterface):
            def execute(self, job: Job) -> None: ...

        with pytest.raises(TypeError, match=r"Nameless with.* abstract method.*listens_to_job"):
            Nameless()  # type: ignore[abstract]

    def test_the_decorator(self) -> None:
        jobs = JobCollection()

        @jobs.handler()
        def reverse(job: Job) -> Any:
            return job.get_workload()[::-1]

        @jobs.handler("other.name", time_limit=5)
        def other(job: Job) -> None: ...

        assert reverse(Job("reverse", "abc")) == "cba"
        assert list(jobs.get_jobs()) == ["reverse", "other.name"]
        found = jobs.get_job("other.name")
        assert found is not None
        assert found.time_limit == 5

    def test_the_decorator_without_parentheses(self) -> None:
        """It would take the function for a name, and drop it."""
        jobs = JobCollection()
        with pytest.raises(TypeError, match=r"write @jobs.handler\(\) or"):
            jobs.handler(lambda job: None)  # type: ignore[arg-type]
        assert len(jobs) == 0

    def test_coroutine_functions(self) -> None:
        """Plain functions and coroutine functions are handlers; the worker needs to know which is which."""
        jobs = JobCollection()

        async def coroutine(job: Job) -> None: ...

        def plain(job: Job) -> None: ...

        class Callable:
            async def __call__(self, job: Job) -> None: ...

        class Handler(JobHandlerInterface):
            async def execute(self, job: Job) -> None: ...

            def listens_to_job(self) -> str:
                return "handler"

        jobs.handler("coroutine")(coroutine)
        jobs.handler("plain")(plain)
        jobs.handler("partial")(functools.partial(coroutine))
        jobs.handler("callable")(Callable())
        jobs.add(Handler())
        found = [name for name, handler in jobs.get_jobs().items() if is_coroutine_handler(handler)]
        assert found == ["coroutine", "partial", "callable", "handler"]

    @pytest.mark.parametrize(
        ("number", "error"), [(0, ValueError), (-1, ValueError), ("2", TypeError), (True, TypeError)], ids=str
    )
    def test_concurrency_that_is_no_number_of_jobs(self, number: Any, error: type[Exception]) -> None:
        with pytest.raises(error, match="concurrency"):
            JobCollection().handler("f", concurrency=number)
        with pytest.raises(error, match="concurrency"):
            FunctionHandler("f", print, concurrency=number)
        with pytest.raises(error, match="concurrency"):
            Worker("localhost", concurrency=number)
        with pytest.raises(error, match="threads"):
            Worker("localhost", threads=number)

    def test_generators(self) -> None:
        jobs = JobCollection()

        def generator(job: Job) -> Any:
            yield job

        async def both(job: Job) -> Any:
            yield job

        for function in generator, both:
            with pytest.raises(TypeError, match=f"'{function.__name__}' must be a function or a coroutine function"):
                jobs.handler()(function)

    @pytest.mark.parametrize(
        "function",
        [
            lambda: None,
            lambda job, other: None,
            lambda *, job: None,
            lambda job, *, other: None,
            Methods().none,
            Methods().two,
            Methods.of_the_class,
            functools.partial(lambda job: None, 1),
            NoCall(),
        ],
        ids=[str(number) for number in range(9)],
    )
    def test_functions_that_cannot_take_a_job(self, function: Any) -> None:
        """They are refused when they are declared, instead of failing every job."""
        jobs = JobCollection()
        with pytest.raises(TypeError, match="'f' must take one argument, the job"):
            jobs.handler("f")(function)
        with pytest.raises(TypeError, match="'f' must take one argument, the job"):
            FunctionHandler("f", function)
        assert len(jobs) == 0

    @pytest.mark.parametrize(
        "function",
        [
            lambda job: None,
            lambda job=None: None,
            lambda *jobs: None,
            lambda job, other=1, *, more=2: None,
            Methods().one,
            functools.partial(lambda other, job: None, 1),
            print,
            injected,
            str,
        ],
        ids=[str(number) for number in range(9)],
    )
    def test_functions_that_can_take_a_job(self, function: Any) -> None:
        """The parameters of a decorator's wrapper count, not those of the function that it wraps."""
        assert FunctionHandler("f", function).listens_to_job() == "f"

    def test_an_object_that_is_not_a_function(self) -> None:
        with pytest.raises(TypeError, match="'f' must be a function, not 7"):
            FunctionHandler("f", 7)  # type: ignore[arg-type]

    def test_an_execute_without_a_job(self) -> None:
        class Wrong(Named):
            def execute(self) -> None:  # type: ignore[override]
                ...

        with pytest.raises(TypeError, match="execute\\(\\) of Wrong, the handler of 'f', must take one argument"):
            JobCollection([Wrong("f")])

    @pytest.mark.parametrize("limit", [0.5, 0, -1, 0.999, 30 * 86400, float("inf"), float("nan"), timedelta(days=99)])
    def test_invalid_time_limits(self, limit: Any) -> None:
        """The decorator, the constructor and add() raise."""
        with pytest.raises(ValueError, match="time_limit must be"):
            JobCollection().handler("f", time_limit=limit)
        with pytest.raises(ValueError, match="time_limit must be"):
            FunctionHandler("f", lambda job: None, limit)
        handler = Named("f")
        handler.time_limit = limit
        with pytest.raises(ValueError, match="time_limit must be"):
            JobCollection().add(handler)

    @pytest.mark.parametrize("limit", ["60", b"60", [1], True, object()])
    def test_time_limits_of_wrong_types(self, limit: Any) -> None:
        with pytest.raises(TypeError, match="time_limit must be seconds, a timedelta or None"):
            JobCollection().handler("f", time_limit=limit)
        handler = Named("f")
        handler.time_limit = limit
        with pytest.raises(TypeError, match="time_limit must be"):
            JobCollection().add(handler)

    def test_a_function_handler_is_still_the_function(self) -> None:
        handler = FunctionHandler("up", lambda job: job.get_workload().upper())
        assert handler(Job("up", "x")) == handler.execute(Job("up", "x")) == "X"
        assert "'up'" in repr(handler)


class TestDurations:
    @pytest.mark.parametrize(
        ("given", "milliseconds"), [(None, 0), (1, 1000), (1.5, 1500), (timedelta(minutes=2), 120_000)], ids=shown
    )
    def test_time_limits(self, given: Any, milliseconds: int) -> None:
        """gearmand 1.1.20 expects milliseconds."""
        assert to_time_limit(given) == milliseconds

    @pytest.mark.parametrize(
        ("given", "seconds"),
        [
            ("+2 hours", 7200),
            ("2hours", 7200),
            ("+ 1 day 12 hours", 129_600),
            ("-1 second", -1),
            ("+0 seconds", 0),
            ("90 MIN", 5400),
            ("1 week -1 sec", 604_799),
            (5, 5),
            (0.5, 0.5),
            (timedelta(days=1), 86_400),
        ],
        ids=shown,
    )
    def test_spans(self, given: Any, seconds: float) -> None:
        assert to_span(given).total_seconds() == seconds

    @pytest.mark.parametrize("given", ["garbage", "", " ", "5", "+1 month", "2 hours and", "1.5 hours", float("nan")])
    def test_invalid_spans(self, given: Any) -> None:
        with pytest.raises(ValueError, match="invalid duration"):
            to_span(given)

    @pytest.mark.parametrize("given", [None, True, b"1 hour"])
    def test_spans_of_wrong_types(self, given: Any) -> None:
        with pytest.raises(TypeError, match="timedelta"):
            to_span(given)
