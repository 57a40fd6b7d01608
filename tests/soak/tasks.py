"""The handlers of the worker pools: plain ones, and coroutines."""

from __future__ import annotations

import asyncio
import time

from gearman_cffi import Job, JobCollection
from tests.soak.jobs import BACKGROUND, FOREGROUND, STATUSES, WATCHED, duration, finish

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


@jobs.handler(WATCHED)
def watched(job: Job) -> bytes:
    for number in STATUSES:
        job.send_status(number, len(STATUSES))
    return plain(job)


@coroutines.handler(WATCHED)
async def watched_coroutine(job: Job) -> bytes:
    for number in STATUSES:
        job.send_status(number, len(STATUSES))
    return await coroutine(job)


jobs.handler(BACKGROUND)(plain)
coroutines.handler(BACKGROUND)(coroutine)
