"""layer_worker WORK PORT JOBS WARMUP SERIALIZER [listeners] [busy]: executes jobs through gearman_cffi.Worker.

listeners: one listener for each event of a job.
"""

from __future__ import annotations

import sys
import threading

from benchmarks.python.common import Marks
from benchmarks.python.mirror_worker import compute
from gearman_cffi import EventDispatcher, EventName, Job, JobCollection, Worker
from gearman_cffi.serializers.by_name import BY_NAME

JOB_EVENTS = (EventName.FUNCTION_BEFORE_EXECUTE, EventName.FUNCTION_AFTER_EXECUTE, EventName.AFTER_RUN)


def listen(event: object) -> None:
    """A listener that does nothing."""


def main(arguments: list[str]) -> None:
    """Works until the last job is done."""
    work, port, jobs, warmup = arguments[0], *map(int, arguments[1:4])
    drains = work == "drain"
    marks = Marks(jobs, warmup, waits=drains)
    seen, moments = 0, marks.moments
    handlers = JobCollection()
    dispatcher = EventDispatcher()

    @handlers.handler("bench")
    def answer(job: Job) -> object:
        nonlocal seen
        seen += 1
        if seen in moments:
            moments[seen]()
            if seen == marks.last:
                worker.stop()
        return "ok" if drains else job.get_workload()

    if "listeners" in arguments:
        for name in JOB_EVENTS:
            dispatcher.add_listener(name, listen)
    if "busy" in arguments:
        threading.Thread(target=compute, daemon=True).start()
    worker = Worker(f"127.0.0.1:{port}", handlers, dispatcher, serializer=BY_NAME[arguments[4]]())
    worker.run()
    marks.meter.report(jobs)


if __name__ == "__main__":
    main(sys.argv[1:])
