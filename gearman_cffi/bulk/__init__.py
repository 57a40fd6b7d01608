"""Many jobs at once, over connections of their own.

libgearman finds the task of a packet by walking over all of them, so that a batch's cost grows with the square of
what is outstanding: only a window of it is, and the rest follows as answers come. libgearman 1.x submits the
tasks that were added last first, so a window is added backwards.

A lane is a connection that prefers one of the servers; there is one for each. Jobs without a unique key go where there
is room, those with one to the server that a single submission would go to, where the same key would be found. What a
server has not answered when it goes away is submitted again to another one.

reading.py      what is sent for a job
submission.py   one job on its way
lane.py         a connection, and what is outstanding on it
batch.py        jobs whose answers are waited for
window.py       background jobs that go out together
results.py      what became of them
background.py   jobs that are left with a server
"""

from __future__ import annotations

from gearman_cffi.bulk.background import BackgroundSubmission
from gearman_cffi.bulk.batch import WINDOW, Batch
from gearman_cffi.bulk.reading import Entry, JobReader, is_job
from gearman_cffi.bulk.results import Results
from gearman_cffi.bulk.submission import Submission

__all__ = ["WINDOW", "BackgroundSubmission", "Batch", "Entry", "JobReader", "Results", "Submission", "is_job"]
