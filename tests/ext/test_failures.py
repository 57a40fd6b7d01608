"""Jobs that fail by an exception, by setReturn() or by a send method."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from gearman_cffi.ext import GearmanJob, GearmanWarning, JobKind, Reply
from gearman_cffi.testing import Gearmand
from tests.support import client_of, queued, serving, wait_until, worker_of

SUCCESS, WORK_EXCEPTION, WORK_FAIL, INVALID_ARGUMENT = 0, 23, 24, 49


@contextmanager
def submitted(server: Gearmand, function: str, workload: bytes = b"x") -> Iterator[Future[Reply]]:
    """Runs a foreground job whose client waits in another thread. The job is queued when the block begins."""
    client = client_of(server)
    client.setTimeout(15_000)
    before = queued(server, function)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client._submit, JobKind.NORMAL, function.encode(), workload)
        wait_until(lambda: queued(server, function) > before, f"the job of {function} is queued")
        yield future


def raise_value_error(job: GearmanJob, context: Any) -> None:
    raise ValueError("x")


class PanicError(BaseException):
    """A BaseException like those of extension modules in Rust."""


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class TestExceptions:
    """A function that raises an Exception."""

    def test_what_the_client_gets(self, shared_gearmand: Gearmand) -> None:
        """doNormal() returns b"" without a warning, with return code 23. The layer gets the message."""
        with serving(shared_gearmand, failing=raise_value_error) as worker:
            client = client_of(shared_gearmand)
            reply = client._submit(JobKind.NORMAL, b"failing", b"x")
            assert (reply.rc, reply.data, reply.exception) == (WORK_EXCEPTION, None, b"x")
            for method in ("doNormal", "doHigh", "doLow"):
                assert getattr(client, method)("failing", "x") == b""
                assert client.returnCode() == WORK_EXCEPTION
                assert client.error() == "GEARMAN_WORK_EXCEPTION"
        assert [str(error) for error in worker.raised] == ["x"] * 4

    def test_what_work_raises(self, gearmand: Gearmand) -> None:
        """work() raises the original exception with its traceback. The next work() runs the next job."""
        original = ValueError("x")
        ran: list[bytes] = []

        def fail_first(job: GearmanJob, context: Any) -> None:
            ran.append(job.workload())
            if len(ran) == 1:
                raise original

        worker = worker_of(gearmand, failing=fail_first)
        client = client_of(gearmand)
        for workload in (b"1", b"2", b"3"):
            client.doBackground("failing", workload)
        with pytest.raises(ValueError, match=r"^x$") as caught:
            worker.work()
        assert caught.value is original
        assert "fail_first" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert worker.returnCode() == WORK_EXCEPTION
        assert worker.work() is True
        assert ran == [b"1", b"2"]
        assert worker.returnCode() == SUCCESS
        assert worker.work() is True
        assert ran == [b"1", b"2", b"3"]
        wait_until(lambda: queued(gearmand, "failing") == 0, "all jobs are answered")

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (ValueError(), b"ValueError"),
            (KeyError("k"), b"'k'"),
            (Exception("a\0b"), b"a\0b"),
            (Exception("grüße"), "grüße".encode()),
            (Exception("\ud800"), b"\\ud800"),
            (OSError(2, "gone"), b"[Errno 2] gone"),
            (RuntimeError("y" * 300_000), b"y" * 300_000),
        ],
        ids=lambda value: repr(value)[:30],
    )
    def test_the_text(self, shared_gearmand: Gearmand, error: Exception, text: bytes) -> None:
        """The message is sent as UTF-8, of any length; the type's name if there is none."""

        def fail(job: GearmanJob, context: Any) -> None:
            raise error

        with serving(shared_gearmand, failing=fail) as worker:
            assert client_of(shared_gearmand)._submit(JobKind.NORMAL, b"failing", b"x").exception == text
        assert worker.raised == [error]

    def test_an_exception_without_a_text(self, shared_gearmand: Gearmand) -> None:
        """If __str__ of the exception raises, the job still fails with an exception, and work() raises."""

        def fail(job: GearmanJob, context: Any) -> None:
            raise UnprintableError

        with serving(shared_gearmand, failing=fail) as worker:
            client = client_of(shared_gearmand)
            client.setTimeout(5000)
            reply = client._submit(JobKind.NORMAL, b"failing", b"x")
        assert reply.rc == WORK_EXCEPTION
        assert b"UnprintableError" in (reply.exception or b"")
        assert [type(error).__name__ for error in worker.raised] == ["UnprintableError"]

    @pytest.mark.parametrize("result", [[1], {"a": 1}, object(), 1j, "\ud800"], ids=lambda value: type(value).__name__)
    def test_a_result_that_is_no_data(self, shared_gearmand: Gearmand, result: Any) -> None:
        """The job fails as by an exception of the function: the client does not get a success."""
        with serving(shared_gearmand, failing=lambda job, _: result) as worker:
            reply = client_of(shared_gearmand)._submit(JobKind.NORMAL, b"failing", b"x")
        assert reply.rc == WORK_EXCEPTION
        assert isinstance(worker.raised[0], TypeError | UnicodeEncodeError)

    def test_data_before_an_exception(self, shared_gearmand: Gearmand) -> None:
        """Data that was sent before is neither part of the exception's text nor a result."""

        def fail(job: GearmanJob, context: Any) -> None:
            job.sendData("data")
            raise ValueError("x")

        with serving(shared_gearmand, failing=fail):
            reply = client_of(shared_gearmand)._submit(JobKind.NORMAL, b"failing", b"x")
        assert (reply.data, reply.exception) == (None, b"x")

    @pytest.mark.parametrize("error", [GeneratorExit, asyncio.CancelledError, pytest.fail.Exception, PanicError])
    def test_base_exceptions(self, gearmand: Gearmand, error: type[BaseException]) -> None:
        """A BaseException that does not end the process fails its job, and the worker continues."""

        def fail(job: GearmanJob, context: Any) -> str:
            if job.workload() == b"good":
                return "done"
            raise error("of a library")

        with serving(gearmand, failing=fail) as worker:
            client = client_of(gearmand)
            client.setTimeout(10_000)
            reply = client._submit(JobKind.NORMAL, b"failing", b"x")
            assert (reply.rc, reply.exception) == (WORK_EXCEPTION, b"of a library")
            assert client.doNormal("failing", "good") == b"done"
        assert [type(raised) for raised in worker.raised] == [error]
        assert queued(gearmand, "failing") == 0

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    def test_system_exit_and_keyboard_interrupt(self, gearmand: Gearmand, error: type[BaseException]) -> None:
        """The job is not answered: another worker gets it, and the client gets the answer."""

        def end(job: GearmanJob, context: Any) -> None:
            raise error

        worker = worker_of(gearmand, ended=end)
        with submitted(gearmand, "ended") as future:
            with pytest.raises(error):
                worker.work()
            assert not future.done()
            with serving(gearmand, ended=lambda job, _: "the other worker"):
                assert future.result(20).data == b"the other worker"

    def test_the_worker_can_work_again(self, gearmand: Gearmand) -> None:
        """The same worker can call work() again, and gets the job again."""
        runs: list[int] = []

        def end_first(job: GearmanJob, context: Any) -> str:
            runs.append(1)
            if len(runs) == 1:
                raise KeyboardInterrupt
            return "second run"

        worker = worker_of(gearmand, ended=end_first)
        with submitted(gearmand, "ended") as future:
            with pytest.raises(KeyboardInterrupt):
                worker.work()
            assert worker.work() is True
            assert future.result(20).data == b"second run"
        assert len(runs) == 2


