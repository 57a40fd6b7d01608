"""Many jobs at once, over separate connections.

libgearman searches all outstanding tasks for each packet (Q28): the time for a batch grows with the square of its
size. Therefore only a window of jobs is outstanding, and the next ones are submitted as answers come.

A lane is a connection that prefers one of the servers; there is one lane for each server. A job without a unique key
goes to the lane that has the least to do. A job with one goes to the server that a single submission would go to,
because only there is the same key found. If a server is lost, its unanswered jobs are submitted to another one.

jobs.py             a job while its answer is awaited
window.py           jobs that wait for a lane
lane.py             a connection, and the jobs that are outstanding on it
foreground_lane.py  tasks whose answers are awaited
background_lane.py  windows of jobs that get handles
scheduler.py        spreads jobs over lanes, keeps deadlines, resubmits
results.py          the handles and errors of background jobs
"""

from __future__ import annotations

from gearman_cffi.bulk.background_lane import BackgroundLane
from gearman_cffi.bulk.foreground_lane import ForegroundLane
from gearman_cffi.bulk.jobs import PendingJob, pending_jobs
from gearman_cffi.bulk.lane import Lane
from gearman_cffi.bulk.results import Results
from gearman_cffi.bulk.scheduler import Scheduler
from gearman_cffi.bulk.window import WINDOW_JOBS

__all__ = [
    "WINDOW_JOBS",
    "BackgroundLane",
    "ForegroundLane",
    "Lane",
    "PendingJob",
    "Results",
    "Scheduler",
    "pending_jobs",
]
