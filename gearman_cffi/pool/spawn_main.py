"""A worker process that is a new interpreter and imports the user's module itself, because forking is not safe.

python -m gearman_cffi.pool.spawn_main TARGET DEATH_PIPE EVENTS SCOREBOARD DIRECTORY OPTIONS
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from gearman_cffi.pool.metrics import MetricsIdentity
from gearman_cffi.pool.options import BLOCKED_SIGNALS, ProcessOptions
from gearman_cffi.pool.parent_death import lead_own_group
from gearman_cffi.pool.target import Target, TargetError, add_to_path
from gearman_cffi.pool.worker_process import WorkerProcess


def main(arguments: Sequence[str]) -> int:
    """Runs the process. Returns its exit code."""
    signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED_SIGNALS)
    for number in BLOCKED_SIGNALS:
        signal.signal(number, signal.SIG_DFL)  # the fork server ignores them, which is inherited
    lead_own_group()
    target, death_pipe, events, scoreboard, directory, options = arguments
    descriptors = int(death_pipe), int(events), int(scoreboard)
    process = WorkerProcess(ProcessOptions.from_json(options), *descriptors, MetricsIdentity())
    add_to_path(directory)
    try:
        application = Target.from_json(target).load()
    except TargetError as error:
        return process.fail(str(error))
    return process.run(application)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
