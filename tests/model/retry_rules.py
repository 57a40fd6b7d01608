"""The rules of retries: jobs in LocalGearman are tried as a model of a few lines says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from gearman_cffi import FunctionHandler, Job, JobCollection, JobException, Retry, RetryPolicy
from gearman_cffi.testing import LocalGearman

LONG = 100  # seconds, more than any delay
# What an attempt does: succeeds, raises, or asks for another one, after the handler's backoff or at once.
OUTCOMES = ("ok", "ValueError", "TypeError", "Retry", "Retry at once")
POLICIES: dict[str, dict[str, Any]] = {
    "default": {},
    "twice": {"retries": 2, "backoff": lambda attempt: 10 * attempt},
    "never": {"retries": 0},
    "some": {"retries": 3, "backoff": 0, "retry_on": (ValueError, LookupError)},
    "bad backoff": {"retries": 1, "backoff": lambda attempt: "soon"},
}


@dataclass
class ModelJob:
    """What is to happen to a job. last: the number of its last attempt, None if it is not tried again."""

    policy: str
    outcomes: list[str]
    last: int | None
    attempts: list[int] = field(default_factory=list)
    gave_up: int = 0
    is_waiting: bool = True

    def run_next(self) -> bool:
        """Runs the next attempt. Returns whether there is another one at once."""
        number = len(self.attempts) + 1
        self.attempts.append(number)
        outcome = self.outcomes[number - 1] if number <= len(self.outcomes) else "ok"
        retry_on = POLICIES[self.policy].get("retry_on", Exception)
        applies = outcome.startswith("Retry") or retry_on is Exception or outcome == "ValueError"
        self.is_waiting = outcome != "ok" and self.last is not None and number < self.last and applies
        if not self.is_waiting and outcome != "ok" and self.last is not None:
            self.gave_up += 1
        backoff = POLICIES[self.policy].get("backoff", 1)
        return self.is_waiting and (outcome == "Retry at once" or backoff == 0)

    @property
    def succeeded(self) -> bool:
        """Whether its last attempt succeeded."""
        return len(self.attempts) > len(self.outcomes) or self.outcomes[len(self.attempts) - 1] == "ok"


class RetriesLikeModel(RuleBasedStateMachine):
    """Submits jobs, and lets the time pass for their next attempts."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[ModelJob] = []
        self.keys: dict[tuple[str, str, int | None], int] = {}  # of queued first attempts
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
        if outcome == "Retry at once":
            raise Retry(delay=0)
        kinds: dict[str, type[Exception]] = {"ValueError": ValueError, "TypeError": TypeError, "Retry": Retry}
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

    def run_due(self, is_due: list[ModelJob]) -> None:
        for job in is_due:
            while job.run_next():
                pass

    @rule(
        policy=st.sampled_from([*POLICIES]),
        outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=5),
        retries=st.sampled_from([None, 0, 1, 3]),
        key=st.sampled_from([None, "a", "b"]),
    )
    def submit(self, policy: str, outcomes: list[str], retries: int | None, key: str | None) -> None:
        """In the background. While a first attempt is queued, a job with its key and its retries joins it."""
        number = len(self.jobs)
        last = self.last_attempt(policy, retries)
        self.local.client.execute_in_background(policy, [number, outcomes], unique=key, retries=retries)
        if key is None or (policy, key, retries) not in self.keys:
            self.jobs.append(ModelJob(policy, outcomes, last))
            if key is not None:
                self.keys[policy, key, retries] = number
        self.check()

    @rule(passes=st.booleans())
    def work(self, passes: bool) -> None:
        """Runs what is queued, after a time in which all next attempts become due."""
        due = [job for job in self.jobs if job.is_waiting and (passes or not job.attempts)]
        self.local.advance(LONG if passes else 0)
        self.keys.clear()
        self.run_due(due)
        self.check()

    @precondition(lambda self: not any(job.is_waiting for job in self.jobs))
    @rule(
        policy=st.sampled_from([*POLICIES]),
        outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=5),
        retries=st.sampled_from([0, 1, 3]),
    )
    def execute(self, policy: str, outcomes: list[str], retries: int) -> None:
        """In the foreground, with retries: the worker makes all attempts while the client waits."""
        job = ModelJob(policy, outcomes, retries + 1)
        self.jobs.append(job)
        job.run_next()
        while job.is_waiting:
            job.run_next()
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
