"""Submit a job and wait for its result, and submit one in the background.

    python examples/client.py [HOST:PORT]

Start examples/worker.py first.
"""

from __future__ import annotations

import sys

from gearman_cffi import Client, GearmanException, JobException, Priority


def main(arguments: list[str]) -> int:
    """Submits the jobs; returns the exit code."""
    with Client(arguments[0] if arguments else None, timeout=10) as client:
        try:
            print(client.execute_job("reverse", "this is a test", Priority.HIGH))
            handle = client.execute_in_background("reverse", "later", unique="reverse-later")
            print(f"submitted in the background as {handle}: {client.get_job_status(handle)}")
            client.execute_job("resize", 5)
        except JobException as error:
            print(f"the worker raised {error.remote_type}: {error.remote_message}")
        except GearmanException as error:
            print(f"client: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
