"""The parts of Worker: a private package for gearman_cffi.worker and gearman_cffi.pool.

handler_adapter.py  runs a handler for each job of its function
connection.py       the GearmanWorker behind a Worker, and its servers
retry.py            the delays between tries to connect
events.py           dispatches the events, and logs failures without listeners
signals.py          stop() from other threads and by signals
"""

from __future__ import annotations
