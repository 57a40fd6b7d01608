"""script/soak: runs clients and workers under load, while servers, connections and workers fail.

Each job is accounted for. The exit code is 0 only if none is lost, no answer is wrong, each call ends within its
timeout and fails only because of a fault, memory does not grow, no process is left, and everything works again soon
after each fault.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from tests.needs import NEEDS
from tests.soak.faults import KINDS
from tests.soak.marks import MARK, describe, marked
from tests.soak.plot import draw
from tests.soak.result import Result
from tests.soak.run import Run
from tests.support import NAMESPACE, wait_until

VANISHED = "host vanished"
PRIVATE = "SOAK_NAMESPACE"  # is set in the network of its own
END_SECONDS = 30.0  # in which all processes must be gone


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (default: 5)")
    parser.add_argument("--seed", type=int, help="of faults and load (default: another one each time)")
    parser.add_argument("--load", type=float, default=1.0, help="factor of the number of callers (default: 1)")
    parser.add_argument("--without", choices=KINDS, action="append", default=[], help="no such fault; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw latencies and memory over time, as SVG")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the ledger and the logs in a new folder")
    options = parser.parse_args()
    if options.minutes <= 0 or options.load <= 0:
        parser.error("--minutes and --load must be greater than 0")
    return options


def enter_namespace() -> NoReturn:
    """Runs the command again in a network of its own, where packets can be dropped."""
    os.environ[PRIVATE] = "1"
    os.execvp(NAMESPACE[0], [*NAMESPACE, sys.executable, "-m", "tests.soak.soak", *sys.argv[1:]])


def soak(options: argparse.Namespace, folder: Path) -> Result:
    """Runs the soak in a folder, and ends everything that it has started."""
    mark = os.environ[MARK] = uuid.uuid4().hex
    kinds = [kind for kind in KINDS if kind not in options.without]
    with Run(options.seed, options.minutes * 60, options.load, kinds, folder) as run:
        run.run()
    try:
        wait_until(lambda: not marked(MARK, mark), "all processes have ended", END_SECONDS)
    except AssertionError:
        run.problems.append(f"processes are left: {', '.join(map(describe, marked(MARK, mark)))}")
    return Result(run.plan, run.ledger, run.faults, run.series, run.pool_starts, run.problems)


def main() -> int:
    """The command."""
    options = parse()
    if options.seed is None:
        options.seed = int(time.time()) % 1_000_000
    if VANISHED not in options.without and PRIVATE not in os.environ:
        if NEEDS["iptables and network namespaces"]():
            sys.argv += ["--seed", str(options.seed)]
            enter_namespace()
        print(f"no fault '{VANISHED}': it needs iptables and network namespaces", flush=True)
        options.without.append(VANISHED)
    if PRIVATE in os.environ:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"script/soak --minutes {options.minutes:g} --seed {options.seed} --load {options.load:g}", flush=True)
    with ExitStack() as stack:
        if options.keep:
            options.keep.mkdir(parents=True)
            folder = options.keep.resolve()
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            result = soak(options, folder)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130
    if options.json:
        options.json.write_text(json.dumps(result.to_json()) + "\n", "utf-8")
    if options.plot:
        options.plot.write_text(draw(result), "utf-8")
    print(f"\n{result.table()}\n")
    wrong = result.verdict()
    print(*(f"FAILED {one}" for one in wrong), *([] if wrong else ["all is well"]), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
