"""Watch the progress of a job.

    python examples/progress.py [HOST:PORT]

Start examples/worker.py first.
"""

from __future__ import annotations

import sys

from gearman_cffi import Client, GearmanException, UpdateKind

NAMES = ["beach.png", "hills.png", "notes.txt", "city.png"]


def main(arguments: list[str]) -> int:
    """Prints the updates of a job, then its result; returns the exit code."""
    with Client(arguments[0] if arguments else None, timeout=10) as client:
        watch = client.watch_job("resize", NAMES)
        for update in watch:
            if update.kind is UpdateKind.STATUS:
                print(f"{update.numerator} of {update.denominator}")
            elif update.kind is UpdateKind.WARNING:
                print(update.data.decode())
        try:
            print(watch.result())
        except GearmanException as error:
            print(f"progress: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
