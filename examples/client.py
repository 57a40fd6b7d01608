"""A client: a job that is waited for, and one that is left with the server.

    python examples/client.py [HOST:PORT]

examples/worker.py does the work.
"""

from __future__ import annotations

import sys

from gearman_cffi import Client, GearmanException, JobException, Priority


def main(arguments: list[str]) -> int:
    """Submits the jobs. Returns the process's exit code."""
    with Client(arguments[0] if arguments else None, timeout=10) as client:
        try:
            print(client.execute_job("reverse", "this is a test", Priority.HIGH))
            handle = client.execute_in_background("reverse", "later", unique="reverse-later")
            print(f"left with the server as {handle}: {client.get_job_status(handle)}")
            client.execute_job("resize", 5)
        except JobException as error:
            print(f"the worker raised {error.remote_type}: {error.remote_message}")
        except GearmanException as error:
            print(f"client: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
