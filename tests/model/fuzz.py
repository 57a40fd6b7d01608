"""script/fuzz-models: random programs for some minutes.

Each state machine of tests/model runs programs of calls on two systems that must behave alike, or beside a model. The
smallest program that fails is printed, with the command that runs it again. The exit code is 1 then.
"""

from __future__ import annotations

import argparse
import faulthandler
import itertools
import logging
import sys
import time
import traceback
import warnings

from gearman_cffi.ext import GearmanWarning
from tests.model.machines import MACHINES
from tests.model.profiles import run_seed

PROGRAMS = 25  # of one seed


def fails(name: str, seed: int) -> bool:
    """Runs the programs of a seed. Prints the smallest one that fails."""
    try:
        run_seed(MACHINES[name], seed, PROGRAMS)
    except Exception:
        traceback.print_exc()
        print(f"again: script/fuzz-models --machine {name} {seed}\n", flush=True)
        return True
    return False


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="script/fuzz-models", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--minutes", type=float, default=1.0, help="how long (default: 1)")
    parser.add_argument("--first", type=int, metavar="SEED", help="the first seed (default: another one each time)")
    parser.add_argument("--machine", choices=MACHINES, action="append", help="only this one; may be repeated")
    parser.add_argument("seed", type=int, nargs="?", help="run only the programs of this seed")
    options = parser.parse_args()
    faulthandler.enable()  # a crash shows where
    logging.disable()  # of failures, which the programs are full of
    warnings.simplefilter("ignore", GearmanWarning)
    names = options.machine or list(MACHINES)
    if options.seed is not None:
        return int(any(fails(name, options.seed) for name in names))
    first = int(time.time()) % 1_000_000 * 1000 if options.first is None else options.first
    print(f"script/fuzz-models --first {first}", flush=True)
    until = time.monotonic() + options.minutes * 60
    runs = failures = 0
    for seed, name in ((seed, name) for seed in itertools.count(first) for name in names):
        if time.monotonic() >= until:
            break
        runs += 1
        failures += fails(name, seed)
    print(f"{runs * PROGRAMS} programs, {failures} of {runs} seeds failed")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
