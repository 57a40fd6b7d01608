"""The handlers of the worker pools: plain ones, and coroutines."""

from __future__ import annotations

import asyncio
import os
import time

from gearman_cffi import Job, JobCollection
from tests.soak.jobs import BACKGROUND, FOREGROUND, Worker

worker = Worker(os.environ["SOAK_FOLDER"])
jobs = JobCollection()
coroutines = JobCollection()


@jobs.handler(FOREGROUND)
def plain(job: Job) -> bytes:
    time.sleep(worker.begin(job.get_workload()))
    return worker.end(job.get_workload())


@coroutines.handler(FOREGROUND)
async def coroutine(job: Job) -> bytes:
    await asyncio.sleep(worker.begin(job.get_workload()))
    return worker.end(job.get_workload())


jobs.handler(BACKGROUND)(plain)
coroutines.handler(BACKGROUND)(coroutine)
