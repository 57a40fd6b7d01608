"""The same client as in client.py, with the names of PHP's dmank/gearman.

    python examples/dmank_client.py [HOST:PORT]

Start examples/worker.py first. docs/porting-from-dmank.md has a worker, too.
"""

from __future__ import annotations

import sys

from gearman_cffi import GearmanException, JobException
from gearman_cffi.dmank import Client, Job, ServerCollection


def main(arguments: list[str]) -> int:
    """Submits the jobs; returns the exit code."""
    client = Client(ServerCollection(arguments or "127.0.0.1:4730"), timeout=10)
    try:
        print(client.executeJob("reverse", "this is a test", Client.PRIORITY_HIGH))
        handle = client.executeInBackground("reverse", "later")
        print(f"submitted in the background as {handle}: completed is {client.getJobStatus(handle).isCompleted()}")
        print(client.executeJobs([Job("reverse", "one"), Job("reverse", "two")]))
        client.executeJob("resize", 5)
    except JobException as error:
        print(f"the worker raised {error.remote_type}: {error.remote_message}")
    except GearmanException as error:
        print(f"dmank_client: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
