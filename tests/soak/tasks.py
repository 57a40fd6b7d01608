"""The handlers of the worker pools: plain ones, and coroutines."""

from __future__ import annotations

import asyncio
import time

from gearman_cffi import Job, JobCollection
from tests.soak.jobs import BACKGROUND, FOREGROUND, duration, finish

jobs = JobCollection()
coroutines = JobCollection()


@jobs.handler(FOREGROUND)
def plain(job: Job) -> bytes:
    time.sleep(duration(job.get_workload()))
    return finish(job.get_workload())


@coroutines.handler(FOREGROUND)
async def coroutine(job: Job) -> bytes:
    await asyncio.sleep(duration(job.get_workload()))
    return finish(job.get_workload())


jobs.handler(BACKGROUND)(plain)
coroutines.handler(BACKGROUND)(coroutine)
