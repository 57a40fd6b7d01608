"""Causes faults at random moments, and waits after each until everything works again."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.soak.faults import KINDS, Fault, Stage
from tests.soak.plan import CALLERS, Plan

FAULT_SECONDS = 8.0  # the longest fault; the second of two may have to wait for the first one
RECOVERY_SECONDS = 20.0  # after the end of a fault; a bulk call may wait for 10 s, and the next one must succeed
TOGETHER = {False: 0.25, True: 0.6}  # of the times that two faults happen at once; by whether the soak is brief


class Chaos(threading.Thread):
    """Runs until the plan ends. faults: what has happened. problems: what went wrong, here too."""

    def __init__(self, stage: Stage, plan: Plan, kinds: Sequence[str], say: Callable[[str], None]) -> None:
        super().__init__(name="chaos", daemon=True)
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self._stage = stage
        self._plan = plan
        self._kinds = kinds
        self._say = say
        self._chance = random.Random(plan.seed)
        self._last_begin = plan.end - (1.0 if stage.brief else 2 * FAULT_SECONDS + RECOVERY_SECONDS)

    def run(self) -> None:
        try:
            self._cause_faults()
        except Exception:
            self.problems.append(f"the faults of the soak ended: {traceback.format_exc()}")

    def _cause_faults(self) -> None:
        deck, brief = self._deck(), self._stage.brief
        time.sleep(max(0.0, self._plan.begin - time.monotonic()))
        with ThreadPoolExecutor(2) as pool:
            while True:
                time.sleep(self._chance.uniform(0.05, 0.2) if brief else self._chance.uniform(0.2, 3))
                if time.monotonic() > self._last_begin:
                    return
                kinds = [next(deck) for _ in range(2 if self._chance.random() < TOGETHER[brief] else 1)]
                seeds = [self._chance.random() for _ in kinds]
                faults = [fault for fault in pool.map(self._cause, kinds, seeds) if fault is not None]
                self.faults += faults
                self._await_recovery(faults)

    def _deck(self) -> Iterator[str]:
        """All kinds in a random order, again and again."""
        while True:
            yield from self._chance.sample(self._kinds, len(self._kinds))

    def _cause(self, kind: str, seed: float) -> Fault | None:
        begin = time.monotonic()
        try:
            detail = KINDS[kind](self._stage, random.Random(seed))
        except Exception as error:
            self.problems.append(f"fault of the soak itself, {kind}: {error!r}")
            return None
        return Fault(kind, detail, begin, time.monotonic()) if detail else None

    def _await_recovery(self, faults: list[Fault]) -> None:
        """Waits until every caller has had a good answer, old jobs are done, and the pools are complete."""
        since = time.monotonic()
        give_up = min(since + RECOVERY_SECONDS, self._plan.end)
        while (missing := self._missing(since)) and time.monotonic() < give_up:
            time.sleep(0.02)
        recovered = time.monotonic()
        for fault in faults:
            what = f"{fault.kind}: {fault.detail}"
            if not missing:
                fault.recovered, fault.recovery = recovered, recovered - since
                self._say(f"{what}; recovered after {fault.recovery:.1f} s")
            elif recovered < self._plan.end or not self._plan.is_brief:
                self.problems.append(f"{what}: after {recovered - since:.1f} s still missing: {', '.join(missing)}")
                self._say(self.problems[-1])

    def _missing(self, since: float) -> list[str]:
        """What does not work again since a fault."""
        now = time.monotonic()
        missing = [f"the pool {pool.name}" for pool in self._stage.pools if not pool.is_complete]
        callers = [
            (kind, index)
            for kind in CALLERS
            for index in range(min(self._plan.callers(kind, since), self._plan.callers(kind, now)))
        ]
        return missing + self._stage.ledger.missing(since, callers)
