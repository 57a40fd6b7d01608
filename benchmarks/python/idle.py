"""idle.py mirror|layer PORT: a worker without jobs. It imports only what a user's worker imports."""

from __future__ import annotations

import sys


def mirror(port: int) -> None:
    """Waits in GearmanWorker.work()."""
    from gearman_cffi.ext import GearmanWorker

    worker = GearmanWorker()
    worker.addServer("127.0.0.1", port)
    worker.addFunction("bench", lambda job: job.workload())
    while worker.work():
        pass


def layer(port: int) -> None:
    """Waits in Worker.run()."""
    from gearman_cffi import JobCollection, Worker

    jobs = JobCollection()
    jobs.handler("bench")(lambda job: job.get_workload())
    Worker(f"127.0.0.1:{port}", jobs).run()


{"mirror": mirror, "layer": layer}[sys.argv[1]](int(sys.argv[2]))
