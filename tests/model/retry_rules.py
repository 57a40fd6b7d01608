"""The rules of retries: jobs in LocalGearman are tried as a model of a few lines says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from gearman_cffi import FunctionHandler, Job, JobCollection, JobException, Retry, RetryPolicy
from gearman_cffi.testing import LocalGearman

# The clock moves by multiples of STEP. Each delay is 0, or differs from these by at least a tenth of STEP: how long a
# program runs does not matter.
STEP = 1000  # seconds
# What an attempt does: succeeds, raises, or asks for another one, after the handler's backoff or after this delay.
RETRIES = {"Retry": None, "Retry at once": 0, "Retry later": 1.5 * STEP}
OUTCOMES = ("ok", "ValueError", "TypeError", *RETRIES)
POLICIES: dict[str, dict[str, Any]] = {
    "doubled": {"backoff": STEP / 5},  # random: from 0.1 steps after the first attempt to 0.8 after the third one
    "twice": {"retries": 2, "backoff": lambda attempt: (attempt - 0.5) * STEP},
    "never": {"retries": 0, "backoff": timedelta(seconds=STEP / 5)},
    "some": {"retries": 3, "backoff": 0, "retry_on": (ValueError, LookupError)},
    "bad backoff": {"retries": 1, "backoff": lambda attempt: "soon"},  # so the default, for execute() only
}


@dataclass
class ModelJob:
    """What is to happen to a job. last: the number of its last attempt, None if it is not tried again."""

    policy: str
    outcomes: list[str]
    last: int | None
    key: str | None = None
    retries: int | None = None  # what the client said
    attempts: list[int] = field(default_factory=list)
    gave_up: int = 0
    is_waiting: bool = True
    due: float = 0  # when the next attempt is run

    def run_next(self, now: float) -> None:
        """Runs the next attempt."""
        number = len(self.attempts) + 1
        self.attempts.append(number)
        outcome = self.outcomes[number - 1] if number <= len(self.outcomes) else "ok"
        retry_on = POLICIES[self.policy].get("retry_on", Exception)
        applies = outcome in RETRIES or retry_on is Exception or outcome == "ValueError"
        self.is_waiting = outcome != "ok" and self.last is not None and number < self.last and applies
        if not self.is_waiting and outcome != "ok" and self.last is not None:
            self.gave_up += 1
        self.due = now + self.delay_after(number, RETRIES.get(outcome))

    def delay_after(self, number: int, asked: float | None) -> float:
        """How long an attempt waits after this one. asked: the delay of Retry."""
        if asked is not None:
            return asked
        backoff = POLICIES[self.policy]["backoff"]
        if callable(backoff):
            return 0 if self.policy == "bad backoff" else backoff(number)  # its jobs do not wait
        return STEP / 2 if backoff else 0

    @property
    def succeeded(self) -> bool:
        """Whether its last attempt succeeded."""
        return len(self.attempts) > len(self.outcomes) or self.outcomes[len(self.attempts) - 1] == "ok"


class RetriesLikeModel(RuleBasedStateMachine):
    """Submits jobs, and lets the time pass for their next attempts."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[ModelJob] = []
        self.now = 0.0
        self.attempts: dict[int, list[int]] = {}
        self.gave_up: dict[int, int] = {}
        self.local = LocalGearman(
            JobCollection(
                FunctionHandler(name, self.handle, retry_policy=RetryPolicy(gave_up=self.give_up, **policy))
                for name, policy in POLICIES.items()
            )
        )

    def handle(self, job: Job) -> int:
        number, outcomes = job.get_workload()
        self.attempts.setdefault(number, []).append(job.attempt)
        assert job.last_attempt == self.jobs[number].last
        outcome = outcomes[job.attempt - 1] if job.attempt <= len(outcomes) else "ok"
        if outcome in RETRIES:
            raise Retry(delay=RETRIES[outcome])
        kinds: dict[str, type[Exception]] = {"ValueError": ValueError, "TypeError": TypeError}
        if outcome in kinds:
            raise kinds[outcome](outcome)
        return int(number)

    def give_up(self, job: Job, error: BaseException) -> None:
        number = job.get_workload()[0]
        self.gave_up[number] = self.gave_up.get(number, 0) + 1

    def check(self) -> None:
        for number, job in enumerate(self.jobs):
            assert self.attempts.get(number, []) == job.attempts, number
            assert self.gave_up.get(number, 0) == job.gave_up, number
        assert len(self.local.waiting) == sum(job.is_waiting for job in self.jobs)

    @rule(
        policy=st.sampled_from([name for name in POLICIES if name != "bad backoff"]),
        outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=5),
        retries=st.sampled_from([None, 0, 1, 3]),
        key=st.sampled_from([None, "a", "b"]),
    )
    def submit(self, policy: str, outcomes: list[str], retries: int | None, key: str | None) -> None:
        """In the background. While a first attempt is queued, a job with its key and its retries joins it."""
        number, last = len(self.jobs), self.last_attempt(policy, retries)
        like = [
            job
            for job in self.jobs
            if job.is_waiting and key and (job.policy, job.key, job.last) == (policy, key, last)
        ]
        if any(job.attempts or job.retries != retries for job in like):
            return  # a later attempt of one job would join one of the other
        self.local.client.execute_in_background(policy, [number, outcomes], unique=key, retries=retries)
        if not like:
            self.jobs.append(ModelJob(policy, outcomes, last, key, retries))
        self.check()

    @rule(steps=st.integers(0, 2))
    def work(self, steps: int) -> None:
        """Moves the clock, and runs what is due."""
        self.now += steps * STEP
        self.local.advance(steps * STEP)
        for job in self.jobs:
            while job.is_waiting and job.due <= self.now:
                job.run_next(self.now)
        self.check()

    @precondition(lambda self: not any(job.is_waiting for job in self.jobs))
    @rule(
        policy=st.sampled_from([*POLICIES]),
        outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=5),
        retries=st.sampled_from([0, 1, 3]),
    )
    def execute(self, policy: str, outcomes: list[str], retries: int) -> None:
        """In the foreground, with retries: LocalGearman makes all attempts at once, whatever the delays."""
        job = ModelJob(policy, outcomes, retries + 1)
        self.jobs.append(job)
        while job.is_waiting:
            job.run_next(self.now)
        number = len(self.jobs) - 1
        try:
            assert self.local.client.execute_job(policy, [number, outcomes], retries=retries) == number
        except JobException:
            assert not job.succeeded
        else:
            assert job.succeeded
        self.check()

    @staticmethod
    def last_attempt(policy: str, retries: int | None) -> int | None:
        """The client decides; otherwise the handler."""
        most = POLICIES[policy].get("retries") if retries is None else retries
        return None if most is None else most + 1

    def teardown(self) -> None:
        self.local.close()
