"""A client for asyncio: any number of tasks await jobs of one Client at once.

    async with aio.Client("localhost") as client:
        print(await client.execute_job("reverse", "abc"))

client.py       Client
job_watch.py    watching a job while it runs
stream.py       many jobs, a limited number of them at a time
submission.py   a job that was submitted, until it ends
lane.py         a libgearman client, whose descriptors the event loop watches
lanes.py        the lanes of a Client in one event loop, and what happens after a server is lost
addresses.py    looks host names up
"""

from __future__ import annotations

from gearman_cffi._libgearman import capabilities

if not capabilities.interruptible_waits:
    raise ImportError(
        "gearman_cffi.aio needs the descriptors of libgearman's connections, which this process cannot have: use "
        "gearman_cffi.Client in threads, or unset GEARMAN_CFFI_NO_INTERPOSE"
    )

from gearman_cffi.aio.client import Client
from gearman_cffi.aio.job_watch import AsyncJobWatch

__all__ = ["AsyncJobWatch", "Client"]
