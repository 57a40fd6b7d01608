"""The load of aio.Client: callers in tasks of one event loop. Some calls are cancelled."""

from __future__ import annotations

import asyncio
import random
import time

from gearman_cffi import GearmanError, RawSerializer, aio
from tests.soak.calls import Recorder, Updates, Verdict, check
from tests.soak.jobs import BACKGROUND, FOREGROUND, WATCHED
from tests.soak.loads import CONNECT_TIMEOUT, IN_BACKGROUND, IS_WATCHED, verdict_of
from tests.soak.marks import die_with_parent
from tests.soak.plan import PACE, TIMEOUT, Plan

PROGRAM = "from tests.soak.aio_load import main; main()"
CANCELLED = 0.05  # of the calls


class Caller:
    """Calls while the plan has it active."""

    def __init__(self, recorder: Recorder, plan: Plan, index: int, client: aio.Client) -> None:
        self._recorder = recorder
        self._plan = plan
        self._index = index
        self._client = client
        self._chance = random.Random(f"{plan.seed} aio {index}")

    async def run(self) -> None:
        """Runs until the plan ends."""
        while (now := time.monotonic()) < self._plan.end:
            if self._index >= self._plan.callers(self._recorder.kind, now):
                await asyncio.sleep(0.1)
                continue
            await self._call()
            await asyncio.sleep(self._chance.uniform(0, 2 * PACE))

    async def _call(self) -> None:
        call = self._recorder.begin(self._index)
        (number,) = call.numbers
        background = self._chance.random() < IN_BACKGROUND
        task = asyncio.ensure_future(self._background(number) if background else self._foreground(number))
        if self._chance.random() < CANCELLED:
            await asyncio.wait([task], timeout=self._chance.choice([0, 0.001, 0.01]))
            task.cancel()
        try:
            verdict = await task
        except asyncio.CancelledError:
            verdict = Verdict.ABANDONED, ""
        except Exception as error:
            self._recorder.complain(call, error)
            return
        self._recorder.end(call, [verdict], TIMEOUT)

    async def _foreground(self, number: int) -> tuple[Verdict, str]:
        work = self._recorder.workload(number)
        try:
            if self._chance.random() < IS_WATCHED:
                updates = Updates()
                result = await self._client.execute_job(WATCHED, work, on_update=updates)
                return updates.check(check(self._recorder, number, result))
            result = await self._client.execute_job(FOREGROUND, work)
        except GearmanError as error:
            return verdict_of(error)
        return check(self._recorder, number, result)

    async def _background(self, number: int) -> tuple[Verdict, str]:
        try:
            handle = await self._client.execute_in_background(BACKGROUND, self._recorder.workload(number))
        except GearmanError as error:
            return verdict_of(error)
        return Verdict.ACKNOWLEDGED, handle


async def run(plan: Plan) -> None:
    """Runs all callers until the plan ends."""
    recorder = Recorder("aio", plan)
    clients = [aio.Client(route, RawSerializer(), TIMEOUT, CONNECT_TIMEOUT) for route in plan.routes]
    callers = [
        Caller(recorder, plan, index, clients[index % len(clients)]) for index in range(plan.most_callers("aio"))
    ]
    await asyncio.gather(*(caller.run() for caller in callers))
    for client in clients:
        await client.close()


def main() -> None:
    """Runs the load."""
    die_with_parent()
    asyncio.run(run(Plan.receive()))
