"""The load of blocking clients: callers in threads, each of which calls, waits a moment, and calls again."""

from __future__ import annotations

import os
import random
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from gearman_cffi import (
    Client,
    ConnectionFailed,
    ConnectionLost,
    GearmanError,
    Job,
    JobTimeout,
    QueueFull,
    RawSerializer,
)
from gearman_cffi.ext import GearmanClient, GearmanWarning, ReturnCode
from tests.soak.calls import Call, Recorder, Updates, Verdict, check
from tests.soak.jobs import BACKGROUND, FOREGROUND, WATCHED
from tests.soak.marks import die_with_parent
from tests.soak.plan import BULK_PACE, BULK_TIMEOUT, PACE, TIMEOUT, Plan

PROGRAM = "from tests.soak.loads import main; main()"
IN_BACKGROUND = 0.3  # of the jobs
IS_WATCHED = 0.2  # of those in the foreground
BULK_JOBS = 20
CONNECT_TIMEOUT = 2.0  # seconds
# Errors that faults of servers and connections may cause.
REFUSING = (ConnectionFailed, QueueFull)
EXPECTED = (*REFUSING, ConnectionLost, JobTimeout)
REFUSING_CODES = frozenset({ReturnCode.COULD_NOT_CONNECT})
EXPECTED_CODES = REFUSING_CODES | {ReturnCode.LOST_CONNECTION, ReturnCode.ERRNO, ReturnCode.TIMEOUT}


def verdict_of(error: GearmanError) -> tuple[Verdict, str]:
    """The verdict of an error that is expected. Raises any other one."""
    if not isinstance(error, EXPECTED):
        raise error
    return (Verdict.REFUSED if isinstance(error, REFUSING) else Verdict.FAILED), type(error).__name__


class Caller(ABC):
    """Calls while the plan has it active, in a thread. clients: for each route, shared by its callers."""

    pace = PACE

    def __init__(self, recorder: Recorder, plan: Plan, index: int, clients: Mapping[str, Client]) -> None:
        self.recorder = recorder
        self.plan = plan
        self.index = index
        self.chance = random.Random(f"{plan.seed} {recorder.kind} {index}")
        self.route = plan.routes[index % len(plan.routes)]
        self.client = clients[self.route]

    def run(self) -> None:
        """Runs until the plan ends."""
        while (now := time.monotonic()) < self.plan.end:
            if self.index >= self.plan.callers(self.recorder.kind, now):
                time.sleep(0.1)
                continue
            self.call(self.chance.random() < IN_BACKGROUND)
            time.sleep(self.chance.uniform(0, 2 * self.pace))

    @abstractmethod
    def call(self, background: bool) -> None:
        """Makes one call, and records it."""


class MirrorCaller(Caller):
    """Has a GearmanClient of its own."""

    def __init__(self, recorder: Recorder, plan: Plan, index: int, clients: Mapping[str, Client]) -> None:
        super().__init__(recorder, plan, index, clients)
        self._mirror = GearmanClient()
        self._mirror.setTimeout(int(TIMEOUT * 1000))
        for address in self.route.split(","):
            host, _, port = address.rpartition(":")
            self._mirror.addServer(host, int(port), False)

    def call(self, background: bool) -> None:
        call = self.recorder.begin(self.index)
        (number,) = call.numbers
        work = self.recorder.workload(number)
        try:
            verdict = self._background(work) if background else self._foreground(number, work)
        except Exception as error:
            self.recorder.complain(call, error)
        else:
            # setTimeout() limits each wait: for the connection, for the acceptance, for the result.
            self.recorder.end(call, [verdict], 3 * TIMEOUT)

    def _foreground(self, number: int, work: bytes) -> tuple[Verdict, str]:
        result = self._mirror.doNormal(FOREGROUND, work)
        return self._failure() or check(self.recorder, number, result or b"")

    def _background(self, work: bytes) -> tuple[Verdict, str]:
        handle = self._mirror.doBackground(BACKGROUND, work)
        return self._failure() or (Verdict.ACKNOWLEDGED, handle)

    def _failure(self) -> tuple[Verdict, str] | None:
        code = ReturnCode(self._mirror.returnCode())
        if code == ReturnCode.SUCCESS:
            return None
        if code not in EXPECTED_CODES:
            raise RuntimeError(f"{code.name}: {self._mirror.error()}")
        return (Verdict.REFUSED if code in REFUSING_CODES else Verdict.FAILED), code.name


class ClientCaller(Caller):
    """Shares a Client with the other callers of its route."""

    def call(self, background: bool) -> None:
        call = self.recorder.begin(self.index)
        (number,) = call.numbers
        work = self.recorder.workload(number)
        try:
            try:
                if background:
                    verdict = Verdict.ACKNOWLEDGED, self.client.execute_in_background(BACKGROUND, work)
                elif self.chance.random() < IS_WATCHED:
                    updates = Updates()
                    result = self.client.execute_job(WATCHED, work, on_update=updates)
                    verdict = updates.check(check(self.recorder, number, result))
                else:
                    verdict = check(self.recorder, number, self.client.execute_job(FOREGROUND, work))
            except GearmanError as error:
                verdict = verdict_of(error)
        except Exception as error:
            self.recorder.complain(call, error)
        else:
            self.recorder.end(call, [verdict], TIMEOUT)


class BulkCaller(ClientCaller):
    """Submits many jobs at once."""

    pace = BULK_PACE

    def call(self, background: bool) -> None:
        call = self.recorder.begin(self.index, BULK_JOBS)
        try:
            verdicts = self._background(call) if background else self._foreground(call)
        except Exception as error:
            self.recorder.complain(call, error)
        else:
            self.recorder.end(call, verdicts, BULK_TIMEOUT)

    def _background(self, call: Call) -> list[tuple[Verdict, str]]:
        jobs = (Job(BACKGROUND, self.recorder.workload(number)) for number in call.numbers)
        handles = self.client.execute_jobs_in_background(jobs, on_error="return", timeout=BULK_TIMEOUT)
        return [
            verdict_of(handle) if isinstance(handle, GearmanError) else (Verdict.ACKNOWLEDGED, handle)
            for handle in handles
        ]

    def _foreground(self, call: Call) -> list[tuple[Verdict, str]]:
        jobs = (Job(FOREGROUND, self.recorder.workload(number)) for number in call.numbers)
        answers = self.client.execute_jobs(jobs, on_error="return", timeout=BULK_TIMEOUT)
        return [
            verdict_of(result) if isinstance(result, GearmanError) else check(self.recorder, number, result)
            for number, result in zip(call.numbers, answers, strict=True)
        ]


CALLERS: dict[str, type[Caller]] = {"mirror": MirrorCaller, "client": ClientCaller, "bulk": BulkCaller}


def main() -> None:
    """Runs the load that SOAK_LOAD names, until the plan ends."""
    die_with_parent()
    warnings.simplefilter("ignore", GearmanWarning)
    plan, kind = Plan.receive(), os.environ["SOAK_LOAD"]
    clients = {route: Client(route, RawSerializer(), TIMEOUT, CONNECT_TIMEOUT) for route in plan.routes}
    recorder = Recorder(kind, plan)
    callers = [CALLERS[kind](recorder, plan, index, clients) for index in range(plan.most_callers(kind))]
    with ThreadPoolExecutor(len(callers)) as threads:
        for ended in [threads.submit(caller.run) for caller in callers]:
            ended.result()  # raises what the caller has raised
