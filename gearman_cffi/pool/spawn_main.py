"""A child that is a fresh interpreter and imports the user's module itself, where forking is not safe.

python -m gearman_cffi.pool.spawn_main TARGET LIFELINE EVENTS SCOREBOARD DIRECTORY OPTIONS
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from gearman_cffi.pool.metrics import Identity
from gearman_cffi.pool.options import BLOCKED, ChildOptions
from gearman_cffi.pool.parent_death import own_group
from gearman_cffi.pool.target import NotLoaded, add_to_path, load
from gearman_cffi.pool.worker_process import Child


def main(arguments: Sequence[str]) -> int:
    """The program."""
    signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
    for number in BLOCKED:
        signal.signal(number, signal.SIG_DFL)  # the template's own are inherited
    own_group()
    target, lifeline, events, scoreboard, directory, options = arguments
    pipes = int(lifeline), int(events), int(scoreboard)
    child = Child(ChildOptions.from_json(options), *pipes, Identity())
    add_to_path(directory)
    try:
        jobs = load(target)
    except NotLoaded as error:
        return child.fail(str(error))
    return child.run(jobs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
