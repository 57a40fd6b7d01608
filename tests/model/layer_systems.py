"""The two systems of LayerLikeLocal: the same handlers with a real gearmand, and with LocalGearman."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from gearman_cffi import FunctionHandler, Job, JobCollection, Retry, RetryPolicy, Serializer
from tests.support import wait_until
from tests.testing import scenarios_of_jobs
from tests.testing.local_and_real import Environment, RealEnvironment, shown

# The functions of the worker, in the order in which it registers them: the jobs of the first one run first.
GATE, ECHO, PARTS, FAIL, AGAIN, RETRIED, NESTED, UNFIT, COROUTINE, LATER = (
    *("gate", "echo", "parts", "fail", "again", "retried", "nested", "unfit", "coroutine"),
    "later",  # only for jobs with a delay, which never run
)
# Their jobs submit no other jobs, whose place in the queue would depend on how fast a worker is.
LONELY = (ECHO, PARTS, FAIL, UNFIT, COROUTINE)
SERVED = (*LONELY, AGAIN, RETRIED, NESTED)
UNSERVED = "unserved"


class System:
    """A worker's handlers and a client. ran: what the handlers saw. A job of the function "gate" runs until open()."""

    def __init__(self, make: Callable[..., Environment], serializer: Serializer, is_async: bool) -> None:
        self.environment = make(self._handlers(), serializer=serializer, is_async=is_async)
        self.client = self.environment.client()
        self.ran: list[Any] = []
        self.handles: list[str] = []
        self._nested_client = self.environment.blocking_client()
        self._gate = threading.Event()
        self._gate_is_reached = threading.Event()
        self.environment.serve()

    def _handlers(self) -> JobCollection:
        at_once = RetryPolicy(backoff=0, gave_up=self._gave_up)
        twice = RetryPolicy(retries=2, backoff=0, retry_on=(ValueError, LookupError), gave_up=self._gave_up)
        functions = {
            GATE: self._wait_at_the_gate,
            ECHO: self._echo,
            PARTS: self._parts,
            FAIL: self._fail,
            AGAIN: self._again,
            RETRIED: self._fail,
            NESTED: self._nested,
            UNFIT: self._unfit,
            COROUTINE: self._coroutine,
            LATER: self._echo,
        }
        policies = {RETRIED: twice}
        return JobCollection(
            FunctionHandler(name, function, retry_policy=policies.get(name, at_once))
            for name, function in functions.items()
        )

    # ------------------------------------------------------------------------------------------ handlers

    def _saw(self, what: str, job: Job, *more: object) -> Any:
        try:
            workload = job.get_workload()
        except Exception as error:
            self.ran.append(shown((what, job.get_job_name(), error)))
            raise
        seen = (what, job.get_job_name(), workload, job.unique, job.handle, job.attempt, job.last_attempt, *more)
        self.ran.append(shown(seen))
        return workload

    def _wait_at_the_gate(self, job: Job) -> None:
        self._gate_is_reached.set()
        assert self._gate.wait(60)

    def _echo(self, job: Job) -> Any:
        return self._saw("ran", job)

    async def _coroutine(self, job: Job) -> Any:
        return self._saw("ran", job)

    def _parts(self, job: Job) -> Any:
        job.send_status(1, 4)
        job.send_data("part")
        job.send_data(b"\xff")
        job.send_warning("careful")
        return self._saw("ran", job)

    def _fail(self, job: Job) -> None:
        workload = self._saw("ran", job)
        kinds = (ValueError, LookupError, RuntimeError, TypeError)
        raise kinds[len(repr(workload)) % len(kinds)](repr(workload))

    def _again(self, job: Job) -> Any:
        """Asks for another attempt twice."""
        workload = self._saw("ran", job)
        if job.attempt < 3:
            raise Retry(f"after attempt {job.attempt}", delay=0)
        return workload

    def _nested(self, job: Job) -> str:
        workload = self._saw("ran", job)
        return self._nested_client.execute_in_background(ECHO, workload)

    def _unfit(self, job: Job) -> Any:
        self._saw("ran", job)
        return scenarios_of_jobs.UNFIT

    def _gave_up(self, job: Job, error: BaseException) -> None:
        self._saw("gave up", job, error)

    # --------------------------------------------------------------------------------------------- steps

    def hold(self) -> None:
        """Returns when the worker waits at the gate: the jobs after this one are queued."""
        self._gate.clear()
        self._gate_is_reached.clear()
        self.client.execute_in_background(GATE, "")
        if isinstance(self.environment, RealEnvironment):
            wait_until(self._gate_is_reached.is_set, "the worker waits at the gate")

    def open(self) -> None:
        """Opens the gate."""
        self._gate.set()

    def settle(self) -> None:
        """Returns when the worker has run what it can run."""
        self.environment.settle(without=(LATER, UNSERVED))

    def submit(self, call: Callable[..., Any], *what: Any, **how: Any) -> None:
        """Calls a method that returns handles, and keeps these."""

        def keep() -> Any:
            returned = call(*what, **how)
            self.handles += (
                [returned] if isinstance(returned, str) else filter(lambda one: isinstance(one, str), returned)
            )
            return returned

        self.environment.record_call(keep)

    def seen(self) -> list[Any]:
        """What was recorded and run since the last call."""
        seen = [*self.environment.recorded, *self.ran]
        self.environment.recorded.clear()
        self.ran.clear()
        return seen

    def end(self) -> None:
        """Ends the worker and the clients."""
        self.open()
        self.environment.end()
        self.client.close()
        self._nested_client.close()