def send_all(*names: str) -> Callable[[GearmanJob, Any], str]:
    """Returns a function that finishes its job several times and returns a result."""

    def function(job: GearmanJob, context: Any) -> str:
        for name in names:
            if name == "raise":
                raise ValueError("x")
            assert job.sendFail() if name == "sendFail" else getattr(job, name)(f"by {name}")
        return "returned"

    return function


class TestFinishers:
    """A job is finished once. What is sent afterwards is dropped without an error."""

    @pytest.mark.parametrize(
        ("names", "answer"),
        [
            (("sendComplete",), (SUCCESS, b"by sendComplete", None)),
            (("sendFail",), (WORK_FAIL, None, None)),
            (("sendException",), (WORK_EXCEPTION, None, b"by sendException")),
            (("sendException", "sendFail"), (WORK_EXCEPTION, None, b"by sendException")),
            (("sendException", "sendComplete"), (WORK_EXCEPTION, None, b"by sendException")),
            (("sendFail", "sendComplete"), (WORK_FAIL, None, None)),
            (("sendComplete", "sendComplete", "sendData"), (SUCCESS, b"by sendComplete", None)),
            (("sendComplete", "raise"), (SUCCESS, b"by sendComplete", None)),
            (("sendException", "raise"), (WORK_EXCEPTION, None, b"by sendException")),
            (("sendFail", "raise"), (WORK_FAIL, None, None)),
            (("sendData", "sendFail"), (WORK_FAIL, None, None)),
            (("sendData", "sendWarning"), (SUCCESS, b"by sendDatareturned", None)),
        ],
    )
    def test_the_first_one_counts(self, gearmand: Gearmand, names: tuple[str, ...], answer: tuple[Any, ...]) -> None:
        """The client gets the first answer. work() returns True, or raises what the function raised."""
        worker = worker_of(gearmand, finishing=send_all(*names))
        with submitted(gearmand, "finishing") as future:
            if "raise" in names:
                with pytest.raises(ValueError, match=r"^x$"):
                    worker.work()
                assert worker.returnCode() == WORK_EXCEPTION
            else:
                assert worker.work() is True
                assert worker.returnCode() == SUCCESS
            reply = future.result(20)
        assert (reply.rc, reply.data, reply.exception) == answer

    def test_an_empty_exception(self, gearmand: Gearmand) -> None:
        """An empty exception is refused with 49, which fails the job, as in PHP. The next job is not affected."""

        def send_nothing(job: GearmanJob, context: Any) -> str:
            if job.workload() == b"good":
                return "good"
            with pytest.warns(GearmanWarning, match=r"^GearmanJob::sendException\(\): "):
                assert job.sendException("") is False
            assert job.returnCode() == INVALID_ARGUMENT
            return "returned"

        worker = worker_of(gearmand, finishing=send_nothing)
        with submitted(gearmand, "finishing") as future:
            with pytest.warns(GearmanWarning, match=r"^GearmanWorker::work\(\): "):
                assert worker.work() is False
            assert worker.returnCode() == INVALID_ARGUMENT
            assert future.result(20).rc == WORK_FAIL
        with submitted(gearmand, "finishing", b"good") as future:
            assert worker.work() is True
            assert future.result(20).data == b"good"
