"""The rules of bulk calls: what the Scheduler gives to connections that answer, lose jobs and fail as they like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gearman_cffi.bulk import Lane, Scheduler
from gearman_cffi.ext import ReturnCode


@dataclass(eq=False)
class NumberedJob:
    """A job of a bulk call. key: its unique key."""

    position: int
    key: bytes
    workload: bytes = b"w"


class ScriptedLane(Lane[NumberedJob]):
    """A connection on which a rule of the state machine decides what happens. room: for how many jobs it has room."""

    def __init__(self, machine: SchedulerLikeModel, most: int) -> None:
        super().__init__()
        self.jobs: list[NumberedJob] = []
        self.most = most
        self.answers = 0  # how many of the oldest jobs are answered in the next step
        self.is_lost = False  # whether the connection is lost in the next step
        self._machine = machine

    @property
    def outstanding(self) -> int:
        return len(self.jobs)

    @property
    def room(self) -> int:
        return self.most - len(self.jobs)

    @property
    def deadline(self) -> None:
        return None

    def add(self, jobs: Sequence[NumberedJob], deadline: float | None) -> None:
        self.jobs += jobs
        self._machine.see_submission(self, jobs)

    def step(self, timeout_ms: int, poll: bool) -> int:
        if self.is_lost:
            self.is_lost = False
            return ReturnCode.LOST_CONNECTION
        answered, self.jobs = self.jobs[: self.answers], self.jobs[self.answers :]
        self.answers = 0
        self.has_progressed = True  # the scheduler does not wait: the next rule says what happens
        for job in answered:
            self._machine.see_end(job)
        return ReturnCode.IO_WAIT

    def finish(self, rc: int) -> list[tuple[NumberedJob, int]]:
        lost, self.jobs = self.jobs, []
        return [(job, rc) for job in lost]

    def fail(self, job: NumberedJob, rc: int, detail: str | None) -> None:
        self._machine.see_end(job, failed=True)

    def wait(self, timeout_ms: int) -> int:
        raise AssertionError("the scheduler waits, but a step has made progress")

    step_unconnected = wait

    def expire(self, now: float) -> list[tuple[NumberedJob, int]]:
        return []


class SchedulerLikeModel(RuleBasedStateMachine):
    """One bulk call. Its jobs have the positions 0, 1, 2 ..."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes: list[ScriptedLane] = []
        self.taken = 0
        self.ended: dict[int, bool] = {}  # by position: whether the job failed
        self.submissions: dict[int, int] = {}
        self.first_submissions: dict[bool, list[int]] = {True: [], False: []}  # of jobs with a key, and of the others

    @initialize(
        keys=st.lists(st.sampled_from([b"", b"", b"key"]), max_size=30),
        rooms=st.lists(st.integers(1, 6), min_size=1, max_size=3),
        window=st.integers(1, 12),
        retries=st.integers(0, 2),
    )
    def begin(self, keys: list[bytes], rooms: list[int], window: int, retries: int) -> None:
        self.count, self.window, self.retries = len(keys), window, retries
        self.lanes = [ScriptedLane(self, most) for most in rooms]
        self.scheduler = Scheduler(self.lanes, self.jobs(keys), window=window, retries=retries)

    def jobs(self, keys: list[bytes]) -> Iterator[NumberedJob]:
        for position, key in enumerate(keys):
            self.taken += 1
            assert self.taken - len(self.ended) <= self.window, "more jobs are in flight than the window"
            yield NumberedJob(position, key)

    def see_submission(self, lane: ScriptedLane, jobs: Sequence[NumberedJob]) -> None:
        assert lane.outstanding <= lane.most, "more jobs than the connection has room for"
        for job in jobs:
            assert job.position not in self.ended
            assert not job.key or lane is self.lanes[0], "a job with a unique key went to another server"
            if job.position not in self.submissions:
                self.first_submissions[bool(job.key) and len(self.lanes) > 1].append(job.position)
            self.submissions[job.position] = self.submissions.get(job.position, 0) + 1
            assert self.submissions[job.position] <= self.retries + 1, "submitted more often than it may be lost"

    def see_end(self, job: NumberedJob, failed: bool = False) -> None:
        assert job.position not in self.ended, "a job has ended twice"
        assert not failed or self.submissions[job.position] == self.retries + 1, "a job failed that could be retried"
        self.ended[job.position] = failed

    def step(self) -> bool:
        """Returns whether the call goes on."""
        is_busy = self.scheduler.step()
        if not is_busy:
            assert len(self.ended) == self.count == self.taken
        for positions in self.first_submissions.values():
            assert positions == sorted(positions), "submitted in another order than that of the caller"
        return is_busy

    @rule(lane=st.integers(0, 2), answers=st.integers(0, 6))
    def answer(self, lane: int, answers: int) -> None:
        self.lanes[lane % len(self.lanes)].answers = answers
        self.step()

    @precondition(lambda self: any(lane.jobs for lane in self.lanes))
    @rule(lane=st.integers(0, 2))
    def lose(self, lane: int) -> None:
        chosen = self.lanes[lane % len(self.lanes)]
        chosen.is_lost = bool(chosen.jobs)
        self.step()

    def teardown(self) -> None:
        """The call ends if all jobs are answered, and it does not end before."""
        if not self.lanes:
            return
        for _ in range(2 * self.count + 2):  # of two steps one submits jobs, and the other receives an answer
            for lane in self.lanes:
                lane.answers = lane.outstanding
            if not self.step():
                return
        raise AssertionError(f"the call does not return; {len(self.ended)} of {self.count} jobs have ended")
