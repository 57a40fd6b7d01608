"""Submit many jobs: wait for all of them, process results as they arrive, and submit in the background.

    python examples/bulk.py [HOST:PORT]

Start examples/worker.py first.
"""

from __future__ import annotations

import sys

from gearman_cffi import Client, GearmanException, Job


def main(arguments: list[str]) -> int:
    """Submits a few hundred jobs; returns the exit code."""
    with Client(arguments[0] if arguments else None, timeout=10) as client:
        try:
            answers = client.execute_jobs(Job("reverse", f"job {number}") for number in range(300))
            print(f"{len(answers)} answers, in the order of the jobs: {answers[0]!r} ... {answers[-1]!r}")
            failed = 0
            jobs = (Job("resize", names) for names in (["a.png"], ["b.txt"], None, ["c.png"]))
            for job, answer in client.stream_jobs(jobs, in_flight=2):
                failed += isinstance(answer, GearmanException)
                print(f"{job.get_workload()} -> {answer}")
            print(f"{failed} failed")
            handles = client.execute_jobs_in_background([Job("reverse", "later")] * 100)
            print(f"{len(handles)} jobs submitted in the background")
        except GearmanException as error:
            print(f"bulk: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
