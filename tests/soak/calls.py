"""The client's half of the ledger: a line for each job, when its call has ended."""

from __future__ import annotations

import os
import threading
import time
import traceback
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from gearman_cffi import JobUpdate, UpdateKind
from tests.soak import jobs
from tests.soak.plan import Plan
from tests.support import CpuWait

LATE = 1.0  # seconds after its timeout in which a call must return, if it has a CPU
COMPLAINT = "!"  # the prefix of a line that is not about a job


class Verdict(str, Enum):
    """What became of a job, as its client saw it."""

    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"  # in the background
    FAILED = "failed"  # with an error that leaves open whether the job is done
    REFUSED = "refused"  # with an error that says that nothing was submitted
    ABANDONED = "abandoned"  # the call was cancelled
    WRONG = "wrong"  # another answer than the right one


@dataclass(frozen=True)
class Call:
    """A call that has begun, for one or more jobs."""

    caller: int
    numbers: range
    begin: float
    waited: CpuWait


class Recorder:
    """Writes the calls of one kind of load to a file. Threads may share it."""

    def __init__(self, kind: str, plan: Plan) -> None:
        self.kind = kind
        self._file = os.open(Path(plan.folder, f"calls-{kind}"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._next = 0
        self._lock = threading.Lock()

    def name(self, number: int) -> str:
        """The name of a job, in its workload."""
        return f"{self.kind}-{number}"

    def workload(self, number: int) -> bytes:
        """The workload of a job."""
        return jobs.workload(self.name(number))

    def begin(self, caller: int, count: int = 1) -> Call:
        """A call begins, for this many jobs."""
        with self._lock:
            numbers = range(self._next, self._next + count)
            self._next += count
        waited = CpuWait()  # reads a file for each thread, which takes time
        return Call(caller, numbers, time.monotonic(), waited)

    def end(self, call: Call, verdicts: list[tuple[Verdict, str]], limit: float) -> None:
        """A call has ended. verdicts: and details, for each job. limit: of the call, in seconds."""
        spent = time.monotonic() - call.begin
        lines = [
            f"{number} {call.caller} {call.begin:.6f} {spent:.6f} {verdict.value} {detail}"
            for number, (verdict, detail) in zip(call.numbers, verdicts, strict=True)
        ]
        if spent > limit + LATE:
            waited = call.waited.seconds()
            if spent > limit + LATE + waited:
                what = f"{self.name(call.numbers[0])} ({verdicts[0]})"
                lines.append(f"{COMPLAINT}late: {what} took {spent:.2f} s, {waited:.2f} s of them without a CPU")
        self._write(lines)

    def complain(self, call: Call, error: BaseException) -> None:
        """A call has raised what it must not raise."""
        text = " | ".join("".join(traceback.format_exception(error)).splitlines())
        self._write([f"{COMPLAINT}{self.name(call.numbers[0])}: {text}"])
        self.end(call, [(Verdict.FAILED, type(error).__name__)] * len(call.numbers), float("inf"))

    def _write(self, lines: list[str]) -> None:
        os.write(self._file, "".join(f"{line}\n" for line in lines).encode())


class Updates:
    """The updates of a job that is watched. It is called with each."""

    def __init__(self) -> None:
        self._seen: list[int] = []

    def __call__(self, update: JobUpdate) -> None:
        if update.kind is UpdateKind.STATUS:
            self._seen.append(update.numerator)

    def check(self, verdict: tuple[Verdict, str]) -> tuple[Verdict, str]:
        """The verdict, unless updates are missing. A worker that was killed may have sent some before."""
        last = self._seen[-len(jobs.STATUSES) :]
        if verdict[0] is Verdict.ANSWERED and last != list(jobs.STATUSES):
            return Verdict.WRONG, f"statuses {self._seen}"
        return verdict


def check(recorder: Recorder, number: int, result: bytes) -> tuple[Verdict, str]:
    """Compares the result of a job with the right answer."""
    if result == jobs.answer(recorder.workload(number)):
        return Verdict.ANSWERED, ""
    return Verdict.WRONG, repr(result[:60])
