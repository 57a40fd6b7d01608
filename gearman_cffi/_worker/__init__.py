"""The parts of Worker: a private package for gearman_cffi.worker and gearman_cffi.pool.

handler_adapter.py  runs a handler for each job of its function
connection.py       the GearmanWorker behind a Worker, and its servers
reachability.py     whether any server can be reached
retry.py            the delays between tries to connect
events.py           dispatches the events, and logs failures without listeners
signals.py          stop() from other threads and by signals

A Worker that runs several jobs at once also has:

concurrent_work.py  takes jobs, hands them to threads and to the event loop, and answers them
job_source.py       the jobs of functions that have the same limits, over connections of their own
running_job.py      a job until it is answered
handler_threads.py  the threads of plain handlers
handler_loop.py     the event loop of coroutines
mailbox.py          what both pass on to the thread that speaks to the servers
"""

from __future__ import annotations
